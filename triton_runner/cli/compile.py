"""``triton-runner compile``: from any level to any lower one. Tested in tests/python/test_cli_compile.py."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner.cli.answer import Answer
from triton_runner.cli.parsing import add_source_arguments
from triton_runner.cli.source import Request, make_request, read_source
from triton_runner.errors import ArgumentError
from triton_runner.files import write_file

if TYPE_CHECKING:
    from rich.console import Console

NAME = "compile"
HELP = "compile a kernel from any level to any lower one"
DESCRIPTION = (
    "Compiles a Python function or an artifact down to --to, for any target, with no GPU in the machine.\nWithout -o "
    "the artifacts stay in the compile cache, whose folder is shown."
)
EXAMPLES = """\
  triton-runner compile scale.py:scale --signature 'x=*fp32:16,out=*fp32:16,n=i32,factor=fp32' -C BLOCK=256 \\
      --target sm_90 -o build/
  triton-runner compile matmul.ttgir --to ptx -o matmul.ptx
  triton-runner compile attention.py:attention --config 3 --target sm_80 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="an artifact, or kernel.py:function")
    parser.add_argument("--to", help="ttir, ttgir, llir, ptx, cubin; amdgcn, hsaco (the lowest, or that of -o)")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="a file (its suffix says the level), or a folder, for all levels and the metadata",
    )
    add_source_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    import triton_runner

    request = make_request(read_source(options.file, options.config), options)
    to = options.to or _level_of(options.output) or lowest_level(options.target)
    kernel = triton_runner.compile(request.source, to=to, **request.keywords)
    written = _write(kernel, to, options.output) if options.output else []
    data = {
        "kernel": kernel.spec.name,
        "target": str(kernel.spec.target),
        "key": kernel.hash,
        "cache": str(kernel.folder) if kernel.folder else None,
        "levels": {level: len(content) for level, content in kernel.artifacts.items()},
        "guessed_signature": request.guessed,
        "written": [str(path) for path in written],
    }
    return Answer(data, lambda console: _show(console, data, request))


def tell_guess(request: Request) -> None:
    """Say on standard error which types the command line left open."""
    if request.guessed:
        types = ", ".join(f"{name}={type_name}" for name, type_name in request.guessed.items())
        print(f"note: types taken from the kernel's text: {types} (--signature says otherwise)", file=sys.stderr)


def _level_of(output: Path | None) -> str | None:
    from triton_runner.compiler.levels import FILE_LEVELS

    suffix = output.suffix.lstrip(".") if output else ""
    level = {"ll": "llir"}.get(suffix, suffix)
    return level if level in FILE_LEVELS else None


def lowest_level(target: str | None) -> str:
    """The machine code of a target."""
    return "hsaco" if target is not None and target.startswith("gfx") else "cubin"


def _write(kernel: Any, to: str, output: Path) -> list[Path]:
    from triton_runner.cache import file_stem

    stem, metadata = file_stem(kernel.spec.name), json.dumps(kernel.sidecar, indent=1)
    if _level_of(output) is None:
        output.mkdir(parents=True, exist_ok=True)
        files = {output / f"{stem}.{level}": content for level, content in kernel.artifacts.items()}
        files[output / f"{stem}.json"] = metadata
    else:
        if _level_of(output) != to:
            raise ArgumentError(f"-o {output}: its suffix is not that of --to {to}")
        files = {output: kernel.artifacts[to], output.with_suffix(".json"): metadata}
    for path, content in files.items():
        write_file(path, content)
    return list(files)


def _show(console: Console, data: dict[str, Any], request: Request) -> None:
    tell_guess(request)
    console.print(f"{data['kernel']}  {data['target']}", style="bold")
    for level, size in data["levels"].items():
        console.print(f"  {level:<7} {size:>9,} {'bytes' if level in ('cubin', 'hsaco') else 'characters'}")
    for path in data["written"]:
        console.print(f"wrote {path}", soft_wrap=True)
    if not data["written"]:
        console.print(f"in {data['cache']}" if data["cache"] else "the cache could not be written", soft_wrap=True)
