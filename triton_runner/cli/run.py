"""``triton-runner run``: launch a kernel of any level on arguments given on the command line.

Tested in tests/python/test_cli_run.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from triton_runner.cli.answer import NO, OK, Answer
from triton_runner.cli.launching import ARGUMENTS_HELP, Prepared, add_launch_arguments, prepare
from triton_runner.cli.reference import Difference, call_reference, compare_with
from triton_runner.cli.source import import_member
from triton_runner.errors import ArgumentError

if TYPE_CHECKING:
    from rich.console import Console

NAME = "run"
HELP = "launch a kernel of any level on arguments given here"
DESCRIPTION = (
    "Loads a kernel (kernel.py:function, TTIR, TTGIR, LLVM IR, PTX, cubin, AMDGCN, hsaco), launches it once, and shows "
    "what it wrote.\nOn a machine without a GPU it runs on the CPU.\n\n" + ARGUMENTS_HELP
)
EXAMPLES = """\
  triton-runner run scale.py:scale 'x=fp32[1000]=randn' 'out=fp32[1000]=empty' n=1000 factor=2.0 BLOCK=256 \\
      --grid 'cdiv(n,BLOCK)'
  triton-runner run matmul.ttgir 'fp16[128,64]' 'fp16[64,128]' 'fp32[128,128]=zeros' --grid 4 --check ref.py:matmul
  triton-runner run softmax.cubin 'x=@saved.pt' 'y=fp32[64,256]=empty' 256 --grid 64 --save y.pt --json
"""
_SHOWN = 6  # elements of an output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="an artifact, or kernel.py:function")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="an argument of the kernel, see above")
    group = parser.add_argument_group("the result")
    group.add_argument(
        "--check",
        metavar="FILE.py:FUNCTION",
        help="a reference in Python: called with the kernel's arguments by name, returns what the outputs must hold (a "
        "tensor, several, a dict by name) or writes it into its arguments",
    )
    group.add_argument("--rtol", type=float, help="of --check; by dtype without it, as torch.testing has them")
    group.add_argument("--atol", type=float, help="of --check")
    group.add_argument("--save", type=Path, metavar="FILE.pt", help="the outputs as a dict of tensors")
    add_launch_arguments(parser)


def run(options: argparse.Namespace) -> Answer:
    reference = import_member(options.check) if options.check else None
    prepared = prepare(options.file, options.arguments, options)
    before = {name: tensor.clone() for name, tensor in prepared.tensors.items()}
    expected = call_reference(reference, prepared.named, options.check) if reference else None
    start = time.perf_counter()
    kernel = prepared.launch()
    prepared.wait()
    seconds = time.perf_counter() - start
    outputs = _outputs(kernel, prepared, before)
    differences = compare_with(expected, outputs, options.rtol, options.atol) if expected is not None else None
    if options.save:
        torch.save({name: tensor.cpu() for name, tensor in outputs.items()}, options.save)
    data = {
        "kernel": kernel.spec.name if kernel else prepared.source.label,
        "target": str(kernel.spec.target) if kernel else None,
        "device": str(prepared.device),
        "grid": list(prepared.grid),
        "first_launch_ms": seconds * 1e3,
        "outputs": {name: _summary(tensor) for name, tensor in outputs.items()},
        "check": None if differences is None else {name: found.data() for name, found in differences.items()},
        "saved": str(options.save) if options.save else None,
    }
    passed = differences is None or all(found.passed for found in differences.values())
    return Answer(data, lambda console: _show(console, data, differences), OK if passed else NO)


def _outputs(kernel: Any, prepared: Prepared, before: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors that the kernel may write, as its record says."""
    tensors = prepared.tensors
    if kernel is None:
        raise ArgumentError("a hook of Triton's stopped the compile: there is nothing to show")
    written = {param.name.split(".")[0] for param in kernel.spec.params if param.is_output}
    found = {name: tensor for name, tensor in tensors.items() if name in written}
    # Where nothing is known of a pointer it counts as written. What has changed is an output; of the rest only those
    # whose record is certain.
    changed = {name: tensor for name, tensor in tensors.items() if not _same_bits(tensor, before[name])}
    return {name: tensor for name, tensor in tensors.items() if name in found or name in changed}


def _same_bits(left: torch.Tensor, right: torch.Tensor) -> bool:
    if left.is_contiguous() and right.is_contiguous():
        return bool(torch.equal(left.view(-1).view(torch.uint8), right.view(-1).view(torch.uint8)))
    return bool(torch.equal(left, right))


def _summary(tensor: torch.Tensor) -> dict[str, Any]:
    values = tensor.detach().cpu()
    wide = values.to(torch.float64) if values.dtype.is_floating_point else values.to(torch.int64)
    finite = wide[torch.isfinite(wide)] if wide.dtype.is_floating_point else wide.reshape(-1)
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "min": finite.min().item() if finite.numel() else None,
        "max": finite.max().item() if finite.numel() else None,
        "mean": finite.double().mean().item() if finite.numel() else None,
        "nan": int(torch.isnan(wide).sum()) if wide.dtype.is_floating_point else 0,
        "inf": int(torch.isinf(wide).sum()) if wide.dtype.is_floating_point else 0,
        "first": wide.reshape(-1)[:_SHOWN].tolist(),
    }


def _show(console: Console, data: dict[str, Any], differences: dict[str, Difference] | None) -> None:
    from rich.table import Table

    grid = "×".join(map(str, data["grid"]))
    console.print(f"{data['kernel']}  {data['target']}  on {data['device']}, grid {grid}", style="bold")
    console.print(f"first launch with all that it needs: {data['first_launch_ms']:.1f} ms (`bench` times the kernel)")
    table = Table(box=None, pad_edge=False)
    for title, right in (("output", 0), ("dtype", 0), ("shape", 0), ("min", 1), ("max", 1), ("mean", 1), ("nan", 1)):
        table.add_column(title, justify="right" if right else "left")
    table.add_column("first elements", overflow="fold")
    for name, found in data["outputs"].items():
        numbers = [_number(found[key]) for key in ("min", "max", "mean", "nan")]
        shape = "×".join(map(str, found["shape"])) or "scalar"
        table.add_row(name, found["dtype"], shape, *numbers, " ".join(map(_number, found["first"])))
    console.print(table)
    if not data["outputs"]:
        console.print("the kernel wrote to none of its tensors")
    for name, difference in (differences or {}).items():
        console.print(f"check {name}: {difference}", style="green" if difference.passed else "bold red")
    if data["saved"]:
        console.print(f"saved {data['saved']}")


def _number(value: Any) -> str:
    return "—" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
