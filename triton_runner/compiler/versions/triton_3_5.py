"""Triton 3.5: no instrumentation of launches, and no hook for the stages."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from . import triton_3_6
from .front import Guard


class Adapter(triton_3_6.Adapter):
    def launch_options(self, function: Any, kwargs: MutableMapping[str, Any]) -> None:
        from triton import knobs

        kwargs["debug"] = kwargs.get("debug", function.debug) or knobs.runtime.debug

    def launch_guards(self, function: Any) -> list[Guard]:
        from triton import knobs

        chains = ("launch_enter_hook", "launch_exit_hook")
        return [
            (None, "pre_run_hooks"),
            (None, "debug"),
            (vars(knobs.amd), "use_buffer_ops"),
            ({"debug": True} if type(knobs.runtime).debug else {}, "debug"),
            (vars(knobs.runtime), "debug"),
            *((vars(knobs.runtime), name) for name in chains),
            *((vars(getattr(type(knobs.runtime), name)), "calls") for name in chains),
        ]
