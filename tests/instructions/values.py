"""Operand values as bit patterns: the special ones of each type, crossed, then seeded random ones.

The generator is our own (SplitMix64), because inputs are regenerated from the seed wherever goldens are compared, and
NumPy does not promise the same stream in every version.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]

WIDTH = {
    "b8": 8, "u8": 8, "s8": 8, "e4m3": 8, "e5m2": 8,
    "b16": 16, "u16": 16, "s16": 16, "f16": 16, "bf16": 16, "e4m3x2": 16, "e5m2x2": 16,
    "b32": 32, "u32": 32, "s32": 32, "f32": 32, "tf32": 32, "f16x2": 32, "bf16x2": 32,
    "b64": 64, "u64": 64, "s64": 64, "f64": 64,
}  # fmt: skip
EXPONENT_AND_MANTISSA = {"f16": (5, 10), "bf16": (8, 7), "f32": (8, 23), "tf32": (8, 23), "f64": (11, 52)}


class Random:
    """SplitMix64, seeded by a name."""

    def __init__(self, name: str) -> None:
        self.state = np.uint64(zlib.crc32(name.encode()))

    def bits(self, count: int) -> Bits:
        steps = np.arange(1, count + 1, dtype=np.uint64)
        with np.errstate(over="ignore"):
            mixed = self.state + steps * np.uint64(0x9E3779B97F4A7C15)
            self.state = mixed[-1] if count else self.state
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))

    def below(self, limit: int, count: int) -> Bits:
        return (self.bits(count) >> np.uint64(11)) % np.uint64(limit)


def float_bits(kind: str, value: float) -> int:
    """Bits of a value that is exact in the type (bf16 and tf32 are f32 cut short)."""
    if kind == "f64":
        return int.from_bytes(struct.pack("<d", value), "little")
    if kind == "f16":
        return int.from_bytes(struct.pack("<e", value), "little")
    bits = int.from_bytes(struct.pack("<f", value), "little")
    return bits >> 16 if kind == "bf16" else bits


def float_specials(kind: str, wide: bool) -> list[int]:
    """The edges of a float type; `wide` adds integers at the edges of other types and halfway cases."""
    exponent, mantissa = EXPONENT_AND_MANTISSA[kind]
    infinity = ((1 << exponent) - 1) << mantissa
    one = float_bits(kind, 1.0)
    positive = [0, 1, (1 << mantissa) - 1, 1 << mantissa, infinity - 1, infinity, infinity | 1 << (mantissa - 1)]
    positive += [one, one + 1, one - 1, float_bits(kind, 1.5), float_bits(kind, 2.0)]
    if wide:
        positive += [infinity | 1, infinity | (1 << mantissa) - 1, float_bits(kind, 0.5), float_bits(kind, 0.5) - 1]
        positive += [float_bits(kind, 0.5) + 1, float_bits(kind, 2.5), float_bits(kind, 3.5), float_bits(kind, 3.0)]
        positive += [float_bits(kind, v) for v in (127.5, 128.0, 255.0, 256.0)]
    if wide and kind in ("f32", "f64"):
        powers = [2.0**n for n in (-25, -24, -14, -15, -10, -9, -16, -17, 15, 16, 23, 24, 31, 32, 62, 63, 64)]
        halfway = [1 + 2.0**-11, 1 + 3 * 2.0**-11, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-4, 1 + 3 * 2.0**-3]
        limits = [65504.0, 65519.0, 65520.0, 65535.0, 32767.0, 32767.5, 448.0, 464.0, 465.0, 57344.0, 61440.0]
        exact = [float_bits(kind, v) for v in powers + halfway + limits]
        positive += exact + [bits + 1 for bits in exact] + [bits - 1 for bits in exact]
    sign = 1 << (WIDTH[kind] - 1)
    return positive + [bits | sign for bits in positive]


def integer_specials(kind: str, wide: bool) -> list[int]:
    width = WIDTH[kind]
    top = 1 << (width - 1)
    values = [0, 1, 2, 7, width - 1, width, top - 1, top, top + 1, 2 * top - 2, 2 * top - 1]
    if wide:
        values += [3, 5, 10, 100, width + 1, 2 * width] + [1 << n for n in range(0, width, 5)]
        values += [(1 << n) - 1 for n in (8, 16, 24, 25, 31, 32, 33, 53, 54) if n < width]
        values += [(1 << n) + 1 for n in (8, 11, 12, 16, 24, 31, 32, 53) if n < width]
        values += [(1 << n) - (1 << (n - 12)) for n in (16, 31) if n < width]
    return [value % (2 * top) for value in values]


def specials(kind: str, wide: bool) -> list[int]:
    if kind.endswith("x2"):
        element = kind[:-2]
        values = specials(element, wide)
        shift = WIDTH[element]
        return [low | high << shift for low, high in zip(values, reversed(values), strict=True)]
    if kind in EXPONENT_AND_MANTISSA:
        return float_specials(kind, wide)
    if WIDTH[kind] == 8:
        return list(range(256)) if wide else list(range(0, 256, 11))
    return integer_specials(kind, wide)


def random_values(kind: str, random: Random, count: int) -> Bits:
    """Half of them any bits; of a float type, the other half within a factor of 2^8 of one."""
    bits = random.bits(count) >> np.uint64(64 - WIDTH[kind])
    element = kind.removesuffix("x2")
    if element not in EXPONENT_AND_MANTISSA:
        return bits
    exponent, mantissa = EXPONENT_AND_MANTISSA[element]
    for shift in range(0, WIDTH[kind], WIDTH[element]):
        moderate = random.below(16, count) + np.uint64((1 << (exponent - 1)) - 9)
        field = np.uint64(((1 << exponent) - 1) << mantissa << shift)
        replaced = (bits & ~field) | (moderate << np.uint64(mantissa + shift))
        bits = np.where(np.arange(count) % 2 == 0, bits, replaced)
    return bits


def crossed(kinds: Sequence[str], random: Random, count: int) -> Bits:
    """Special values of every operand against those of every other, then random rows up to `count`."""
    lists = [np.array(specials(kind, wide=len(kinds) == 1), dtype=np.uint64) for kind in kinds]
    limit = int((3 * count // 4) ** (1 / len(kinds)))
    grids = np.meshgrid(*[np.roll(values, -7 * i)[:limit] for i, values in enumerate(lists)], indexing="ij")
    edges = np.stack([grid.reshape(-1) for grid in grids], axis=1)[:count]
    filler = np.stack([random_values(kind, random, count - len(edges)) for kind in kinds], axis=1)
    return np.concatenate([edges, filler])


Inputs = Callable[[Random], Bits]


def small(kind: str, limit: int) -> Callable[[Random, int], Bits]:
    """A column of integers below `limit`, for shift counts, lane numbers and divisors."""
    return lambda random, count: random.below(limit, count)
