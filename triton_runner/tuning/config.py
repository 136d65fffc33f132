"""A configuration to try: Triton's Config, that may also name an artifact in place of the function.

``Config({...}, num_warps=8, autotune_cubin_dir=folder)`` runs ``folder/<kernel>.cubin``. What a launch of the artifact
needs (constexprs, num_warps, num_stages, num_ctas, maxnreg) comes from the JSON beside it. ``triton.Config`` takes the
same names among its constants, and as keywords while ``configure_autotune_backend`` is in force. This file imports
Triton. Tested in tests/python/test_autotune_artifacts.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import triton

from triton_runner import _C
from triton_runner.compiler.artifact_params import names_parameters
from triton_runner.compiler.levels import BINARY_LEVELS
from triton_runner.compiler.metadata import as_metadata
from triton_runner.compiler.options import from_metadata
from triton_runner.compiler.versions import autotuning, installed_version
from triton_runner.errors import ArgumentError, ArtifactNotFoundError, MetadataError, UnsupportedError
from triton_runner.launch_source import DIR_LEVELS

#: Keyword of a Config to the level that it names.
ARTIFACT_KEYWORDS = {f"autotune_{level}_dir": level for level in DIR_LEVELS}
_FROM_JSON = ("num_warps", "num_stages", "num_ctas", "maxnreg")
_GIVEN = "_triton_runner_given"


class Config(triton.Config):  # type: ignore[misc]  # Triton ships no types
    """``triton.Config`` with ``autotune_ttir_dir, autotune_ttgir_dir, autotune_llir_dir, autotune_ptx_dir`` or
    ``autotune_cubin_dir``: the folder of ``<kernel>.<level>`` and ``<kernel>.json``."""

    def __init__(self, kwargs: Mapping[str, Any] | None = None, *positional: Any, **options: Any) -> None:
        constants = dict(kwargs or {})
        constants |= {name: options.pop(name) for name in ARTIFACT_KEYWORDS if name in options}
        check_options(options)
        super().__init__(constants, *positional, **options)
        # Only what was said can contradict the JSON.
        self.given = frozenset(options) | frozenset(list(autotuning.config_defaults())[: len(positional)])


def check_options(options: Mapping[str, Any]) -> None:
    """Raise for an option that the installed Triton's Config lacks."""
    known = autotuning.config_defaults()
    for name in options:
        if name not in known:
            raise UnsupportedError(
                f"Config: {name!r} is unknown to Triton {installed_version()}, "
                f"which has {', '.join(known)}; triton_runner adds {', '.join(ARTIFACT_KEYWORDS)}"
            )


@dataclass
class Candidate:
    """A Config as a launch takes it."""

    config: Any
    constants: dict[str, Any]
    options: dict[str, Any]
    source: dict[str, Any] = field(default_factory=dict)  # the launch keyword of an artifact
    files: tuple[Path, ...] = ()

    @property
    def keywords(self) -> dict[str, Any]:
        return {**self.constants, **self.options, **self.source}

    @property
    def pre_hook(self) -> Any:
        return self.config.pre_hook

    @property
    def text(self) -> str:
        """For a person."""
        options = {
            name: getattr(self.config, name) for name in _FROM_JSON if getattr(self.config, name, None) is not None
        }
        return ", ".join(f"{name}: {value}" for name, value in {**self.constants, **options, **self.source}.items())

    def content(self) -> list[Any]:
        """What identifies it: the artifact by its content, not by its path."""
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files if path.is_file()]
        return [repr(sorted(self.constants.items())), repr(sorted(self.options.items())), sorted(self.source), digests]


def candidate(config: Any, function: Any) -> Candidate:
    """Read ``config``, and the JSON of its artifact where it names one.

    Raises:
        MetadataError, ArtifactNotFoundError: the JSON is not there, or contradicts the config.
    """
    # What the config was made with: a JSON that is read later adds to its kwargs.
    kwargs = config.__dict__.setdefault(_GIVEN, dict(config.kwargs))
    constants = {name: value for name, value in kwargs.items() if name not in ARTIFACT_KEYWORDS}
    named = {name: kwargs[name] for name in ARTIFACT_KEYWORDS if kwargs.get(name) is not None}
    options = {name: value for name, value in config.all_kwargs().items() if name not in config.kwargs}
    override = options.pop("ir_override", None)
    if options.get("num_ctas") == 1:  # as without it, and each option costs a launch a comparison
        del options["num_ctas"]
    if len(named) + (override is not None) > 1:
        raise ArgumentError(f"config {config}: it names several artifacts, but a kernel is launched from one level")
    if override is not None:
        return Candidate(config, constants, options, _override(override), (Path(override),))
    if not named:
        return Candidate(config, constants, options)
    ((keyword, folder),) = named.items()
    return _from_artifact(config, function, constants, ARTIFACT_KEYWORDS[keyword], Path(folder))


def _override(path: Any) -> dict[str, Any]:
    level = Path(path).suffix[1:]
    if level not in DIR_LEVELS or level in BINARY_LEVELS:
        raise ArgumentError(f"config: ir_override is {path!r}, expected a file *.ttir, *.ttgir, *.llir or *.ptx")
    return {f"{level}_src": str(path)}


def _from_artifact(config: Any, function: Any, given: dict[str, Any], level: str, folder: Path) -> Candidate:
    name = function.__name__
    artifact, beside = folder / f"{name}.{level}", folder / f"{name}.json"
    if not artifact.is_file():
        raise ArtifactNotFoundError(f"autotune_{level}_dir looks for {artifact}, which does not exist")
    metadata = as_metadata(beside)
    constants = _constants(metadata, function, given, beside)
    options = {option: value for option, value in from_metadata(metadata, {}).items() if option in _FROM_JSON}
    for option in getattr(config, "given", ()):
        if option in options and getattr(config, option) not in (None, options[option]):
            raise MetadataError(
                f"{beside}: {option} is {options[option]}, but the config says {getattr(config, option)}"
            )
    # As Triton's own configs do, it shows from now on what it stands for.
    config.kwargs.update(constants)
    for option, value in options.items():
        setattr(config, option, value)
    # The JSON beside the artifact tells the launch the rest; options would be checked against it once more.
    return Candidate(config, constants, {}, {f"{level}_dir": str(folder)}, (artifact, beside))


def _constants(metadata: Mapping[str, Any], function: Any, given: dict[str, Any], where: Path) -> dict[str, Any]:
    """The constexprs of the artifact; those of the config may repeat them, or stand in where the JSON has none."""
    found: dict[str, Any] = {}
    if names_parameters(metadata):
        spec = _C.read_sidecar(json.dumps(metadata), None, None)
        declared = {param.name for param in function.params if param.is_constexpr}
        found = {p.name: p.constant for p in spec.params if p.kind == "constant" and p.name in declared}
    for name, value in given.items():
        if name in found and found[name] not in (value, str(value)):
            raise MetadataError(f"{where}: {name} is {found[name]!r}, but the config says {value!r}")
    return {**given, **found}
