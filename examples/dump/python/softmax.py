"""Dump the numerator of a softmax."""

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
    values = softmax.dump("power", op="math.exp")[grid](*arguments)
    value = next(iter(values.values()))
    print(value)
    want = (x - x.max(1, keepdim=True).values).exp()
    torch.testing.assert_close(value.tensor[0, 0, :, :columns], want)
    print(f"softmax on {device}: the dumped values are those of torch")


if __name__ == "__main__":
    main()
