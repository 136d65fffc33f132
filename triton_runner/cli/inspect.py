"""``triton-runner inspect``: what a file is, what its kernel takes, and the machine code of a cubin.

Tested in tests/python/test_cli_compile.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.cli.answer import Answer
from triton_runner.cli.compile import lowest_level
from triton_runner.cli.facts import facts_of_artifact, facts_of_function
from triton_runner.cli.parsing import add_source_arguments
from triton_runner.cli.source import make_request, read_source
from triton_runner.errors import ArtifactError

if TYPE_CHECKING:
    from rich.console import Console

NAME = "inspect"
HELP = "tell level, target, parameters, registers, shared memory, spills and SASS of a file"
DESCRIPTION = (
    "Tells what FILE holds. Registers and spills are decided by the last step of the compiler, so only a cubin or "
    "hsaco has them;\n--compile takes any other level down to there first. SASS is shown where nvdisasm is on the "
    "machine."
)
EXAMPLES = """\
  triton-runner inspect softmax.cubin
  triton-runner inspect softmax.ptx --compile --no-sass
  triton-runner inspect kernel.py:softmax --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="an artifact, or kernel.py:function")
    parser.add_argument("--compile", action="store_true", help="compile down to the machine code, and tell of that too")
    parser.add_argument("--no-sass", action="store_true", help="leave the machine code out")
    add_source_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    source = read_source(options.file, options.config)
    if source.function is not None:
        data = facts_of_function(source.function, source.configured)
    elif Path(source.given).is_dir():
        raise ArtifactError(f"{source.given} is a folder: give a file in it; `artifacts list` shows a bundle")
    else:
        data = facts_of_artifact(
            source.given, options.level, name=options.name, metadata=options.metadata, sass=not options.no_sass
        )
    if options.compile and data["level"] not in ("cubin", "hsaco"):
        data["compiled"] = _compiled(source, options)
    return Answer({"file": options.file, **data}, lambda console: _show(console, {"file": options.file, **data}))


def _compiled(source: Any, options: argparse.Namespace) -> dict[str, Any]:
    import triton_runner

    request = make_request(source, options)
    to = lowest_level(options.target)
    kernel = triton_runner.compile(request.source, to=to, **request.keywords)
    found = facts_of_artifact(kernel.artifacts[to], to, metadata=kernel.sidecar, sass=not options.no_sass)
    return {**found, "guessed_signature": request.guessed}


def _show(console: Console, data: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, value in _rows(data):
        table.add_row(label, value)
    console.print(table)
    _show_parameters(console, data["parameters"])
    for note in data["notes"]:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    if data.get("instructions"):
        most = list(data["instructions"].items())[:12]
        console.print("\n[bold]instructions[/]  " + "  ".join(f"{name} {count}" for name, count in most))
    if data.get("sass"):
        console.print()
        console.out(data["sass"], highlight=False, end="")
    if data.get("compiled"):
        console.print("\n[bold]compiled from it:[/]")
        _show(console, data["compiled"])


def _rows(data: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("file", str(data["file"]))] if "file" in data else []
    rows += [(label, str(data[label])) for label in ("level", "kernel", "target") if data.get(label) is not None]
    if data.get("made_by"):
        rows.append(("made by", f"Triton {data['made_by']}"))
    if data.get("num_warps") is not None:
        ctas = f", {data['num_ctas']} CTAs in a cluster" if (data.get("num_ctas") or 1) > 1 else ""
        rows.append(("block", f"{data['num_warps']} warps ({data['num_warps'] * data['warp_size']} threads){ctas}"))
    if data["level"] != "python":
        rows.append(("registers", _known(data["registers"], "a thread")))
        rows.append(("spills", _known(data["spill_bytes"], "bytes a thread, in local memory")))
        parts = [_known(data["shared"], "bytes a block")]
        for field, what in (("static_shared", "static"), ("reserved_shared", "that the system keeps")):
            parts += [f"{data[field]:,} {what}"] if data.get(field) else []
        rows.append(("shared", " + ".join(parts)))
    if data.get("code_bytes") is not None:
        rows.append(("code", f"{data['code_bytes']:,} bytes"))
    return rows


def _known(value: int | None, unit: str) -> str:
    return f"{value:,} {unit}" if value is not None else "not stated at this level"


def _show_parameters(console: Console, parameters: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not parameters:
        return
    table = Table(box=None, pad_edge=False)
    for title in ("parameter", "type", "assumed", "access"):
        table.add_column(title, overflow="fold")
    for param in parameters:
        assumed = f"= {param['constant']!r}" if "constant" in param else "divisible by 16" if param["aligned"] else ""
        table.add_row(param["name"], param["type"] or "any", assumed, param["access"] or "")
    console.print()
    console.print(table)
