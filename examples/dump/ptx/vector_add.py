"""The sums of a vector addition, as the registers of each thread hold them, beside the addresses that they go to."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.load(x_ptr + i, mask=i < n) + tl.load(y_ptr + i, mask=i < n)
    tl.store(out_ptr + i, total, mask=i < n)


def main():
    device = get_active_torch_device()
    n, block = 1000, 256
    grid = (-(-n // block),)
    x, y = torch.randn(n, device=device), torch.randn(n, device=device)
    out = torch.zeros(grid[0] * block, device=device)

    # level= asks for the registers of the PTX that the Python kernel compiles to.
    dumps = add.dump("add.f32", "add.s64", level="ptx")[grid](x, y, out, n, BLOCK=block)
    sums = [dump.tensor for dump in dumps.values() if dump.source.op == "add.f32"]
    first, last = out.data_ptr(), out.data_ptr() + 4 * out.numel()
    inside = [d.tensor for d in dumps.values() if bool(((d.tensor >= first) & (d.tensor < last)).all())]
    addresses = [a for a in inside if a.dtype == torch.int64]
    print(f"{len(sums)} sums a thread: {', '.join(str(list(each.shape)) for each in sums)}")
    assert len(sums) == len(addresses) > 0

    gathered = torch.zeros_like(out)
    for total, address in zip(sums, addresses, strict=True):
        gathered[(address - first) // 4] = total
    assert torch.equal(gathered[:n], x + y)
    assert torch.equal(out[:n], x + y)
    print(f"sums of every thread on {device}: equal to torch")


if __name__ == "__main__":
    main()
