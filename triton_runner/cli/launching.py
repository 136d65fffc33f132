"""A launch as the command line describes it: kernel, arguments, grid, device. Shared by run, bench and bisect.

Tested in tests/python/test_cli_run.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from triton_runner.cli.parsing import add_compile_options
from triton_runner.cli.source import Source, compile_options, read_source
from triton_runner.cli.values import evaluate_counts, parse_value, split_named
from triton_runner.errors import ArgumentError, UnsupportedError
from triton_runner.kernel import Kernel

ARGUMENTS_HELP = """\
arguments of the kernel:
  x=fp32[1000]=randn    a tensor: fp64 fp32 fp16 bf16 fp8e4nv fp8e5 i64 i32 i16 i8 u8 i1, filled with randn, rand,
                        randint(a,b), arange, zeros, ones, a number, or empty (NaN, so that unwritten elements show)
  x=@saved.pt           a tensor from a file (.pt, .npy)
  x=fp16[M,K]@[64,64]   a tensor descriptor with blocks of 64 by 64
  n=1000  s=x.stride(0) a number, or an expression over the arguments to its left; also for constexprs
  fp32[1000] 1000       without names: in the order of the kernel's parameters
"""


@dataclass(frozen=True)
class Prepared:
    """A launch that only waits to be made."""

    source: Source
    launchable: Any  # what takes [grid]
    args: list[Any]
    kwargs: dict[str, Any]
    options: dict[str, Any]
    named: dict[str, Any]  # every argument by name, constexprs and defaults included
    grid: tuple[int, ...]
    device: torch.device

    def launch(self, tensors: Mapping[int, torch.Tensor] | None = None) -> Kernel | None:
        """Launch on these arguments; ``tensors`` stand in for those of the same ``id``."""
        args = [_replaced(value, tensors) for value in self.args]
        kwargs = {name: _replaced(value, tensors) for name, value in self.kwargs.items()}
        result = self.launchable[self.grid](*args, **kwargs, **self.options)
        return self.launchable if isinstance(self.launchable, Kernel) else result

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        return {name: tensor for name, value in self.named.items() if (tensor := tensor_of(value)) is not None}

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def add_launch_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the launch")
    group.add_argument("--grid", required=True, help="programs: 4, or 4,2, or 'cdiv(n,BLOCK)' over the arguments")
    group.add_argument("--device", help="cpu, cuda, cuda:1; without it the GPU where there is one")
    group.add_argument("--seed", type=int, default=0, help="of the random tensors (0)")
    group.add_argument("--name", help="the kernel that is meant, where an artifact holds several")
    group.add_argument("--level", help="what FILE holds, where neither its suffix nor its content says so")
    group.add_argument(
        "--metadata", metavar="JSON", help="the metadata of an artifact, where it does not lie beside it"
    )
    add_compile_options(parser.add_argument_group("the compilation"))


def choose_device(name: str | None) -> torch.device:
    from triton_runner.torch_utils import get_active_torch_device

    if name is None:
        return get_active_torch_device()
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ArgumentError(f"--device {name}: expected cpu, cuda or cuda:INDEX") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UnsupportedError(f"--device {name}: torch sees no GPU here (`triton-runner doctor` says why)")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ArgumentError(f"--device {name}: there are {torch.cuda.device_count()} GPUs, counted from 0")
    if device.type not in ("cpu", "cuda"):
        raise UnsupportedError(f"--device {name}: kernels run on cpu and cuda")
    return device


def prepare(text: str, words: Sequence[str], options: argparse.Namespace) -> Prepared:
    """Read the kernel and its arguments. ``words`` are the arguments as written."""
    device = choose_device(options.device)
    source = read_source(text, options.config)
    launchable, names, defaults = _open(source, options)
    args, kwargs, known = parse_arguments(words, names, {**defaults, **source.configured}, device, options.seed)
    return Prepared(
        source=source,
        launchable=launchable,
        args=args,
        kwargs={**{k: v for k, v in source.configured.items() if k not in known["given"]}, **kwargs},
        options=compile_options(source, options) if source.function is not None else {},
        named=known["values"],
        grid=evaluate_counts(options.grid, known["values"]),
        device=device,
    )


def _open(source: Source, options: argparse.Namespace) -> tuple[Any, list[str], dict[str, Any]]:
    """(what takes a grid, names of the parameters that positional arguments fill, values that need not be given)."""
    if source.function is not None:
        return runner_of(source.function)
    kernel = _load(source, options)
    constants = {param.name: param.constant for param in kernel.spec.params if param.kind == "constant"}
    return kernel, [param.name for param in kernel.spec.params if param.kind != "constant"], constants


def runner_of(function: Any) -> tuple[Any, list[str], dict[str, Any]]:
    """The function under our decorator, the names of its parameters, and the defaults among them."""
    from triton_runner import gluon_jit, jit

    decorated = (gluon_jit if getattr(function, "is_gluon", bool)() else jit)(function)
    return decorated, list(function.arg_names), {p.name: p.default for p in function.params if p.has_default}


def _load(source: Source, options: argparse.Namespace) -> Kernel:
    from triton_runner import load

    asked = compile_options(source, options)
    keywords = {"level": options.level, "name": options.name, "metadata": options.metadata}
    if not asked:
        return load(source.given, **keywords)
    from triton_runner.compiler.pipeline import compile

    to = None if torch.cuda.is_available() else "ptx"
    return compile(source.given, options=asked, to=to, **keywords)


def parse_arguments(
    words: Sequence[str], names: Sequence[str], defaults: Mapping[str, Any], device: torch.device, seed: int
) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """(arguments in order, arguments by name, all ``values`` by name and the names of those ``given``)."""
    generator = torch.Generator("cpu").manual_seed(seed)
    values: dict[str, Any] = dict(defaults)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for word in words:
        name, text = split_named(word)
        value = parse_value(text, values, device, generator)
        if name is None:
            if kwargs:
                raise ArgumentError(f"{word}: an argument without a name comes before those with one")
            if len(args) >= len(names):
                raise ArgumentError(f"{word}: the kernel takes {len(names)} arguments: {', '.join(names)}")
            name = names[len(args)]
            args.append(value)
        else:
            kwargs[name] = value
        values[name] = value
    return args, kwargs, {"values": values, "given": {*names[: len(args)], *kwargs}}


def tensor_of(value: Any) -> torch.Tensor | None:
    """The tensor that an argument is, or that lies behind a descriptor."""
    base = value if isinstance(value, torch.Tensor) else getattr(value, "base", None)
    return base if isinstance(base, torch.Tensor) else None


def _replaced(value: Any, tensors: Mapping[int, torch.Tensor] | None) -> Any:
    tensor = tensor_of(value)
    if tensors is None or tensor is None or id(tensor) not in tensors:
        return value
    if value is tensor:
        return tensors[id(tensor)]
    return replace(value, base=tensors[id(tensor)])
