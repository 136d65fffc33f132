"""Finds the pass that breaks a kernel, or makes it slower or larger. See ``search.bisect`` and docs/bisect.md.

``subject`` knows the kernel and its arguments, ``pipelines`` lowers the module after each pass in another way,
``judges`` says what is wrong with what came out, ``search`` draws the conclusion, ``result`` holds it.
"""

from triton_runner.bisection.result import BisectResult, Point
from triton_runner.bisection.search import bisect

__all__ = ["BisectResult", "Point", "bisect"]
