"""What the kernels of tlx_kernels.py are launched with, and what torch says of it. Importing it needs no plugin."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TlxCase:
    name: str
    signature: dict
    constexprs: dict
    grid: tuple
    make: object  # of a device: the arguments by name, and what the output must hold
    tolerance: float = 0.0
    output: str = "out_ptr"

    @property
    def kernel_name(self):
        return f"{self.name}_kernel"


def _add(device):
    x, y = torch.randn(1000, device=device), torch.randn(1000, device=device)
    return {"x_ptr": x, "y_ptr": y, "out_ptr": torch.zeros_like(x), "n": 1000}, x + y


def _transpose(device):
    x = torch.randn(32, 64, device=device, dtype=torch.float16)
    return {"x_ptr": x, "out_ptr": torch.zeros(64, 32, device=device, dtype=torch.float16)}, x.T


def _relay(device):
    x = torch.randn(2 * 5 * 128, device=device)
    return {"x_ptr": x, "out_ptr": torch.zeros_like(x)}, 2 * x + 1


def _matmul(device):
    M, N, K = 128, 128, 176
    a = torch.randn(M, K, device=device, dtype=torch.float16)
    b = torch.randn(K, N, device=device, dtype=torch.float16)
    c = torch.zeros(M, N, device=device, dtype=torch.float16)
    return {"a_ptr": a, "b_ptr": b, "c_ptr": c, "M": M, "N": N, "K": K}, (a.float() @ b.float()).half()


_MATMUL = {
    "signature": {**dict.fromkeys(("a_ptr", "b_ptr", "c_ptr"), "*fp16:16"), **dict.fromkeys("MNK", "i32:16")},
    "constexprs": {"BLOCK_M": 64, "BLOCK_N": 64, "BLOCK_K": 32, "STAGES": 3},
    "grid": (2, 2),
    "make": _matmul,
    "tolerance": 0.0625,
    "output": "c_ptr",
}

CASES = [
    TlxCase(
        "async_add",
        {"x_ptr": "*fp32:16", "y_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32"},
        {"BLOCK": 512},
        (2,),
        _add,
    ),
    TlxCase("transpose", {"x_ptr": "*fp16:16", "out_ptr": "*fp16:16"}, {"ROWS": 32, "COLUMNS": 64}, (1,), _transpose),
    TlxCase("relay", {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16"}, {"BLOCK": 128, "STEPS": 5}, (2,), _relay),
    TlxCase("pipelined_matmul", **_MATMUL),
    TlxCase("specialized_matmul", **_MATMUL),
]


def check(case, launch, device):
    """Launch with fresh arguments, and compare the output with torch."""
    torch.manual_seed(0)
    arguments, expected = case.make(device)
    launch(*arguments.values())
    torch.testing.assert_close(arguments[case.output], expected, rtol=0, atol=case.tolerance)
