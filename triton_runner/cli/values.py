"""Arguments of a kernel as they are written on a command line: tensors, numbers, expressions over what came before.

``x=fp32[1000]=randn`` is a tensor, ``n=x.numel()`` and ``BLOCK=256`` are numbers. An expression knows arithmetic, the
arguments to its left, ``x.shape[0]``, ``x.stride(0)``, ``x.numel()``, and ``cdiv``, ``min``, ``max``,
``next_power_of_2``. It is walked as a syntax tree; nothing is handed to Python's eval. Tested in
tests/python/test_cli_values.py.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from triton_runner.errors import ArgumentError, ArtifactNotFoundError

DTYPES = {
    "fp64": torch.float64,
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp8e4nv": torch.float8_e4m3fn,
    "fp8e5": torch.float8_e5m2,
    "i64": torch.int64,
    "i32": torch.int32,
    "i16": torch.int16,
    "i8": torch.int8,
    "u8": torch.uint8,
    "i1": torch.bool,
}
_TENSOR = re.compile(r"(?P<dtype>\w+)\[(?P<shape>[^\]]*)\](?:=(?P<init>[^@]+))?(?:@\[(?P<block>[^\]]*)\])?$")
_NAMED = re.compile(r"(?P<name>[A-Za-z_][\w.]*)=(?P<value>[^=].*)$", re.DOTALL)

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cdiv": lambda a, b: -(-a // b),
    "min": min,
    "max": max,
    "next_power_of_2": lambda n: 1 << max(0, n - 1).bit_length(),
}
_MAX_EXPONENT = 64


def split_named(text: str) -> tuple[str | None, str]:
    """``name=value`` in two; the name is None where there is none (``fp32[4]=randn`` has none)."""
    match = _NAMED.match(text)
    return (match["name"], match["value"]) if match else (None, text)


def is_argument(text: str) -> bool:
    """Whether a word of the command line is an argument of the kernel rather than a file."""
    return bool(_NAMED.match(text) or _TENSOR.match(text))


def parse_value(text: str, known: Mapping[str, Any], device: torch.device, generator: torch.Generator) -> Any:
    """A tensor specification, ``@file.pt``, or an expression."""
    if text.startswith("@"):
        return _load(Path(text[1:]), device)
    match = _TENSOR.match(text)
    if match is None or match["dtype"] not in DTYPES:
        if match is not None and match["dtype"] not in known:
            raise ArgumentError(f"tensor {text!r}: dtype {match['dtype']!r} is none of {', '.join(DTYPES)}")
        return evaluate(text, known)
    shape = evaluate_counts(match["shape"], known)
    try:
        tensor = _fill(DTYPES[match["dtype"]], shape, match["init"], known, generator).to(device)
    except (RuntimeError, MemoryError, OverflowError) as error:  # torch has no room, or no such number
        reason = str(error).splitlines()[0][:200]
        raise ArgumentError(f"tensor {text!r}: {reason}") from error
    return _descriptor(tensor, evaluate_counts(match["block"], known)) if match["block"] else tensor


def evaluate_counts(text: str, known: Mapping[str, Any]) -> tuple[int, ...]:
    """Integers with commas between them."""
    value = evaluate(f"({text},)" if text.strip() else "()", known)
    if not all(isinstance(item, int) and item >= 0 for item in value):
        raise ArgumentError(f"{text!r} is {value!r}, expected integers that are not negative")
    return tuple(value)


def evaluate(text: str, known: Mapping[str, Any]) -> Any:
    """The value of an expression over the arguments that are known so far."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise ArgumentError(f"{text!r} is no expression, and no tensor such as fp32[128,64]=randn") from None
    try:
        return _value(tree, known)
    except (ArithmeticError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"{text!r}: {error}") from None


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _named(node.id, known)
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_value(item, known) for item in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand, known)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, known), _value(node.right, known)
        if isinstance(node.op, (ast.Pow, ast.LShift)) and isinstance(right, int) and abs(right) > _MAX_EXPONENT:
            raise ArgumentError(f"{ast.unparse(node)}: the exponent is over {_MAX_EXPONENT}")
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.Subscript):
        return _value(node.value, known)[_value(node.slice, known)]
    if isinstance(node, ast.Call) and not node.keywords:
        return _call(node, known)
    if isinstance(node, ast.Attribute):
        return _attribute(node, known)
    raise ArgumentError(f"{ast.unparse(node)!r} cannot stand in an expression here")


