"""Kernels that exist for their arguments or one instruction: every scalar type, None and 1, inline PTX, assertions."""

import torch
import triton
import triton.language as tl

from .case import ALL_TARGETS, AMPERE_ON, Case


@triton.jit
def scalars_kernel(
    int_ptr,
    float_ptr,
    flag: tl.int1,
    a: tl.int8,
    b: tl.int16,
    c: tl.int32,
    d: tl.int64,
    ua: tl.uint8,
    ub: tl.uint16,
    uc: tl.uint32,
    ud: tl.uint64,
    half: tl.float16,
    brain: tl.bfloat16,
    single: tl.float32,
    double: tl.float64,
):
    tl.store(int_ptr + 0, flag.to(tl.int64))
    tl.store(int_ptr + 1, a.to(tl.int64))
    tl.store(int_ptr + 2, b.to(tl.int64))
    tl.store(int_ptr + 3, c.to(tl.int64))
    tl.store(int_ptr + 4, d)
    tl.store(int_ptr + 5, ua.to(tl.int64))
    tl.store(int_ptr + 6, ub.to(tl.int64))
    tl.store(int_ptr + 7, uc.to(tl.int64))
    tl.store(int_ptr + 8, ud.to(tl.int64, bitcast=True))
    tl.store(float_ptr + 0, half.to(tl.float64))
    tl.store(float_ptr + 1, brain.to(tl.float64))
    tl.store(float_ptr + 2, single.to(tl.float64))
    tl.store(float_ptr + 3, double)


@triton.jit
def optional_kernel(x_ptr, bias_ptr, out_ptr, stride, offset, scale, BLOCK: tl.constexpr):
    index = tl.arange(0, BLOCK)
    value = tl.load(x_ptr + index * stride) * scale
    if bias_ptr is not None:
        value += tl.load(bias_ptr + index)
    tl.store(out_ptr + offset + index, value)


@triton.jit
def inline_asm_kernel(x_ptr, y_ptr, out_ptr, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mixed = tl.inline_asm_elementwise(
        "{ .reg .b32 t; xor.b32 t, $1, $2; shf.l.wrap.b32 $0, t, t, 7; }",
        "=r,r,r",
        [tl.load(x_ptr + index), tl.load(y_ptr + index)],
        dtype=tl.int32,
        is_pure=True,
        pack=1,
    )
    tl.store(out_ptr + index, mixed)


@triton.jit
def device_assert_kernel(x_ptr, out_ptr, limit, BLOCK: tl.constexpr):
    index = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index)
    tl.device_assert(x < limit, "value above the limit")
    tl.store(out_ptr + index, x * 2)


SCALARS = {
    "flag": True,
    "a": 100,  # Triton's own launcher refuses a negative int8
    "b": -30_000,
    "c": -2_000_000_000,
    "d": -(2**62) - 3,
    "ua": 250,
    "ub": 65_000,
    "uc": 4_000_000_000,
    "ud": 2**64 - 5,
    "half": 1.5,
    "brain": -2.25,
    "single": 0.1,
    "double": 0.1,
}


def _scalar_arguments(make):
    return {"int_ptr": make.empty(9, dtype=torch.int64), "float_ptr": make.empty(4, dtype=torch.float64), **SCALARS}


def _scalar_reference(args):
    whole = [1, 100, -30_000, -2_000_000_000, -(2**62) - 3, 250, 65_000, 4_000_000_000, -5]
    device = args["int_ptr"].device
    return {
        "int_ptr": torch.tensor(whole, dtype=torch.int64, device=device),
        "float_ptr": torch.tensor([1.5, -2.25, float(torch.tensor(0.1)), 0.1], dtype=torch.float64, device=device),
    }


def _optional_arguments(with_bias):
    def make_arguments(make):
        return {
            "x_ptr": make.normal(64),
            "bias_ptr": make.normal(64) if with_bias else None,
            "out_ptr": make.zeros(65),
            "stride": 1,
            "offset": 1,
            "scale": 2.0,
        }

    return make_arguments


def _optional_reference(args):
    bias = 0.0 if args["bias_ptr"] is None else args["bias_ptr"]
    out = args["out_ptr"].clone()
    out[1:] = args["x_ptr"] * 2.0 + bias
    return {"out_ptr": out}


def _asm_arguments(make):
    x, y = (make.integers(-(2**31), 2**31, 256, dtype=torch.int32) for _ in range(2))
    return {"x_ptr": x, "y_ptr": y, "out_ptr": make.empty(256, dtype=torch.int32)}


def _asm_reference(args):
    word = (args["x_ptr"].long() ^ args["y_ptr"].long()) & 0xFFFFFFFF
    rotated = ((word << 7) | (word >> 25)) & 0xFFFFFFFF
    return {"out_ptr": torch.where(rotated >= 2**31, rotated - 2**32, rotated).to(torch.int32)}


def _assert_arguments(make):
    return {"x_ptr": make.integers(0, 100, 128), "out_ptr": make.empty(128, dtype=torch.int32), "limit": 100}


CASES = [
    Case(
        "scalars",
        scalars_kernel,
        _scalar_arguments,
        (1,),
        _scalar_reference,
        targets=AMPERE_ON,
        exact=True,
        since=(3, 4),
    ),
    Case(
        "optional_none",
        optional_kernel,
        _optional_arguments(False),
        (1,),
        _optional_reference,
        {"BLOCK": 64},
        exact=True,
    ),
    Case(
        "optional_given",
        optional_kernel,
        _optional_arguments(True),
        (1,),
        _optional_reference,
        {"BLOCK": 64},
        rtol=1e-6,
        exact=True,
    ),
    Case("inline_asm", inline_asm_kernel, _asm_arguments, (2,), _asm_reference, {"BLOCK": 128}, exact=True),
    Case(
        "device_assert",
        device_assert_kernel,
        _assert_arguments,
        (1,),
        lambda a: {"out_ptr": a["x_ptr"] * 2},
        {"BLOCK": 128},
        {"debug": True},
        targets=ALL_TARGETS,
        exact=True,
    ),
]
