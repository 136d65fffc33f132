"""Small models that the tests of torch.compile share."""

import torch


class MatmulBiasRelu(torch.nn.Module):
    def __init__(self, width=48, out=32):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.nn.Parameter(torch.randn(width, out, generator=generator) / width**0.5)
        self.bias = torch.nn.Parameter(torch.randn(out, generator=generator))

    def forward(self, x):
        return torch.relu(x @ self.weight + self.bias)


class TransformerBlock(torch.nn.Module):
    """Pre-norm attention and a gated feed-forward part."""

    def __init__(self, width=32, heads=2):
        super().__init__()
        torch.manual_seed(0)
        self.heads = heads
        self.norm_1, self.norm_2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.out = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 2 * width), torch.nn.Linear(2 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        qkv = self.qkv(self.norm_1(x)).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attended = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, dim=-1) @ v
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(torch.nn.functional.gelu(self.up(self.norm_2(x))))


def forward_and_backward(model, x):
    """The output, and the gradients of the input and of every parameter."""
    x = x.detach().requires_grad_()
    out = model(x)
    return [out.detach(), *torch.autograd.grad(out.square().mean(), [x, *model.parameters()])]
