"""The arguments of a launch as a search needs them: by name, their tensors, and the key that they make.

Tested in tests/python/test_autotune.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from triton_runner.tuning.result import Key


def by_name(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that were given, in the function's order."""
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    return {name: given[name] for name in names if name in given}


def tensors(arguments: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Every tensor, by the name of its argument; one in a tuple as ``name.0``, as a record spells it."""
    return dict(_tensors(arguments.items()))


def _tensors(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, torch.Tensor]]:
    for name, value in items:
        base = getattr(value, "base", None)  # a TensorDescriptor, or what triton.reinterpret wrapped
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, (tuple, list)):
            yield from _tensors((f"{name}.{index}", item) for index, item in enumerate(value))
        elif isinstance(base, torch.Tensor):
            yield name, base


def make_key(keys: Sequence[str], arguments: Mapping[str, Any], target: str, device: str) -> Key:
    values = {name: _plain(arguments[name]) for name in keys if name in arguments}
    dtypes = {name: str(dtype) for name, value in arguments.items() if (dtype := _dtype(value)) is not None}
    return Key(tuple(values.items()), tuple(dtypes.items()), target, device)


def _dtype(value: Any) -> Any:
    base = getattr(value, "base", None)  # a descriptor's tensor
    return getattr(value, "dtype", getattr(base, "dtype", None))


def _plain(value: Any) -> Any:
    """No tensor may live on in a key."""
    if isinstance(value, torch.Tensor):
        return f"tensor{tuple(value.shape)}"
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def is_fake(arguments: Mapping[str, Any]) -> bool:
    """Whether nothing would run: the tensors have no memory."""
    from torch._subclasses.fake_tensor import FakeTensor

    return any(isinstance(value, FakeTensor) or value.device.type == "meta" for value in tensors(arguments).values())
