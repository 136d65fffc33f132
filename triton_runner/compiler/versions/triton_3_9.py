"""Triton 3.9: one more launch option, keyword-only parameters, and a stage of Gluon's that does nothing."""

from __future__ import annotations

import inspect
from collections.abc import MutableMapping
from typing import Any

from . import triton_3_7
from .front import CLOSED, Guard
from .stages import Stage


class Adapter(triton_3_7.Adapter):
    def make_stages(self, backend: Any, options: Any, gluon: bool) -> dict[str, Stage]:
        stages = super().make_stages(backend, options, gluon)
        stages.pop("glir", None)  # hands its module on
        return stages

    def launch_options(self, function: Any, kwargs: MutableMapping[str, Any]) -> None:
        from triton import knobs

        super().launch_options(function, kwargs)
        kwargs["fpsan_homomorphic_casts"] = knobs.compilation.fpsan_homomorphic_casts

    def launch_guards(self, function: Any) -> list[Guard]:
        # The door binds arguments to any parameter by position.
        kinds = {parameter.kind for parameter in function.signature.parameters.values()}
        return CLOSED if inspect.Parameter.KEYWORD_ONLY in kinds else super().launch_guards(function) + _fpsan()


def _fpsan() -> list[Guard]:
    from triton import knobs

    from .front import in_environment

    return [
        (vars(knobs.compilation), "fpsan_homomorphic_casts"),
        in_environment("TRITON_FPSAN_HOMOMORPHIC_CASTS"),
    ]
