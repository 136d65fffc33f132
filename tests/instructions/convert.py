"""Conversions between float formats, between floats and integers, and between integers: exact in every bit."""

from __future__ import annotations

from .form import Form, simple
from .values import WIDTH

ROUNDINGS = ("rn", "rz", "rm", "rp")
INTEGRAL = ("rni", "rzi", "rmi", "rpi")
SIGNED_AND_NOT = ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64")


def _cvt(modifiers: str, to: str, source: str, target: str = "sm_80") -> Form:
    dotted = f".{modifiers}" if modifiers else ""
    return simple(f"cvt{dotted}.{to}.{source}", f"{source} -> {to}", target=target)


def _pack(modifiers: str, to: str, target: str = "sm_80") -> Form:
    return simple(f"cvt.{modifiers}.{to}.f32", f"f32 f32 -> {to}", target=target)


def _float_to_float() -> list[Form]:
    forms = [_cvt(r, "f16", source) for r in ROUNDINGS for source in ("f32", "f64")]
    forms += [_cvt(m, "f16", "f32") for m in ("rn.ftz", "rn.sat", "rn.relu")]
    forms += [_cvt(m, "f16", "f32", "sm_90") for m in ("rn.satfinite", "rz.relu.satfinite")]
    forms += [_cvt(m, "bf16", "f32") for m in ("rn", "rz", "rn.relu")]
    forms += [_cvt(m, "bf16", source, "sm_90") for m, source in (("rm", "f32"), ("rn", "f64"), ("rn", "f16"))]
    forms += [_cvt(r, "f32", "f64") for r in ROUNDINGS]
    forms += [_cvt("rn.ftz", "f32", "f64"), _cvt("sat", "f32", "f16"), _cvt("rn.sat", "f32", "f64")]
    forms += [_cvt("", "f32", "f16"), _cvt("", "f64", "f16"), _cvt("", "f64", "f32"), _cvt("ftz", "f64", "f32")]
    forms += [_cvt("", "f32", "bf16"), _cvt("", "f64", "bf16", "sm_90"), _cvt("ftz", "f32", "f16")]
    forms += [_cvt("rna", "tf32", "f32"), _cvt("rn", "tf32", "f32", "sm_90"), _cvt("rz.relu", "tf32", "f32", "sm_90")]
    forms += [_cvt(r, t, t) for t in ("f32", "f64", "f16") for r in INTEGRAL]
    return [*forms, _cvt("rni.ftz", "f32", "f32"), _cvt("rzi.sat", "f32", "f32"), _cvt("sat", "f32", "f32")]


def _packed() -> list[Form]:
    forms = [_pack(m, t) for t in ("f16x2", "bf16x2") for m in ("rn", "rz", "rn.relu")]
    for t in ("e4m3x2", "e5m2x2"):
        forms += [_pack(m, t, "sm_90") for m in ("rn.satfinite", "rn.satfinite.relu")]
        forms += [_cvt(m, t, "f16x2", "sm_90") for m in ("rn.satfinite", "rn.satfinite.relu")]
        forms += [_cvt(m, "f16x2", t, "sm_90") for m in ("rn", "rn.relu")]
    for t in ("u8", "s8", "s16", "u16"):
        pack = f"cvt.pack.sat.{t}.s32" + (".b32" if WIDTH[t] == 8 else "")
        forms.append(simple(pack, "s32 s32 b32 -> b32" if WIDTH[t] == 8 else "s32 s32 -> b32"))
    return forms


def _float_and_integer() -> list[Form]:
    forms = [_cvt("rzi", t, source) for t in SIGNED_AND_NOT for source in ("f32", "f64", "f16")]
    forms += [_cvt(r, t, "f32") for t in ("s32", "u32", "s64") for r in ("rni", "rmi", "rpi")]
    forms += [_cvt("rzi.ftz", "s32", "f32"), _cvt("rpi.ftz", "u32", "f32"), _cvt("rni.sat", "s8", "f32")]
    forms += [_cvt("rn", t, source) for t in ("f32", "f64", "f16") for source in SIGNED_AND_NOT]
    forms += [_cvt(r, "f32", source) for r in ("rz", "rm", "rp") for source in ("s32", "u32", "s64", "u64")]
    forms += [_cvt(r, "f64", source) for r in ("rz", "rm", "rp") for source in ("s64", "u64")]
    forms += [_cvt("rz", "f16", "s32"), _cvt("rp", "f16", "u64"), _cvt("rn.sat", "f32", "s32")]
    forms += [_cvt("rn", "bf16", source, "sm_90") for source in ("s32", "u16", "s64")]
    return forms + [_cvt("rzi", t, "bf16", "sm_90") for t in ("s32", "u16", "s64")]


def _integer_to_integer() -> list[Form]:
    forms = [_cvt("", to, source) for to in SIGNED_AND_NOT for source in SIGNED_AND_NOT if to != source]
    saturating = (
        ("s8", "s32"),
        ("u8", "s32"),
        ("s16", "s32"),
        ("u16", "s32"),
        ("u32", "s32"),
        ("s32", "u32"),
        ("s32", "s64"),
    )
    return forms + [_cvt("sat", to, source) for to, source in saturating]


FORMS = _float_to_float() + _packed() + _float_and_integer() + _integer_to_integer()
