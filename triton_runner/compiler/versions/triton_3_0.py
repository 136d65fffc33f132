"""Triton 3.0 and 3.1: no module map, alignment is always specialized, and one hook, before a compile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from triton.runtime import jit
from triton.runtime.jit import JITFunction

from . import triton_3_2


class Adapter(triton_3_2.Adapter):
    # LLVM has no gfx950 yet, and code for gfx1201 would be made for waves of 64.
    unknown_architectures = frozenset({"gfx950", "gfx1201"})

    def _make_ir(self, source: Any, backend: Any, options: Any, context: Any) -> Any:
        return source.make_ir(options, backend.get_codegen_implementation(), context)

    def assumptions(self, divisible: Sequence[int], ones: Sequence[int]) -> Any:
        from triton.compiler import AttrsDescriptor

        return AttrsDescriptor(set(divisible), set(ones))

    def read_assumptions(self, attrs: Any) -> tuple[Sequence[int], Sequence[int]]:
        return attrs.divisible_by_16, attrs.equal_to_1

    def make_binder(self, function: Any, backend: Any) -> Any:
        return jit.create_function_from_signature(function.signature, function.params)

    def assume(self, function: Any, backend: Any, values: Sequence[Any]) -> Any:
        return function._get_config(*values)

    def compile_hooks(self) -> tuple[Any, Any]:
        return JITFunction.cache_hook, None

    def _call_hook(self, function: Any, arguments: Sequence[Any], warmup: bool, before: bool) -> Any:
        return function._call_hook(*arguments)
