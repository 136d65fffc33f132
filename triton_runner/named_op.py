"""Makes a kernel an op of torch with a name and a schema of its own.

The op itself is C++ (csrc/ops/named_op.cc): here the parameters of the kernel are matched to the schema, and what is
left open is filled in. docs/models.md shows it in use. Tested in tests/python/test_register_op.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from triton_runner import _C
from triton_runner.compiler.metadata import RECORD_ENTRY
from triton_runner.errors import ArgumentError
from triton_runner.kernel import IMAGE_LEVELS, Kernel

_OP_ENTRY = "triton_runner_op"
_DTYPES = {
    **{name: name.replace("i", "int") for name in ("i8", "i16", "i32", "i64")},
    **{name: name.replace("u", "uint") for name in ("u8", "u16", "u32", "u64")},
    "fp16": "float16",
    "bf16": "bfloat16",
    "fp32": "float32",
    "fp64": "float64",
    "i1": "bool",
    "fp8e4nv": "float8_e4m3fn",
    "fp8e5": "float8_e5m2",
}


@dataclass(frozen=True)
class _Registered:
    kernel: Kernel
    definition: dict[str, Any]


_registered: dict[str, _Registered] = {}


def register_op(
    name: str,
    kernel: Kernel,
    schema: str | None = None,
    *,
    grid: Any,
    args: Mapping[str, Any] | None = None,
    outputs: Any = None,
    any_strides: bool = False,
    backward: str | Callable[..., Any] | None = None,
    setup_context: Callable[..., Any] | None = None,
) -> Any:
    """Make ``kernel`` the op ``torch.ops.<name>``, for the CPU, CUDA, and tracing, and return it.

    Args:
        name: ``"mylib::softmax"``. Once more with the same definition changes nothing.
        kernel: of :func:`compile` or :func:`load`.
        schema: ``"(Tensor x, float scale) -> Tensor"``; ``Tensor(a!) x`` is written by the kernel, which is checked
            against its code. Without one, each parameter that ``args`` does not name is an argument of its name.
        grid: one to three counts: numbers, or expressions over the arguments and the kernel's constants, such as
            ``"cdiv(x.numel(), BLOCK)"``.
        args: by the kernel's parameter, the argument that it is, or an expression such as ``"x.stride(0)"`` or a
            number. A parameter with the name of an argument or output (and perhaps ``_ptr``) need not be named.
        outputs: of each return ``"like x"``, its shape as expressions, or ``{"shape": ..., "dtype": ..., "like": x}``.
            Without it they are like the first Tensor argument, and of the dtype that the kernel stores.
        any_strides: let the kernel run on tensors that are not contiguous although none of its parameters is a stride.
        backward: another registered op by name (docs/models.md says how its arguments are found), or a function for
            ``torch.library.register_autograd``. Without one a backward pass raises and names the op.
        setup_context: with a function as backward.

    Raises:
        ArgumentError: an argument or parameter without the other, an access that the schema does not state, an
            expression that does not parse, a name that is taken.
    """
    if not isinstance(kernel, Kernel):
        raise ArgumentError(
            f"op {name}: the kernel is a {type(kernel).__name__}, expected a Kernel: "
            "triton_runner.compile(...) or triton_runner.load(...) make one"
        )
    given = {parameter: str(value) for parameter, value in (args or {}).items()}
    text = schema if schema is not None else _inferred_schema(kernel, given)
    parsed = _parse(name, text)
    returns = [value.name or _fallback(index, len(parsed.returns)) for index, value in enumerate(parsed.returns)]
    params = _match(kernel, given, [argument.name for argument in parsed.arguments], returns)
    definition = {
        "version": 1,
        "schema": f"{name}{text}",
        "grid": [str(extent) for extent in ([grid] if isinstance(grid, (str, int)) else grid)],
        "params": params,
        "outputs": _outputs(name, kernel, parsed, params, returns, outputs),
        "any_strides": any_strides,
        "backward": backward if isinstance(backward, str) else None,
    }
    own_autograd = backward is not None and not isinstance(backward, str)
    fresh = name not in _registered
    _C.register_named_op(kernel.key, json.dumps(definition), own_autograd)
    _registered[name] = _Registered(kernel, definition)
    if own_autograd and fresh:
        torch.library.register_autograd(name, backward, setup_context=setup_context)
    namespace, _, op = name.partition("::")
    return getattr(getattr(torch.ops, namespace), op)


def save_ops(folder: str | os.PathLike[str], items: Iterable[Any]) -> None:
    """Write kernels and named ops into ``folder``, for :func:`load_ops` in another process, or a program of C++.

    ``items`` are names of ops (``"mylib::softmax"``), ops, and kernels for ``torch.ops.triton_runner.launch``.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    for item in items:
        kernel, definition = (item, None) if isinstance(item, Kernel) else _find(item)
        stem = definition["schema"].partition("(")[0].replace("::", ".") if definition else kernel.key
        sidecar = {"name": kernel.spec.name, RECORD_ENTRY: json.loads(kernel.spec.to_json())}
        for level in IMAGE_LEVELS:
            if (image := kernel.artifacts.get(level)) is not None:
                _write(Path(folder, f"{stem}.{level}"), image if isinstance(image, bytes) else image.encode())
        # Last, since it is what a reader of the folder looks for.
        _write(
            Path(folder, f"{stem}.json"),
            json.dumps({**sidecar, **({_OP_ENTRY: definition} if definition else {})}, indent=1).encode(),
        )