def _named(name: str, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    raise ArgumentError(
        f"{name!r} is not known here: known are {', '.join(known) or 'no arguments yet'} (an argument knows those "
        "to its left; a text is written in quotes)"
    )


def _call(node: ast.Call, known: Mapping[str, Any]) -> Any:
    values = [_value(item, known) for item in node.args]
    if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _FUNCTIONS[node.func.id](*values)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("stride", "size", "numel"):
        tensor = _tensor(node.func.value, known)
        return getattr(tensor, node.func.attr)(*values)
    raise ArgumentError(f"{ast.unparse(node.func)!r} is no function here: there are {', '.join(_FUNCTIONS)}")


def _attribute(node: ast.Attribute, known: Mapping[str, Any]) -> Any:
    if isinstance(node.value, ast.Name) and node.value.id == "tl" and "tl" not in known:
        import triton.language as tl

        value = getattr(tl, node.attr, None)
        if isinstance(value, tl.dtype):
            return value
        raise ArgumentError(f"tl.{node.attr} is no type of triton.language")
    if node.attr == "shape":
        return tuple(_tensor(node.value, known).shape)
    raise ArgumentError(f"{ast.unparse(node)!r}: of a tensor there are .shape, .stride(i), .size(i) and .numel()")


def _tensor(node: ast.expr, known: Mapping[str, Any]) -> torch.Tensor:
    value = _value(node, known)
    value = getattr(value, "base", value) if not isinstance(value, torch.Tensor) else value
    if not isinstance(value, torch.Tensor):
        raise ArgumentError(f"{ast.unparse(node)!r} is no tensor")
    return value


def _load(path: Path, device: torch.device) -> torch.Tensor:
    if not path.is_file():
        raise ArtifactNotFoundError(f"{path}: no such file")
    if path.suffix == ".npy":
        import numpy

        return torch.from_numpy(numpy.load(path, allow_pickle=False)).to(device)
    value = torch.load(path, map_location=device, weights_only=True)
    if not isinstance(value, torch.Tensor):
        raise ArgumentError(f"{path} holds a {type(value).__name__}, expected one tensor")
    return value


def _fill(
    dtype: torch.dtype, shape: tuple[int, ...], init: str | None, known: Mapping[str, Any], generator: torch.Generator
) -> torch.Tensor:
    """On the CPU, so that every device gets the same numbers."""
    init = (init or ("randn" if dtype.is_floating_point else "randint(0,10)")).strip()
    if init == "empty":
        return _unwritten(dtype, shape)
    if init in ("zeros", "ones"):
        return torch.full(shape, float(init == "ones")).to(dtype)
    if init == "arange":
        return torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)
    if init in ("randn", "rand"):
        make = torch.randn if init == "randn" else torch.rand
        return make(shape, generator=generator).to(dtype)
    if match := re.fullmatch(r"randint\((.*),(.*)\)", init):
        low, high = (int(evaluate(part, known)) for part in match.groups())
        return torch.randint(low, high, shape, generator=generator).to(dtype)
    value = evaluate(init, known)
    if not isinstance(value, (bool, int, float)):
        raise ArgumentError(
            f"{init!r} fills no tensor: expected randn, rand, randint(a,b), arange, zeros, ones, empty or a number"
        )
    filled = torch.full(shape, value, dtype=torch.float64 if isinstance(value, float) else torch.int64)
    if not dtype.is_floating_point and not torch.equal(filled.to(dtype).to(filled.dtype), filled):
        raise ArgumentError(f"{str(dtype).removeprefix('torch.')} cannot hold {value}")
    return filled.to(dtype)


def _unwritten(dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    """Filled with what a kernel leaves behind by chance least: NaN, or the largest integer."""
    if dtype.is_floating_point:
        return torch.full(shape, float("nan")).to(dtype)
    return torch.full(shape, True if dtype == torch.bool else torch.iinfo(dtype).max, dtype=dtype)


def _descriptor(tensor: torch.Tensor, block: tuple[int, ...]) -> Any:
    from triton.tools.tensor_descriptor import TensorDescriptor

    return TensorDescriptor.from_tensor(tensor, list(block))
