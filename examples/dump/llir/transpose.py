"""A transposed tile in LLVM IR: what each thread reads back from shared memory, in its new place."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def transpose(x_ptr, out_ptr, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    row, column = tl.arange(0, ROWS), tl.arange(0, COLUMNS)
    tile = tl.load(x_ptr + row[:, None] * COLUMNS + column[None, :])
    tl.store(out_ptr + column[:, None] * ROWS + row[None, :], tl.trans(tile))


def main():
    device = get_active_torch_device()
    rows, columns = 16, 8
    x, out = torch.randn(rows, columns, device=device), torch.empty(columns, rows, device=device)
    # 128 threads and 128 elements: one each. Ahead of the store the tile goes through shared memory.
    dumps = list(transpose.dump("load", level="llir")[(1,)](x, out, rows, columns).values())
    value = dumps[-1]
    print(value)
    # Bits that are only moved have no type: they come as integers.
    assert torch.equal(value.tensor[0, 0, 0].view(torch.float32).flatten(), x.T.flatten())
    assert torch.equal(out, x.T)
    print(f"a transposed tile in LLVM IR on {device}: equal to torch")


if __name__ == "__main__":
    main()
