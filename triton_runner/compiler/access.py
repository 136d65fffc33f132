"""What a kernel does with its pointers, read off its PTX by the extension. Tested in tests/python/test_compile.py."""

from __future__ import annotations

import logging

from triton_runner.errors import ArtifactError, UnsupportedError

logger = logging.getLogger(__name__)


def pointer_access(ptx: str, name: str) -> list[str]:
    """The access of each parameter of the binary interface, in order.

    Empty where the PTX holds something that the reader does not know: every pointer then counts as written, which is
    safe.
    """
    from triton_runner import _C

    try:
        return list(_C.ptx_access(ptx, name))
    except (UnsupportedError, ArtifactError) as error:
        logger.info("kernel %s: its pointers count as written, because the PTX reader stopped: %s", name, error)
        return []
