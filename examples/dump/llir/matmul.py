"""The accumulators of a matrix product in LLVM IR: each field of the struct that an mma gives, in every iteration."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def matmul(a_ptr, b_ptr, c_ptr, k, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    rows, columns, inner = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    acc = tl.zeros([M, N], dtype=tl.float32)
    for start in range(0, k, K):
        a = tl.load(a_ptr + rows[:, None] * k + (start + inner)[None, :])
        b = tl.load(b_ptr + (start + inner)[:, None] * N + columns[None, :])
        acc = tl.dot(a, b, acc)
    tl.store(c_ptr + rows[:, None] * N + columns[None, :], acc)


def main():
    device = get_active_torch_device()
    m, n, step, steps = 16, 8, 16, 3
    k = step * steps
    a = torch.randint(-3, 4, (m, k), device=device).half()
    b = torch.randint(-3, 4, (k, n), device=device).half()
    c = torch.empty(m, n, device=device)
    signature = {"a_ptr": "*fp16:16", "b_ptr": "*fp16:16", "c_ptr": "*fp32:16", "k": "i32"}
    kernel = triton_runner.compile(
        matmul,
        signature=signature,
        constexprs={"M": m, "N": n, "K": step},
        options={"num_warps": 1, "num_stages": 1},
        target="sm_80",
        to="ptx",
    )

    # The mma is inline assembly that gives { float, float, float, float }: %5#0, %5#1, %5#2, %5#3.
    fields = [slot.name for slot in kernel.dumpable("llir") if slot.op == "asm" and slot.element == "fp32"]
    dumps = list(kernel.dump(*fields, level="llir")[(1,)](a, b, c, k).values())
    assert len(dumps) == 4
    thread = torch.arange(32, device=device)
    partial = torch.stack([a[:, : step * (i + 1)].float() @ b[: step * (i + 1)].float() for i in range(steps)])
    for number, dump in enumerate(dumps):
        print(dump)
        row = thread // 4 + 8 * (number // 2)
        column = 2 * (thread % 4) + number % 2
        assert torch.equal(dump.tensor[0, 0, 0], partial[:, row, column].T)
    assert torch.equal(c, partial[-1])
    print(f"accumulators of {steps} iterations in LLVM IR on {device}: equal to torch")


if __name__ == "__main__":
    main()
