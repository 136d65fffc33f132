"""``MLIR_ENABLE_DUMP``: the module after every pass, as files beside the cached artifacts.

``mlir/NN-PassName.mlir`` for each pass, ``mlir/NN-changed-PassName.mlir`` where it changed the module. As in Triton the
variable is 1, or the name of the one kernel that is meant. The passes run once more for it, in the isolated process, so
that neither the compile itself nor other kernels of this process are part of what is written. The folder appears in one
step. Tested in tests/python/test_pass_files.py.
"""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from triton_runner.compiler.pass_records import PassList
from triton_runner.compiler.pass_runs import Job, PipelineRun
from triton_runner.errors import Error

logger = logging.getLogger(__name__)

FOLDER = "mlir"


def leave_passes(entry: Path | None, kernel: str, prepare: Callable[[], tuple[Job, PipelineRun]]) -> None:
    """Write the passes of ``kernel`` into its cache ``entry`` where that is asked for and not done yet."""
    if entry is None or not _wanted(kernel) or (entry / FOLDER).exists():
        return
    temporary = entry / f".tmp-{os.getpid()}-{uuid.uuid4().hex}"
    try:
        write_passes(PassList(prepare), temporary)
        temporary.rename(entry / FOLDER)
    except (OSError, Error) as error:
        if not (entry / FOLDER).exists():  # another process may have been faster
            logger.warning("kernel %s: MLIR_ENABLE_DUMP is set, but its passes cannot be written: %s", kernel, error)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_passes(passes: PassList, folder: Path) -> None:
    """One file for each pass."""
    folder.mkdir(parents=True)
    width = max(2, len(str(len(passes))))
    for record in passes:
        (folder / record.file_name(width)).write_text(record.text, encoding="utf-8")


def _wanted(kernel: str) -> bool:
    value = os.environ.get("MLIR_ENABLE_DUMP", "").strip()
    return value.lower() in ("1", "true", "on") or value == kernel
