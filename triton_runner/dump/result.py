"""Dump: one value of a kernel, as it was while the kernel ran. Tested in tests/python/test_dump.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from triton_runner.errors import ArgumentError


@dataclass(frozen=True)
class Source:
    """Where a dumped value comes from."""

    level: str
    name: str  # in the IR
    op: str
    line: int  # of the IR
    python: tuple[tuple[str, int], ...]  # (file, line); where inlined, the innermost first
    variable: str
    layout: str

    def __str__(self) -> str:
        where = f", {Path(self.python[-1][0]).name}:{self.python[-1][1]}" if self.python else ""
        return f"{self.name} = {self.op}, {self.level} line {self.line}{where}"


class Dump:
    """A value of every program that was asked for.

    Attributes:
        tensor: in the value's own dtype: leading dimensions for the programs ``[z, y, x]``, without those that
            ``programs=`` fixed; at LLIR and PTX one for the threads; inside loops one for the iterations of each,
            outermost first; then the value's logical shape. 0 where it is not valid.
        valid: bool, all dimensions of ``tensor`` ahead of the value's: whether the program computed it there.
        source: Python line, IR line, operation.
        dropped: executions that ``iterations=`` left out, over all programs.
        exact: whether the kernel with the stores gave the very results of the kernel without them. Where it did not,
            the compiler rounded something else in between, or the kernel does not repeat itself. None: not checked.
    """

    def __init__(
        self, tensor: torch.Tensor, valid: torch.Tensor, source: Source, dropped: int = 0, exact: bool | None = True
    ) -> None:
        self.tensor = tensor
        self.valid = valid
        self.source = source
        self.dropped = dropped
        self.exact = exact

    def values(self) -> torch.Tensor:
        """The valid values alone: ``[executions, shape...]``."""
        return self.tensor[self.valid]

    def __repr__(self) -> str:
        shape = f"{str(self.tensor.dtype).removeprefix('torch.')}{list(self.tensor.shape)}"
        parts = [f"Dump({self.source}", shape, *self._statistics()]
        missing = int((~self.valid).sum())
        if missing:
            parts.append(f"{missing} of {self.valid.numel()} not computed")
        if self.dropped:
            parts.append(f"{self.dropped} executions dropped")
        if self.exact is False:
            parts.append("the stores changed the kernel's rounding")
        return "; ".join(parts) + ")"

    def _statistics(self) -> list[str]:
        values = self.values()
        if values.numel() == 0:
            return ["no value"]
        if values.dtype == torch.bool:
            return [f"{int(values.sum())} of {values.numel()} true"]
        if not values.is_floating_point():
            return [f"range [{int(values.min())}, {int(values.max())}]"]
        wide = values.double()
        finite = wide[wide.isfinite()]
        spread = f"range [{finite.min():.6g}, {finite.max():.6g}]" if finite.numel() else "nothing finite"
        return [spread, f"{int(wide.isnan().sum())} NaN", f"{int(wide.isinf().sum())} Inf"]

    def plot(self, index: Any = None, ax: Any = None) -> Any:
        """Draw the value with matplotlib: lines for 1-d values, a heat map for 2-d ones. Returns the axes.

        ``index`` picks one value where the dump holds several (programs, iterations); without it the first valid one.
        """
        try:
            from matplotlib import pyplot
        except ImportError:
            raise ArgumentError("Dump.plot needs matplotlib: pip install matplotlib") from None
        value = self._one(index)
        if ax is None:
            ax = pyplot.subplots()[1]
        plain = value.cpu().double().squeeze()
        if plain.dim() <= 1:
            ax.plot(plain.reshape(-1).numpy(), marker="o" if plain.numel() == 1 else "")
        elif plain.dim() == 2:
            ax.figure.colorbar(ax.imshow(plain.numpy(), aspect="auto", interpolation="nearest"), ax=ax)
        else:
            raise ArgumentError(f"a value with {plain.dim()} dimensions is not drawn: pick a slice of .tensor")
        ax.set_title(str(self.source))
        return ax

    def _one(self, index: Any) -> torch.Tensor:
        if index is not None:
            return self.tensor[index]
        places = self.valid.nonzero()
        if len(places) == 0:
            raise ArgumentError(f"{self.source}: no program computed it, so there is nothing to draw")
        return self.tensor[tuple(places[0])]

    def save(self, path: str | Path) -> None:
        """Write ``tensor`` and ``valid`` as safetensors, with the source in the file's metadata."""
        save({self.source.name: self}, path)


def save(dumps: Mapping[str, Dump], path: str | Path) -> None:
    """Write several dumps into one safetensors file: ``<name>`` and ``<name>.valid``."""
    try:
        from safetensors.torch import save_file
    except ImportError:
        raise ArgumentError("saving a dump needs safetensors: pip install safetensors") from None
    tensors, metadata = {}, {}
    for name, dump in dumps.items():
        tensors[name] = dump.tensor.contiguous().cpu()
        tensors[f"{name}.valid"] = dump.valid.contiguous().cpu()
        metadata[name] = str(dump.source)
    save_file(tensors, str(path), metadata=metadata)
