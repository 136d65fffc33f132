"""A dump made ahead of its launches: for torch.compile, CUDA graphs, and the same values again and again.

The stores are compiled in and the buffer is laid out once. A launch is then the op and nothing else, with the buffer
among its outputs, so that it can be traced, captured and replayed; what the buffer holds is read when it is asked for.
Tested in tests/python/test_dump_prepared.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from triton_runner.dump.buffer import Plan
from triton_runner.dump.edited import BUFFER
from triton_runner.dump.result import Dump
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel


@dataclass(frozen=True)
class Prepared:
    """``buffer = prepared(x, y, out, n)`` launches; ``prepared.read(buffer)`` gives the dumps by name.

    The kernel that runs is the one with the stores in it, and it runs once: nothing is put back. So what the compiler
    rounds otherwise because of the stores is in the results too, and ``Dump.exact`` is None: it was not checked.

    Attributes:
        kernel: the kernel with the stores; its last parameter is the buffer.
        grid: of the launches.
        names: of the values, in program order.
    """

    kernel: Kernel
    grid: tuple[int, int, int]
    names: tuple[str, ...]
    plan: Plan
    _template: torch.Tensor  # a buffer that nothing was recorded in
    _decode: Callable[[torch.Tensor, Plan], Sequence[Dump]]

    def allocate(self) -> torch.Tensor:
        """A buffer for one launch. A launch into one that holds records already adds to them."""
        return self._template.clone()

    def __call__(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Launch on the arguments that the kernel takes at run time, and return the buffer."""
        buffer = self.allocate()
        self.kernel[self.grid](*args, **kwargs, **{BUFFER: buffer})
        return buffer

    def read(self, buffer: torch.Tensor) -> dict[str, Dump]:
        """The values in ``buffer``, by name."""
        if buffer.shape != self._template.shape or buffer.dtype != torch.uint8:
            raise ArgumentError(
                f"kernel {self.kernel.spec.name!r}: the buffer is {buffer.dtype}{list(buffer.shape)}, "
                f"expected uint8{list(self._template.shape)} as allocate() gives"
            )
        with torch.no_grad():
            return dict(zip(self.names, self._decode(buffer, self.plan), strict=True))
