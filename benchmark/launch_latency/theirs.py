"""The other ways to launch the same kernel: the driver alone, Triton, torch's static launcher, and peers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import native
import torch
from cases import Case
from common.timing import statement
from native import Floor

FLOOR = "cuLaunchKernelEx from C++ (the floor)"
TRITON = "@triton.jit"
TRITON_TUNED = "@triton.autotune"


def launchers(case: Case, stream: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and maker of each row's ``run``. Needs a GPU."""
    import triton

    jit = triton.jit(case.function)
    # Fails in the row that needs it.
    compiled = cache(lambda: jit[case.grid](*case.args.values(), **case.constexprs))
    yield FLOOR, lambda: _floor(case, compiled(), stream)
    if case.changing:
        yield f"{FLOOR}, map as it is", lambda: _floor(case, compiled(), stream, encode=False)
    yield TRITON, lambda: statement(f"jit[grid]({case.call()})", {**case.names(), "jit": jit})
    tuned = case.tuned(triton.autotune, jit)
    yield TRITON_TUNED, lambda: statement(f"tuned[grid]({case.call()})", {**case.names(), "tuned": tuned})
    yield "Triton CompiledKernel.run", lambda: _compiled_kernel(case, compiled(), stream)
    yield "torch static launcher", lambda: _static_launcher(case, compiled(), stream)
    yield "cuda.core launch", lambda: _cuda_core(case, compiled(), stream)
    yield "TVM-FFI cubin launch", lambda: _tvm_ffi(case, compiled())


def _floor(case: Case, compiled: Any, stream: int, encode: bool = True) -> Callable[[int], float]:
    metadata = compiled.metadata
    floor = Floor(metadata, case.grid, list(case.args.values()), stream).load(compiled.asm["cubin"], metadata.name)
    for descriptors in case.changing.values():
        floor.turn([descriptor.base for descriptor in descriptors])
    return partial(floor.run, encode=encode and bool(case.changing))


def _compiled_kernel(case: Case, compiled: Any, stream: int) -> Callable[[int], float]:
    """As JITFunction.run ends: with the hooks, and with every argument, constexprs too."""
    from triton import knobs

    names = {
        **case.names(),
        "run": compiled.run,
        "function": compiled.function,
        "packed": compiled.packed_metadata,
        "enter": knobs.runtime.launch_enter_hook,
        "exit": knobs.runtime.launch_exit_hook,
        "stream": stream,
    }
    args = ", ".join(filter(None, [case.positional(), *case.constexprs]))
    return statement(f"run(*grid, stream, function, packed, None, enter, exit, {args})", names)


def _static_launcher(case: Case, compiled: Any, stream: int) -> Callable[[int], float]:
    """What torch.compile launches Triton kernels with."""
    try:
        from torch._inductor.runtime.static_triton_launcher import StaticallyLaunchedCudaKernel
    except ImportError:  # up to torch 2.10
        from torch._inductor.runtime.static_cuda_launcher import StaticallyLaunchedCudaKernel

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(compiled.asm["cubin"])
        compiled._cubin_path = str(path)
        launcher = StaticallyLaunchedCudaKernel(compiled)
        launcher.load_kernel(torch.cuda.current_device())
    code = f"run(*grid, stream, {case.positional()})"
    return statement(code, {**case.names(), "run": launcher.run, "stream": stream})


def _cuda_core(case: Case, compiled: Any, stream: int) -> Callable[[int], float]:
    """With addresses asked of the tensors at each launch, since it takes no tensors, and numbers typed ahead."""
    _refuse_descriptors(case)
    try:
        from cuda.core import Device, LaunchConfig, ObjectCode, Stream, launch
    except ImportError:  # before 1.0
        from cuda.core.experimental import Device, LaunchConfig, ObjectCode, Stream, launch

    device = Device(torch.cuda.current_device())
    device.set_current()
    kernel = ObjectCode.from_cubin(compiled.asm["cubin"]).get_kernel(compiled.metadata.name)
    threads = 32 * compiled.metadata.num_warps
    names = {
        **{name: _typed(value) for name, value in case.args.items()},
        "launch": launch,
        "stream": Stream.from_handle(stream) if stream else device.default_stream,
        "config": LaunchConfig(grid=case.grid, block=(threads, 1, 1), shmem_size=compiled.metadata.shared),
        "kernel": kernel,
    }
    pointers = [f"{name}.data_ptr()" if isinstance(value, torch.Tensor) else name for name, value in case.args.items()]
    args = ", ".join([*pointers, *["0"] * native.SCRATCH_SLOTS])
    return statement(f"launch(stream, config, kernel, {args})", names)


def _typed(value: Any) -> Any:
    return value if isinstance(value, torch.Tensor) else native.parameter(value)


def _tvm_ffi(case: Case, compiled: Any) -> Callable[[int], float]:
    _refuse_descriptors(case)
    import tvm_ffi_launch

    launch = tvm_ffi_launch.build(case.args, compiled, case.grid)
    return statement(f"launch({case.positional()})", {**case.names(), "launch": launch})


def _refuse_descriptors(case: Case) -> None:
    if any(hasattr(value, "block_shape") for value in case.args.values()):
        raise NotImplementedError("takes no tensor descriptor")
