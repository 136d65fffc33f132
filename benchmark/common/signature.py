"""Triton's types of the arguments of a kernel, as Triton would specialize these values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

ELEMENT = {
    torch.float32: "fp32",
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.float8_e4m3fn: "fp8e4nv",
}


def signature(args: Mapping[str, Any]) -> dict[str, str]:
    """By name. An integer must not be 1, which Triton would take for a constant."""
    return {name: type_name(value) for name, value in args.items()}


def type_name(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"*{ELEMENT[value.dtype]}" + (":16" if value.data_ptr() % 16 == 0 else "")
    if isinstance(value, int):
        return "i32" + (":16" if value % 16 == 0 else "")
    if isinstance(value, float):
        return "fp32"
    return f"tensordesc<{ELEMENT[value.base.dtype]}{list(value.block_shape)}>".replace(" ", "")
