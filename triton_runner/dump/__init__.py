"""Dump: any value of a kernel, at any level, as a torch tensor.

``kernel.dump("%acc")[grid](x, y)`` names values, runs the kernel with stores of them added (csrc/ir), and gives a
:class:`Dump` for each.

    selection   from selectors to values: names, operations, lines, variables, regular expressions
    buffer      the memory that the edited kernel fills (csrc/ir/protocol.h), and back to tensors
    edited      the edited kernel: text, compile, record
    run         counting, recording, putting back what the kernel overwrites
    prepared    the same ahead of its launches, for torch.compile and CUDA graphs
    result      Dump
    marks       what ``triton_runner.language`` leaves in a kernel
    older       the launch keywords dump_tensor, dump_value, dump_grid
"""

from __future__ import annotations

from triton_runner.dump.result import Dump, Source

__all__ = ["Dump", "Source"]
