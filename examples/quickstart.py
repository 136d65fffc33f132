"""`make demo`: one Triton matmul, compiled once to every level, then launched from each level as a torch op.

Without a GPU the tensors are CPU tensors, and the CPU driver executes the PTX that Triton made for sm_80. With one they
are CUDA tensors, and the table has a row for the cubin. "Compile" goes from the level to what the device loads, loading
included. The exit status is 1 where a level's result differs from torch.matmul by more than the bound.
"""

import os
import statistics
import sys
import tempfile
import time
from functools import partial

import torch
import triton
import triton.language as tl
from rich.console import Console
from rich.table import Table

import triton_runner
from triton_runner.torch_utils import get_active_torch_device, get_grid_dim

M, N, K = 256, 192, 128
BLOCKS = {"BLOCK_M": 64, "BLOCK_N": 64, "BLOCK_K": 32}
# Products of fp16 are exact in fp32; what is left is the order and the rounding of K additions of values near sqrt(K).
BOUND = 1e-3
LAUNCHES = 5


@triton_runner.jit
def matmul(
    a_ptr, b_ptr, c_ptr, M, N, K, stride_a, stride_b, stride_c,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    a_tile = a_ptr + row[:, None] * stride_a + inner[None, :]
    b_tile = b_ptr + inner[:, None] * stride_b + column[None, :]
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        a = tl.load(a_tile + start, mask=(row[:, None] < M) & (inner[None, :] < K - start), other=0.0)
        b = tl.load(b_tile + start * stride_b, mask=(inner[:, None] < K - start) & (column[None, :] < N), other=0.0)
        total = tl.dot(a, b, total)
    tl.store(c_ptr + row[:, None] * stride_c + column[None, :], total, mask=(row[:, None] < M) & (column[None, :] < N))


def timed(action):
    """What `action` returns, and how many seconds it took, the device's work included."""
    start = time.perf_counter()
    result = action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result, time.perf_counter() - start


def compile_from(level, whole, arguments, target, image):
    """Makes a kernel from Python, or from what `whole` has at `level`, all the way to `image`, and loads it."""
    if level == "python":
        kernel = matmul.warmup(*arguments, **BLOCKS, grid=(1,))
    elif level in ("ptx", "cubin"):  # the device's driver takes these as they are
        kernel = triton_runner.load(whole.artifacts[level], level=level, metadata=whole.spec.to_json())
    else:
        kernel = triton_runner.compile(
            whole.artifacts[level], level=level, metadata=whole.spec.to_json(), to=image, target=target
        )
    return kernel.preload(arguments[0].device)


def launch_from(kernel, arguments):
    """Launches through the op; returns the median time of a launch in seconds."""
    a, b, c, *ints = arguments
    grid = [*get_grid_dim((M, N), (BLOCKS["BLOCK_M"], BLOCKS["BLOCK_N"])), 1]

    def launch():
        torch.ops.triton_runner.launch(kernel.key, [a, b], [c], ints, [], grid)

    launch()
    return statistics.median(timed(launch)[1] for _ in range(LAUNCHES))


def run_levels(levels, target, image, a, b):
    """A row for each level: its name, bytes of its artifact, seconds to compile and to launch, largest error."""
    expected = torch.matmul(a.float(), b.float())
    c = torch.empty(M, N, device=a.device)
    arguments = (a, b, c, M, N, K, a.stride(0), b.stride(0), c.stride(0))
    whole = None
    for level in levels:
        kernel, compile_seconds = timed(partial(compile_from, level, whole, arguments, target, image))
        whole = whole or kernel
        c.fill_(float("nan"))
        launch_seconds = launch_from(kernel, arguments)
        error = (c - expected).abs().max().item()
        artifact = whole.artifacts.get(level, "")
        size = len(artifact.encode() if isinstance(artifact, str) else artifact)
        yield level, size, compile_seconds, launch_seconds, error


def show(rows):
    table = Table(title=f"matmul {M}×{K} @ {K}×{N}, fp16 in, fp32 accumulate, against torch.matmul")
    for heading in ("level", "artifact bytes", "compile ms (cold)", "launch ms", "largest error"):
        table.add_column(heading, justify="left" if heading == "level" else "right")
    for level, size, compile_seconds, launch_seconds, error in rows:
        bytes_shown = f"{size:,}" if size else "—"
        table.add_row(level, bytes_shown, f"{compile_seconds * 1e3:.1f}", f"{launch_seconds * 1e3:.3f}", f"{error:.1e}")
    Console().print(table)


def main():
    device = get_active_torch_device()
    on_gpu = device.type == "cuda"
    target = "sm_{}{}".format(*torch.cuda.get_device_capability(device)) if on_gpu else "sm_80"
    image = "cubin" if on_gpu else "ptx"
    levels = ["python", "ttir", "ttgir", "llir", "ptx"] + (["cubin"] if on_gpu else [])
    print(f"device {device}, target {target}, Triton {triton.__version__}, torch {torch.__version__}")

    generator = torch.Generator().manual_seed(0)
    a = torch.randn(M, K, generator=generator).half().to(device)
    b = torch.randn(K, N, generator=generator).half().to(device)
    with tempfile.TemporaryDirectory() as empty:
        os.environ["TRITON_RUNNER_CACHE_DIR"] = empty  # so that each compile time is that of a cold cache
        rows = list(run_levels(levels, target, image, a, b))

    show(rows)
    errors = [error for *_, error in rows]
    good = all(error <= BOUND for error in errors)  # a NaN is not
    print(f"largest error {max(errors):.1e}, bound {BOUND:.0e}: {'ok' if good else 'TOO LARGE'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
