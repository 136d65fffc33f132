"""Makes existing ``@triton.jit`` code and ``triton.compile`` go through triton_runner, and puts everything back.

Of Triton three things are replaced while configured: ``JITFunction.run`` and ``JITFunction.__getitem__``, which
functions decorated before and after share, and ``compile`` in the modules that hold it. What is replaced of torch's
inductor, ``inductor.py`` says. Tested in tests/python/test_backend.py and test_inductor.py.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from triton_runner.compiler.versions import adapter
from triton_runner.replacements import Replacements

logger = logging.getLogger(__name__)

_COMPILE_HOLDERS = ("triton", "triton.compiler", "triton.compiler.compiler")
_lock = threading.Lock()
_replaced = Replacements()  # empty while not configured


def configure_jit_backend(edited: str | os.PathLike[str] | None = None) -> None:
    """Send every launch of a ``@triton.jit`` or Gluon function, and ``triton.compile``, through triton_runner.

    Functions that are already decorated are included, and so are the kernels that ``torch.compile`` generates from now
    on. Calling it again changes nothing.

    Args:
        edited: a folder with copies of cache entries of inductor's kernels. A file in it that was edited is run in
            place of the cache's (docs/models.md).
    """
    adapter()
    from triton.runtime.jit import JITFunction

    from triton_runner import inductor

    with _lock:
        if _replaced:
            return
        inductor.take_edits(edited)
        _replaced.replace(JITFunction, "run", _run)
        _replaced.replace(JITFunction, "__getitem__", _getitem)
        for name in _COMPILE_HOLDERS:
            _replaced.replace(importlib.import_module(name), "compile", _compile)
        inductor.install(_replaced.replace)
    logger.info("triton.jit and triton.compile now go through triton_runner")


def restore_jit_backend() -> None:
    """Undo ``configure_jit_backend``. Calling it without that changes nothing."""
    with _lock:
        if not _replaced:
            return
        _replaced.undo()
        from triton_runner import inductor, launcher

        launcher.forget_all()
        inductor.forget_loaded()


def _run(self: Any, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> Any:
    from triton_runner import launcher

    door = launcher.door_of(self)
    if warmup:
        return launcher.run(self, args, kwargs, grid=grid, warmup=True, door=door.door)
    return door.at(grid)(*args, **kwargs)


def _getitem(self: Any, grid: Any) -> Any:
    from triton_runner import launcher

    return launcher.door_of(self).at(grid)


def _compile(src: Any, target: Any = None, options: Mapping[str, Any] | None = None, _env_vars: Any = None) -> Any:
    # _env_vars is how Triton hands a worker thread the environment of its caller; threads of ours share one
    # environment.
    from triton_runner.compiler.pipeline import compile

    return compile(src, target=target, options=options)