def load_ops(folder: str | os.PathLike[str]) -> list[str]:
    """Register what :func:`save_ops` wrote. Returns names of ops, and content keys of kernels that are none."""
    return list(torch.ops.triton_runner.load_ops(os.fspath(folder)))


def _find(item: Any) -> tuple[Kernel, dict[str, Any]]:
    name = item if isinstance(item, str) else getattr(item, "_qualified_op_name", None) or str(item)
    known = _registered.get(name.removesuffix(".default"))
    if known is None:
        listed = ", ".join(_registered) or "none"
        raise ArgumentError(f"{name} is no op that register_op made in this process; these are: {listed}")
    return known.kernel, known.definition


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)


def _parse(name: str, schema: str) -> Any:
    try:
        return torch._C.parse_schema(f"{name}{schema}")
    except RuntimeError as error:
        raise ArgumentError(f"op {name}: the schema {schema!r} is none that torch reads: {error}") from None


def _fallback(index: int, count: int) -> str:
    return "out" if count == 1 else f"out{index}"


def _runtime(kernel: Kernel) -> list[_C.Param]:
    return [param for param in kernel.spec.params if param.kind != "constant"]


def _plain(name: str) -> str:
    return name.removesuffix("_ptr")


def _inferred_schema(kernel: Kernel, given: Mapping[str, str]) -> str:
    arguments = []
    for index, param in enumerate(param for param in _runtime(kernel) if param.name not in given):
        kind = "float" if param.is_float else "SymInt"
        if param.kind in ("pointer", "descriptor"):
            kind = f"Tensor(a{index}!)" if param.is_output else "Tensor"
        arguments.append(f"{kind} {_plain(param.name)}")
    return f"({', '.join(arguments)}) -> ()"


def _match(
    kernel: Kernel, given: Mapping[str, str], arguments: Sequence[str], returns: Sequence[str]
) -> dict[str, str]:
    """What each parameter of the kernel is; those that nothing names are left for the C++ side to report."""
    params = dict(given)
    known = {*arguments, *returns}
    for param in _runtime(kernel):
        found = next((name for name in (param.name, _plain(param.name)) if name in known), None)
        if param.name not in params and found is not None:
            params[param.name] = found
    left = [name for name in returns if name not in params.values()]
    written = [param.name for param in _runtime(kernel) if param.is_output and param.name not in params]
    return {**params, **dict(zip(written, left, strict=False))}


def _outputs(
    name: str, kernel: Kernel, schema: Any, params: Mapping[str, str], returns: Sequence[str], given: Any
) -> list[dict[str, Any]]:
    if isinstance(given, Mapping) and not {"shape", "dtype", "like"}.intersection(given):
        if unknown := set(given) - set(returns):
            raise ArgumentError(f"op {name}: outputs names {sorted(unknown)}, expected {list(returns)}")
        described = [given.get(output) for output in returns]
    elif len(returns) == 1:
        described = [given]
    else:
        described = list(given) if given is not None else [None] * len(returns)
    first = next((argument.name for argument in schema.arguments if str(argument.type) == "Tensor"), None)
    types = {param.name: param.type.removeprefix("*") for param in _runtime(kernel)}
    stored = {output: _DTYPES.get(types.get(param, "")) for param, output in params.items()}
    made = [_output(name, value, first) for value in described]
    return [
        entry if "dtype" in entry or stored.get(output) is None else {**entry, "dtype": stored[output]}
        for entry, output in zip(made, [*returns, *[""] * len(made)], strict=False)
    ]


def _output(name: str, given: Any, first: str | None) -> dict[str, Any]:
    if isinstance(given, str) and given.startswith("like "):
        return {"like": given.removeprefix("like ").strip()}
    if given is None or isinstance(given, Mapping):
        given = dict(given or {})
        like = given.get("like", first)
    elif isinstance(given, (list, tuple)):
        given, like = {"shape": given}, first
    else:
        raise ArgumentError(f"op {name}: an output is {given!r}, expected 'like x', a shape, or a dict of both")
    if like is None:
        raise ArgumentError(f"op {name}: an output is like no tensor, since the schema has no Tensor argument")
    entry: dict[str, Any] = {"like": like}
    if "shape" in given:
        entry["shape"] = [str(extent) for extent in given["shape"]]
    if "dtype" in given:
        entry["dtype"] = str(given["dtype"]).removeprefix("torch.")
    return entry
