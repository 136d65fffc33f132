"""From Python into a model: compile once, call the op, and torch.compile the whole with no graph break."""

import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner.torch_utils import get_active_torch_device


@triton.jit
def softmax(x_ptr, out_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * columns + column, mask=column < columns, other=-float("inf"))
    exponent = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * columns + column, exponent / tl.sum(exponent, axis=0), mask=column < columns)


class Attend(torch.nn.Module):
    def __init__(self, width, to):
        super().__init__()
        self.scores = torch.nn.Linear(width, width)
        signature = {"x_ptr": "*fp32", "out_ptr": "*fp32", "columns": "i32"}
        self.kernel = triton_runner.compile(softmax, signature=signature, constexprs={"BLOCK": 256}, to=to)
        self.key = self.kernel.key  # a string: it stays in the graph as it is

    def forward(self, x):
        scores = self.scores(x)
        out = torch.empty_like(scores)
        torch.ops.triton_runner.launch(self.key, [scores], [out], [scores.shape[1]], [], [scores.shape[0]])
        return out @ x.T


def main():
    device = get_active_torch_device()
    model = Attend(200, "cubin" if device.type == "cuda" else "ptx").to(device)
    x = torch.randn(12, 200, device=device)
    with torch.no_grad():
        expected = torch.softmax(model.scores(x), dim=1) @ x.T
        torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-5)
        compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x), expected, rtol=1e-4, atol=1e-5)
    print(f"softmax in a model on {device}: eager and compiled agree with torch")


if __name__ == "__main__":
    main()
