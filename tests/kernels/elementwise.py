"""Element-wise kernels: vector addition, GELU, dropout with a stored mask and with a Philox seed."""

import torch
import triton
import triton.language as tl
from triton.language.extra import libdevice

from .case import Case

SIZE = 1021  # prime: the last block is masked
BLOCK = 256
GRID = (triton.cdiv(SIZE, BLOCK),)


@triton.jit
def vector_add_kernel(x_ptr, y_ptr, out_ptr, count, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    total = tl.load(x_ptr + index, mask=inside) + tl.load(y_ptr + index, mask=inside)
    tl.store(out_ptr + index, total, mask=inside)


@triton.jit
def gelu_tanh_kernel(x_ptr, out_ptr, count, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    x = tl.load(x_ptr + index, mask=inside).to(tl.float32)
    inner = 0.7978845608028654 * (x + 0.044715 * x * x * x)
    tl.store(out_ptr + index, 0.5 * x * (1.0 + libdevice.tanh(inner)), mask=inside)


@triton.jit
def gelu_erf_kernel(x_ptr, out_ptr, count, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    x = tl.load(x_ptr + index, mask=inside).to(tl.float32)
    tl.store(out_ptr + index, 0.5 * x * (1.0 + tl.erf(x * 0.7071067811865476)), mask=inside)


@triton.jit
def masked_dropout_kernel(x_ptr, keep_ptr, out_ptr, count, p, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    x = tl.load(x_ptr + index, mask=inside)
    keep = tl.load(keep_ptr + index, mask=inside)
    tl.store(out_ptr + index, tl.where(keep != 0, x / (1 - p), 0.0), mask=inside)


@triton.jit
def seeded_dropout_kernel(x_ptr, out_ptr, count, p, seed, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < count
    x = tl.load(x_ptr + index, mask=inside)
    keep = tl.rand(seed, index) > p
    tl.store(out_ptr + index, tl.where(keep, x / (1 - p), 0.0), mask=inside)


def _unary(make, dtype):
    return {"x_ptr": make.normal(SIZE, dtype=dtype, scale=2.0), "out_ptr": make.empty(SIZE, dtype=dtype), "count": SIZE}


def _add_arguments(make):
    return {"x_ptr": make.normal(SIZE), "y_ptr": make.normal(SIZE), "out_ptr": make.empty(SIZE), "count": SIZE}


def _masked_dropout_arguments(make):
    keep = make.integers(0, 2, SIZE)
    return {"x_ptr": make.normal(SIZE), "keep_ptr": keep, "out_ptr": make.empty(SIZE), "count": SIZE, "p": 0.5}


def _seeded_dropout_arguments(make):
    return {"x_ptr": make.normal(SIZE), "out_ptr": make.empty(SIZE), "count": SIZE, "p": 0.25, "seed": 20_23}


def philox_uniform(seed: int, index: torch.Tensor) -> torch.Tensor:
    """Philox 4x32-10 on the counter (index, 0, 0, 0) and key (seed, 0), first word scaled to [0, 1) as tl.rand does."""
    mask = 0xFFFFFFFF
    counters = []
    for value in index.tolist():
        c0, c1, c2, c3, k0, k1 = value, 0, 0, 0, seed & mask, seed >> 32
        for _ in range(10):
            product0, product1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
            c0, c1, c2, c3 = (product1 >> 32) ^ c1 ^ k0, product1 & mask, (product0 >> 32) ^ c3 ^ k1, product0 & mask
            k0, k1 = (k0 + 0x9E3779B9) & mask, (k1 + 0xBB67AE85) & mask
        counters.append(c0)
    word = torch.tensor(counters, dtype=torch.int64, device=index.device)
    word = torch.where(word >= 2**31, word - 2**32, word)  # as a signed 32-bit integer
    word = torch.where(word < 0, -word - 1, word)
    return word.to(torch.float32) * 4.6566127342e-10


def _seeded_dropout_reference(args):
    x, p = args["x_ptr"], args["p"]
    keep = philox_uniform(args["seed"], torch.arange(SIZE, device=x.device)) > p
    return {"out_ptr": torch.where(keep, x / (1 - p), 0.0)}


def _masked_dropout_reference(args):
    return {"out_ptr": torch.where(args["keep_ptr"] != 0, args["x_ptr"] / (1 - args["p"]), 0.0)}


def _gelu_reference(approximate):
    def reference(args):
        x = args["x_ptr"]
        return {"out_ptr": torch.nn.functional.gelu(x.float(), approximate=approximate).to(x.dtype)}

    return reference


CASES = [
    Case(
        "vector_add",
        vector_add_kernel,
        _add_arguments,
        GRID,
        lambda a: {"out_ptr": a["x_ptr"] + a["y_ptr"]},
        {"BLOCK": BLOCK},
        exact=True,
    ),
    Case(
        "gelu_tanh",
        gelu_tanh_kernel,
        lambda make: _unary(make, torch.float32),
        GRID,
        _gelu_reference("tanh"),
        {"BLOCK": BLOCK},
        rtol=1e-5,
        atol=1e-6,
    ),
    Case(
        "gelu_tanh_fp16",
        gelu_tanh_kernel,
        lambda make: _unary(make, torch.float16),
        GRID,
        _gelu_reference("tanh"),
        {"BLOCK": BLOCK},
        rtol=2e-3,
        atol=1e-4,
    ),
    Case(
        "gelu_erf",
        gelu_erf_kernel,
        lambda make: _unary(make, torch.float32),
        GRID,
        _gelu_reference("none"),
        {"BLOCK": BLOCK},
        rtol=1e-5,
        atol=1e-6,
    ),
    Case(
        "gelu_erf_bf16",
        gelu_erf_kernel,
        lambda make: _unary(make, torch.bfloat16),
        GRID,
        _gelu_reference("none"),
        {"BLOCK": BLOCK},
        rtol=1.6e-2,
        atol=1e-3,
    ),
    Case(
        "masked_dropout",
        masked_dropout_kernel,
        _masked_dropout_arguments,
        GRID,
        _masked_dropout_reference,
        {"BLOCK": BLOCK},
        rtol=1e-6,
    ),
    Case(
        "seeded_dropout",
        seeded_dropout_kernel,
        _seeded_dropout_arguments,
        GRID,
        _seeded_dropout_reference,
        {"BLOCK": BLOCK},
        rtol=1e-6,
    ),
]
