"""compare: one instruction of LLVM IR is changed, and the first value that differs is named, with its Python line."""

import torch
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton_runner.jit
def polynomial(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + i, mask=i < n)
    square = x * x
    tl.store(out_ptr + i, square + 3.0 * x, mask=i < n)


def main():
    device = get_active_torch_device()
    n, block = 500, 128
    grid = (-(-n // block),)
    x, out = torch.randn(n, device=device), torch.empty(n, device=device)
    made = triton_runner.compile(
        polynomial,
        signature={"x_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32"},
        constexprs={"BLOCK": block},
        target="sm_80",
        to="ptx",
    )
    metadata = made.folder.joinpath("polynomial.json").read_text()

    def from_llir(text):
        return triton_runner.compile(text, level="llir", metadata=metadata, target="sm_80", to="ptx")

    good = from_llir(made.artifacts["llir"])
    wrong = from_llir(made.artifacts["llir"].replace("3.000000e+00", "2.000000e+00"))
    assert triton_runner.compare(good, good, (x, out, n), grid=grid)

    result = triton_runner.compare(wrong, good, (x, out, n), grid=grid)
    print(result)
    assert result.first.source.op == "fmul"
    assert result.first.thread == 0
    torch.testing.assert_close(torch.tensor(result.first.found), 2 * x[0].cpu())
    torch.testing.assert_close(torch.tensor(result.first.expected), 3 * x[0].cpu())
    assert result.first.source.python[-1][0].endswith("first_divergence.py")
    print(f"found on {device}: the product that torch says is wrong")


if __name__ == "__main__":
    main()
