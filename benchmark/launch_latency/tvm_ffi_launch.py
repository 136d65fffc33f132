"""A cubin launched by TVM-FFI: a C++ function for one argument list, made as its cubin_launcher.h describes.

Needs apache-tvm-ffi and the CUDA headers of a toolkit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import tvm_ffi.cpp
from native import SCRATCH_SLOTS

SOURCE = """
#include <tvm/ffi/container/tensor.h>
#include <tvm/ffi/extra/c_env_api.h>
#include <tvm/ffi/extra/cuda/cubin_launcher.h>
#include <tvm/ffi/function.h>

TVM_FFI_EMBED_CUBIN(kernel);

void launch({parameters}) {{
  static auto kernel = TVM_FFI_EMBED_CUBIN_GET_KERNEL(kernel, "{name}");
  {values}
  void* args[] = {{{addresses}}};
  auto stream = static_cast<cudaStream_t>(TVMFFIEnvGetStream(kDLCUDA, {device}));
  TVM_FFI_CHECK_CUBIN_LAUNCHER_CUDA_ERROR(
      kernel.Launch(args, tvm::ffi::dim3({grid}), tvm::ffi::dim3({threads}), stream, {shared}));
}}
"""


def build(args: dict[str, Any], compiled: Any, grid: tuple[int, int, int]) -> Callable[..., None]:
    """The function that launches ``compiled`` (Triton's) with arguments like ``args``."""
    from torch.utils.cpp_extension import CUDA_HOME

    if CUDA_HOME is None:
        raise RuntimeError("there is no CUDA toolkit, whose headers it needs")
    metadata = compiled.metadata
    names = [f"v{index}" for index in range(len(args) + SCRATCH_SLOTS)]
    fields = [_field(name, value) for name, value in zip(names, args.values(), strict=False)]
    values = [code for _, code in fields] + [f"void* {name} = nullptr;" for name in names[len(args) :]]
    source = SOURCE.format(
        parameters=", ".join(parameter for parameter, _ in fields),
        name=metadata.name,
        values=" ".join(values),
        addresses=", ".join(f"&{name}" for name in names),
        device=torch.cuda.current_device(),
        grid=", ".join(map(str, grid)),
        threads=32 * metadata.num_warps,
        shared=metadata.shared,
    )
    module = tvm_ffi.cpp.load_inline(
        f"launch_{metadata.name}",
        cpp_sources=source,
        functions="launch",
        embed_cubin={"kernel": compiled.asm["cubin"]},
        extra_include_paths=[f"{CUDA_HOME}/include"],
        extra_ldflags=[f"-L{CUDA_HOME}/lib64", "-lcudart"],
    )
    return module.launch


def _field(name: str, value: Any) -> tuple[str, str]:
    """A parameter of the function, and the variable that the kernel's argument is read from."""
    if isinstance(value, torch.Tensor):
        return f"tvm::ffi::TensorView t{name}", f"void* {name} = t{name}.data_ptr();"
    if isinstance(value, float):
        return f"double t{name}", f"float {name} = static_cast<float>(t{name});"
    return f"int64_t t{name}", f"int32_t {name} = static_cast<int32_t>(t{name});"
