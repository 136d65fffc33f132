"""Triton 3.7 and 3.8: a hook that changes the stages has a key, and the compile hooks are told of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import triton_3_6


class Adapter(triton_3_6.Adapter):
    def pipeline_key(self) -> tuple[str, ...]:
        hook = self.stage_hook()
        return () if hook is None else tuple(map(str, hook()))

    def _marks(self, specialization: Sequence[Any]) -> list[Any]:
        return ["" if entry[0] == "constexpr" else entry[1] for entry in specialization]

    def call_compile_hook(self, hook: Any, function: Any, backend: Any, options: Any, arguments: Sequence[Any]) -> Any:
        key, signature, constexprs, attrs, device, warmup = arguments
        return function._call_hook(hook, key, signature, backend.target, device, constexprs, options, [attrs], warmup)
