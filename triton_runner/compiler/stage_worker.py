"""Runs Triton's stage functions one after another; also the program of the isolated compiler process (isolate.py).

As a program: ``python stage_worker.py FOLDER``. FOLDER holds ``job.json`` and the source; the artifacts and
``result.json`` are written into it, and the compiler's own diagnostics go to standard error. It runs without
triton_runner, so this file imports the standard library only. Tested in tests/python/test_verify.py.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
import types
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any


def run_stages(
    stages: Mapping[str, Callable[[Any, MutableMapping[str, Any]], Any]],
    levels: Sequence[str],
    value: Any,
    metadata: MutableMapping[str, Any],
    artifacts: dict[str, str | bytes],
) -> None:
    """Lower ``value`` through ``levels`` and put the artifact of each into ``artifacts``."""
    for level in levels:
        metadata["stage"] = level
        value = stages[level](value, metadata)
        # A stage changes an MLIR module in place, so its text has to be taken before the next one runs.
        artifacts[level] = value if isinstance(value, bytes) else str(value)
    metadata.pop("stage", None)


def _load_adapter(job: Mapping[str, Any]) -> Any:
    """The adapter in the file that the job names. Those in its folder import each other relatively."""
    folder, name = os.path.split(job["adapter"])
    package = types.ModuleType("triton_adapters")
    package.__path__ = [folder]
    sys.modules[package.__name__] = package
    adapter = importlib.import_module(f"{package.__name__}.{os.path.splitext(name)[0]}").Adapter()
    if job["stage_hook"]:
        adapter.set_stage_hook(_find(*job["stage_hook"]))
    return adapter


def _find(module: str, name: str) -> Any:
    """An object of a module. The import of a plugin's module also registers its dialects."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _load_passes() -> Any:
    """The module passes.worker, without triton_runner around it."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "passes")
    path = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location("triton_passes", path, submodule_search_locations=[folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    sys.modules["triton_passes"] = importlib.util.module_from_spec(spec)
    return importlib.import_module("triton_passes.worker")


def _compile(job: Mapping[str, Any], metadata: MutableMapping[str, Any]) -> dict[str, str | bytes]:
    adapter = _load_adapter(job)
    backend = adapter.make_backend(*job["target"])
    requested = dict(job["options"])
    metadata["stage"] = job["level"]
    adapter.init_llvm(backend)
    value: Any
    if job["level"] in ("ttir", "ttgir"):
        value = adapter.parse_ir(job["source"], backend)
        requested.update(adapter.module_options(value))  # of TTIR too, where a plugin has lowered it that far
        if job["level"] == "ttgir":
            metadata["tensordesc_meta"] = adapter.descriptor_metadata(value)
    else:
        with open(job["source"], encoding="utf-8", newline="") as file:
            value = file.read()
    options = adapter.parse_options(backend, requested)
    metadata.update(options.__dict__)
    # The Gluon stages differ from Triton's only above TTGIR, which never comes here.
    stages = adapter.make_stages(backend, options, False)
    artifacts: dict[str, str | bytes] = {}
    run_stages(stages, job["levels"], value, metadata, artifacts)
    return artifacts


def _write(name: str, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    with open(name, "wb") as file:
        file.write(data)


def main(folder: str) -> int:
    os.chdir(folder)  # MLIR puts the path of the source into locations; a relative one keeps the output reproducible
    with open("job.json", encoding="utf-8") as file:
        job = json.load(file)
    sys.path[:] = job["sys_path"]
    if "runs" in job:
        _load_passes().run_job(job, _load_adapter(job))
        return 0
    metadata: dict[str, Any] = {}
    try:
        artifacts = _compile(job, metadata)
    except Exception as error:
        result = {
            "error": f"{type(error).__name__}: {error}",
            "stage": metadata.get("stage", ""),
            "traceback": traceback.format_exc(),
        }
    else:
        for level, content in artifacts.items():
            _write(f"out.{level}", content)
        result = {"metadata": metadata}
    _write("result.json", json.dumps(result, default=vars))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
