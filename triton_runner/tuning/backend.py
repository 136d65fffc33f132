"""Makes existing ``@triton.autotune`` code go through triton_runner, and puts everything back.

Four things of Triton are replaced while configured: ``Autotuner.run``, ``warmup`` and ``__getitem__``, which functions
decorated before and after share, and ``Config.__init__``, which then takes ``autotune_cubin_dir=`` and the like. An
Autotuner also gains ``tuned``. Tested in tests/python/test_autotune_backend.py.
"""

from __future__ import annotations

import functools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

from triton_runner.compiler.versions import adapter
from triton_runner.replacements import Replacements

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_replaced = Replacements()
_tuned: list[weakref.ref[Any]] = []  # Autotuners of Triton that have a tuner of ours


def configure_autotune_backend() -> None:
    """Tune and launch every ``@triton.autotune`` function through triton_runner, those already decorated included.

    Their jit functions are then launched by triton_runner too. Calling it again changes nothing.
    """
    adapter()
    import triton
    from triton.runtime.autotuner import Autotuner

    with _lock:
        if _replaced:
            return
        _replaced.replace(Autotuner, "run", _run)
        _replaced.replace(Autotuner, "warmup", _warmup)
        _replaced.replace(Autotuner, "__getitem__", lambda self, grid: _tuner(self).at(grid))
        _replaced.replace(Autotuner, "tuned", property(lambda self: _tuner(self).tuned))
        _replaced.replace(triton.Config, "__init__", _with_artifacts(triton.Config.__init__))
    logger.info("triton.autotune now goes through triton_runner")


def restore_autotune_backend() -> None:
    """Undo ``configure_autotune_backend``. Calling it without that changes nothing."""
    from triton_runner.tuning import tuner

    with _lock:
        _replaced.undo()
        for reference in _tuned:
            if (autotuner := reference()) is not None:
                tuner.forget(autotuner)
        _tuned.clear()


def _tuner(autotuner: Any) -> Any:
    from triton_runner.tuning import tuner

    return tuner.tuner_of(autotuner, lambda: _settings(autotuner))


def _settings(autotuner: Any) -> Any:
    """What the function was decorated with."""
    from triton_runner.compiler.versions import autotuning
    from triton_runner.tuning.search import Settings
    from triton_runner.tuning.timing import Timer

    _tuned.append(weakref.ref(autotuner))
    own = autotuning.own_benchmark(autotuner)
    return Settings(Timer(autotuner.num_warmups, autotuner.num_reps, autotuner.use_cuda_graph, own))


def _run(self: Any, *args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> Any:
    found = _tuner(self)
    return found.warmup(grid, args, kwargs) if warmup else found.at(grid)(*args, **kwargs)


def _warmup(self: Any, *args: Any, grid: Any = None, **kwargs: Any) -> Any:
    kwargs.pop("warmup", None)
    return _tuner(self).warmup(grid, args, kwargs)


def _with_artifacts(original: Callable[..., None]) -> Callable[..., None]:
    """``Config.__init__`` that also takes the keywords of an artifact."""
    from triton_runner.tuning.config import ARTIFACT_KEYWORDS, check_options

    @functools.wraps(original)
    def init(self: Any, kwargs: Any, *positional: Any, **options: Any) -> None:
        named = {name: options.pop(name) for name in ARTIFACT_KEYWORDS if name in options}
        check_options(options)
        original(self, {**kwargs, **named}, *positional, **options)

    return init
