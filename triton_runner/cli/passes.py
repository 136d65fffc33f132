"""``triton-runner passes``: the passes of a kernel as a table, as files, or as a page to look at.

Tested in tests/python/test_cli_passes.py and, in a browser, test_report.py.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.cli.answer import Answer, print_difference
from triton_runner.cli.compile import lowest_level, tell_guess
from triton_runner.cli.parsing import add_source_arguments
from triton_runner.cli.source import Request, make_request, read_source
from triton_runner.errors import ArgumentError, Error
from triton_runner.files import write_file

if TYPE_CHECKING:
    from rich.console import Console

    from triton_runner.pass_list import PassRecord
    from triton_runner.report.data import Subject

NAME = "passes"
HELP = "show what each pass of the compiler does to a kernel; -o report.html makes a page of it"
DESCRIPTION = (
    "Runs the pipeline of the installed Triton pass by pass, with no GPU in the machine. -o PATH.html writes a page "
    "that needs\nnothing else: passes, differences, the Python line behind each line of IR, PTX and SASS. -o FOLDER "
    "writes a file for each pass."
)
EXAMPLES = """\
  triton-runner passes kernel.py:attention --target sm_90 -o report.html
  triton-runner passes kernel.py:softmax -C BLOCK=1024 --target sm_80 --changed
  triton-runner passes matmul.ttgir --diff pipeline
  triton-runner passes kernel.py:softmax --show coalesce
