"""The launch of a jit function in Python: bind and specialize as Triton does, find or compile the kernel, launch it.

The door in C++ (csrc/python/jit_door.h) comes here for what it has not launched before, and is told of the kernel; it
also comes here for whatever must not go past Python, such as a launch with hooks or with fake tensors. State lives in
the function, one ``_State`` each, by target; kernels are found by Triton's own specialization key. A cache never holds
a tensor. Kernels that are launched from an artifact are found by the artifact's content. Tested in
tests/python/test_jit.py.
"""

from __future__ import annotations

import operator
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from triton.runtime.jit import JITFunction, KernelParam

from triton_runner import _C, messages
from triton_runner.compiler.pipeline import Compiled, compile_source, make_kernel
from triton_runner.compiler.signature import leaves, record_params
from triton_runner.compiler.target import DEFAULT_CAPABILITY, Target, default_target, device_target
from triton_runner.compiler.versions import adapter, make_backend
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel
from triton_runner.launch_hooks import CompileHooks, Device, around_launch, load
from triton_runner.launch_recipe import Recipe
from triton_runner.launch_source import SOURCE_KEYWORDS, take_source

_STATE = "_triton_runner_state"
_DOOR = "_triton_runner_door"
#: The launch keywords of triton_runner/dump/older.py.
DUMP_KEYWORDS = frozenset({"dump_tensor", "dump_value", "dump_grid"})
_REMOVED_KEYWORDS = ("device_type", "device", "stream")
_lock = threading.Lock()
_functions: list[weakref.ref[Any]] = []  # those that hold a _STATE or a _DOOR


_Pick = Callable[[tuple[Any, ...]], Sequence[Any]]


class _State:
    """What one function remembers for one target."""

    def __init__(self, function: JITFunction, target: Target) -> None:
        self.target = target
        self.backend = make_backend(adapter(), target)
        self.binder = adapter().binder(function, self.backend)
        # By specialization: the kernel, and which of the bound arguments its binary takes.
        self.kernels: dict[Any, tuple[Kernel, _Pick]] = {}
        # By content of the artifact that it was launched from.
        self.from_artifact: dict[Any, Kernel] = {}
        self.locks: dict[Any, threading.Lock] = {}  # by specialization; held while its kernel is compiled


@dataclass(frozen=True)
class Resolved:
    """A launch that is ready: the kernel, its arguments, and how to compile the function to another level."""

    kernel: Kernel
    values: Sequence[Any]
    bound: Mapping[str, Any]
    device: Device
    # Triton's specialization, and how the kernel is compiled; None where it was made from an artifact.
    specialization: Sequence[Any] | None = None
    make_recipe: Callable[[], Recipe] | None = None

    @property
    def compile_to(self) -> Callable[[str, str], Compiled] | None:
        """(level, what to add to the source's hash) to the function at that level."""
        return self.make_recipe().compile if self.make_recipe else None


def run(
    function: JITFunction,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    *,
    grid: Any,
    warmup: bool,
    door: _C.JitDoor | None = None,
) -> Kernel | None:
    """What ``function[grid](*args, **kwargs)`` does.

    Returns the kernel, or None where a hook of Triton's stopped the compile. ``door`` is the function's, where it has
    one: it learns of the kernel.
    """
    if not DUMP_KEYWORDS.isdisjoint(kwargs):
        from triton_runner.dump.older import run_with_keywords

        return run_with_keywords(function, args, kwargs, grid)
    given = dict(kwargs)
    found = _resolve(function, args, kwargs, warmup)
    if found is None:
        return None
    kernel = found.kernel
    if door is not None and found.specialization is not None:
        theirs = list(found.specialization)
        door.add(function, tuple(args), given, theirs, kernel, kernel.key, function.used_global_vals)
    if not warmup:
        counts = _grid(grid, found.bound)
        with around_launch(function, kernel, counts, found.bound, found.device):
            kernel.launch(counts, found.values)
    return kernel


def resolve(function: JITFunction, args: Sequence[Any], kwargs: dict[str, Any]) -> Resolved:
    """Bind, specialize, and find or compile the kernel."""
    found = _resolve(function, args, kwargs, warmup=True)
    if found is None:
        raise ArgumentError(f"kernel {function.__name__!r}: the jit_cache_hook of Triton's knobs stopped its compile")
    return found


