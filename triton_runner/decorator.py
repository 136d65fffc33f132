"""``@triton_runner.jit``: a jit function that is launched through ``torch.ops.triton_runner``, from any level.

Importing this file does not import Triton; decorating the first function does. The work is in ``launcher.py``. Tested
in tests/python/test_jit.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from triton_runner.errors import ArgumentError


def jit(
    fn: Callable[..., Any] | None = None,
    *,
    version: Any = None,
    repr: Callable[..., Any] | None = None,
    launch_metadata: Callable[..., Any] | None = None,
    do_not_specialize: Iterable[int | str] | None = None,
    do_not_specialize_on_alignment: Iterable[int | str] | None = None,
    debug: bool | None = None,
    noinline: bool | None = None,
) -> Any:
    """Decorator with the arguments of ``triton.jit``.

    The result launches as ``kernel[grid](*args, **kwargs)`` on the device of the tensors: on the GPU, or for CPU
    tensors in the CPU executor. Besides Triton's own keywords a launch takes ``ttir_dir, ttgir_dir, llir_dir, ptx_dir,
    cubin_dir, amdgcn_dir, hsaco_dir`` (a folder that holds ``<kernel name>.<level>``), ``ttir_src, ttgir_src, llir_src,
    ptx_src, amdgcn_src`` (text or a path) and ``metadata_json``; with MLIR also ``start_pass`` and the other edits of
    the passes (docs/passes.md). ``fn`` may also be a function that ``triton.jit`` or Gluon's ``jit`` has already
    decorated.
    """
    options = _options(locals())

    def decorate(function: Callable[..., Any]) -> Any:
        return _functions().make(function, gluon=False, **options)

    return decorate if fn is None else decorate(fn)


def gluon_jit(
    fn: Callable[..., Any] | None = None,
    *,
    version: Any = None,
    repr: Callable[..., Any] | None = None,
    launch_metadata: Callable[..., Any] | None = None,
    do_not_specialize: Iterable[int | str] | None = None,
    do_not_specialize_on_alignment: Iterable[int | str] | None = None,
    debug: bool | None = None,
    noinline: bool | None = None,
) -> Any:
    """The same for a function in Gluon, in place of ``gluon.jit``."""
    options = _options(locals())

    def decorate(function: Callable[..., Any]) -> Any:
        return _functions().make(function, gluon=True, **options)

    return decorate if fn is None else decorate(fn)


def get_file_dir(file: str) -> str:
    """The folder of ``file``, for ``ttir_dir=get_file_dir(__file__)``."""
    if not file:
        raise ArgumentError("get_file_dir() takes __file__ of the calling module, found an empty string")
    return str(Path(file).resolve().parent)


def _options(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "fn"}


def _functions() -> Any:
    from triton_runner.compiler.versions import adapter

    adapter()  # says which Triton is covered where this one is not
    from triton_runner import jit_function

    return jit_function
