"""mma.sync of every shape and type that mma.h computes; a warp's fragments are 32 rows of the input.

Integer and f64 products are exact. The float ones must agree with the H100's in every bit as well: the executor models
its tensor cores, not a rounding bound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .form import Form
from .values import WIDTH, Bits, Random, specials

WARPS = 8
BITS = {
    "f16": 16,
    "bf16": 16,
    "tf32": 32,
    "f64": 64,
    "e4m3": 8,
    "e5m2": 8,
    "s8": 8,
    "u8": 8,
    "s4": 4,
    "u4": 4,
    "f32": 32,
    "s32": 32,
}
EXPONENT_AND_MANTISSA = {
    "f16": (5, 10),
    "bf16": (8, 7),
    "tf32": (8, 23),
    "f32": (8, 23),
    "e4m3": (4, 3),
    "e5m2": (5, 2),
    "f64": (11, 52),
}


def _elements(kind: str, random: Random, count: int, spread: int) -> Bits:
    """Random elements; a float's exponent within 2^spread of one, or any where spread is 0."""
    bits = random.bits(count) >> np.uint64(64 - BITS[kind])
    if spread == 0 or kind not in EXPONENT_AND_MANTISSA:
        return bits
    exponent, mantissa = EXPONENT_AND_MANTISSA[kind]
    centered = random.below(2 * spread, count) + np.uint64((1 << (exponent - 1)) - 1 - spread)
    field = np.uint64(((1 << exponent) - 1) << mantissa)
    return (bits & ~field) | (centered << np.uint64(mantissa))


def _registers(kind: str, random: Random, count: int, spread: int) -> Bits:
    """`count` registers of 32 bits (64 for f64), filled with elements of the kind."""
    if kind == "f64":
        return _elements(kind, random, count, spread)
    per_register = 32 // BITS[kind]
    elements = _elements(kind, random, count * per_register, spread).reshape(count, per_register)
    shifts = np.arange(per_register, dtype=np.uint64) * np.uint64(BITS[kind])
    return np.bitwise_or.reduce(elements << shifts, axis=1)


def _sprinkle(kind: str, random: Random, values: Bits) -> Bits:
    """Puts a special value into about one register in sixteen."""
    if kind not in WIDTH or kind not in ("f16", "bf16", "f32", "tf32", "f64"):
        return values
    edges = np.array(specials(kind, wide=False), dtype=np.uint64)
    chosen = edges[random.below(len(edges), len(values))]
    return np.where(random.below(16, len(values)) == 0, chosen, values)


def _fragments(kinds: list[str]) -> Callable[[Random], Bits]:
    """Warps 0-2: exponents close together; 3-4: far apart; 5: any bits; 6: special values; 7: small accumulators."""
    spreads = [1, 2, 4, 6, 7, 0, 4, 4]

    def generate(random: Random) -> Bits:
        warps = []
        for warp, spread in enumerate(spreads):
            columns = [_registers(kind, random, 32, min(spread, 7)) for kind in kinds]
            if warp == 6:
                columns = [_sprinkle(kind, random, column) for kind, column in zip(kinds, columns, strict=True)]
            if warp in (0, 7):
                columns = [
                    np.zeros_like(c) if k in ("f32", "f64", "s32") else c for k, c in zip(kinds, columns, strict=True)
                ]
            warps.append(np.stack(columns, axis=1))
        return np.concatenate(warps)

    return generate


def _count(rows: int, columns: int, kind: str) -> int:
    return max(rows * columns * BITS[kind] // 32 // (64 if kind == "f64" else 32), 1)


def _mma(shape: tuple[int, int], d: str, a: str, b: str, target: str = "sm_80", suffix: str = "") -> Form:
    m, k = shape
    counts = [(_count(m, 8, d), "d"), (_count(m, k, a), "a"), (_count(8, k, b), "b"), (_count(m, 8, d), "c")]
    name = f"mma.sync.aligned.m{m}n8k{k}.row.col{suffix}.{d}.{a}.{b}.{d}"
    word = "b64" if a == "f64" else "b32"
    kinds = [a] * counts[1][0] + [b] * counts[2][0] + [d] * counts[3][0]
    groups, first = [], 0
    for count, _ in counts[1:]:
        groups.append("{" + ", ".join(f"s{first + i}" for i in range(count)) + "}")
        first += count
    results = "{" + ", ".join(f"d{i}" for i in range(counts[0][0])) + "}"
    body = f"{name} {results}, {', '.join(groups)};"
    return Form(
        name, (word,) * len(kinds), (word,) * counts[0][0], body, target=target, rows=256, generate=_fragments(kinds)
    )


def _floats() -> list[Form]:
    forms = [_mma((16, k), d, "f16", "f16") for k in (8, 16) for d in ("f32", "f16")]
    forms += [_mma((16, k), "f32", "bf16", "bf16") for k in (8, 16)]
    forms += [_mma((16, k), "f32", "tf32", "tf32") for k in (4, 8)]
    forms += [_mma((8, 4), "f64", "f64", "f64")]
    forms += [_mma((16, k), "f64", "f64", "f64", "sm_90") for k in (4, 8, 16)]
    pairs = (("e4m3", "e4m3"), ("e5m2", "e5m2"), ("e4m3", "e5m2"))
    return (
        forms
        + [_mma((16, 32), "f32", a, b, "sm_90") for a, b in pairs]
        + [_mma((16, 32), "f16", "e4m3", "e4m3", "sm_90")]
    )


def _integers() -> list[Form]:
    forms = [
        _mma((m, k), "s32", a, b) for m, k in ((8, 16), (16, 16), (16, 32)) for a, b in (("s8", "s8"), ("u8", "s8"))
    ]
    forms += [_mma((16, 32), "s32", a, b, suffix=".satfinite") for a, b in (("s8", "s8"), ("u8", "u8"))]
    return forms + [_mma((m, k), "s32", "s4", "u4") for m, k in ((8, 32), (16, 32), (16, 64))]


FORMS = _floats() + _integers()
