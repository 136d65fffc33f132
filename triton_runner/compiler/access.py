"""What a kernel does with its pointers: read off its PTX by the extension, or off what LLVM found out about them.

Tested in tests/python/test_compile.py and test_amd_compile.py.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from triton_runner.compiler.recover_ir import read_llvm
from triton_runner.errors import ArtifactError, UnsupportedError

logger = logging.getLogger(__name__)


def access_of(artifacts: Mapping[str, str | bytes], name: str) -> list[str] | None:
    """The access of each parameter of the binary interface, in order. None where no artifact tells.

    Empty where the PTX holds something that the reader does not know: every pointer then counts as written, which is
    safe.
    """
    if "ptx" in artifacts:
        return _access_of_ptx(str(artifacts["ptx"]), name)
    if "amdgcn" in artifacts and "llir" in artifacts:
        # The LLVM IR is optimized: its attributes say what the code that is made of it does.
        return [param.access or "unknown" for param in read_llvm(str(artifacts["llir"]), name).params]
    return None


def _access_of_ptx(ptx: str, name: str) -> list[str]:
    from triton_runner import _C

    try:
        return list(_C.ptx_access(ptx, name))
    except (UnsupportedError, ArtifactError) as error:
        logger.info("kernel %s: its pointers count as written, because the PTX reader stopped: %s", name, error)
        return []
