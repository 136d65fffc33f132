"""``triton-runner bench``: time one launch, or several kernels side by side, on the same arguments.

On a GPU: CUDA events around each launch, after a buffer larger than the L2 was overwritten, in rounds that take the
kernels in a new order each (timing.py). On the CPU: the whole call. Tested in tests/python/test_cli_run.py.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from triton_runner.cli.answer import NO, OK, Answer
from triton_runner.cli.launching import ARGUMENTS_HELP, Prepared, add_launch_arguments, prepare
from triton_runner.cli.values import evaluate, is_argument
from triton_runner.errors import ArgumentError, Error

if TYPE_CHECKING:
    from rich.console import Console

NAME = "bench"
HELP = "time a kernel, or several side by side"
DESCRIPTION = (
    "Times the launch of each FILE on the same arguments: on a GPU between CUDA events with a cold L2, on the CPU the "
    "whole call.\nRounds take the kernels in a random order, so that a change of clocks meets all alike.\n\n"
    + ARGUMENTS_HELP
)
EXAMPLES = """\
  triton-runner bench matmul.py:matmul 'a=fp16[4096,4096]' 'b=fp16[4096,4096]' 'c=fp16[4096,4096]=empty' \\
      --grid 'cdiv(4096,128)*cdiv(4096,128)' --flops '2*4096**3'
  triton-runner bench old.cubin new.cubin 'x=fp32[1<<20]' 'y=fp32[1<<20]=empty' n='1<<20' --grid 4096
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", metavar="FILE|ARGUMENT", nargs="+", help="artifacts or kernel.py:function, then arguments"
    )
    group = parser.add_argument_group("the measurement")
    group.add_argument("--rounds", type=int, default=None, help="samples of each (200 on a GPU, 20 on the CPU)")
    group.add_argument("--flops", metavar="EXPRESSION", help="operations of one launch, for a column TFLOP/s")
    group.add_argument("--bytes", metavar="EXPRESSION", help="bytes that one launch moves, for a column GB/s")
    add_launch_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    from triton_runner.timing import RESOLUTION_US, measure_device

    files = [word for word in options.words if not is_argument(word)]
    words = [word for word in options.words if is_argument(word)]
    if not files or options.words[: len(files)] != files:
        raise ArgumentError(
            "give the files first, then the arguments with their names (n=1000) or as tensors (fp32[8])"
        )
    if options.rounds is not None and options.rounds < 1:
        raise ArgumentError(f"--rounds {options.rounds}: expected at least 1")
    prepared, failures = _prepare_all(files, words, options)
    if not prepared:
        raise failures[0][1]
    first = next(iter(prepared.values()))
    rounds = options.rounds or (200 if first.device.type == "cuda" else 20)
    samples = measure_device({label: one.launch for label, one in prepared.items()}, rounds, first.device)
    work = {
        "flops": evaluate(options.flops, first.named) if options.flops else None,
        "bytes": evaluate(options.bytes, first.named) if options.bytes else None,
    }
    data = {
        "device": _device_name(first),
        "grid": list(first.grid),
        "rounds": rounds,
        "clock": f"CUDA events, resolution {RESOLUTION_US} µs, cold L2" if first.device.type == "cuda" else "host",
        "unit": "µs",
        "results": [{"file": label, **_result(values, work)} for label, values in samples.items()],
        "failures": [{"file": file, "error": str(error)} for file, error in failures],
    }
    return Answer(data, lambda console: _show(console, data), NO if failures else OK)


def _prepare_all(
    files: Sequence[str], words: Sequence[str], options: argparse.Namespace
) -> tuple[dict[str, Prepared], list[tuple[str, Error]]]:
    """Each file with the same arguments, launched once; and what could not be."""
    prepared: dict[str, Prepared] = {}
    failures: list[tuple[str, Error]] = []
    for file in files:
        try:
            one = prepare(file, words, options)
            one.launch()
            one.wait()
            prepared[file] = one
        except Error as error:
            failures.append((file, error))
    return prepared, failures


def _result(samples: list[float], work: dict[str, float | None]) -> dict[str, Any]:
    median = statistics.median(samples)
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else samples * 3
    return {
        "median": median,
        "q1": low,
        "q3": high,
        "min": min(samples),
        "max": max(samples),
        "tflops": work["flops"] / median / 1e6 if work["flops"] else None,
        "gbs": work["bytes"] / median / 1e3 if work["bytes"] else None,
    }


def _device_name(prepared: Prepared) -> str:
    import torch

    if prepared.device.type == "cuda":
        return str(torch.cuda.get_device_name(prepared.device))
    return f"{prepared.device} (PTX executor: its times say nothing about a GPU)"


def _show(console: Console, data: dict[str, Any]) -> None:
    from rich.table import Table

    console.print(f"on {data['device']}, {data['rounds']} rounds, {data['clock']}", style="bold")
    table = Table(box=None, pad_edge=False)
    table.add_column("kernel", overflow="fold")
    rates = [key for key in ("tflops", "gbs") if data["results"][0][key] is not None]
    titles = ["median µs", "q1", "q3", "min", "max", *({"tflops": "TFLOP/s", "gbs": "GB/s"}[key] for key in rates)]
    titles += ["against the first"] if len(data["results"]) > 1 else []
    for title in titles:
        table.add_column(title, justify="right")
    base = data["results"][0]["median"]
    for result in data["results"]:
        cells = [f"{result[key]:.2f}" for key in ("median", "q1", "q3", "min", "max", *rates)]
        cells += [f"{result['median'] / base:.3f}×"] if len(data["results"]) > 1 else []
        table.add_row(result["file"], *cells)
    console.print(table)
    for failure in data["failures"]:
        console.print(f"{failure['file']}: {failure['error']}", style="bold red", soft_wrap=True)
