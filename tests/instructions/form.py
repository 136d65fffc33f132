"""A form: PTX text around one instruction, the inputs that it is tried on, and the tolerance of its results.

Thread i reads its operands s0, s1, ... from row i of the input (8 bytes each), runs the body, and writes the results
d0, d1, ... to row i of the output. Other names a body may use: %p0..%p7, t0..t7 (32 bit), `scratch` (64-bit address of
this thread's 16 bytes of global memory), `shared_row` (32-bit address of this thread's 16 bytes of shared memory)
and `shared_warp` (those of its warp's lane 0).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .values import WIDTH, Bits, Random, crossed

THREADS = 128


@dataclass(frozen=True)
class Tolerance:
    """How far a result may lie from the golden one: bits equal, or within any of these bounds. NaN matches NaN only."""

    ulp: int = 0
    relative: float = 0.0
    absolute: float = 0.0

    @property
    def is_exact(self) -> bool:
        return self == EXACT


EXACT = Tolerance()


@dataclass(frozen=True)
class Form:
    name: str
    sources: tuple[str, ...]
    results: tuple[str, ...]
    body: str
    target: str = "sm_80"
    tolerance: Tolerance = EXACT
    rows: int = 512
    generate: Callable[[Random], Bits] | None = field(default=None, compare=False)

    def inputs(self) -> Bits:
        """(rows, sources) bit patterns; the number of rows is a multiple of THREADS."""
        random = Random(self.name)
        values = self.generate(random) if self.generate else crossed(self.sources, random, self.rows)
        assert values.shape[1] == len(self.sources), self.name
        assert len(values) % THREADS == 0, self.name
        masks = np.array([(1 << WIDTH[kind]) - 1 for kind in self.sources], dtype=np.uint64)
        return values & masks

    def digest(self) -> str:
        """Changes when a golden output would no longer belong to this form."""
        return hashlib.sha256(self.ptx().encode() + self.inputs().tobytes()).hexdigest()

    def ptx(self) -> str:
        lines = [".version 8.7", f".target {self.target}", ".address_size 64", "", f"// {self.name}"]
        lines += [".visible .entry form(", "    .param .u64 .ptr .global .align 16 in_ptr,"]
        lines += ["    .param .u64 .ptr .global .align 16 out_ptr", ")", f".reqntid {THREADS}", "{"]
        lines += [
            "    .reg .pred %p<8>;",
            "    .reg .b64 in, out, scratch, offset;",
            "    .reg .b32 thread, row, t<8>;",
        ]
        lines += _declarations("s", self.sources) + _declarations("d", self.results) + self._prologue()
        lines += [f"    {line.strip()}" for line in self.body.strip().splitlines()]
        lines += [*_stores(self.results), "    ret;", "}", ""]
        return "\n".join(lines)

    def _prologue(self) -> list[str]:
        """Row number, addresses, and operands; scratch memory lies in the output, behind the row's results."""
        uses_shared = "shared_" in self.body
        lines = (
            ["    .shared .align 16 .b8 buffer[2048];", "    .reg .b32 shared_row, shared_warp;"] if uses_shared else []
        )
        lines += [
            "    mov.u32 row, %ctaid.x;",
            "    mov.u32 thread, %tid.x;",
            f"    mad.lo.u32 row, row, {THREADS}, thread;",
        ]
        lines += ["    ld.param.u64 in, [in_ptr];", f"    mad.wide.u32 in, row, {8 * len(self.sources)}, in;"]
        lines += ["    ld.param.u64 out, [out_ptr];", f"    mad.wide.u32 out, row, {self.row_bytes}, out;"]
        if "scratch" in self.body:
            lines.append(f"    add.u64 scratch, out, {self.row_bytes - 16};")
        if uses_shared:
            lines += ["    mov.u32 shared_warp, buffer;", "    and.b32 t0, thread, 96;"]
            lines += [
                "    mad.lo.u32 shared_row, thread, 16, shared_warp;",
                "    mad.lo.u32 shared_warp, t0, 16, shared_warp;",
            ]
        for i, kind in enumerate(self.sources):
            suffix = "u8" if WIDTH[kind] == 8 else f"b{WIDTH[kind]}"
            lines.append(f"    ld.global.{suffix} s{i}, [in+{8 * i}];")
        return lines

    @property
    def row_bytes(self) -> int:
        """Of the output: a multiple of 16, so that scratch memory is aligned for every access."""
        results = (8 * len(self.results) + 15) // 16 * 16
        return results + (16 if "scratch" in self.body else 0)


def _declarations(letter: str, kinds: tuple[str, ...]) -> list[str]:
    return [f"    .reg .b{max(WIDTH[kind], 16)} {letter}{i};" for i, kind in enumerate(kinds)]


def _stores(kinds: tuple[str, ...]) -> list[str]:
    """An 8-bit result is stored with the upper byte of its register, which says how it was extended."""
    return [f"    st.global.b{max(WIDTH[kind], 16)} [out+{8 * i}], d{i};" for i, kind in enumerate(kinds)]


def simple(name: str, signature: str, *, rows: int | None = None, **options: object) -> Form:
    """The form `name d0, s0, s1, ...;` of a signature like "f32 f32 -> f32"."""
    left, _, right = signature.partition("->")
    sources, results = tuple(left.split()), tuple(right.split())
    operands = ", ".join([f"d{i}" for i in range(len(results))] + [f"s{i}" for i in range(len(sources))])
    default_rows = {0: 128, 1: 512, 2: 768}.get(len(sources), 1024)
    body = str(options.pop("body", f"{name} {operands};"))
    return Form(name, sources, results, body, rows=rows or default_rows, **options)  # type: ignore[arg-type]
