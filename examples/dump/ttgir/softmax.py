"""Dump all values of one dialect of TTGIR, here math."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def softmax(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row, column = tl.program_id(0), tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    largest = tl.max(x, axis=0)
    power = tl.exp(x - largest)
    total = tl.sum(power, axis=0)
    tl.store(out_ptr + row * columns + column, power / total, mask=column < columns)


def main():
    device = get_active_torch_device()
    rows, columns = 5, 300
    x = torch.randn(rows, columns, device=device)
    out = torch.empty_like(x)
    arguments = (x, out, columns, 512)
    grid = (rows,)
    kernel = softmax[grid](*arguments)
    values = kernel.dump("math", level="ttgir")[grid](*arguments)
    value = values[next(name for name in values if values[name].source.op == "math.exp")]
    print(value)
    want = (x - x.max(1, keepdim=True).values).exp()
    torch.testing.assert_close(value.tensor[0, 0, :, :columns], want)
    print(f"softmax on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