def _resolve(function: JITFunction, args: Sequence[Any], kwargs: dict[str, Any], warmup: bool) -> Resolved | None:
    source = take_source(function, kwargs) if not SOURCE_KEYWORDS.isdisjoint(kwargs) else None
    adapter().launch_options(function, kwargs)
    for hook in function.pre_run_hooks:
        hook(*args, **kwargs)
    device, target = target_of(args, kwargs)
    state = _state(function, target)
    try:
        bound, specialization, options = _bind(state, args, kwargs)
    except TypeError as error:
        # From the generated binder: a missing or unexpected argument, or one of a kind that no kernel takes.
        message = str(error).removeprefix("dynamic_func() ")
        raise ArgumentError(f"kernel {function.__name__!r}: {message}") from error
    if source is not None:
        _check_keywords(function, kwargs, bound, state.target)
        signature, constexprs, attrs = adapter().unpack(function, state.backend, bound, specialization)
        params = record_params(function.arg_names, signature, constexprs, attrs)
        kernel, values = source.kernel(state.from_artifact, state.target, not device[0], params, bound, options)
        _check_globals(function)
        return Resolved(kernel, values, bound, device)
    found = _kernel_from_python(function, state, device, bound, specialization, options, kwargs, warmup)
    if found is None:
        return None
    kernel, pick = found
    _check_globals(function)

    def make_recipe() -> Recipe:
        return Recipe(
            function, *adapter().unpack(function, state.backend, bound, specialization), dict(options), state.target
        )

    return Resolved(kernel, pick(tuple(bound.values())), bound, device, specialization, make_recipe)


class _FunctionDoor(_C.Indexable):
    """The door of a function whose class is Triton's own."""

    def __init__(self, function: JITFunction) -> None:
        self.subject = function

    def open_door(self) -> _C.JitDoor:
        return make_door(self.subject)

    def launch(self, grid: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Kernel | None:
        return run(self.subject, args, kwargs, grid=grid, warmup=False, door=self.door)


def door_of(function: JITFunction) -> _C.Indexable:
    """What ``function[grid]`` goes through while ``configure_jit_backend`` is in force."""
    door: _C.Indexable | None = function.__dict__.get(_DOOR)
    if door is not None:
        return door
    with _lock:
        _functions.append(weakref.ref(function))
    made: _C.Indexable = function.__dict__.setdefault(_DOOR, _FunctionDoor(function))
    return made


def make_door(function: JITFunction) -> _C.JitDoor:
    """The launch of ``function`` in C++."""
    triton = adapter()
    params = [_describe(param) for param in function.params]
    return _C.JitDoor(params, guards=triton.launch_guards(function), **triton.argument_types())


def _describe(param: KernelParam) -> dict[str, Any]:
    default = {"default": param.default} if param.has_default else {}
    return default | {
        "name": param.name,
        "is_constexpr": param.is_constexpr,
        "is_const": param.is_const,
        "specialize": not param.do_not_specialize,
        "align": not getattr(param, "do_not_specialize_on_alignment", False),
        "annotation": "" if param.is_constexpr else param.annotation_type,
    }


def forget_all() -> None:
    """Drop what ``run`` remembers, and leave every function as it was before its first launch here."""
    with _lock:
        for reference in _functions:
            if (function := reference()) is not None:
                function.__dict__.pop(_STATE, None)
                function.__dict__.pop(_DOOR, None)
        _functions.clear()


def _bind(state: _State, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], Any, Any]:
    """Triton's binder, which asks every tensor for its address."""
    try:
        return state.binder(*args, **kwargs)
    except RuntimeError:
        # A fake or wrapped tensor has none. The launch is for the op; as torch's compiler does, take it to begin where
        # its offset says.
        stand_ins = [_Address.of(value) for value in args], {key: _Address.of(value) for key, value in kwargs.items()}
        bound, specialization, options = state.binder(*stand_ins[0], **stand_ins[1])
        originals = {name: value.tensor if isinstance(value, _Address) else value for name, value in bound.items()}
        return originals, specialization, options


