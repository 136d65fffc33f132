"""The hook that changes Triton's stages, as the isolated process finds it again.

Plugins set it when they are imported, and TLX is one. Whatever compiles IR text must go through the same stages as the
functions of this process do, so the job names the hook by module and name. Tested in tests/python/test_stage_hook.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from triton_runner.errors import UnsupportedError

if TYPE_CHECKING:
    from triton_runner.compiler.versions.triton_3_6 import Adapter


def place_of_hook(adapter: Adapter) -> tuple[str, ...]:
    """Module and name of the hook; nothing where there is none."""
    hook = adapter.stage_hook()
    if hook is None:
        return ()
    module, name = str(getattr(hook, "__module__", "")), str(getattr(hook, "__qualname__", ""))
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not hook or module == "__main__":
        raise UnsupportedError(
            f"knobs.runtime.add_stages_inspection_hook is {hook!r}, which the process that compiles IR text cannot "
            "import: make it a function at the top of a module other than the program itself"
        )
    return module, name
