"""Arithmetic, minimum and maximum, comparison and classification of f32, f64, f16 and bf16: exact in every bit."""

from __future__ import annotations

from .form import Form, simple

ROUNDINGS = ("rn", "rz", "rm", "rp")
ORDERED = ("eq", "ne", "lt", "le", "gt", "ge")
UNORDERED = ("equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan")


def _arithmetic() -> list[Form]:
    forms = [
        simple(f"{op}.{r}.{t}", f"{t} {t} -> {t}") for t in ("f32", "f64") for op in ("add", "mul") for r in ROUNDINGS
    ]
    forms += [simple(f"sub.{r}.{t}", f"{t} {t} -> {t}") for t in ("f32", "f64") for r in ("rn", "rm")]
    forms += [simple(f"{op}.{t}", f"{t} {t} -> {t}") for t in ("f32", "f64") for op in ("add", "sub", "mul")]
    forms += [simple(f"fma.{r}.{t}", f"{t} {t} {t} -> {t}") for t in ("f32", "f64") for r in ROUNDINGS]
    forms += [simple(f"div.{r}.{t}", f"{t} {t} -> {t}") for t in ("f32", "f64") for r in ROUNDINGS]
    forms += [
        simple(f"{op}.{r}.{t}", f"{t} -> {t}") for t in ("f32", "f64") for op in ("rcp", "sqrt") for r in ROUNDINGS
    ]
    for modifiers in ("rn.ftz", "rn.sat", "rn.ftz.sat", "rz.ftz"):
        forms += [simple(f"{op}.{modifiers}.f32", "f32 f32 -> f32") for op in ("add", "sub", "mul")]
        forms.append(simple(f"fma.{modifiers}.f32", "f32 f32 f32 -> f32"))
    forms.append(simple("div.rn.ftz.f32", "f32 f32 -> f32"))
    return forms + [simple(f"{op}.rn.ftz.f32", "f32 -> f32") for op in ("rcp", "sqrt")]


def _narrow() -> list[Form]:
    forms = []
    for t in ("f16", "f16x2"):
        for op in ("add", "sub", "mul"):
            forms += [simple(f"{op}{m}.{t}", f"{t} {t} -> {t}") for m in ("", ".rn", ".ftz", ".sat", ".ftz.sat")]
        forms += [simple(f"fma.rn{m}.{t}", f"{t} {t} {t} -> {t}") for m in ("", ".ftz", ".sat", ".relu", ".ftz.relu")]
        forms += [simple(f"{op}.ftz.{t}", f"{t} -> {t}") for op in ("neg", "abs")]
    for t in ("bf16", "bf16x2"):
        forms += [simple(f"fma.rn{m}.{t}", f"{t} {t} {t} -> {t}") for m in ("", ".relu")]
        forms += [simple(f"{op}.{t}", f"{t} {t} -> {t}", target="sm_90") for op in ("add", "sub", "mul")]
    return forms


def _selection() -> list[Form]:
    forms = []
    for t in ("f32", "f64", "f16", "f16x2", "bf16", "bf16x2"):
        forms += [simple(f"{op}.{t}", f"{t} -> {t}") for op in ("neg", "abs")]
        forms += [simple(f"{op}.{t}", f"{t} {t} -> {t}") for op in ("min", "max")]
        if t != "f64":
            modifiers = (
                ("NaN", "NaN.xorsign.abs", "xorsign.abs") if t != "f32" else ("NaN", "ftz", "ftz.NaN", "xorsign.abs")
            )
            forms += [
                simple(f"{op}.{m}.{t}", f"{t} {t} -> {t}", target="sm_86") for op in ("min", "max") for m in modifiers
            ]
    forms += [simple(f"{op}.ftz.f32", "f32 -> f32") for op in ("neg", "abs")]
    forms += [simple(f"{op}.ftz.{t}", f"{t} {t} -> {t}") for op in ("min", "max") for t in ("f16", "f16x2")]
    return forms + [simple(f"copysign.{t}", f"{t} {t} -> {t}") for t in ("f32", "f64")]


def _comparison(t: str, relation: str, ftz: str = "", target: str = "sm_80") -> Form:
    name = f"setp.{relation}{ftz}.{t}"
    body = f"{name} %p0, s0, s1;\nselp.b32 d0, 1, 0, %p0;"
    return simple(name, f"{t} {t} -> b32", body=body, target=target)


def _classification() -> list[Form]:
    forms = [_comparison(t, r) for t in ("f32", "f64") for r in ORDERED + UNORDERED]
    forms += [_comparison("f16", r) for r in ("eq", "lt", "gt", "neu", "geu", "num", "nan")]
    forms += [_comparison("bf16", r, target="sm_90") for r in ("eq", "lt", "gt", "neu", "nan")]
    forms += [_comparison("f32", r, ".ftz") for r in ("eq", "lt", "gtu")]
    for t in ("f32", "f64"):
        for kind in ("finite", "infinite", "number", "notanumber", "normal", "subnormal"):
            name = f"testp.{kind}.{t}"
            forms.append(simple(name, f"{t} -> b32", body=f"{name} %p0, s0;\nselp.b32 d0, 1, 0, %p0;"))
    pair = "setp.lt.and.f32 %p0|%p1, s0, s1, %p2;\nselp.b32 d0, 1, 0, %p0;\nselp.b32 d1, 1, 0, %p1;"
    forms.append(simple("setp.lt.and.f32", "f32 f32 f32 -> b32 b32", body="setp.gt.f32 %p2, s2, 0f00000000;\n" + pair))
    forms.append(simple("set.gt.u32.f32", "f32 f32 -> u32"))
    forms.append(simple("set.lt.f32.f32", "f32 f32 -> f32"))
    forms.append(simple("slct.b32.f32", "b32 b32 f32 -> b32"))
    halves = "setp.gt.f16x2 %p0|%p1, s0, s1;\nselp.b32 d0, 1, 0, %p0;\nselp.b32 d1, 1, 0, %p1;"
    return [*forms, simple("setp.gt.f16x2", "f16x2 f16x2 -> b32 b32", body=halves)]


FORMS = _arithmetic() + _narrow() + _selection() + _classification()
