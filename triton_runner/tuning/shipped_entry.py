"""One entry of a folder that ``kernel.tuned.export`` wrote: what it was tuned for, and its kernel. Imports no Triton.

Tested in tests/python/test_autotune_export.py.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triton_runner import cache
from triton_runner.compiler.signature import json_constant, leaves
from triton_runner.errors import ArgumentError, ArtifactError
from triton_runner.kernel import Kernel
from triton_runner.tuning.result import Key, Outcome, Result

TUNED_ENTRY = "triton_runner_tuned"
CPU = "cpu"


class ShippedEntry:
    """A kernel for one key, one target and one specialization."""

    def __init__(self, path: Path, fields: Mapping[str, Any]) -> None:
        self.path = path  # of the JSON
        self.kernel_name: str = fields["kernel"]
        self.arg_names: list[str] = list(fields["arg_names"])
        self.constants: dict[str, Any] = dict(fields["constants"])
        self.defaults: dict[str, Any] = dict(fields["defaults"])
        self.key = Key.of(fields["key"])
        self.runs_on: str = fields["runs_on"]
        self.general = bool(fields["general"])
        outcomes = [Outcome.of(outcome) for outcome in fields["outcomes"]]
        self.result = Result(self.key, outcomes, int(fields["winner"]), float(fields["seconds"]), from_cache=True)

    @functools.cached_property
    def kernel(self) -> Kernel:
        from triton_runner.loader import load

        entry = cache.load(self.path.parent.name, self.path.stem, self.path.parent.parent)
        if entry is None:
            raise ArtifactError(f"{self.path.parent}: it was changed after it was exported: export it again")
        ((level, content),) = entry.artifacts.items()
        return load(content, level=level, metadata=entry.sidecar)

    def fits_target(self, target: str) -> bool:
        """A cubin runs on GPUs of its own generation that are not older."""
        if self.runs_on == target or not (self.runs_on.startswith("sm_") and target.startswith("sm_")):
            return self.runs_on == target
        ours, theirs = int(self.runs_on[3:]), int(target[3:])
        return ours // 10 == theirs // 10 and ours <= theirs

    def distance(self, asked: Key) -> float:
        """How far this key is from the one asked for: octaves, over all numbers of the key. Infinite where something
        differs that is no size."""
        if self.key.dtypes != asked.dtypes or len(self.key.values) != len(asked.values):
            return math.inf
        total = 0.0
        for (name, ours), (other, theirs) in zip(self.key.values, asked.values, strict=True):
            if name != other or (ours != theirs and not (_is_size(ours) and _is_size(theirs))):
                return math.inf
            total += abs(math.log2((ours + 1) / (theirs + 1))) if ours != theirs else 0.0
        return total

    def launch(self, grid: Any, arguments: Mapping[str, Any]) -> None:
        """Launch with the function's arguments by name.

        Raises:
            ArgumentError: they are not those that this kernel was compiled for; it has not run.
        """
        self.kernel.at(grid)(*self._values(arguments))

    def takes_as_given(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the kernel has a parameter for each argument and nothing but the config's constants is missing."""
        names = [param.name for param in self.kernel.spec.params]
        return names == self.arg_names and set(names) == arguments.keys() | self.constants.keys()

    def _values(self, arguments: Mapping[str, Any]) -> list[Any]:
        given = {**self.defaults, **arguments, **self.constants}
        flat = {
            ".".join([name, *map(str, path)]): leaf for name, value in given.items() for path, leaf in leaves(value)
        }
        values = []
        for param in self.kernel.spec.params:
            if param.name not in flat:
                raise ArgumentError(
                    f"kernel {self.kernel_name!r}: argument {param.name!r} is missing"
                    + (f"; it was tuned with {param.constant!r}" if param.kind == "constant" else "")
                )
            value = flat[param.name]
            values.append(json_constant(value) if param.kind == "constant" else value)
        return values


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def read_entries(root: Path) -> list[ShippedEntry]:
    """All entries of ``root``."""
    found = []
    for path in sorted(root.glob("*/*.json")):
        if path.parent.name.startswith(".") or path.parent.name.endswith(".damaged"):
            continue
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            if TUNED_ENTRY in fields:
                found.append(ShippedEntry(path, fields[TUNED_ENTRY]))
        except FileNotFoundError:
            continue  # a newer export has just removed it
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path} is no entry that export wrote: {type(error).__name__}: {error}") from error
    if not found:
        raise ArtifactError(f"{root}: no kernel that kernel.tuned.export() wrote lies there")
    return found
