"""A softmax that is tuned: configs of the function and of an edited PTX; one is wrong, and is left out."""

import tempfile
from pathlib import Path

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

ROWS, COLUMNS = 8, 200


@triton_runner.jit
def softmax(x_ptr, out_ptr, rows, columns, BLOCK: tl.constexpr, ROWS: tl.constexpr):
    inner = tl.arange(0, BLOCK)
    for step in range(ROWS):
        row = tl.program_id(0) * ROWS + step
        inside = (inner < columns) & (row < rows)
        x = tl.load(x_ptr + row * columns + inner, mask=inside, other=float("-inf"))
        x = tl.exp(x - tl.max(x, axis=0))
        tl.store(out_ptr + row * columns + inner, x / tl.sum(x, axis=0), mask=inside)


def write_wrong_ptx(folder, x, out):
    """The kernel as PTX with a wrong constant: the base of the exponential."""
    kernel = softmax.warmup(x, out, ROWS, COLUMNS, BLOCK=256, ROWS=4, num_warps=2, grid=(1,))
    ptx = triton_runner.compile(kernel.artifacts["ttir"], to="ptx", metadata=kernel.metadata).artifacts["ptx"]
    (folder / "softmax.json").write_bytes((kernel.folder / "softmax.json").read_bytes())
    (folder / "softmax.ptx").write_text(ptx.replace("0f3FB8AA3B", "0f3F000000"))  # log2(e)
    return folder


def main():
    device = get_active_torch_device()
    x = torch.randn(ROWS, COLUMNS, device=device)
    out = torch.empty_like(x)
    with tempfile.TemporaryDirectory() as folder:
        configs = [
            triton.Config({"BLOCK": 256, "ROWS": 1}, num_warps=1),
            triton.Config({"BLOCK": 256, "ROWS": 2}, num_warps=4),
            triton.Config({"BLOCK": 100, "ROWS": 1}),  # does not compile: no power of two
            triton_runner.Config({}, autotune_ptx_dir=write_wrong_ptx(Path(folder), x, out)),
        ]
        tuned = triton_runner.autotune(
            configs, key=["columns"], rep=20, reference=lambda args: torch.softmax(args["x_ptr"], dim=-1)
        )(softmax)
        tuned[lambda meta: (triton.cdiv(ROWS, meta["ROWS"]),)](x, out, ROWS, COLUMNS)
        torch.testing.assert_close(out, torch.softmax(x, dim=-1))
        print(tuned.tuned)
    left_out = [outcome.reason for outcome in tuned.tuned.results[0].left_out]
    assert len(left_out) == 2, left_out
    print(f"softmax on {device} with {tuned.best_config}: agrees with torch")


if __name__ == "__main__":
    main()
