"""A kernel as an op with a name: forward and backward in C++, trained under torch.compile with dynamic shapes."""

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


@triton.jit
def softmax_backward(grad_ptr, out_ptr, grad_x_ptr, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    place = row * columns + column
    grad = tl.load(grad_ptr + place, mask=column < columns, other=0.0)
    out = tl.load(out_ptr + place, mask=column < columns, other=0.0)
    tl.store(grad_x_ptr + place, out * (grad - tl.sum(grad * out, axis=0)), mask=column < columns)


def register(to):
    backward = triton_runner.compile(
        softmax_backward,
        signature={"grad_ptr": "*fp32", "out_ptr": "*fp32", "grad_x_ptr": "*fp32", "columns": "i32"},
        constexprs={"BLOCK": 128},
        to=to,
    )
    triton_runner.register_op(
        "models::softmax_backward",
        backward,
        "(Tensor grad, Tensor out) -> Tensor grad_x",  # parameters are found by these names
        grid="grad.size(0)",
        args={"columns": "grad.size(1)"},
    )
    forward = triton_runner.compile(
        softmax,
        signature={"x_ptr": "*fp32", "out_ptr": "*fp32", "columns": "i32"},
        constexprs={"BLOCK": 128},
        to=to,
    )
    return triton_runner.register_op(
        "models::softmax",
        forward,
        "(Tensor x) -> Tensor",
        grid="x.size(0)",
        args={"columns": "x.size(1)"},
        backward="models::softmax_backward",
    )


def main():
    device = get_active_torch_device()
    op = register("cubin" if device.type == "cuda" else "ptx")
    torch.library.opcheck(op.default, (torch.randn(4, 60, device=device, requires_grad=True),))

    layer = torch.nn.Linear(40, 60).to(device)

    def loss(function, x):
        return (function(layer(x)) ** 2).sum()

    compiled = torch.compile(loss, fullgraph=True, dynamic=True, backend="aot_eager")
    for rows in (4, 9):
        x = torch.randn(rows, 40, device=device)
        got = torch.autograd.grad(compiled(op, x), list(layer.parameters()))
        expected = torch.autograd.grad(loss(lambda y: torch.softmax(y, dim=1), x), list(layer.parameters()))
        for ours, theirs in zip(got, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    print(f"models::softmax on {device}: opcheck passes, gradients agree with torch")


if __name__ == "__main__":
    main()
