"""Takes the source locations out of a text of any level, and says for each line which Python lines it came from.

A location is a chain of (file, line): where the operation was written first, then the calls that it was inlined
through. MLIR keeps it in ``loc(#loc7)`` with ``#loc7 = loc(...)`` at the end, LLVM IR in ``!dbg !7``, PTX and AMDGCN
in ``.loc`` before the instruction, nvdisasm in a comment before it. Tested in tests/python/test_report_locations.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Chain = tuple[tuple[str, int], ...]

_ALIAS = re.compile(r"^(#loc\d*) = loc\((.*)\)\s*$")
_PARTS = re.compile(r'"((?:[^"\\]|\\.)*)":(\d+):\d+|(#loc\d*)\b')
_CALLERS = re.compile(r"([^\s@\[\]:]+):(\d+):\d+")
_MAX_DEPTH = 64


@dataclass
class Located:
    """A text without its locations, line by line."""

    lines: list[str] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)

    def add(self, line: str, chain: Chain) -> None:
        self.lines.append(line)
        self.chains.append(chain)


def locate(level: str, text: str) -> Located:
    """``level`` is ``mlir``, ``llir``, ``ptx``, ``amdgcn`` or ``sass``; any other text has no locations."""
    readers: dict[str, Callable[[str], Located]] = {
        "mlir": _locate_mlir,
        "llir": _locate_llvm,
        "ptx": _locate_assembly,
        "amdgcn": _locate_assembly,
        "sass": _locate_sass,
    }
    return readers.get(level, _plain)(text)


def _plain(text: str) -> Located:
    lines = text.splitlines()
    return Located(lines, [()] * len(lines))


# ---- MLIR ----


def _locate_mlir(text: str) -> Located:
    lines = text.splitlines()
    aliases = {match[1]: match[2] for line in lines if (match := _ALIAS.match(line))}
    chains: dict[str, Chain] = {}
    found = Located()
    open_lines: list[int] = []  # whose region is not closed yet: an operation's location stands behind its last brace
    for line in lines:
        if _ALIAS.match(line) or (not line.strip() and not found.lines):
            continue
        code, location = strip_locations(line)
        chain = _chain(location, aliases, chains) if location else ()
        opener = open_lines.pop() if code.lstrip().startswith("}") and open_lines else None
        found.add(code, chain)
        if opener is not None and chain and not found.chains[opener]:
            found.chains[opener] = chain
        if code.endswith("{"):
            open_lines.append(len(found.lines) - 1 if opener is None else opener)
    while found.lines and not found.lines[-1].strip():
        found.lines.pop()
        found.chains.pop()
    return found


def strip_locations(line: str) -> tuple[str, str]:
    """The line without any ``loc(...)``, and what the last of them holds."""
    out, last, position = [], "", 0
    while (start := line.find("loc(", position)) >= 0:
        if start and (line[start - 1].isalnum() or line[start - 1] in "_.#"):
            out.append(line[position : start + 4])
            position = start + 4
            continue
        end = _closing(line, start + 3)
        out.append(line[position:start].rstrip(" "))
        last, position = line[start + 4 : end], end + 1
    out.append(line[position:])
    return "".join(out).rstrip(), last


def _closing(line: str, start: int) -> int:
    """The index of the bracket that closes the one at ``start``; the end of the line where there is none."""
    depth, index = 0, start
    while index < len(line):
        char = line[index]
        if char == '"':
            index += 1
            while index < len(line) and line[index] != '"':
                index += 2 if line[index] == "\\" else 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return index
        index += 1
    return len(line)


def _chain(expression: str, aliases: Mapping[str, str], known: dict[str, Chain], depth: int = 0) -> Chain:
    """The files and lines of a location, innermost first. Names around a location say nothing about where it is."""
    if expression in known:
        return known[expression]
    out: list[tuple[str, int]] = []
    if depth < _MAX_DEPTH:
        for file, line, alias in _PARTS.findall(expression):
            parts = _chain(aliases.get(alias, ""), aliases, known, depth + 1) if alias else ((file, int(line)),)
            out += [part for part in parts if part not in out]
    known[expression] = tuple(out)
    return known[expression]


# ---- LLVM IR ----


def _locate_llvm(text: str) -> Located:
    nodes = dict(re.findall(r"^(!\d+) = (?:distinct )?!(DI\w+\(.*\))\s*$", text, re.MULTILINE))
    found = Located()
    for line in text.splitlines():
        if re.match(r"!\d+ = (?:distinct )?!DI", line):
            continue
        match = re.search(r",? !dbg (!\d+)", line)
        chain = _llvm_chain(match[1], nodes) if match else ()
        found.add(line.replace(match[0], "") if match else line, chain)
    return found


def _llvm_chain(node: str, nodes: Mapping[str, str]) -> Chain:
    chain: list[tuple[str, int]] = []
    for _ in range(_MAX_DEPTH):
        text = nodes.get(node, "")
        line, scope = re.search(r"\bline: (\d+)", text), re.search(r"\bscope: (!\d+)", text)
        if not line or not (file := _llvm_file(scope[1] if scope else node, nodes)):
            break
        if int(line[1]):  # 0 where the compiler has merged several
            chain.append((file, int(line[1])))
        inlined = re.search(r"\binlinedAt: (!\d+)", text)
        if not inlined:
            break
        node = inlined[1]
    return tuple(chain)


def _llvm_file(scope: str, nodes: Mapping[str, str]) -> str:
    for _ in range(_MAX_DEPTH):
        text = nodes.get(scope, "")
        if text.startswith("DIFile("):
            name, folder = re.search(r'filename: "([^"]*)"', text), re.search(r'directory: "([^"]*)"', text)
            return "/".join(part[1].rstrip("/") for part in (folder, name) if part and part[1])
        link = re.search(r"\bfile: (!\d+)", text) or re.search(r"\bscope: (!\d+)", text)
        if not link:
            return ""
        scope = link[1]
    return ""


# ---- PTX, AMDGCN and SASS ----


def _locate_assembly(text: str) -> Located:
    listed = re.findall(r'^\s*\.file\s+(\d+)\s+"([^"]*)"(?:\s+"([^"]*)")?', text, re.MULTILINE)
    files = {number: f"{folder}/{name}" if name else folder for number, folder, name in listed}
    names = {Path(file).name: number for number, file in files.items()}
    found = Located()
    chain: Chain = ()
    in_debug = False
    for line in text.splitlines():
        in_debug |= bool(re.match(r"\s*\.section\s+\.debug", line))
        if match := re.match(r"\s*\.loc\s+(\d+)\s+(\d+)", line):
            # LLVM names the calls around it in a comment, by the names of the files alone.
            around = [(names.get(file, ""), number) for file, number in _CALLERS.findall(line.partition("@[")[2])]
            around += re.findall(r"inlined_at (\d+) (\d+)", line)
            places = [(match[1], match[2]), *around]
            chain = tuple((files[file], int(number)) for file, number in places if file in files and number != "0")
        elif not in_debug and not re.match(r"\s*\.file\b", line):
            found.add(line, chain if re.match(r"\s+(?:@|[a-z])", line) else ())
    return found


def _locate_sass(text: str) -> Located:
    found = Located()
    chain: Chain = ()
    in_comment = False  # the frames of one chain stand in lines that follow each other
    for line in text.splitlines():
        if match := re.match(r'\s*//## File "([^"]*)", line (\d+)', line):
            frames = [(match[1], int(match[2]))]
            frames += [(file, int(number)) for file, number in re.findall(r'inlined at "([^"]*)", line (\d+)', line)]
            chain = tuple(dict.fromkeys([*(chain if in_comment else ()), *frames]))
            in_comment = True
        else:
            in_comment = False
            found.add(line, chain if re.match(r"\s*/\*[0-9a-f]+\*/", line) else ())
    return found
