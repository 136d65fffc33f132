"""What the compiler driver needs of an installed Triton, as Triton 3.6 has it; an adapter of a version changes some.

Imports Triton and the standard library only (see the package's docstring). What belongs to one kind of GPU is found by
the name of Triton's backend, ``cuda`` or ``hip``. Tested in tests/python/test_compile.py and by ``make test-matrix``.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import triton
from triton._C import libtriton
from triton._C.libtriton import ir, llvm
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.compiler import make_backend as make_triton_backend

Stage = Callable[[Any, MutableMapping[str, Any]], Any]

# Name of a backend to the folder of triton.backends that holds it, and to the class of its options.
_BACKENDS = {"cuda": ("nvidia", "CUDAOptions"), "hip": ("amd", "HIPOptions")}


class Stages:
    """From the source to the last artifact."""

    # The prefix of the attributes of a TTGIR module.
    ttgir_prefix = "ttg"

    @property
    def path(self) -> str:
        """The file of this adapter, for the isolated worker."""
        return str(Path(__file__).with_name(type(self).__module__.rsplit(".", 1)[-1] + ".py"))

    # ---- options ----

    #: Architectures that are compiled for elsewhere and that this Triton does not know.
    unknown_architectures: frozenset[str] = frozenset()

    def make_backend(self, backend: str, arch: int | str, warp_size: int) -> Any:
        return make_triton_backend(GPUTarget(backend, arch, warp_size))

    def option_names(self, backend: str) -> frozenset[str]:
        """The compile options that this Triton has for a backend."""
        folder, name = _BACKENDS[backend]
        options = getattr(importlib.import_module(f"triton.backends.{folder}.compiler"), name)
        return frozenset(field.name for field in dataclasses.fields(options))

    def parse_options(self, backend: Any, options: Mapping[str, Any]) -> Any:
        return backend.parse_options({name: _hashable(value) for name, value in options.items()})

    # ---- stages ----

    def make_stages(self, backend: Any, options: Any, gluon: bool) -> dict[str, Stage]:
        """Triton's own stage functions, in order."""
        from triton.backends.compiler import Language

        stages: dict[str, Stage] = {}
        backend.add_stages(stages, options, Language.GLUON if gluon else Language.TRITON)
        return stages

    def lower_function(self, source: Any, backend: Any, options: Any) -> Any:
        """From Python to the module that the first stage takes."""
        context = self._context(backend)
        return self._make_ir(source, backend, options, context)

    def _make_ir(self, source: Any, backend: Any, options: Any, context: Any) -> Any:
        generators = backend.get_codegen_implementation(options)
        return source.make_ir(backend.target, options, generators, backend.get_module_map(), context)

    def parse_ir(self, path: str, backend: Any) -> Any:
        context = self._context(backend)
        module = ir.parse_mlir_module(path, context)
        module.context = context  # the stages read it there, and it must outlive the module
        return module

    def _context(self, backend: Any) -> Any:
        context = ir.context()
        ir.load_dialects(context)
        backend.load_dialects(context)
        return context

    def init_llvm(self, backend: Any) -> None:
        """What make_llir does to the process before LLVM sees a module; make_ptx relies on it."""
        llvm.init_targets()
        if backend.target.backend == "cuda" and hasattr(libtriton.nvidia, "set_short_ptr"):
            libtriton.nvidia.set_short_ptr()  # from 3.4 to 3.8; the others hand the flag over with each module

    def descriptor_metadata(self, module: Any) -> Any:
        """``tensordesc_meta`` of a TTGIR module, which make_ttgir would have read off it."""
        return module.get_tensordesc_metadata()

    def module_options(self, module: Any) -> dict[str, int]:
        """The options that a TTGIR module has already fixed."""
        names = {"num_warps": "num-warps", "num_ctas": "num-ctas"}
        found = {name: module.get_int_attr(f"{self.ttgir_prefix}.{attribute}") for name, attribute in names.items()}
        return {name: value for name, value in found.items() if value is not None}

    def stage_hook(self) -> Any:
        """The function that changes the stages, as plugins set it; None where there is none."""
        from triton import knobs

        return getattr(knobs.runtime, "add_stages_inspection_hook", None)

    def set_stage_hook(self, hook: Any) -> None:
        from triton import knobs

        knobs.runtime.add_stages_inspection_hook = hook

    # ---- sources ----

    def is_function_source(self, source: Any) -> bool:
        return isinstance(source, ASTSource)

    def is_gluon(self, function: Any) -> bool:
        return bool(function.is_gluon())

    def make_source(self, function: Any, signature: Any, constexprs: Any, attrs: Any) -> Any:
        """Triton's ASTSource; see ``read_source`` for what it takes."""
        if self.is_gluon(function):
            from triton.experimental.gluon._runtime import GluonASTSource

            return GluonASTSource(function, signature, constexprs, attrs)
        return ASTSource(function, signature, constexprs, attrs)

    def read_source(self, source: Any) -> tuple[dict[str, Any], dict[Any, Any], dict[Any, Any]]:
        """Signature by name, and by path into nested tuples the constants and attributes."""
        return source.signature, source.constants, source.attrs

    # ---- what a compile depends on ----

    def environment(self) -> dict[str, Any]:
        """The environment variables that change what the compiler does."""
        return dict(libtriton.get_cache_invalidating_env_vars())

    def toolchain(self, backend: Any) -> list[Any]:
        """What identifies the compiler: its version, its assembler, and the files that a developer rebuilds."""
        root = Path(triton.__file__).parent
        sources = [Path(libtriton.__file__)]
        folder, _ = _BACKENDS[backend.target.backend]
        for name in ("compiler", "language", f"backends/{folder}", "experimental/gluon"):
            sources.extend(sorted((root / name).rglob("*.py")))
        stats = [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
        return [triton.__version__, backend.hash(), stats, *self._overrides(), os.name]

    def override_arch(self) -> str | None:
        """The architecture that the user wants in place of the device's."""
        from triton import knobs

        return knobs.runtime.override_arch  # type: ignore[no-any-return]

    def _overrides(self) -> list[Any]:
        return [self.override_arch(), *self.pipeline_key()]

    def pipeline_key(self) -> tuple[str, ...]:
        """What tells the stages of a hook from Triton's own. What the hook does, only its identity says."""
        hook = self.stage_hook()
        return () if hook is None else (repr(hook),)

    def always_compile(self) -> bool:
        from triton import knobs

        return bool(knobs.compilation.always_compile)

    def unserved_settings(self) -> list[str]:
        """The settings of this Triton that are in force now and that triton_runner does not act on."""
        from triton import knobs

        names = ("override", "dump_ir", "store_binary_only", "use_ir_loc", "listener")
        return [f"knobs.compilation.{name}" for name in names if getattr(knobs.compilation, name)]


def _hashable(value: Any) -> Any:
    # Triton hashes its options object, and JSON has turned its tuples into lists.
    return tuple(_hashable(item) for item in value) if isinstance(value, (list, tuple)) else value
