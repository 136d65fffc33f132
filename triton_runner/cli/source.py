"""The kernel that a command line names: a file of any level, or a function as ``kernel.py:name`` or ``module:name``.

A Python file is imported as Python would import it: its folder (or the folder above its package) comes first on
sys.path, and what it prints goes to standard error. Tested in tests/python/test_cli_source.py.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from triton_runner.cli.guess import guess_signature
from triton_runner.cli.values import evaluate, split_named
from triton_runner.errors import ArgumentError, ArtifactError, ArtifactNotFoundError


@dataclass(frozen=True)
class Source:
    """What the command line named."""

    given: str
    function: Any = None  # a jit function; None for an artifact, which `given` is the path of
    configured: Mapping[str, Any] = field(default_factory=dict)  # constexprs of the chosen config of an autotuner
    config_options: Mapping[str, Any] = field(default_factory=dict)  # and its num_warps, num_stages, ...

    @property
    def label(self) -> str:
        return str(self.function.__name__) if self.function is not None else Path(self.given).name


@dataclass(frozen=True)
class Request:
    """All that ``triton_runner.compile`` takes, and what of it was guessed."""

    source: Any
    keywords: dict[str, Any]
    guessed: dict[str, str]


def read_source(text: str, config: int = 0) -> Source:
    """The function or the path that ``text`` names."""
    match = re.match(r"(?P<place>.+?):(?P<name>[A-Za-z_][\w.]*)$", text)
    if match is None:
        if not text.endswith(".py"):
            return Source(text)
        return _unwrapped(text, _only_function(_import_file(Path(text)), text), config)
    place = match["place"]
    module = _import_file(Path(place)) if place.endswith(".py") else _import_name(place)
    return _unwrapped(text, _member(module, match["name"], place), config)


def make_request(source: Source, options: argparse.Namespace) -> Request:
    """The arguments of ``triton_runner.compile`` for this source and these options of the command line."""
    keywords: dict[str, Any] = {"target": options.target, "options": compile_options(source, options)}
    constexprs = named_values(options.constexpr, "--constexpr")
    signature = _signature(options.signature)
    if source.function is None:
        if constexprs:
            raise ArgumentError(f"--constexpr {next(iter(constexprs))}: an artifact has its constants built in")
        given = {"level": options.level, "metadata": options.metadata, "name": options.name, "signature": signature}
        return Request(source.given, {**keywords, **{k: v for k, v in given.items() if v is not None}}, {})
    types, values, guessed = guess_signature(
        source.function, signature or {}, {**source.configured, **constexprs}, source.given
    )
    return Request(source.function, {**keywords, "signature": types, "constexprs": values}, guessed)


def compile_options(source: Source, options: argparse.Namespace) -> dict[str, Any]:
    """Options of Triton's: of the config, over which those of the command line go."""
    found = {**source.config_options, **named_values(options.option, "--option")}
    short = {"num_warps": options.num_warps, "num_stages": options.num_stages}
    return {**found, **{name: value for name, value in short.items() if value is not None}}


def named_values(pairs: Iterable[str], flag: str) -> dict[str, Any]:
    """NAME=VALUE of a repeatable option. What is no expression is taken as text."""
    found = {}
    for pair in pairs:
        name, text = split_named(pair)
        if name is None:
            raise ArgumentError(f"{flag} {pair}: expected NAME=VALUE")
        try:
            found[name] = evaluate(text, {})
        except ArgumentError:
            if not re.fullmatch(r"[\w.:+-]+", text) or text.startswith("tl."):
                raise
            found[name] = text
    return found


def _signature(text: str | None) -> dict[str, str] | list[str] | None:
    if text is None:
        return None
    parts = [part.strip() for part in re.split(r",(?![^\[<(]*[\])>])", text)]
    named = [part.partition("=")[::2] for part in parts if "=" in part]
    if not named:
        return parts
    if len(named) != len(parts):
        raise ArgumentError(f"--signature {text}: either all types have a name (x=*fp16,n=i32) or none")
    return {name.strip(): type_name.strip() for name, type_name in named}


def _unwrapped(given: str, found: Any, config: int) -> Source:
    """Through autotuners and heuristics down to the jit function."""
    configured: dict[str, Any] = {}
    config_options: dict[str, Any] = {}
    while not hasattr(found, "cache_key") and hasattr(found, "fn"):
        configs = getattr(found, "configs", None)
        if configs:
            if not 0 <= config < len(configs):
                raise ArgumentError(f"--config {config}: {given} has {len(configs)} configs, counted from 0")
            configured = dict(configs[config].kwargs)
            own = ("num_warps", "num_stages", "num_ctas", "maxnreg")
            config_options = {
                name: value for name in own if (value := getattr(configs[config], name, None)) is not None
            }
        found = found.fn
    if not (hasattr(found, "arg_names") and hasattr(found, "cache_key")):
        raise ArgumentError(f"{given} is of type {type(found).__name__}, expected a jit or Gluon function")
    return Source(given, found, configured, config_options)


def _only_function(module: ModuleType, given: str) -> Any:
    kernels = {
        name: value
        for name, value in vars(module).items()
        if hasattr(value, "fn") and getattr(_innermost(value), "__module__", None) == module.__name__
    }
    if len(kernels) == 1:
        return next(iter(kernels.values()))
    found = f"it has {', '.join(kernels)}" if kernels else "it has none"
    raise ArgumentError(f"{given}: say which kernel is meant, as {given}:NAME; {found}")


def _innermost(value: Any) -> Any:
    while hasattr(value, "fn"):
        value = value.fn
    return value


def _member(module: ModuleType, name: str, place: str) -> Any:
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            kernels = [key for key, item in vars(module).items() if hasattr(item, "fn")]
            raise ArgumentError(f"{place} has no {name!r}; its kernels are {', '.join(kernels) or 'none'}")
        value = getattr(value, part)
    return value


def import_member(text: str) -> Any:
    """What ``file.py:name`` or ``module:name`` is."""
    place, colon, name = text.rpartition(":")
    if not colon:
        raise ArgumentError(f"{text}: expected FILE.py:NAME")
    return _member(_import_file(Path(place)) if place.endswith(".py") else _import_name(place), name, place)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ArtifactNotFoundError(f"{path}: no such file")
    path = path.resolve()
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    name = ".".join(names)
    if len(names) > 1 or _file_behind(name) in (None, path):
        return _import_name(name, path)
    return _guarded(name, path, lambda: _execute(name, path))  # the name belongs to a module elsewhere


def _file_behind(name: str) -> Path | None:
    """The file that `import name` leads to; the current folder where it is built in."""
    if (module := sys.modules.get(name)) is not None:
        return Path(getattr(module, "__file__", None) or "").resolve()
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(name)
    return Path(spec.origin or "").resolve() if spec else None


def _import_name(name: str, path: Path | None = None) -> ModuleType:
    return _guarded(name, path, lambda: importlib.import_module(name))


def _execute(name: str, path: Path) -> ModuleType:
    """Import a file whose name another module has."""
    name = f"{name}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _guarded(name: str, path: Path | None, load: Callable[[], ModuleType]) -> ModuleType:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit of a script without a main guard too
        where = str(path or name)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = f" at line {frames[-1].lineno}" if frames else ""
        raise ArtifactError(f"{where} cannot be imported{line}: {type(error).__name__}: {error}") from error
