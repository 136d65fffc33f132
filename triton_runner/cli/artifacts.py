"""``triton-runner artifacts``: makes a bundle of one kernel for several GPUs, and lists one.

Tested in tests/python/test_bundle.py.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.cli.answer import Answer
from triton_runner.cli.compile import tell_guess
from triton_runner.cli.parsing import add_source_arguments
from triton_runner.cli.source import make_request, read_source
from triton_runner.errors import ArgumentError, ArtifactError

if TYPE_CHECKING:
    from rich.console import Console

NAME = "artifacts"
HELP = "make one folder of a kernel for several GPUs, or list it"
DESCRIPTION = (
    "make compiles one kernel for every GPU of --target into the folder -o, which triton_runner.load() takes: it picks "
    "what\nthe device runs. The PTX is kept as the fall-back. list shows a bundle, and what this machine would pick."
)
EXAMPLES = """\
  triton-runner artifacts make scale.py:scale --signature 'x=*fp32:16,out=*fp32:16,n=i32,factor=fp32' -C BLOCK=256 \\
      --target sm_75,sm_80,sm_90,gfx942 --to cubin,hsaco -o scale/
  triton-runner artifacts list scale/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("make", "list"))
    parser.add_argument("file", metavar="FILE", help="an artifact or kernel.py:function; for list, a bundle")
    parser.add_argument("--to", help="of cubin, hsaco and ptx those to make (cubin,hsaco)", default="cubin,hsaco")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="the bundle")
    add_source_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    return _list(options.file) if options.action == "list" else _make(options)


def _make(options: argparse.Namespace) -> Answer:
    from triton_runner import bundle

    if options.output is None or options.target is None:
        raise ArgumentError("artifacts make needs --target, such as sm_80,sm_90,gfx942, and -o FOLDER")
    request = make_request(read_source(options.file, options.config), options)
    given = {name: value for name, value in request.keywords.items() if name != "target"}
    bundle.make(request.source, targets=_words(options.target), to=_words(options.to), output=options.output, **given)
    data = _describe(options.output) | {"guessed_signature": request.guessed}

    def show(console: Console) -> None:
        tell_guess(request)
        _show(console, data)

    return Answer(data, show)


def _list(folder: str) -> Answer:
    data = _describe(Path(folder))
    return Answer(data, lambda console: _show(console, data))


def _describe(folder: Path) -> dict[str, Any]:
    from triton_runner import bundle

    name, entries = bundle.read(folder)
    device = bundle.current_device()
    try:
        picked = bundle.pick(entries, device).file
    except ArtifactError:
        picked = None
    sizes = {entry.file: (folder / entry.file).stat().st_size for entry in entries}
    listed = [asdict(entry) | {"bytes": sizes[entry.file]} for entry in entries]
    return {"kernel": name, "folder": str(folder), "entries": listed, "device": device.name, "picked": picked}


def _show(console: Console, data: dict[str, Any]) -> None:
    console.print(f"{data['kernel']}  {data['folder']}", style="bold", soft_wrap=True)
    for entry in data["entries"]:
        mark = f"  <- {data['device']}" if entry["file"] == data["picked"] else ""
        console.print(f"  {entry['target']:<8} {entry['level']:<6} {entry['bytes']:>9,} bytes{mark}")
    if data["picked"] is None:
        console.print(f"nothing in it runs on {data['device']}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
