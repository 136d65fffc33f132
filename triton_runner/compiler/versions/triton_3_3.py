"""Triton 3.3: no Gluon, no tensor descriptors of the host, settings in the environment, hooks in the classes.

The door in C++ cannot watch an attribute of a class, so that every launch goes through Python.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping, Sequence
from typing import Any

from triton import language
from triton.compiler import CompiledKernel
from triton.runtime.jit import JITFunction

from . import triton_3_4
from .front import CLOSED, Guard
from .stages import Stage

_UNSERVED = ("TRITON_KERNEL_OVERRIDE", "TRITON_KERNEL_DUMP", "TRITON_STORE_BINARY_ONLY", "USE_IR_LOC")


class Adapter(triton_3_4.Adapter):
    has_gluon = False

    def make_stages(self, backend: Any, options: Any, gluon: bool) -> dict[str, Stage]:
        stages: dict[str, Stage] = {}
        backend.add_stages(stages, options)
        return stages

    def descriptor_metadata(self, module: Any) -> Any:
        return None

    def is_gluon(self, function: Any) -> bool:
        return False

    def launch_options(self, function: Any, kwargs: MutableMapping[str, Any]) -> None:
        kwargs["debug"] = kwargs.get("debug", function.debug) or is_set("TRITON_DEBUG")

    def launch_guards(self, function: Any) -> list[Guard]:
        return CLOSED

    def argument_types(self) -> dict[str, Any]:
        return {
            "constexpr_type": language.constexpr,
            "descriptor_types": [],
            "layout_descriptor_types": [],
            "marks_small_memory": False,
        }

    def compile_hooks(self) -> tuple[Any, Any]:
        return JITFunction.cache_hook, JITFunction.compiled_hook

    def call_compile_hook(self, hook: Any, function: Any, backend: Any, options: Any, arguments: Sequence[Any]) -> Any:
        key, signature, constexprs, attrs, device, warmup = arguments
        before = hook is JITFunction.cache_hook
        return function._call_hook(key, signature, device, constexprs, options, [attrs], warmup, before)

    def launch_hooks(self) -> tuple[Any, Any] | None:
        return triton_3_4.either(CompiledKernel.launch_enter_hook, CompiledKernel.launch_exit_hook)

    def always_compile(self) -> bool:
        return is_set("TRITON_ALWAYS_COMPILE")

    def unserved_settings(self) -> list[str]:
        return [name for name in _UNSERVED if os.environ.get(name, "0") not in ("", "0")]

    def stage_hook(self) -> Any:
        return None

    def override_arch(self) -> str | None:
        return os.environ.get("TRITON_OVERRIDE_ARCH")


def is_set(name: str) -> bool:
    """Whether a setting in the environment is on."""
    return os.environ.get(name, "0") == "1"
