"""Opens the libraries of the extension: the operators, and the binding ``_C`` on top of them.

Tested in tests/python/test_op.py and test_surroundings.py.
"""

from __future__ import annotations

from pathlib import Path

import torch

# The operators first: _C links to this library and finds it loaded.
torch.ops.load_library(Path(__file__).with_name("libtriton_runner.so"))

from triton_runner import _C  # noqa: E402


def _shorten_launch() -> None:
    """Let eager calls of our own op skip torch's argument parser and dispatcher (csrc/python/op_door.h)."""
    launch = torch.ops.triton_runner.launch
    for op in (launch, launch.default):
        if hasattr(op, "_op"):
            op._op = _C.op_door(op._op)


_shorten_launch()
