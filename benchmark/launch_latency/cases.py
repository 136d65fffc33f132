"""The argument lists: each a kernel with its arguments by name, and the result that a launch must leave.

Importing this file does not import Triton, which a cold start from a cubin must not pay for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any

import torch

BLOCK = 128
SIDE = 32  # of the descriptor's block: 128 bytes of fp32 a row
CHANGING = 64  # descriptors that take turns


@dataclass
class Case:
    """One argument list.

    Attributes:
        kernel: name of the function in launch_kernels.py.
        args: the arguments that the binary takes, by name and in order.
        changing: for names whose argument is another one at each launch: those that take turns, args having the first.
    """

    name: str
    kernel: str
    args: dict[str, Any]
    constexprs: dict[str, Any] = field(default_factory=dict)
    out: torch.Tensor | None = None
    expected: torch.Tensor | None = None
    changing: dict[str, list[Any]] = field(default_factory=dict)
    grid: tuple[int, int, int] = (1, 1, 1)

    @property
    def function(self) -> Callable[..., None]:
        import launch_kernels

        return getattr(launch_kernels, self.kernel)

    def names(self) -> dict[str, Any]:
        """What the statements of a row refer to. Each call starts the turns of changing arguments anew."""
        turns: dict[str, Iterator[Any]] = {f"{name}_turns": cycle(values) for name, values in self.changing.items()}
        return {**self.args, **self.constexprs, **turns, "grid": self.grid}

    def positional(self) -> str:
        """The arguments as they stand in a call."""
        return ", ".join(f"next({name}_turns)" if name in self.changing else name for name in self.args)

    def call(self) -> str:
        """Arguments and constexprs as they stand in a call."""
        return ", ".join(filter(None, [self.positional(), *(f"{name}={name}" for name in self.constexprs)]))

    def tuned(self, autotune: Callable[..., Any], function: Any) -> Any:
        """``function`` with two configs, of which the first is taken for the faster; three integers are the key."""
        import triton

        configs = [triton.Config({}, num_warps=warps) for warps in (4, 2)]
        key = [name for name, value in self.args.items() if isinstance(value, int)][:3]
        times = iter(range(len(configs)))
        return autotune(configs, key, do_bench=lambda _, quantiles: [float(next(times))] * len(quantiles))(function)

    def check(self, launch: Callable[[int], float], synchronize: Callable[[], None]) -> None:
        """Raise where one launch does not leave the expected result."""
        if self.out is None or self.expected is None:
            launch(1)
            synchronize()
            return
        self.out.fill_(float("nan"))
        launch(1)
        synchronize()
        torch.testing.assert_close(self.out, self.expected)


def make_cases(device: torch.device) -> list[Case]:
    return [
        Case("no arguments", "kernel_0", {}),
        case_19(device),
        _case_58(device),
        _case_descriptor(device, changing=False),
        _case_descriptor(device, changing=True),
    ]


def case_19(device: torch.device) -> Case:
    """5 tensors, 9 ints, 5 constexprs."""
    make = _maker(device)
    tensors = {name: make(2 * BLOCK) for name in ("a_ptr", "b_ptr", "c_ptr", "d_ptr")}
    out = torch.empty(BLOCK, 2, device=device)[:, 0]
    ints = {"n": BLOCK, "stride_a": 2, "stride_b": 2, "stride_c": 2, "stride_d": 2, "stride_out": 2}
    ints |= {"first": 0, "low": -100, "high": 112}
    constexprs = {"BLOCK": BLOCK, "USE_B": True, "USE_C": True, "USE_D": True, "CLAMP": True}
    expected = sum(tensor[::2] for tensor in tensors.values())
    return Case("19 arguments", "kernel_19", {**tensors, "out_ptr": out, **ints}, constexprs, out, expected)


def _case_58(device: torch.device) -> Case:
    """14 tensors, 26 numbers, 18 constexprs."""
    make = _maker(device)
    tensors = {f"p{index}": make(2 * BLOCK) for index in range(13)}
    out = torch.empty(BLOCK, device=device)
    numbers = {"n": BLOCK, **{f"s{index}": 2 for index in range(13)}}
    numbers |= {"first": 0, "low": -1000, "high": 1024, "low2": -999, "high2": 992, "shift": 3}
    numbers |= {"w0": 0.5, "w1": 0.25, "w2": 0.125, "w3": 0.0625, "w4": 0.03125, "w5": 0.03125}
    constexprs = {"BLOCK": BLOCK, **{f"U{index}": True for index in range(13)}}
    constexprs |= {"CLAMP": True, "CLAMP2": True, "SHIFT": True, "WEIGH": True}
    expected = sum(tensor[::2] for tensor in tensors.values()) + 3
    return Case("58 arguments", "kernel_58", {**tensors, "out_ptr": out, **numbers}, constexprs, out, expected)


def _case_descriptor(device: torch.device, *, changing: bool) -> Case:
    """One tensor descriptor made on the host, the same at each launch or another one each time."""
    from triton.tools.tensor_descriptor import TensorDescriptor

    make = _maker(device)
    # All hold the same numbers, so that the result does not tell which one was read last.
    first = make(2 * SIDE, 2 * SIDE)
    tensors = [first, *(first.clone() for _ in range(CHANGING - 1))] if changing else [first]
    describe = partial(TensorDescriptor.from_tensor, block_shape=[SIDE, SIDE])
    descriptors = [describe(tensor) for tensor in tensors]
    out = torch.empty(SIDE, SIDE, device=device)
    return Case(
        f"host TMA descriptor, {'another one each launch' if changing else 'unchanged'}",
        "kernel_descriptor",
        {"source": descriptors[0], "out_ptr": out},
        {"BLOCK": SIDE},
        out,
        first[:SIDE, :SIDE],
        {"source": descriptors} if changing else {},
    )


def _maker(device: torch.device) -> Callable[..., torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(*shape, generator=generator).to(device)
