"""Integer arithmetic, logic, shifts, bit fields, permutation, comparison and selection: exact in every bit."""

from __future__ import annotations

import numpy as np

from .form import Form, simple
from .values import WIDTH, Bits, Random, crossed

INTEGERS = ("s16", "u16", "s32", "u32", "s64", "u64")
WIDER = {"s16": "s32", "u16": "u32", "s32": "s64", "u32": "u64"}


def _binary(op: str, kinds: tuple[str, ...]) -> list[Form]:
    return [simple(f"{op}.{t}", f"{t} {t} -> {t}") for t in kinds]


def _nonzero_divisor(kind: str) -> object:
    """Division by zero is undefined, and so is the overflow of the most negative value by -1."""

    def generate(random: Random) -> Bits:
        values = crossed((kind, kind), random, 768)
        values[:, 1] |= np.where(values[:, 1] == 0, np.uint64(1), np.uint64(0))
        overflow = values[:, 1] == np.uint64((1 << WIDTH[kind]) - 1)
        values[:, 1] = np.where(overflow & np.bool_(kind[0] == "s"), np.uint64(3), values[:, 1])
        return values

    return generate


def _arithmetic() -> list[Form]:
    forms = [form for op in ("add", "sub", "mul.lo", "mul.hi", "min", "max") for form in _binary(op, INTEGERS)]
    forms += [
        simple(f"{op}.{t}", f"{t} {t} -> {t}", generate=_nonzero_divisor(t)) for op in ("div", "rem") for t in INTEGERS
    ]
    forms += [simple(f"mul.wide.{t}", f"{t} {t} -> {wide}") for t, wide in WIDER.items()]
    forms += [simple(f"mad.wide.{t}", f"{t} {t} {wide} -> {wide}") for t, wide in WIDER.items()]
    forms += [
        simple(f"mad.{part}.{t}", f"{t} {t} {t} -> {t}")
        for part in ("lo", "hi")
        for t in ("s16", "s32", "u32", "s64", "u64")
    ]
    forms += [simple(f"{op}.{t}", f"{t} -> {t}") for op in ("abs", "neg") for t in ("s16", "s32", "s64")]
    forms += _binary("add.sat", ("s32",)) + _binary("sub.sat", ("s32",))
    forms += [simple("mad.hi.sat.s32", "s32 s32 s32 -> s32")]
    forms += [simple(f"{op}.{t}", f"{t} {t} -> {t}") for op in ("mul24.lo", "mul24.hi") for t in ("s32", "u32")]
    forms += [simple(f"sad.{t}", f"{t} {t} {t} -> {t}") for t in ("s32", "u32", "u16", "s64")]
    forms += [simple(f"dp4a.{a}.{b}", f"{a} {b} s32 -> s32") for a in ("s32", "u32") for b in ("s32", "u32")]
    dp2a = [simple(f"dp2a.{half}.{t}.{t}", f"{t} {t} {t} -> {t}") for half in ("lo", "hi") for t in ("s32", "u32")]
    return forms + dp2a


def _logic() -> list[Form]:
    words = ("b16", "b32", "b64")
    forms = [form for op in ("and", "or", "xor") for form in _binary(op, words)]
    forms += [simple(f"{op}.{t}", f"{t} -> {t}") for op in ("not", "cnot") for t in words]
    forms += [simple(f"shl.{t}", f"{t} b32 -> {t}") for t in words]
    forms += [simple(f"shr.{t}", f"{t} b32 -> {t}") for t in (*words, *INTEGERS)]
    for side in ("l", "r"):
        forms += [simple(f"shf.{side}.{m}.b32", "b32 b32 b32 -> b32") for m in ("wrap", "clamp")]
    for table in (0x96, 0xE8, 0xCA, 0x80, 0xFE, 0x2A, 0x6A):
        forms.append(
            simple(f"lop3.b32 0x{table:02x}", "b32 b32 b32 -> b32", body=f"lop3.b32 d0, s0, s1, s2, 0x{table:02x};")
        )
    logic = "setp.ne.b32 %p0, s0, 0;\nsetp.gt.s32 %p1, s1, 7;\n{op}.pred %p2, %p0, %p1;\nselp.b32 d0, 1, 0, %p2;"
    forms += [simple(f"{op}.pred", "b32 b32 -> b32", body=logic.format(op=op)) for op in ("and", "or", "xor")]
    invert = "setp.gt.s32 %p0, s0, 7;\nnot.pred %p1, %p0;\nselp.b32 d0, 1, 0, %p1;"
    return [*forms, simple("not.pred", "b32 -> b32", body=invert)]


