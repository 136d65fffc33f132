"""Keeps the locations of block arguments in the text of a module.

MLIR prints the arguments of ``scf.for`` and its like without their locations. When it reads the text, it gives them the
place in that text, and they end up in the line table of the cubin, and in the names of values. So a module that passes
are run on is written with comments at its end,

    // triton_runner: 4 blocks
    // triton_runner: arguments of block 1: ["loc(\\"start\\"(\\"kernel.py\\":37:29))"]

and given its locations back when it is read; not where an edit has changed the number of blocks or arguments, since
nothing but debug information depends on them. Bindings for it exist from Triton 3.5 on. Tested in
tests/python/test_pass_resume.py.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from typing import Any

_COUNT = re.compile(r"^// triton_runner: (\d+) blocks$", re.MULTILINE)
_ARGUMENTS = re.compile(r"^// triton_runner: arguments of block (\d+): (\[.*\])$", re.MULTILINE)
# What has regions whose arguments are printed without locations.
_NEEDED_BY = ("scf.", "warp_specialize")


def module_text(module: Any) -> str:
    """The text of a module, with the locations that MLIR leaves out."""
    text = str(module)
    if not any(name in text for name in _NEEDED_BY):
        return text
    blocks = _blocks(module)
    if not _have_locations(blocks):
        return text
    lines = [f"// triton_runner: {len(blocks)} blocks"]
    for number, values in enumerate(blocks):
        if values:
            locations = json.dumps([str(value.get_loc()) for value in values])
            lines.append(f"// triton_runner: arguments of block {number}: {locations}")
    return "\n".join([text.rstrip("\n"), *lines, ""])


def can_print(module: Any) -> bool:
    """Whether MLIR can print ``module``: debug scopes end the process in Triton 3.3 and 3.4, so a fork tries."""
    if not hasattr(module.context, "disable_multithreading"):
        return True  # versions before and after those
    module.context.disable_multithreading()  # the printer has threads verify the module, and a fork has none of them
    child = os.fork()
    if child == 0:
        try:
            str(module)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def restore_locations(module: Any, path: str, ir: Any) -> None:
    """Give the module that was read from file ``path`` the locations that the text states at its end."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    count = _COUNT.search(text)
    if count is None:
        return
    blocks = _blocks(module)
    if not _have_locations(blocks):
        return  # a newer Triton wrote the text
    stated = {int(number): json.loads(locations) for number, locations in _ARGUMENTS.findall(text)}
    found = {number: len(values) for number, values in enumerate(blocks) if values}
    if int(count[1]) != len(blocks) or found != {number: len(locations) for number, locations in stated.items()}:
        return
    known = _locations({location for locations in stated.values() for location in locations}, module.context, ir)
    for number, locations in stated.items():
        for value, location in zip(blocks[number], locations, strict=True):
            value.set_loc(known[location])


def _blocks(module: Any) -> list[list[Any]]:
    """The arguments of every block, in the order of a walk."""
    found: dict[Any, list[Any]] = {}

    def visit(operation: Any) -> None:
        block = operation.get_block()
        if block is not None and block.id() not in found:
            found[block.id()] = [block.get_argument(index) for index in range(block.get_num_arguments())]

    module.walk(visit)
    return list(found.values())


def _have_locations(blocks: list[list[Any]]) -> bool:
    return any(hasattr(value, "set_loc") for values in blocks for value in values)


def _locations(texts: set[str], context: Any, ir: Any) -> dict[str, Any]:
    """Locations by their text. Only the parser makes one of any kind, so a function has them for its arguments."""
    order = sorted(texts)
    arguments = ", ".join(f"%a{index}: i32 {text}" for index, text in enumerate(order))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "locations.mlir")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"module {{\n  tt.func public @locations({arguments}) {{\n    tt.return\n  }}\n}}\n")
        module = ir.parse_mlir_module(path, context)
    values = next(values for values in _blocks(module) if values)
    return {text: value.get_loc() for text, value in zip(order, values, strict=True)}
