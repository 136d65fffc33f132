"""A loaded kernel: its record, its artifacts, and the launch from Python.

Tested in tests/python/test_kernel.py.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import torch

from triton_runner import _C
from triton_runner.errors import ArgumentError, ArtifactError, UnsupportedError

#: Levels that a driver can load, nearest to the hardware first.
IMAGE_LEVELS = ("cubin", "hsaco", "ptx")

Counts: TypeAlias = int | Sequence[int]
Grid: TypeAlias = Counts | Callable[[dict[str, Any]], Counts]

_INT64_MIN, _INT64_MAX, _UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter of the record, copied once: reading the binding at each launch would cost more than the launch."""

    name: str
    kind: str
    type: str
    constant: Any
    block_shape: tuple[int, ...]
    is_output: bool
    is_float: bool

    @staticmethod
    def of(param: _C.Param) -> _Parameter:
        shape = tuple(param.block_shape)
        return _Parameter(param.name, param.kind, param.type, param.constant, shape, param.is_output, param.is_float)


class Kernel(_C.Indexable):
    """One kernel that can be launched on every device that one of its artifacts fits.

    Made by :func:`triton_runner.load` and :func:`triton_runner.compile`.

    Attributes:
        spec: the kernel record (:class:`triton_runner._C.KernelSpec`).
        artifacts: read-only mapping from level (``"ttir"`` .. ``"cubin"``) to its text or bytes.
    """

    def __init__(self, spec: _C.KernelSpec, artifacts: Mapping[str, str | bytes]) -> None:
        self.spec = spec
        self.artifacts = MappingProxyType(dict(artifacts))
        self._key: str | None = None

    def __repr__(self) -> str:
        return f"Kernel({self.spec.name}, {self.spec.target}, {', '.join(self.artifacts)})"

    @property
    def key(self) -> str:
        """The content key that ``torch.ops.triton_runner.launch`` takes.

        Raises:
            ArtifactError: no artifact is one that a driver loads (PTX, cubin, hsaco).
        """
        return self._key if self._key is not None else self._register()

    def _register(self) -> str:
        images = {level: self.artifacts[level] for level in IMAGE_LEVELS if level in self.artifacts}
        if not images:
            raise ArtifactError(
                f"kernel {self.spec.name!r} has {', '.join(self.artifacts) or 'no artifact'}, "
                f"expected PTX, a cubin or a hsaco: compile it further down (to='cubin', or to='ptx' for the CPU)"
            )
        content = {level: image.encode() if isinstance(image, str) else image for level, image in images.items()}
        self._key = _C.register_kernel(self.spec, content)
        return self._key

    # torch.compiler.assume_constant_result, without its import of dynamo: a model may read the key in what is traced.
    _register._dynamo_marked_constant = True  # type: ignore[attr-defined]

    def __getitem__(self, grid: Grid) -> Callable[..., None]:
        """``kernel[grid](*args, **kwargs)``: see :meth:`launch`."""
        if torch.compiler.is_dynamo_compiling():  # which can trace Python, and what it traces is the op
            return lambda *args, **kwargs: self.launch(grid, args, kwargs)
        launcher: Callable[..., None] = self.at(grid)
        return launcher

    def bind(self, grid: Grid, *args: Any, **kwargs: Any) -> _C.BoundLaunch:
        """A launch with these arguments, to be made again and again: ``bound()`` launches.

        ``bound.replace(name=value)`` exchanges arguments and ``bound.grid = ...`` the grid for the calls that follow. A
        tensor is read anew at each call, with all checks of its device, dtype and alignment; the handle keeps it alive.
        A grid that is a function of the arguments is asked when the arguments or the grid are set.

        Raises:
            ArgumentError: as :meth:`launch`, here or in the call.
        """
        values = [
            param.constant if param.kind == "constant" else value
            for param, value in zip(self._params, self._bind(args, kwargs), strict=True)
        ]
        return _C.BoundLaunch(self, grid, tuple(values))

    def open_door(self) -> _C.KernelDoor:
        """What :class:`_C.Indexable` asks for once: the launch in C++."""
        return _C.KernelDoor(self.key)

    def launch(self, grid: Grid, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> None:
        """Launch on the device and current stream of the tensors.

        Args:
            grid: one to three counts of programs, or a function of the arguments by name that returns them.
            args: either a value for each parameter that the binary has, or for every parameter of the source; then the
                constants among them must be the ones that the kernel was compiled with.
            kwargs: further parameters by name. A constant may be left out.

        Raises:
            ArgumentError: a number, kind, dtype, device, alignment or range that does not fit; the kernel has not run.
            ResourceError, DriverError: the device cannot run it.
            ExecutionError: the CPU executor caught a fault.
        """
        values = self._bind(args, kwargs or {})
        if callable(grid):
            grid = grid(self._named(values))
        inputs, outputs, ints, floats = self._lists(values)
        torch.ops.triton_runner.launch.default(
            self.key, inputs, outputs, ints, floats, grid_counts(grid, self.spec.name)
        )

    def preload(self, device: torch.device | str | int | None = None) -> Kernel:
        """Load the kernel on ``device`` now, as CUDA graph capture needs, and make what a trace of a launch reads.

        Without a device: on the current CUDA device, or on the CPU where there is none.
        """
        if device is None:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        place = torch.device("cuda", device) if isinstance(device, int) else torch.device(device)
        index = place.index
        if index is None:
            index = torch.cuda.current_device() if place.type == "cuda" else 0
        _C.preload(self.key, place.type == "cuda", index)
        self._names.intersection(param.name for param in self._runtime)  # dynamo does not trace a first read
        return self

    def op_args(self, *args: Any, **kwargs: Any) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        """``(inputs, outputs, ints, floats)`` of the op.

        ``torch.ops.triton_runner.launch(kernel.key, *kernel.op_args(x, y, n), [grid])`` is ``kernel[grid](x, y, n)``.
        """
        return self._lists(self._bind(args, kwargs))

    def dump(
        self,
        *selectors: Any,
        op: str | None = None,
        programs: Any = None,
        iterations: int | None = None,
        max_bytes: int | None = None,
        level: str | None = None,
    ) -> Any:
        """``kernel.dump("%acc")[grid](*args)`` runs the kernel and returns ``{name: Dump}``: docs/dump.md.

        Args:
            selectors: names, operations, source lines, variables, regular expressions or ``"*"``.
            op: of what the selectors other than names find, only results of this operation.
            programs: one program or a slice of the grid, as an index ``x``, ``(x, y)`` or ``(x, y, z)``; else all.
            iterations: the most executions to keep of a value in a loop; without it they are counted in a first run.
            max_bytes: the most that the dump's buffers may take.
            level: the IR to dump from; without it the one that the kernel was made from.
        """
        from triton_runner.dump.bind import bind_kernel
        from triton_runner.dump.run import launcher_of

        def bind(args: Sequence[Any], kwargs: Mapping[str, Any], request: Any) -> Any:
            return bind_kernel(self, args, kwargs, request)

        return launcher_of(bind, selectors, op, programs, iterations, max_bytes, level)

    def dumpable(self, level: str | None = None) -> Any:
        """The values that :meth:`dump` can name, in program order."""
        from triton_runner.dump.bind import dumpable
        from triton_runner.dump.edited import source_of

        return dumpable(source_of(self, level))

    def named_args(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The value of each parameter by name, constants included."""
        return self._named(self._bind(args, kwargs))

    def _named(self, values: Sequence[Any]) -> dict[str, Any]:
        return {param.name: value for param, value in zip(self._params, values, strict=True)}

    # What only launches in Python need is made by the first of them: loading a kernel should cost little.

    @functools.cached_property
    def _params(self) -> list[_Parameter]:
        return [_Parameter.of(param) for param in self.spec.params]

    @functools.cached_property
    def _runtime(self) -> list[_Parameter]:
        return [param for param in self._params if param.kind != "constant"]

    @functools.cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(param.name for param in self._params)

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """One value for each parameter of the record; a constant's is its own."""
        known = self._names.intersection(kwargs)
        targets = self._params if len(args) + len(known) > len(self._runtime) else self._runtime
        if len(args) > len(targets):
            self._raise_count(f"{len(args)} positional arguments")
        given = {param.name: value for param, value in zip(targets, args, strict=False)}
        for name, value in kwargs.items():
            if name in given:
                raise ArgumentError(f"kernel {self.spec.name!r}: argument {name!r} is given twice")
            given[name] = value
        values = []
        for param in self._params:
            if param.name in given:
                values.append(self._checked(param, given.pop(param.name)))
            elif param.kind == "constant":
                values.append(param.constant)
            else:
                self._raise_count(f"no {param.name!r}")
        if given:
            self._raise_count(f"{', '.join(map(repr, given))}, which it has not")
        return values

    def _raise_count(self, found: str) -> None:
        expected = ", ".join(f"{param.name}: {param.type}" for param in self._runtime)
        raise ArgumentError(f"kernel {self.spec.name!r}: found {found}, expected ({expected})")

    def _checked(self, param: _Parameter, value: Any) -> Any:
        if param.kind == "constant" and not _same_constant(param.constant, value):
            raise ArgumentError(
                f"kernel {self.spec.name!r}, argument {param.name!r}: found {value!r}, but the kernel was compiled for "
                f"{param.constant!r}: compile it again for this value"
            )
        return value

    def _lists(self, values: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        inputs: list[Any] = []
        outputs: list[Any] = []
        ints: list[Any] = []
        floats: list[Any] = []
        for param, value in zip(self._params, values, strict=True):
            tensors = outputs if param.is_output else inputs
            if param.kind == "pointer":
                tensors.append(self._tensor(param, value))
            elif param.kind == "descriptor":
                self._add_descriptor(param, value, tensors, ints)
            elif param.kind == "scalar":
                (floats if param.is_float else ints).append(self._scalar(param, value))
        return inputs, outputs, ints, floats

    def _tensor(self, param: _Parameter, value: Any) -> torch.Tensor:
        if isinstance(value, torch.Tensor):
            return value
        base, dtype = getattr(value, "base", None), getattr(value, "dtype", None)
        if isinstance(base, torch.Tensor) and dtype is not None:  # triton.reinterpret(tensor, dtype)
            return base.view(_TORCH_DTYPES.get(str(dtype), base.dtype))
        raise self._mismatch(param, value, "a torch tensor")

    def _add_descriptor(self, param: _Parameter, value: Any, tensors: list[Any], ints: list[Any]) -> None:
        if not param.block_shape:  # a map that the user has encoded
            tensors.append(self._tensor(param, value))
            return
        if not all(hasattr(value, field) for field in ("base", "shape", "strides", "block_shape")):
            raise self._mismatch(param, value, "a TensorDescriptor (triton.tools.tensor_descriptor)")
        base, shape, strides, block_shape = value.base, value.shape, value.strides, value.block_shape
        if list(block_shape) != list(param.block_shape):
            raise self._mismatch(param, list(block_shape), f"a descriptor with blocks of {list(param.block_shape)}")
        if getattr(value, "round_f32_to_tf32", False):
            raise UnsupportedError(
                f"kernel {self.spec.name!r}, argument {param.name!r}: a descriptor with round_f32_to_tf32=True is not "
                "covered: round the tensor itself, or in the kernel"
            )
        tensors.append(self._tensor(param, base))
        ints += [
            *map(operator.index, shape),
            *map(operator.index, strides),
            int(getattr(value, "padding", "zero") == "nan"),
        ]

    def _scalar(self, param: _Parameter, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            raise self._mismatch(param, value, f"a number ({param.type}): call .item()")
        if param.is_float:
            if isinstance(value, (int, float, torch.SymFloat, torch.SymInt)) or hasattr(value, "__float__"):
                return value if isinstance(value, (torch.SymFloat, torch.SymInt)) else float(value)
            raise self._mismatch(param, value, f"a number ({param.type})")
        if isinstance(value, torch.SymInt):
            return value
        try:
            number = operator.index(value)
        except TypeError:
            raise self._mismatch(param, value, f"an integer ({param.type})") from None
        if param.type == "u64" and _INT64_MAX < number <= _UINT64_MAX:
            return number - 2**64  # the op carries the bits
        if not _INT64_MIN <= number <= _INT64_MAX or (param.type == "u64" and number < 0):
            raise self._mismatch(param, value, f"an integer that {param.type} can hold")
        return number

    def _mismatch(self, param: _Parameter, value: Any, expected: str) -> ArgumentError:
        found = f"{type(value).__name__} {value!r}" if not isinstance(value, torch.Tensor) else "a tensor"
        return ArgumentError(
            f"kernel {self.spec.name!r}, argument {param.name!r}: found {found[:200]}, expected {expected}"
        )


def _same_constant(recorded: Any, value: Any) -> bool:
    if isinstance(value, torch.Tensor):  # its == gives another tensor
        return False
    # What JSON cannot hold (a dtype, a function) was recorded as its text.
    return bool(recorded == value or recorded == str(value) or (recorded != recorded and value != value))


def grid_counts(grid: Any, name: str) -> list[Any]:
    """The counts of a grid that is no function. ArgumentError for what is none."""
    counts = grid if isinstance(grid, (list, tuple)) else (grid,)
    if not 1 <= len(counts) <= 3:
        raise ArgumentError(f"kernel {name!r}: the grid is {grid!r}, expected one to three counts of programs")
    try:
        return [count if isinstance(count, torch.SymInt) else _int64(operator.index(count)) for count in counts]
    except (TypeError, OverflowError):
        raise ArgumentError(f"kernel {name!r}: the grid is {grid!r}, expected integers") from None


def _int64(value: int) -> int:
    if not _INT64_MIN <= value <= _INT64_MAX:
        raise OverflowError
    return value


_TORCH_DTYPES = {
    "fp8e4nv": torch.float8_e4m3fn,
    "fp8e5": torch.float8_e5m2,
    "fp8e4b8": torch.float8_e4m3fnuz,
    "fp8e5b16": torch.float8_e5m2fnuz,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp32": torch.float32,
    "fp64": torch.float64,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "uint8": torch.uint8,
}
