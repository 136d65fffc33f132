"""What a search found for one key. It holds no argument of the launch that was tuned.

Tested in tests/python/test_autotune.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What became of one config: its time, or why it was left out."""

    config: str
    times: tuple[float, ...] | None = None  # milliseconds: median, and the quantiles 0.2 and 0.8 where they were taken
    error: str | None = None

    @property
    def reason(self) -> str:
        """The error in a line: the first, or the last where those before it quote the source."""
        lines = [line.strip() for line in (self.error or "").splitlines() if line.strip()]
        return lines[-1 if "^" in lines[:-1] else 0] if lines else ""

    def to_json(self) -> dict[str, Any]:
        return {"config": self.config, "times": self.times and list(self.times), "error": self.error}

    @staticmethod
    def of(entry: Mapping[str, Any]) -> Outcome:
        times = entry["times"]
        return Outcome(str(entry["config"]), None if times is None else tuple(map(float, times)), entry["error"])


@dataclass(frozen=True)
class Key:
    """What decides on a config: the values of the key's arguments, the dtypes of all tensors, and the device."""

    values: tuple[tuple[str, Any], ...]
    dtypes: tuple[tuple[str, str], ...]
    target: str
    device: str

    @property
    def text(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.values) or "any arguments"

    def to_json(self) -> dict[str, Any]:
        return {
            "values": dict(self.values),
            "dtypes": dict(self.dtypes),
            "target": self.target,
            "device": self.device,
        }

    @staticmethod
    def of(entry: Mapping[str, Any]) -> Key:
        values = {name: _hashable(value) for name, value in entry["values"].items()}
        return Key(tuple(values.items()), tuple(entry["dtypes"].items()), entry["target"], entry["device"])


@dataclass(frozen=True)
class Launched:
    """A kernel that a config led to."""

    kernel: Any
    recipe: Any  # how to compile it (launch_recipe.Recipe); None for an artifact
    constants: Mapping[str, Any]  # those that the config decides


@dataclass
class Result:
    """The outcomes of all configs for one key, and which one is launched."""

    key: Key
    outcomes: list[Outcome]
    winner: int
    seconds: float
    from_cache: bool = False
    launched: dict[str, Launched] = field(default_factory=dict, repr=False)  # for this key, by content key

    @property
    def ranking(self) -> list[int]:
        """The configs that work, the winner first."""
        timed = [(outcome.times, index) for index, outcome in enumerate(self.outcomes) if outcome.times is not None]
        return [self.winner, *(index for _, index in sorted(timed) if index != self.winner)]

    @property
    def kernels(self) -> list[Any]:
        """The kernels that were launched for this key: one for each specialization."""
        return [launched.kernel for launched in self.launched.values()]

    @property
    def best(self) -> Outcome:
        return self.outcomes[self.winner]

    @property
    def left_out(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.error is not None]


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
