"""What differs between Triton versions in ``triton.autotune`` and ``triton.Config``, told by what they take.

Like the adapters this imports Triton and the standard library only. Tested in tests/python/test_autotune_surface.py.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

import triton
from triton.runtime.autotuner import Autotuner


@functools.cache
def parameters() -> frozenset[str]:
    """The arguments of ``triton.autotune``."""
    return frozenset(inspect.signature(triton.autotune).parameters)


@functools.cache
def config_defaults() -> dict[str, Any]:
    """The options of ``triton.Config`` beside the constants, and what they are by default."""
    options = list(inspect.signature(triton.Config.__init__).parameters.values())[2:]
    return {option.name: option.default for option in options}


def construct(autotuner: Any, function: Any, **settings: Any) -> None:
    """``Autotuner.__init__``, without a look for a GPU to measure on."""
    # Without one of ours, 3.2 and 3.3 ask the driver for a benchmark at once.
    own = {"do_bench": _measured_elsewhere} if "do_bench" in parameters() else {}
    Autotuner.__init__(autotuner, function, function.arg_names, **settings, **own)


def _measured_elsewhere(call: Any, quantiles: Any) -> Any:
    raise NotImplementedError("triton_runner measures the configs of this function itself")


def key_names(autotuner: Any) -> list[str]:
    """The arguments whose values decide on a config."""
    if hasattr(autotuner, "keys"):
        return list(autotuner.keys)
    return [autotuner.arg_names[index] for index in autotuner.key_idx]


def zeroed_names(autotuner: Any) -> list[str]:
    """The arguments of ``reset_to_zero``."""
    if hasattr(autotuner, "reset_to_zero"):
        return list(autotuner.reset_to_zero)
    return [autotuner.arg_names[index] for index in autotuner.reset_idx]


def own_benchmark(autotuner: Any) -> Any:
    """The ``do_bench`` that the user gave to ``triton.autotune``; None where it is Triton's own."""
    if autotuner.use_cuda_graph or autotuner.num_warmups is not None or autotuner.num_reps is not None:
        return None  # Triton has put a closure of its own there; before 3.2 there is no other way
    found = vars(autotuner).get("_do_bench", vars(autotuner).get("do_bench"))
    return None if getattr(found, "__module__", "").startswith("triton.") else found


def reset(autotuner: Any, arguments: Mapping[str, Any], *, only: bool = False) -> None:
    """The hook before a launch that is measured."""
    autotuner.pre_hook(_for_hook(arguments, autotuner), **({"reset_only": True} if only else {}))


def restore(autotuner: Any, arguments: Mapping[str, Any], error: BaseException | None) -> None:
    """The hook after a launch that is measured."""
    autotuner.post_hook(_for_hook(arguments, autotuner), exception=error)


def measure(call: Any, warmup: float, rep: float, graph: bool, quantiles: Sequence[float]) -> Any:
    """Triton's benchmark of a launch on the GPU: milliseconds."""
    from triton import testing

    if not graph:
        return testing.do_bench(call, warmup=warmup, rep=rep, quantiles=list(quantiles))
    taken = inspect.signature(testing.do_bench_cudagraph).parameters
    return testing.do_bench_cudagraph(call, rep=rep, **({"quantiles": list(quantiles)} if "quantiles" in taken else {}))


def _for_hook(arguments: Mapping[str, Any], autotuner: Any) -> Any:
    # Before 3.2 these hooks take the positional arguments.
    if "do_bench" in parameters():
        return dict(arguments)
    return [arguments[name] for name in autotuner.arg_names if name in arguments]


def prunes(autotuner: Any) -> bool:
    return bool(autotuner.early_config_prune or autotuner.perf_model)


def prune(autotuner: Any, arguments: Mapping[str, Any], keywords: dict[str, Any]) -> Sequence[Any]:
    """The configs that ``prune_configs_by`` leaves."""
    autotuner.nargs = dict(arguments)
    try:
        return list(autotuner.prune_configs(keywords))
    finally:
        autotuner.nargs = None


def prints() -> bool:
    """Whether Triton is told to print what it tunes."""
    return os.environ.get("TRITON_PRINT_AUTOTUNING", "") not in ("", "0")