class _Address:
    """Stands for a tensor without memory where Triton specializes arguments."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self.dtype = tensor.dtype

    @staticmethod
    def of(value: Any) -> Any:
        return _Address(value) if isinstance(value, torch.Tensor) else value

    def data_ptr(self) -> int:
        offset: int = self.tensor.storage_offset() * self.tensor.element_size()
        return offset


def _kernel_from_python(
    function: JITFunction,
    state: _State,
    device: Device,
    bound: Mapping[str, Any],
    specialization: Sequence[Any],
    options: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    warmup: bool,
) -> tuple[Kernel, _Pick] | None:
    on_cuda = device[0]
    triton_key = adapter().kernel_key(specialization, options)
    key = (on_cuda, triton_key)
    found = state.kernels.get(key)
    if found is not None:
        return found
    _check_keywords(function, kwargs, bound, state.target)
    with state.locks.setdefault(key, threading.Lock()):
        if key not in state.kernels:
            triton = adapter()
            unpacked = triton.unpack(function, state.backend, bound, specialization)
            hooks = CompileHooks(function, state.backend, (triton_key, *unpacked, options), device, warmup)
            if hooks.refuse():
                return None
            source = triton.make_source(function, *unpacked)
            compiled = compile_source(triton, source, state.target, options, None if on_cuda else "ptx")
            kernel = make_kernel(compiled)
            messages.announce(kernel.spec.name, compiled.level, state.target.name, compiled.folder, compiled.from_cache)
            state.kernels[key] = kernel, _pick_runtime(specialization)
            hooks.done()
            if not warmup:
                load(kernel, device)
        return state.kernels[key]


def _pick_runtime(specialization: Sequence[Any]) -> _Pick:
    """A function from all arguments to those that the binary takes: all leaves but the constants."""
    types = [entry[0] for entry in specialization]
    paths = [path for path, type_name in leaves(types) if type_name != "constexpr"]
    if len(paths) > 1 and all(len(path) == 1 for path in paths):
        return operator.itemgetter(*(path[0] for path in paths))
    return lambda values: [_at(values, path) for path in paths]


def _at(value: Any, path: Sequence[int]) -> Any:
    for index in path:
        value = value[index]
    return value


def _state(function: JITFunction, target: Target) -> _State:
    states: dict[Target, _State] | None = function.__dict__.get(_STATE)
    if states is None:
        states = function.__dict__.setdefault(_STATE, {})
        _functions.append(weakref.ref(function))
    state = states.get(target)
    if state is None:
        state = states.setdefault(target, _State(function, target))
    return state


def target_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Device, Target]:
    """The device that the tensors ask for, and its target. Tensors that disagree are the launch's to refuse."""
    for value in (*args, *kwargs.values()):
        device = _device_of(value)
        if device is not None:
            if device.type != "cuda":
                return (False, 0), _CPU_TARGET
            return (True, device.index or 0), _cuda_target(device.index)
    if torch.cuda.is_available():
        return (True, torch.cuda.current_device()), default_target()
    return (False, 0), default_target()


def _device_of(value: Any) -> torch.device | None:
    if isinstance(value, torch.Tensor):
        return value.device
    if isinstance(value, (list, tuple)):
        return next((device for item in value if (device := _device_of(item)) is not None), None)
    base = getattr(value, "base", None)  # a TensorDescriptor, or a tensor that triton.reinterpret wrapped
    return base.device if isinstance(base, torch.Tensor) else None


_CPU_TARGET = Target("cuda", DEFAULT_CAPABILITY)
_cuda_targets: dict[int | None, Target] = {}


def _cuda_target(index: int | None) -> Target:
    target = _cuda_targets.get(index)
    if target is None:
        target = _cuda_targets.setdefault(index, device_target(index))
    return target


def _check_keywords(function: JITFunction, kwargs: Mapping[str, Any], bound: Mapping[str, Any], target: Target) -> None:
    from triton_runner.compiler.options import check_names

    for name in _REMOVED_KEYWORDS:
        if name in kwargs and name not in bound:
            raise ArgumentError(
                f"kernel {function.__name__!r}: keyword {name!r} is not taken; the tensors decide on device and stream"
            )
    check_names(adapter(), target.backend, [name for name in kwargs if name not in bound])


def _check_globals(function: JITFunction) -> None:
    if not function.used_global_vals:
        return
    absent = object()
    for (name, _), (value, scope) in function.used_global_vals.items():
        now = scope.get(name, absent)
        if now != value:
            raise ArgumentError(
                f"kernel {function.__name__!r}: global variable {name} was {value!r} when the kernel was compiled "
                f"and is now {now!r}"
            )


def _grid(grid: Any, bound: Mapping[str, Any]) -> Any:
    if grid is None:
        raise ArgumentError(
            "the grid is None, expected one to three counts of programs, or a function that returns them"
        )
    return grid(bound) if callable(grid) else grid
