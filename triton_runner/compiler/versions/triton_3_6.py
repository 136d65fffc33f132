"""Triton 3.6: what ``stages.py`` and ``front.py`` say."""

from .front import Front
from .stages import Stages


class Adapter(Front, Stages):
    pass
