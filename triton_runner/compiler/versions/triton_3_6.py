"""Triton 3.6: what ``stages.py`` and ``front.py`` say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .front import Front
from .stages import Stages


class Adapter(Front, Stages):
    def kernel_key(self, specialization: Sequence[Any], options: Mapping[str, Any]) -> str:
        return super().kernel_key(specialization, options) + "".join(self.pipeline_key())
