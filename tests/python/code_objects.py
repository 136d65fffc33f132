"""Skips tests that read AMD code objects where the libraries for it could not be installed: offline, never in CI."""

import importlib.util
import os

import pytest

_MISSING = [name for name in ("elftools", "msgpack") if importlib.util.find_spec(name) is None]

needs_code_objects = pytest.mark.skipif(
    bool(_MISSING) and not os.environ.get("TRITON_RUNNER_CI"),
    reason=f"reading AMD code objects needs {' and '.join(_MISSING)} (requirements/amd.txt)",
)