def _field_positions(value_kinds: tuple[str, ...]) -> object:
    """Values, then a position and a length that often reach past the register, and past the byte that counts."""

    def generate(random: Random) -> Bits:
        values = crossed(value_kinds, random, 768)
        fields = [random.below(80, 768), random.below(80, 768)]
        fields = [np.where(np.arange(768) % 16 == 5 + i, f + np.uint64(250), f) for i, f in enumerate(fields)]
        return np.concatenate([values, np.stack(fields, axis=1)], axis=1)

    return generate


def _fields() -> list[Form]:
    forms = [
        simple(f"bfe.{t}", f"{t} b32 b32 -> {t}", generate=_field_positions((t,))) for t in ("u32", "s32", "u64", "s64")
    ]
    forms += [simple(f"bfi.{t}", f"{t} {t} b32 b32 -> {t}", generate=_field_positions((t, t))) for t in ("b32", "b64")]
    forms += [simple(f"{op}.{t}", f"{t} -> b32") for op in ("popc", "clz") for t in ("b32", "b64")]
    forms += [simple(f"bfind{m}.{t}", f"{t} -> b32") for m in ("", ".shiftamt") for t in ("u32", "s32", "u64", "s64")]
    forms += [simple(f"brev.{t}", f"{t} -> {t}") for t in ("b32", "b64")]
    forms += [simple(f"szext.{m}.{t}", f"{t} b32 -> {t}") for m in ("wrap", "clamp") for t in ("s32", "u32")]
    forms += [simple(f"bmsk.{m}.b32", "b32 b32 -> b32") for m in ("wrap", "clamp")]
    forms.append(simple("prmt.b32", "b32 b32 b32 -> b32"))
    return forms + [simple(f"prmt.b32.{m}", "b32 b32 b32 -> b32") for m in ("f4e", "b4e", "rc8", "ecl", "ecr", "rc16")]


def _comparison() -> list[Form]:
    forms = []
    relations = {
        "s": ("eq", "ne", "lt", "le", "gt", "ge"),
        "u": ("lo", "ls", "hi", "hs", "lt", "ge"),
        "b": ("eq", "ne"),
    }
    for t in (*INTEGERS, "b16", "b32", "b64"):
        for relation in relations[t[0]]:
            name = f"setp.{relation}.{t}"
            forms.append(simple(name, f"{t} {t} -> b32", body=f"{name} %p0, s0, s1;\nselp.b32 d0, 1, 0, %p0;"))
    setp = """setp.lt.s32 %p2, s2, 9;
        setp.ge.{op}.s32 %p0|%p1, s0, s1, %p2;
        selp.b32 d0, 1, 0, %p0;
        selp.b32 d1, 1, 0, %p1;"""
    combined = ((f"setp.ge.{op}.s32", setp.format(op=op)) for op in ("and", "or", "xor"))
    forms += [simple(name, "s32 s32 s32 -> b32 b32", body=body) for name, body in combined]
    return [*forms, simple("set.lt.u32.s32", "s32 s32 -> u32")]


def _selection() -> list[Form]:
    selp = "setp.gt.s32 %p0, s2, 5;\nselp.{t} d0, s0, s1, %p0;"
    forms = [
        simple(f"selp.{t}", f"{t} {t} b32 -> {t}", body=selp.format(t=t)) for t in ("b16", "b32", "b64", "f32", "s32")
    ]
    forms.append(simple("slct.s32.s32", "s32 s32 s32 -> s32"))
    vector = "mov.b64 offset, {s0, s1};\nmov.b64 {t0, t1}, offset;\nxor.b32 t0, t0, 1;\nmov.b64 d0, {t1, t0};"
    forms.append(simple("mov.b64 pack", "b32 b32 -> b64", body=vector))
    halves = "mov.b32 {d0, d1}, s0;\nmov.b32 d2, {d1, d0};"
    forms.append(simple("mov.b32 unpack", "b32 -> b16 b16 b32", body=halves))
    guarded = "setp.gt.s32 %p0, s0, s1;\nmov.b32 d0, s0;\n@%p0 mov.b32 d0, s1;\n@!%p0 add.s32 d0, d0, 1;"
    return [*forms, simple("guarded mov.b32", "s32 s32 -> s32", body=guarded)]


FORMS = _arithmetic() + _logic() + _fields() + _comparison() + _selection()
