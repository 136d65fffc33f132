"""Runs a form through triton_runner on any device, and compares results with golden ones."""

from __future__ import annotations

import numpy as np
import torch

import triton_runner

from .form import THREADS, Form
from .values import EXPONENT_AND_MANTISSA, WIDTH, Bits


def run(form: Form, device: str) -> Bits:
    """(rows, results) bit patterns."""
    kernel = triton_runner.load(form.ptx(), level="ptx", name="form")
    inputs = form.inputs()
    source = torch.from_numpy(inputs.view(np.int64)).to(device)
    words = form.row_bytes // 8
    results = torch.zeros(len(inputs) * words, dtype=torch.int64, device=device)
    kernel[(len(inputs) // THREADS,)](source, results)
    return results.cpu().numpy().view(np.uint64).reshape(len(inputs), words)[:, : len(form.results)].copy()


def _decode(kind: str, bits: Bits) -> np.ndarray:
    """The values of a float type as float64."""
    exponent_bits, mantissa_bits = EXPONENT_AND_MANTISSA[kind]
    exponent = (bits >> np.uint64(mantissa_bits)).astype(np.int64) & ((1 << exponent_bits) - 1)
    mantissa = (bits & np.uint64((1 << mantissa_bits) - 1)).astype(np.float64)
    bias = (1 << (exponent_bits - 1)) - 1
    implicit = np.where(exponent == 0, 0.0, 2.0**mantissa_bits)
    is_special = exponent == (1 << exponent_bits) - 1
    value = np.ldexp(mantissa + implicit, np.where(is_special, 1, np.maximum(exponent, 1)) - bias - mantissa_bits)
    special = np.where(mantissa == 0, np.inf, np.nan)
    value = np.where(is_special, special, value)
    return np.where((bits >> np.uint64(WIDTH[kind] - 1)) & np.uint64(1), -value, value)


def _spacing(kind: str, value: np.ndarray) -> np.ndarray:
    """One unit in the last place of the type at each finite value."""
    exponent_bits, mantissa_bits = EXPONENT_AND_MANTISSA[kind]
    smallest = 2 - (1 << (exponent_bits - 1))
    _, exponent = np.frexp(value)
    return np.ldexp(1.0, np.maximum(exponent - 1, smallest) - mantissa_bits)


def _close(kind: str, form: Form, want: Bits, got: Bits) -> np.ndarray:
    expected, found = _decode(kind, want), _decode(kind, got)
    finite = np.isfinite(expected) & np.isfinite(found)
    want_value, got_value = np.where(finite, expected, 0.0), np.where(finite, found, 0.0)
    bound = np.maximum(form.tolerance.ulp * _spacing(kind, want_value), form.tolerance.relative * np.abs(want_value))
    near = finite & (np.abs(got_value - want_value) <= np.maximum(bound, form.tolerance.absolute))
    return near | (want == got) | (np.isnan(expected) & np.isnan(found))


def agrees(form: Form, want: Bits, got: Bits) -> np.ndarray:
    """For each row and result, whether it equals the golden one within the tolerance of the form."""
    equal = want == got
    if form.tolerance.is_exact:
        return equal
    for i, kind in enumerate(form.results):
        element = kind.removesuffix("x2")
        parts = [
            _close(
                element,
                form,
                *(bits[:, i] >> np.uint64(shift) & np.uint64((1 << WIDTH[element]) - 1) for bits in (want, got)),
            )
            for shift in range(0, WIDTH[kind], WIDTH[element])
        ]
        equal[:, i] |= np.logical_and.reduce(parts)
    return equal


def describe(form: Form, want: Bits, got: Bits, limit: int = 6) -> str:
    """The first rows that disagree, in hexadecimal."""
    rows = np.flatnonzero(~agrees(form, want, got).all(axis=1))
    inputs = form.inputs()
    lines = [f"{form.name}: {len(rows)} of {len(want)} rows disagree with hardware"]
    for row in rows[:limit]:
        columns = (" ".join(f"{value:#x}" for value in bits[row]) for bits in (inputs, want, got))
        lines.append("  row {}: inputs {} | hardware {} | here {}".format(row, *columns))
    return "\n".join(lines)
