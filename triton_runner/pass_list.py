"""``triton_runner.passes``: the passes that a kernel goes through.

It returns at once; the compiler runs when the first pass is asked for. Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.pass_records import PassList, PassRecord
from triton_runner.compiler.pass_source import pipeline_run

__all__ = ["PassList", "PassRecord", "passes"]


def passes(
    kernel_or_ir: Any,
    *,
    signature: Mapping[str, Any] | Sequence[Any] | None = None,
    constexprs: Mapping[Any, Any] | None = None,
    level: str | None = None,
    target: Any = None,
    options: Mapping[str, Any] | None = None,
    metadata: Any = None,
    name: str | None = None,
    **edits: Any,
) -> PassList:
    """The passes that turn a kernel into LLVM IR, each with the module after it. No GPU is needed.

    ``kernel_or_ir`` and the rest are what ``compile`` takes, and ``edits`` its ``start_pass``, ``stop_pass``,
    ``skip_passes`` and so on. A function goes through all passes; TTIR and TTGIR through those of the stages below; a
    kernel that ``compile`` returned through those below its highest level.
    """
    checked = PassEdits.of(edits)
    return PassList(
        lambda: pipeline_run(
            kernel_or_ir,
            signature=signature,
            constexprs=constexprs,
            level=level,
            target=target,
            options=options or {},
            metadata=metadata,
            name=name,
            edits=checked,
            record=True,
        )
    )
