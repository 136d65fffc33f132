"""From PTX that Triton made, given as text in the launch: a tl.dot matmul, with ldmatrix, cp.async and mma.sync."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def matmul(a_ptr, b_ptr, c_ptr, M, N, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr):
    row = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        a = tl.load(a_ptr + row[:, None] * K + (start + inner)[None, :])
        b = tl.load(b_ptr + (start + inner)[:, None] * N + column[None, :])
        total = tl.dot(a, b, total)
    tl.store(c_ptr + row[:, None] * N + column[None, :], total)


def main():
    device = get_active_torch_device()
    M, N, K = 64, 96, 128
    blocks = {"BLOCK_M": 32, "BLOCK_N": 32, "BLOCK_K": 32}
    a, b = torch.randn(M, K, device=device).half(), torch.randn(K, N, device=device).half()
    c = torch.empty(M, N, device=device)
    signature = dict.fromkeys(("a_ptr", "b_ptr"), "*fp16:16") | {"c_ptr": "*fp32:16"} | dict.fromkeys("MNK", "i32:16")
    made = triton_runner.compile(matmul, signature=signature, constexprs=blocks, to="ptx")
    grid = (M // blocks["BLOCK_M"], N // blocks["BLOCK_N"])
    matmul[grid](a, b, c, M, N, K, **blocks, ptx_src=made.artifacts["ptx"], metadata_json=made.metadata)
    torch.testing.assert_close(c, a.float() @ b.float(), rtol=1e-4, atol=1e-3)
    print(f"matmul.ptx on {device}: agrees with torch")


if __name__ == "__main__":
    main()
