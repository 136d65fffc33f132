"""Runs a Triton kernel from any level of its compilation as a PyTorch op, on an NVIDIA GPU or on the CPU.

Importing this touches no driver and no Triton, sets no environment variable and changes nothing that belongs to others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# The order matters: whatever follows needs the library that `native` opens.
from triton_runner import errors, native
from triton_runner.kernel import Kernel
from triton_runner.loader import load
from triton_runner.version import __version__

if TYPE_CHECKING:
    from triton_runner.backend import configure_jit_backend as configure_jit_backend
    from triton_runner.backend import restore_jit_backend as restore_jit_backend
    from triton_runner.bisection import bisect as bisect
    from triton_runner.compiler.pipeline import compile as compile
    from triton_runner.decorator import get_file_dir as get_file_dir
    from triton_runner.decorator import gluon_jit as gluon_jit
    from triton_runner.decorator import jit as jit
    from triton_runner.divergence import compare as compare
    from triton_runner.inductor import inductor_kernels as inductor_kernels
    from triton_runner.messages import set_launch_message as set_launch_message
    from triton_runner.named_op import load_ops as load_ops
    from triton_runner.named_op import register_op as register_op
    from triton_runner.named_op import save_ops as save_ops
    from triton_runner.pass_list import passes as passes
    from triton_runner.tuning.backend import configure_autotune_backend as configure_autotune_backend
    from triton_runner.tuning.backend import restore_autotune_backend as restore_autotune_backend
    from triton_runner.tuning.config import Config as Config
    from triton_runner.tuning.decorators import autotune as autotune

# Imported at first use: the front of the compiler costs time that a program which only loads and launches need not
# pay. No submodule has the name of an entry, since importing it would put the module in its place.
_LAZY = {
    "Config": "triton_runner.tuning.config",
    "autotune": "triton_runner.tuning.decorators",
    "bisect": "triton_runner.bisection",
    "compare": "triton_runner.divergence",
    "compile": "triton_runner.compiler.pipeline",
    "configure_autotune_backend": "triton_runner.tuning.backend",
    "configure_jit_backend": "triton_runner.backend",
    "get_file_dir": "triton_runner.decorator",
    "gluon_jit": "triton_runner.decorator",
    "inductor_kernels": "triton_runner.inductor",
    "jit": "triton_runner.decorator",
    "load_ops": "triton_runner.named_op",
    "passes": "triton_runner.pass_list",
    "register_op": "triton_runner.named_op",
    "restore_autotune_backend": "triton_runner.tuning.backend",
    "restore_jit_backend": "triton_runner.backend",
    "save_ops": "triton_runner.named_op",
    "set_launch_message": "triton_runner.messages",
}

__all__ = ["Kernel", "__version__", "errors", "load", *_LAZY]


def __getattr__(name: str) -> Any:
    if name in ("color_print", "torch_utils"):
        import importlib

        return importlib.import_module(f"triton_runner.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'triton_runner' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
