"""Dump the accumulators of the tensor cores; on Hopper they are waited for."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def matmul(a_ptr, b_ptr, c_ptr, N, K, M_TILE: tl.constexpr, N_TILE: tl.constexpr, K_TILE: tl.constexpr):
    rows = tl.program_id(0) * M_TILE + tl.arange(0, M_TILE)
    columns = tl.program_id(1) * N_TILE + tl.arange(0, N_TILE)
    inner = tl.arange(0, K_TILE)
    acc = tl.zeros([M_TILE, N_TILE], tl.float32)
    for k in range(0, K, K_TILE):
        a = tl.load(a_ptr + rows[:, None] * K + k + inner[None, :])
        b = tl.load(b_ptr + (k + inner[:, None]) * N + columns[None, :])
        acc = tl.dot(a, b, acc)
    tl.store(c_ptr + rows[:, None] * N + columns[None, :], acc)


def main():
    device = get_active_torch_device()
    m, n, k = 64, 96, 128
    a, b = torch.randn(m, k, device=device).half(), torch.randn(k, n, device=device).half()
    c = torch.empty(m, n, device=device)
    arguments = (a, b, c, n, k, 32, 32, 32)
    grid = (m // 32, n // 32)
    kernel = matmul[grid](*arguments)
    op = "ttng.warp_group_dot" if kernel.spec.target.arch.startswith("9") else "tt.dot"
    values = kernel.dump(op=op, level="ttgir")[grid](*arguments)
    value = next(iter(values.values()))
    print(value.source.layout, value)
    steps = value.tensor[0]  # [program y, program x, iteration, row, column]
    for step in range(k // 32):
        so_far = a[:, : 32 * (step + 1)].float() @ b[: 32 * (step + 1)].float()
        tiles = so_far.reshape(m // 32, 32, n // 32, 32).permute(2, 0, 1, 3)
        torch.testing.assert_close(steps[:, :, step], tiles, rtol=2e-3, atol=2e-3)
    print(f"matmul on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
