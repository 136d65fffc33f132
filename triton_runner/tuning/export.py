"""Writes tuned kernels into a folder: one entry for each key, target and specialization, as the compile cache writes.

An entry is ``<kernel>-<target>-<key>-<content>/`` with ``<kernel>.cubin``, ``.hsaco`` or ``.ptx``, and a
``<kernel>.json`` whose ``triton_runner_tuned`` entry says what it was tuned for. There is no index that several writers
could spoil. Tested in tests/python/test_autotune_export.py.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from triton_runner import cache
from triton_runner.compiler.levels import BINARY_LEVELS
from triton_runner.compiler.metadata import as_metadata
from triton_runner.compiler.pipeline import make_kernel
from triton_runner.compiler.signature import json_constant
from triton_runner.compiler.target import Target, parse_target
from triton_runner.errors import ArgumentError
from triton_runner.tuning.report import Tuned
from triton_runner.tuning.result import Launched, Result
from triton_runner.tuning.shipped_entry import CPU, TUNED_ENTRY

logger = logging.getLogger(__name__)


def export(tuned: Tuned, root: Path, targets: Sequence[Any] | None, ptx: bool) -> list[Path]:
    """What ``Tuned.export`` does."""
    results = tuned.results
    if not results:
        raise ArgumentError(f"kernel {tuned.name!r} has not been tuned yet: launch it first")
    wanted = [parse_target(target) for target in targets or ()]
    folders: list[Path] = []
    for result in results:
        stem = cache.file_stem(tuned.name)
        written: dict[str, list[Path]] = {}
        for launched in result.launched.values():
            for kernel, level, general in _variants(launched, result, wanted, ptx):
                runs_on = _runs_on(kernel, level)
                prefix = f"{stem}-{runs_on}-{_short(result.key.to_json())}-"
                entry = _entry(tuned, result, launched, runs_on, general)
                written.setdefault(prefix, []).append(_write(root, prefix, stem, kernel, level, entry))
        for prefix, kept in written.items():
            _remove_older(root, prefix, kept)
            folders += kept
    return list(dict.fromkeys(folders))


def _variants(
    launched: Launched, result: Result, targets: Sequence[Target], ptx: bool
) -> Iterator[tuple[Any, str, bool]]:
    """Each kernel to ship: (kernel, its level, whether it takes all arguments)."""
    binary = next((level for level in launched.kernel.artifacts if level in BINARY_LEVELS), None)
    yield from _specializations(launched, None, binary or "ptx")
    if ptx and binary == "cubin":
        yield from _specializations(launched, None, "ptx")
    for target in targets:
        if launched.recipe is None:
            logger.warning(
                "kernel %s for %s: it was tuned from an artifact, which is not compiled again for %s",
                launched.kernel.spec.name, result.key.text, target.name,
            )  # fmt: skip
        elif binary is None or target.name != result.key.target:
            yield from _specializations(launched, target, "cubin" if target.backend == "cuda" else "hsaco")


def _specializations(launched: Launched, target: Target | None, level: str) -> Iterator[tuple[Any, str, bool]]:
    """The kernel as it was launched, and one that assumes nothing of its arguments."""
    if launched.recipe is None:
        if level in launched.kernel.artifacts:
            yield launched.kernel, level, False
        return
    recipe = launched.recipe.aimed_at(target) if target else launched.recipe
    for variant in (recipe, recipe.general()):
        yield make_kernel(variant.compile(level)), level, variant is not recipe


def _runs_on(kernel: Any, level: str) -> str:
    target = kernel.spec.target
    return CPU if level == "ptx" else f"sm_{target.arch.rstrip('af')}" if target.backend == "cuda" else target.arch


def _entry(tuned: Tuned, result: Result, launched: Launched, runs_on: str, general: bool) -> dict[str, Any]:
    return {
        "kernel": tuned.name,
        "arg_names": tuned.arg_names,
        "defaults": {name: json_constant(value) for name, value in tuned.defaults.items()},
        "constants": {name: json_constant(value) for name, value in launched.constants.items()},
        "key": result.key.to_json(),
        "runs_on": runs_on,
        "general": general,
        "outcomes": [outcome.to_json() for outcome in result.outcomes],
        "winner": result.winner,
        "seconds": result.seconds,
    }


def _write(root: Path, prefix: str, stem: str, kernel: Any, level: str, entry: Mapping[str, Any]) -> Path:
    sidecar = {**as_metadata(kernel.spec.to_json()), TUNED_ENTRY: dict(entry)}
    name = prefix + _short([kernel.key, entry["constants"], entry["winner"]])
    published = cache.publish(name, stem, {level: kernel.artifacts[level]}, sidecar, root)
    if published.folder is None:
        raise ArgumentError(f"export: the folder {root} cannot be written")
    return published.folder


def _remove_older(root: Path, prefix: str, kept: Sequence[Path]) -> None:
    """The entries of an earlier search for the same key and target."""
    for folder in root.glob(f"{prefix}*"):
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _short(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]
