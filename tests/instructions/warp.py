"""Instructions across the lanes of a warp: shuffles, votes, matches, reductions, and divergence around them."""

from __future__ import annotations

import numpy as np

from .form import Form, simple
from .values import Bits, Random

ROWS = 256


def _values_and_lanes(random: Random) -> Bits:
    return np.stack([random.bits(ROWS), random.below(40, ROWS)], axis=1)


def _few_values(random: Random) -> Bits:
    """Whole warps alike, then rows with few distinct values, so that votes and matches have both outcomes."""
    values = random.below(3, ROWS)
    values[:32] = 0
    values[32:64] = 1
    return np.stack([values, random.bits(ROWS)], axis=1)


def _shuffles() -> list[Form]:
    forms = []
    bounds = {"up": (0, 0x1800), "down": (31, 0x181F), "bfly": (31, 0x101F), "idx": (31, 0x181F, 0x1C03)}
    for mode, clamps in bounds.items():
        for clamp in clamps:
            body = f"shfl.sync.{mode}.b32 d0|%p0, s0, s1, 0x{clamp:x}, 0xffffffff;\nselp.b32 d1, 1, 0, %p0;"
            forms.append(
                simple(f"shfl.sync.{mode}.b32 0x{clamp:x}", "b32 b32 -> b32 b32", body=body, generate=_values_and_lanes)
            )
    for distance in (1, 16):
        body = f"shfl.sync.bfly.b32 d0, s0, {distance}, 31, -1;"
        forms.append(simple(f"shfl.sync.bfly.b32 {distance}", "b32 -> b32", body=body))
    return forms


def _votes() -> list[Form]:
    forms = []
    for mode in ("all", "any", "uni"):
        body = f"setp.ne.b32 %p0, s0, 0;\nvote.sync.{mode}.pred %p1, %p0, -1;\nselp.b32 d0, 1, 0, %p1;"
        forms.append(simple(f"vote.sync.{mode}.pred", "b32 b32 -> b32", body=body, generate=_few_values))
    ballot = "setp.ne.b32 %p0, s0, 0;\nvote.sync.ballot.b32 d0, %p0, -1;\nvote.sync.ballot.b32 d1, !%p0, -1;"
    forms.append(simple("vote.sync.ballot.b32", "b32 b32 -> b32 b32", body=ballot, generate=_few_values))
    forms.append(
        simple("match.any.sync.b32", "b32 b32 -> b32", body="match.any.sync.b32 d0, s0, -1;", generate=_few_values)
    )
    everyone = "match.all.sync.b32 d0|%p0, s0, -1;\nselp.b32 d1, 1, 0, %p0;"
    forms.append(simple("match.all.sync.b32", "b32 b32 -> b32 b32", body=everyone, generate=_few_values))
    reductions = [(op, t) for op in ("add", "min", "max") for t in ("s32", "u32")] + [
        (op, "b32") for op in ("and", "or", "xor")
    ]
    for op, t in reductions:
        forms.append(simple(f"redux.sync.{op}.{t}", f"{t} -> {t}", body=f"redux.sync.{op}.{t} d0, s0, 0xffffffff;"))
    return forms


def _divergence() -> list[Form]:
    """Lanes part ways; the instruction sees those that are there, and all meet again at the label."""
    active = "setp.eq.b32 %p0, s0, 0;\nmov.b32 d0, 0;\n@%p0 bra DONE;\nactivemask.b32 d0;\nDONE:"
    half = """setp.eq.b32 %p0, s0, 0;
        vote.sync.ballot.b32 t0, %p0, -1;
        not.b32 t1, t0;
        mov.b32 d1, 0;
        @%p0 bra ZERO;
        redux.sync.add.u32 d0, s1, t1;
        bra.uni DONE;
        ZERO:
        redux.sync.max.u32 d0, s1, t0;
        DONE:
        bar.warp.sync -1;
        shfl.sync.down.b32 d1, d0, 1, 31, -1;"""
    loop = """mov.b32 d0, 0;
        and.b32 t0, s1, 15;
        AGAIN:
        setp.eq.b32 %p0, t0, 0;
        @%p0 bra DONE;
        mad.lo.s32 d0, d0, 3, t0;
        sub.s32 t0, t0, 1;
        bra.uni AGAIN;
        DONE:"""
    election = "elect.sync t0|%p0, -1;\nselp.b32 d0, 1, 0, %p0;"
    return [
        simple("activemask.b32", "b32 b32 -> b32", body=active, generate=_few_values),
        simple("redux.sync in both branches", "b32 b32 -> b32 b32", body=half, generate=_few_values),
        simple("loop of unequal length", "b32 b32 -> b32", body=loop, generate=_few_values),
        simple("elect.sync", "b32 -> b32", body=election, target="sm_90"),
    ]


def _special_registers() -> list[Form]:
    names = ("tid.x", "tid.y", "ntid.x", "ctaid.x", "nctaid.x", "laneid", "lanemask_eq", "lanemask_le", "lanemask_lt")
    names += ("lanemask_ge", "lanemask_gt")
    return [simple(f"mov.u32 %{name}", "b32 -> b32", body=f"mov.u32 d0, %{name};", rows=ROWS) for name in names]


FORMS = _shuffles() + _votes() + _divergence() + _special_registers()
