"""Matrix multiplication at the speed of Triton: plain Triton, triton_runner from every level, and torch (cuBLAS).

    python benchmark/matmul/bench.py [--quick] [--dtypes fp16,fp8] [--kernels dot,tma] [--sizes 512,...] [--levels ...]
    python benchmark/matmul/bench.py --compare OLD.json NEW.json [--tolerance FRACTION]

docs/benchmarks.md says what each row measures. Tested in tests/python/test_benchmark_programs.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.extend(str(Path(__file__).parents[up]) for up in (1, 2))

import matmul_kernels
import torch
import triton
from common import cli
from common.kernel_speed import Work, measure_work, prepare, verdict
from common.levels import LEVELS, Subject
from common.report import Report

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

NAME = "matmul"
DTYPES = {"fp16": torch.float16, "fp8": torch.float8_e4m3fn}
SIZES, QUICK_SIZES = (512, 1024, 2048, 4096, 8192), (2048, 8192)
SMALL = 1024  # up to here blocks are small, so that there is one for each multiprocessor


@dataclass(frozen=True)
class Config:
    """Block sizes and compile options."""

    block_m: int
    block_n: int
    block_k: int
    options: tuple[tuple[str, int], ...]

    @property
    def constexprs(self) -> dict[str, int]:
        return {"BLOCK_M": self.block_m, "BLOCK_N": self.block_n, "BLOCK_K": self.block_k, "GROUP_M": 8}


def config_of(dtype: str, size: int) -> Config:
    deep = 2 if dtype == "fp8" else 1  # as many bytes of either type
    if size <= SMALL:
        return Config(64, 64, 64 * deep, (("num_warps", 4), ("num_stages", 4)))
    return Config(128, 256, 64 * deep, (("num_warps", 8), ("num_stages", 3)))


def make_work(kernel: str, dtype: str, size: int, config: Config, device: torch.device) -> tuple[Work, dict[str, Any]]:
    """The work of one size, and its arguments by name."""
    generator = torch.Generator(device).manual_seed(size)
    # Elements of the product are about 1.
    a, b = (
        (torch.randn(size, size, device=device, generator=generator) * size**-0.25).to(DTYPES[dtype]) for _ in range(2)
    )
    c = torch.empty(size, size, dtype=torch.float16, device=device)
    args = ARGUMENTS[kernel](a, b, c, config)
    by_torch = partial(_scaled_mm, a, b) if dtype == "fp8" else partial(torch.mm, a, b.t())
    work = Work(
        name=f"{dtype} {kernel} {size}",
        args=list(args.values()),
        grid=(triton.cdiv(size, config.block_m) * triton.cdiv(size, config.block_n),),
        out=c,
        expected=a.float() @ b.float().t(),
        torch_name="torch._scaled_mm" if dtype == "fp8" else "torch.mm",
        torch_launch=by_torch,
        # Hopper adds fp8 products with 14 bits.
        tolerance=0.25 if dtype == "fp8" else 0.02,
        flops=2.0 * size**3,
    )
    return work, args


def _scaled_mm(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    one = torch.ones((), device=a.device)
    return torch._scaled_mm(a, b.t(), scale_a=one, scale_b=one, out_dtype=torch.float16, use_fast_accum=True)


def _dot_arguments(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, config: Config) -> dict[str, Any]:
    size = a.shape[0]
    strides = {"stride_a": a.stride(0), "stride_b": b.stride(0), "stride_c": c.stride(0)}
    return {"a_ptr": a, "b_ptr": b, "c_ptr": c, "M": size, "N": size, "K": size, **strides}


def _tma_arguments(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, config: Config) -> dict[str, Any]:
    from triton.tools.tensor_descriptor import TensorDescriptor

    m, n, k, size = config.block_m, config.block_n, config.block_k, a.shape[0]
    blocks = {"a": (a, [m, k]), "b": (b, [n, k]), "c": (c, [m, n])}
    descriptors = {name: TensorDescriptor.from_tensor(tensor, block) for name, (tensor, block) in blocks.items()}
    return {**descriptors, "M": size, "N": size, "K": size}


ARGUMENTS: Mapping[str, Callable[..., dict[str, Any]]] = {"dot": _dot_arguments, "tma": _tma_arguments}


def main(argv: list[str] | None = None) -> int:
    parser = cli.make_parser(NAME, __doc__.splitlines()[0])
    parser.add_argument("--dtypes", type=cli.words(*DTYPES), default=list(DTYPES), help="fp16,fp8")
    parser.add_argument("--kernels", type=cli.words(*ARGUMENTS), default=list(ARGUMENTS), help="dot,tma")
    parser.add_argument("--levels", type=cli.words(*LEVELS), default=list(LEVELS), help=",".join(LEVELS))
    parser.add_argument("--sizes", type=cli.numbers, help="of square matrices: 512,1024,2048,4096,8192")
    parser.add_argument("--rounds", type=int, help="launches of each row: 40, with --quick 20")
    return cli.run_benchmark(NAME, parser, run, argv)


def run(options: argparse.Namespace, report: Report) -> None:
    device = get_active_torch_device()
    triton_runner.set_launch_message(False)
    rounds = options.rounds or (20 if options.quick else 40)
    prepared: dict[Any, Any] = {}
    for dtype in options.dtypes:
        for kernel in options.kernels:
            for size in options.sizes or (QUICK_SIZES if options.quick else SIZES):
                config = config_of(dtype, size)
                work, args = make_work(kernel, dtype, size, config, device)
                key = dtype, kernel, config
                if key not in prepared:
                    function = getattr(matmul_kernels, f"matmul_{kernel}")
                    subject = Subject(function, args, config.constexprs, dict(config.options), device.type == "cuda")
                    prepared[key] = prepare(subject, options.levels), subject.same_cubin
                report.groups.append(measure_work(work, *prepared[key], rounds, device))
    report.verdict = verdict(report.groups)


if __name__ == "__main__":
    sys.exit(main())
