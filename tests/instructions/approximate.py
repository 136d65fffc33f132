"""The .approx functions and the division that is not correctly rounded: within the bounds that the PTX ISA gives."""

from __future__ import annotations

import numpy as np

from .form import Form, Tolerance, simple
from .values import Bits, Random, float_bits, specials


def _angles(random: Random) -> Bits:
    """Special values, then angles within [-pi, pi], where the bound of sin and cos is stated."""
    edges = np.array(specials("f32", wide=False), dtype=np.uint64)
    count = 512 - len(edges)
    turns = random.below(1 << 24, count).astype(np.float64) / 2**24
    angles = ((turns * 2 - 1) * np.pi).astype(np.float32).view(np.uint32).astype(np.uint64)
    return np.concatenate([edges, angles])[:, None]


def _exponents(random: Random) -> Bits:
    """Special values, then x in [-160, 160]: results from below the denormals to infinity."""
    edges = np.array(
        [*specials("f32", wide=False), float_bits("f32", -126.0), float_bits("f32", -149.0)], dtype=np.uint64
    )
    count = 512 - len(edges)
    values = (random.below(1 << 24, count).astype(np.float64) / 2**24 - 0.5) * 320
    return np.concatenate([edges, values.astype(np.float32).view(np.uint32).astype(np.uint64)])[:, None]


def _f32(op: str, tolerance: Tolerance, generate: object = None) -> list[Form]:
    names = (f"{op}.approx.f32", f"{op}.approx.ftz.f32")
    return [simple(name, "f32 -> f32", tolerance=tolerance, generate=generate) for name in names]


FORMS: list[Form] = [
    *_f32("ex2", Tolerance(ulp=2, relative=2**-22), _exponents),
    *_f32("lg2", Tolerance(ulp=1, relative=2**-22, absolute=2**-22)),
    *_f32("rcp", Tolerance(ulp=1)),
    *_f32("rsqrt", Tolerance(ulp=2, relative=2**-22.9)),
    *_f32("sqrt", Tolerance(ulp=1, relative=2**-23)),
    *_f32("sin", Tolerance(absolute=2**-20.5), _angles),
    *_f32("cos", Tolerance(absolute=2**-20.5), _angles),
    simple("tanh.approx.f32", "f32 -> f32", tolerance=Tolerance(relative=2**-11)),
    simple("tanh.approx.f16", "f16 -> f16", tolerance=Tolerance(ulp=1, absolute=2**-10.987)),
    simple("tanh.approx.f16x2", "f16x2 -> f16x2", tolerance=Tolerance(ulp=1, absolute=2**-10.987)),
    simple("tanh.approx.bf16", "bf16 -> bf16", tolerance=Tolerance(ulp=1, absolute=2**-8), target="sm_90"),
    simple("tanh.approx.bf16x2", "bf16x2 -> bf16x2", tolerance=Tolerance(ulp=1, absolute=2**-8), target="sm_90"),
    simple("ex2.approx.f16", "f16 -> f16", tolerance=Tolerance(ulp=1, relative=2**-9.9)),
    simple("ex2.approx.f16x2", "f16x2 -> f16x2", tolerance=Tolerance(ulp=1, relative=2**-9.9)),
    simple("ex2.approx.ftz.bf16", "bf16 -> bf16", tolerance=Tolerance(ulp=1, relative=2**-7), target="sm_90"),
    simple("ex2.approx.ftz.bf16x2", "bf16x2 -> bf16x2", tolerance=Tolerance(ulp=1, relative=2**-7), target="sm_90"),
    *[simple(f"div.{m}.f32", "f32 f32 -> f32", tolerance=Tolerance(ulp=2)) for m in ("full", "full.ftz")],
    *[simple(f"div.{m}.f32", "f32 f32 -> f32", tolerance=Tolerance(ulp=2)) for m in ("approx", "approx.ftz")],
    simple("rcp.approx.ftz.f64", "f64 -> f64", tolerance=Tolerance(relative=2**-20)),
    simple("rsqrt.approx.ftz.f64", "f64 -> f64", tolerance=Tolerance(relative=2**-20)),
]
