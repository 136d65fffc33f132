"""Triton's hooks, called where Triton calls them: around a compile, the load of a module, and a launch.

Which hooks there are, and what they are handed, is Triton's; the adapter finds them. Tested in
tests/python/test_hooks.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from triton_runner import _C
from triton_runner.compiled_kernel import CompiledKernel
from triton_runner.compiler.versions import adapter
from triton_runner.kernel import Kernel

Device = tuple[bool, int]  # whether it is a CUDA device, and its index


class CompileHooks:
    """The hooks before and after the compile of one specialization."""

    def __init__(self, function: Any, backend: Any, arguments: Sequence[Any], device: Device, warmup: bool) -> None:
        self._before, self._after = adapter().compile_hooks()
        self._function = function
        self._arguments = (*arguments, device[1], warmup)
        self._backend = backend

    def refuse(self) -> bool:
        """Call the one before; True where it says that nothing is to be compiled."""
        return bool(self._call(self._before))

    def done(self) -> None:
        """Call the one after."""
        self._call(self._after)

    def _call(self, hook: Any) -> Any:
        if not hook:
            return None
        key, signature, constexprs, attrs, options, device, warmup = self._arguments
        parsed = adapter().parse_options(self._backend, options)
        told = (key, signature, constexprs, attrs, device, warmup)
        return adapter().call_compile_hook(hook, self._function, self._backend, parsed, told)


def load(kernel: CompiledKernel, device: Device) -> None:
    """Load a kernel for its first launch, with the hooks around that. Without hooks the launch itself loads it."""
    hooks = adapter().load_hooks()
    if hooks is None:
        return
    start, end = hooks
    files = {path.name: str(path) for path in kernel.folder.iterdir()} if kernel.folder else {}
    start(None, None, kernel.name, files, kernel.hash)
    _C.preload(kernel.key, *device)
    end(*_C.handles(kernel.key, *device), kernel.name, files, kernel.hash)


@contextlib.contextmanager
def around_launch(function: Any, kernel: Kernel, grid: Any, bound: Mapping[str, Any], device: Device) -> Iterator[None]:
    """Call the hooks before and after the launch in the body."""
    hooks = adapter().launch_hooks()
    if hooks is None:
        yield
        return
    enter, leave = hooks
    on_cuda, index = device
    stream = torch.cuda.current_stream(index).cuda_stream if on_cuda else None
    _C.preload(kernel.key, *device)
    values = {"name": kernel.spec.name, "function": _C.handles(kernel.key, *device)[1], "stream": stream}
    metadata = adapter().lazy_metadata(values)
    if function.launch_metadata is not None and isinstance(kernel, CompiledKernel):
        metadata.add(function.launch_metadata, (grid, kernel.metadata, dict(bound)))
    enter(metadata)
    yield
    leave(metadata)
