"""Softmax in PTX: the exponentials and the quotients of every thread, in every row that its program works on."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def softmax(x_ptr, out_ptr, rows, columns, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    for row in range(tl.program_id(0), rows, tl.num_programs(0)):
        x = tl.load(x_ptr + row * columns + i, mask=i < columns, other=-float("inf"))
        exponential = tl.exp(x - tl.max(x, axis=0))
        tl.store(out_ptr + row * columns + i, exponential / tl.sum(exponential, axis=0), mask=i < columns)


def main():
    device = get_active_torch_device()
    rows, columns, programs = 7, 100, 3
    x, out = torch.randn(rows, columns, device=device), torch.empty(rows, columns, device=device)

    # One element a thread: 128 threads, 128 columns. Programs have three rows or two: valid tells which.
    dumps = softmax.dump("ex2", "div", level="ptx")[(programs,)](x, out, rows, columns, BLOCK=128)
    exponential, quotient = dumps.values()
    print(exponential)
    print(quotient)

    for row in range(rows):
        program, iteration = row % programs, row // programs
        assert exponential.valid[0, 0, program, :, iteration].all()
        torch.testing.assert_close(
            exponential.tensor[0, 0, program, :columns, iteration], torch.exp(x[row] - x[row].max())
        )
        torch.testing.assert_close(quotient.tensor[0, 0, program, :columns, iteration], torch.softmax(x[row], 0))
    assert not exponential.valid[0, 0, 1:, :, 2].any()
    torch.testing.assert_close(out, torch.softmax(x, 1))
    print(f"softmax in PTX on {device}: agrees with torch")


if __name__ == "__main__":
    main()
