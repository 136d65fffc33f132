"""Flash attention at the speed of Triton: plain Triton, triton_runner from every level, and torch (SDPA).

    python benchmark/flash_attention/bench.py [--quick] [--widths 64,128] [--lengths 1024,...] [--levels ...]
    python benchmark/flash_attention/bench.py --compare OLD.json NEW.json [--tolerance FRACTION]

docs/benchmarks.md says what each row measures. Tested in tests/python/test_benchmark_programs.py.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

sys.path.extend(str(Path(__file__).parents[up]) for up in (1, 2))

import attention_kernels
import torch
import triton
from common import cli
from common.kernel_speed import Work, measure_work, prepare, verdict
from common.levels import LEVELS, Subject
from common.report import Report

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

NAME = "flash_attention"
LENGTHS, QUICK_LENGTHS = (1024, 4096, 16384), (4096,)
MASKS = {"full": False, "causal": True}
TOKENS, MODEL_WIDTH = 16384, 2048  # batch x length, heads x width
BLOCKS = {"BLOCK_M": 128, "BLOCK_N": 64}


def make_work(
    mask: str, width: int, length: int, tokens: int, device: torch.device
) -> tuple[Work, dict[str, Any], dict[str, Any]]:
    """The work of one size, its arguments by name, and its constexprs."""
    heads = max(1, MODEL_WIDTH // width) if tokens == TOKENS else 1
    shape = (max(1, tokens // length), heads, length, width)
    generator = torch.Generator(device).manual_seed(length)
    q, k, v = (torch.randn(shape, device=device, generator=generator).half() for _ in range(3))
    out, causal = torch.empty_like(q), MASKS[mask]
    args = {"q_ptr": q, "k_ptr": k, "v_ptr": v, "out_ptr": out, "length": length, "scale": 1 / math.sqrt(width)}

    def by_torch() -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

    work = Work(
        name=f"fp16 {mask}, width {width}, length {length}",
        args=list(args.values()),
        grid=(triton.cdiv(length, BLOCKS["BLOCK_M"]), shape[0] * heads),
        out=out,
        expected=by_torch(),
        torch_name="torch SDPA",
        torch_launch=by_torch,
        tolerance=0.02,
        flops=4.0 * shape[0] * heads * length**2 * width * (0.5 if causal else 1),
    )
    return work, args, {"CAUSAL": causal, "WIDTH": width, **BLOCKS}


def main(argv: list[str] | None = None) -> int:
    parser = cli.make_parser(NAME, __doc__.splitlines()[0])
    parser.add_argument("--masks", type=cli.words(*MASKS), default=list(MASKS), help="full,causal")
    parser.add_argument("--widths", type=cli.numbers, default=[64, 128], help="of a head: 64,128")
    parser.add_argument("--levels", type=cli.words(*LEVELS), default=list(LEVELS), help=",".join(LEVELS))
    parser.add_argument("--lengths", type=cli.numbers, help="of a sequence: 1024,4096,16384")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="batch x length; another number takes one head")
    parser.add_argument("--rounds", type=int, help="launches of each row: 40, with --quick 20")
    return cli.run_benchmark(NAME, parser, run, argv)


def run(options: argparse.Namespace, report: Report) -> None:
    device = get_active_torch_device()
    triton_runner.set_launch_message(False)
    rounds = options.rounds or (20 if options.quick else 40)
    on_gpu = device.type == "cuda"
    for mask in options.masks:
        for width in options.widths:
            prepared: Any = None  # one compile for all lengths
            for length in options.lengths or (QUICK_LENGTHS if options.quick else LENGTHS):
                work, args, constexprs = make_work(mask, width, length, options.tokens, device)
                if prepared is None:
                    compile_options = {"num_warps": 8 if width > 64 else 4, "num_stages": 3}
                    subject = Subject(attention_kernels.attention, args, constexprs, compile_options, on_gpu)
                    prepared = prepare(subject, options.levels), subject.same_cubin
                report.groups.append(measure_work(work, *prepared, rounds, device))
    report.verdict = verdict(report.groups)


if __name__ == "__main__":
    sys.exit(main())