"""

_SHOWN = ("position", "label", "name", "mlir_name", "argument", "stage", "changed", "seconds", "arguments", "inserted")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="kernel.py:function, TTIR or TTGIR")
    group = parser.add_argument_group("what to show")
    group.add_argument("-o", "--output", type=Path, metavar="PATH", help="an .html file, or a folder for .mlir files")
    group.add_argument("--changed", action="store_true", help="only passes that changed the module")
    group.add_argument("--stage", choices=("ttir", "ttgir", "llir"), help="only passes of this stage")
    group.add_argument("--show", metavar="PASS", help="print the module after this pass")
    group.add_argument("--diff", metavar="PASS", help="print the difference that this pass makes")
    edits = parser.add_argument_group("what to run")
    edits.add_argument("--start-pass", metavar="PASS", help="FILE is the module after this pass")
    edits.add_argument("--stop-pass", metavar="PASS", help="the last pass to run")
    edits.add_argument("--skip-pass", metavar="PASS", action="append", default=[], help="leave it out (repeatable)")
    add_source_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    import triton_runner

    request = make_request(read_source(options.file, options.config), options)
    edits = {"start_pass": options.start_pass, "stop_pass": options.stop_pass, "skip_passes": options.skip_pass or None}
    given = {name: value for name, value in edits.items() if value is not None}
    passes = triton_runner.passes(request.source, **request.keywords, **given)
    if options.show or options.diff:
        return _text_of_one(passes, options)
    chosen = [
        record for record in passes if (record.changed or not options.changed) and options.stage in (None, record.stage)
    ]
    written = _write(passes, request, options, given) if options.output else []
    data = {
        "passes": [_entry(record) for record in chosen],
        "seconds": sum(record.seconds for record in passes),
        "guessed_signature": request.guessed,
        "error": str(passes.error) if passes.error else None,
        "written": [str(path) for path in written],
    }
    if passes.error is not None and not options.output:
        print(f"note: the compile ended early: {passes.error}", file=sys.stderr)
    return Answer(data, lambda console: _show(console, data, request))


def _entry(record: PassRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _SHOWN}


def _text_of_one(passes: Any, options: argparse.Namespace) -> Answer:
    name = options.show or options.diff
    try:
        record = passes.named(name)
    except KeyError:
        near = difflib.get_close_matches(name, [found.label for found in passes], n=3, cutoff=0.4)
        hint = f"; near are {', '.join(near)}" if near else ""
        raise ArgumentError(f"no pass of this pipeline is called {name!r}{hint}") from None
    text = record.text if options.show else difference(record)
    if options.diff:
        return Answer({**_entry(record), "difference": text}, lambda console: print_difference(console, text))
    return Answer({**_entry(record), "text": text}, lambda console: console.out(text, highlight=False, end=""))


def difference(record: PassRecord) -> str:
    """What a pass did, as a unified difference without the locations."""
    from triton_runner.report.locations import locate

    before, after = (locate("mlir", text).lines for text in (record.before, record.text))
    lines = difflib.unified_diff(before, after, f"before {record.label}", f"after {record.label}", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _write(passes: Any, request: Request, options: argparse.Namespace, edits: dict[str, Any]) -> list[Path]:
    output: Path = options.output
    if output.suffix == ".html":
        from triton_runner.report.page import write_report

        output.parent.mkdir(parents=True, exist_ok=True)
        return [write_report(output, passes, _subject(passes, request, edits))]
    if output.suffix and not output.is_dir():
        raise ArgumentError(f"-o {output}: expected a file that ends in .html, or a folder")
    output.mkdir(parents=True, exist_ok=True)
    width = max(2, len(str(len(passes))))
    files = [output / record.file_name(width) for record in passes]
    for path, record in zip(files, passes, strict=True):
        write_file(path, record.text)
    return files


def _subject(passes: Sequence[PassRecord], request: Request, edits: dict[str, Any]) -> Subject:
    """The kernel as the whole pipeline makes it. Where that fails, the page says why in its place."""
    import triton_runner
    from triton_runner.compiler.versions import installed_version
    from triton_runner.report.data import Subject

    to = lowest_level(request.keywords["target"])
    version, options = str(installed_version()), request.keywords["options"]
    target = str(request.keywords["target"] or "")
    try:
        kernel = triton_runner.compile(request.source, to=to, **request.keywords, **edits)
    except Error as error:
        name = getattr(request.source, "__name__", None) or Path(str(request.source)).stem
        reason = {"not compiled to the end": " ".join(str(error).split())[:300]}
        return Subject(name, target, version, reason, options)
    outputs = {level: text for level, text in kernel.artifacts.items() if isinstance(text, str)}
    facts, sass = _facts(kernel, to)
    return Subject(kernel.spec.name, str(kernel.spec.target), version, facts, options, {**outputs, **sass})


def _facts(kernel: Any, level: str) -> tuple[dict[str, Any], dict[str, str]]:
    from triton_runner.cli.facts import facts_of_artifact

    found = facts_of_artifact(kernel.artifacts[level], level, metadata=kernel.sidecar)
    shared = f"{found['shared'] or 0:,}" + (f" + {found['static_shared']:,}" if found["static_shared"] else "")
    facts = {
        "registers": found["registers"],
        "spills": None if found["spill_bytes"] is None else f"{found['spill_bytes']:,} bytes",
        "shared memory": f"{shared} bytes",
        "warps": found["num_warps"],
        "code": f"{found['code_bytes']:,} bytes" if found.get("code_bytes") else None,
    }
    sass = {"sass": found["sass"]} if found.get("sass") else {}
    return {label: value for label, value in facts.items() if value is not None}, sass


def _show(console: Console, data: dict[str, Any], request: Request) -> None:
    from rich.table import Table
    from rich.text import Text

    tell_guess(request)
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    for title in ("pass", "MLIR", "stage", "changed"):
        table.add_column(title)
    table.add_column("ms", justify="right")
    for entry in data["passes"]:
        mark = Text("●", style="yellow") if entry["changed"] else Text("")
        cells = (str(entry["position"]), entry["label"], entry["mlir_name"], entry["stage"], mark)
        style = "" if entry["changed"] else "dim"
        table.add_row(*cells, f"{entry['seconds'] * 1e3:.2f}", style=style)
    if data["written"]:
        shown = data["written"] if len(data["written"]) == 1 else [str(Path(data["written"][0]).parent)]
        console.print(f"wrote {shown[0]}", soft_wrap=True)
        return
    console.print(table)
    console.print(f"{len(data['passes'])} passes, {data['seconds'] * 1e3:.0f} ms in all passes", style="dim")
