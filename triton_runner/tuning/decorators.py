"""``@triton_runner.autotune``. Importing this file imports no Triton, and ``autotune(dir=...)`` needs none.

Tested in tests/python/test_autotune.py and test_autotune_export.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from triton_runner.errors import ArgumentError


def autotune(
    configs: Sequence[Any] | None = None,
    key: Sequence[str] | None = None,
    prune_configs_by: Mapping[str, Any] | None = None,
    reset_to_zero: Sequence[str] | None = None,
    restore_value: Sequence[str] | None = None,
    pre_hook: Callable[..., Any] | None = None,
    post_hook: Callable[..., Any] | None = None,
    warmup: float | None = None,
    rep: float | None = None,
    use_cuda_graph: bool = False,
    do_bench: Callable[..., Any] | None = None,
    cache_results: bool | None = None,
    *,
    reference: Callable[[dict[str, Any]], Any] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    check: bool = True,
    progress: bool | None = None,
    dir: str | PathLike[str] | None = None,
) -> Any:
    """Decorator with the arguments of ``triton.autotune``, for a jit function; docs/autotune.md.

    Args:
        configs: ``triton.Config`` or ``triton_runner.Config``; one may name an artifact (``autotune_cubin_dir=`` ...).
        key: arguments whose values decide on the config, as in Triton.
        cache_results: ``False`` measures anew in each process. Otherwise a result is kept on disk.
        reference: called with the arguments by name, before the first launch; returns the expected outputs (a tensor
            for each, or a dict by name), or writes them into its arguments and returns None. Without it the first
            config that works is the reference for the others.
        rtol, atol: as torch.testing.assert_close takes them; without both a tolerance follows from the dtype and the
            values.
        check: ``False`` times configs without looking at what they compute.
        progress: whether to draw a progress bar; without it where there is a terminal.
        dir: a folder that ``kernel.tuned.export`` wrote: its kernels run, nothing is measured, and Triton is not
            needed. Then configs and key may be left out, and what is decorated may be a plain function of that name, or
            the result launches as it is.

    Raises:
        CompileError: at the launch, where none of the configs can be used.
    """
    if dir is not None:
        from triton_runner.tuning.shipped import Shipped

        return Shipped(dir)
    if configs is None or key is None:
        raise ArgumentError("autotune takes configs and key, or the dir that kernel.tuned.export wrote")
    triton_arguments = {
        "configs": list(configs),
        "key": list(key),
        "prune_configs_by": prune_configs_by,
        "reset_to_zero": reset_to_zero,
        "restore_value": restore_value,
        "pre_hook": pre_hook,
        "post_hook": post_hook,
    }

    def decorate(function: Any) -> Any:
        from triton_runner.compiler.versions import adapter

        adapter()  # says which Triton is covered where this one is not
        from triton_runner.tuning.autotuner import RunnerAutotuner
        from triton_runner.tuning.search import Settings
        from triton_runner.tuning.timing import Timer

        timer = Timer(warmup, rep, use_cuda_graph, do_bench)
        persist = cache_results is not False
        settings = Settings(timer, reference, rtol, atol, check, persist, progress)
        return RunnerAutotuner(function, settings, triton_arguments)

    return decorate
