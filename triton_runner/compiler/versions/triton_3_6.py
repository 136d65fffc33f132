"""Triton 3.6. Imports Triton and the standard library only (see the package's docstring)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import triton
from triton import knobs, language
from triton._C import libtriton
from triton._C.libtriton import ir, llvm, nvidia
from triton.backends.amd.compiler import HIPOptions
from triton.backends.compiler import GPUTarget, Language
from triton.backends.nvidia.compiler import CUDAOptions
from triton.compiler import ASTSource, LazyDict
from triton.compiler import make_backend as make_triton_backend
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor as GluonTensorDescriptor
from triton.tools.tensor_descriptor import TensorDescriptor


def make_backend(backend: str, arch: int | str, warp_size: int) -> Any:
    return make_triton_backend(GPUTarget(backend, arch, warp_size))


def option_names(backend: str) -> frozenset[str]:
    options = {"cuda": CUDAOptions, "hip": HIPOptions}[backend]
    return frozenset(field.name for field in dataclasses.fields(options))


def parse_options(backend: Any, options: Mapping[str, Any]) -> Any:
    return backend.parse_options({name: _hashable(value) for name, value in options.items()})


def _hashable(value: Any) -> Any:
    # Triton hashes its options object, and JSON has turned its tuples into lists.
    return tuple(_hashable(item) for item in value) if isinstance(value, (list, tuple)) else value


def make_stages(backend: Any, options: Any, gluon: bool) -> dict[str, Callable[[Any, MutableMapping[str, Any]], Any]]:
    """Triton's own stage functions, in order."""
    stages: dict[str, Callable[[Any, MutableMapping[str, Any]], Any]] = {}
    backend.add_stages(stages, options, Language.GLUON if gluon else Language.TRITON)
    return stages


def lower_function(source: Any, backend: Any, options: Any) -> Any:
    """From Python to the module that the first stage takes."""
    context = ir.context()
    ir.load_dialects(context)
    backend.load_dialects(context)
    generators = backend.get_codegen_implementation(options)
    return source.make_ir(backend.target, options, generators, backend.get_module_map(), context)


def parse_ir(path: str, backend: Any) -> Any:
    context = ir.context()
    ir.load_dialects(context)
    backend.load_dialects(context)
    module = ir.parse_mlir_module(path, context)
    module.context = context  # the stages read it there, and it must outlive the module
    return module


def init_llvm() -> None:
    """What make_llir does to the process before LLVM sees a module; make_ptx relies on it."""
    llvm.init_targets()
    nvidia.set_short_ptr()


def descriptor_metadata(module: Any) -> Any:
    """``tensordesc_meta`` of a TTGIR module, which make_ttgir would have read off it."""
    return module.get_tensordesc_metadata()


def module_options(module: Any) -> dict[str, int]:
    """The options that a TTGIR module has already fixed."""
    found = {"num_warps": module.get_int_attr("ttg.num-warps"), "num_ctas": module.get_int_attr("ttg.num-ctas")}
    return {name: value for name, value in found.items() if value is not None}


def is_gluon(function: Any) -> bool:
    return bool(function.is_gluon())


def is_function_source(source: Any) -> bool:
    return isinstance(source, ASTSource)


def make_source(function: Any, signature: Any, constexprs: Any, attrs: Any) -> Any:
    if function.is_gluon():
        from triton.experimental.gluon._runtime import GluonASTSource

        return GluonASTSource(function, signature, constexprs, attrs)
    return ASTSource(function, signature, constexprs, attrs)


def launch_guards() -> list[tuple[dict[Any, Any] | None, Any]]:
    """What Triton reads at each launch and the door in C++ must find empty: (dict, key).

    A dict of None is the one of the launched function. A knob lies in the dict of its group once it is set; before, it
    is what the class says, or the environment.
    """
    chains = ("launch_enter_hook", "launch_exit_hook")
    return [
        (None, "pre_run_hooks"),
        (None, "debug"),
        ({"debug": True} if type(knobs.runtime).debug else {}, "debug"),
        (vars(knobs.runtime), "debug"),
        *((vars(knobs.runtime), name) for name in chains),
        *((vars(getattr(type(knobs.runtime), name)), "calls") for name in chains),
        (vars(knobs.amd), "use_buffer_ops"),
        (vars(knobs.compilation), "instrumentation_mode"),
        (os.environ._data, os.environ.encodekey("TRITON_INSTRUMENTATION_MODE")),  # type: ignore[attr-defined]
    ]


def compile_hooks() -> tuple[Any, Any]:
    """The hooks before and after a compile; each may be None."""
    return knobs.runtime.jit_cache_hook, knobs.runtime.jit_post_compile_hook


def launch_hooks() -> tuple[Any, Any] | None:
    """The hooks around a launch; None where there are none."""
    enter, leave = knobs.runtime.launch_enter_hook, knobs.runtime.launch_exit_hook
    return (enter, leave) if enter.calls or leave.calls else None


def load_hooks() -> tuple[Any, Any] | None:
    """The hooks around the load of a module; None where there are none."""
    start, end = knobs.runtime.kernel_load_start_hook, knobs.runtime.kernel_load_end_hook
    return (start, end) if start.calls or end.calls else None


def lazy_metadata(values: dict[str, Any]) -> Any:
    """What Triton hands to a launch hook."""
    return LazyDict(values)


def argument_types() -> dict[str, Any]:
    """The classes whose objects the door in C++ reads itself."""
    return {
        "constexpr_type": language.constexpr,
        "descriptor_types": [TensorDescriptor],
        "layout_descriptor_types": [GluonTensorDescriptor],
        "marks_small_memory": bool(knobs.amd.use_buffer_ops),
    }


def always_compile() -> bool:
    return bool(knobs.compilation.always_compile)


def unserved_settings() -> list[str]:
    """The settings of this Triton that are in force now and that triton_runner does not act on."""
    compilation = ("override", "dump_ir", "store_binary_only", "use_ir_loc", "listener")
    return [f"knobs.compilation.{name}" for name in compilation if getattr(knobs.compilation, name)]


def environment() -> dict[str, Any]:
    """The environment variables that change what the compiler does."""
    return dict(libtriton.get_cache_invalidating_env_vars())


def toolchain(backend: Any) -> list[Any]:
    """What identifies the compiler: its version, its ptxas, and the files that a developer of Triton rebuilds."""
    root = Path(triton.__file__).parent
    sources = [Path(libtriton.__file__)]
    for folder in ("compiler", "language", "backends", "experimental/gluon"):
        sources.extend(sorted((root / folder).rglob("*.py")))
    stats = [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    return [triton.__version__, backend.hash(), stats, knobs.runtime.override_arch, os.name]
