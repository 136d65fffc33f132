"""The compile cache on disk, keyed by content.

An entry is a folder named by its key. It holds ``<stem>.<level>`` for every level and ``<stem>.json``, the sidecar,
whose ``triton_runner_build`` entry lists size and SHA-256 of each file. An entry appears in one step: it is written
into a temporary folder, flushed, and renamed. Whoever comes second removes its own copy. An entry that fails its checks
is moved aside as ``<key>.damaged``, so that an edit made inside the cache is not lost, and is built again. A cache that
cannot be written costs a warning and nothing else. Any number of threads and processes may work on one cache. Tested in
tests/python/test_cache.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_runner.compiler.levels import BINARY_LEVELS

logger = logging.getLogger(__name__)

#: Part of every key; a change of what an entry holds changes it.
FORMAT = 1

BUILD_ENTRY = "triton_runner_build"
_TEMPORARY = ".tmp-"
_ABANDONED_AFTER_S = 3600.0
_MAX_STEM = 150  # file names end at 255 bytes


@dataclass(frozen=True)
class Entry:
    """A compiled kernel as it lies in the cache."""

    artifacts: dict[str, str | bytes]
    sidecar: dict[str, Any]
    folder: Path | None  # None where the cache could not be written


def cache_root() -> Path:
    """Where the cache lies: $TRITON_RUNNER_CACHE_DIR, else $TRITON_CACHE_DIR, else ~/.cache/triton_runner."""
    for variable in ("TRITON_RUNNER_CACHE_DIR", "TRITON_CACHE_DIR"):
        if folder := os.environ.get(variable):
            return Path(folder)
    return Path.home() / ".cache" / "triton_runner"


def content_key(parts: Mapping[str, Any]) -> str:
    """The key of an entry: a hash over everything that decides what the compiler makes."""
    text = json.dumps(parts, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def file_stem(name: str) -> str:
    """The name of a kernel's files, without the level."""
    return re.sub(r"[^\w.$-]", "_", name)[:_MAX_STEM]


def load(key: str, stem: str, root: Path | None = None) -> Entry | None:
    """The entry of ``key``; None where there is none or it is damaged."""
    folder = (root or cache_root()) / key
    try:
        sidecar = json.loads((folder / f"{stem}.json").read_bytes())
        files = sidecar[BUILD_ENTRY]["files"]
        artifacts = {level: _read_checked(folder / f"{stem}.{level}", level, facts) for level, facts in files.items()}
    except FileNotFoundError:
        if folder.exists():
            logger.warning("cache entry %s is incomplete and will be built again", folder)
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("cache entry %s is damaged (%s) and will be built again", folder, error)
        return None
    return Entry(artifacts, sidecar, folder)


def publish(
    key: str, stem: str, artifacts: Mapping[str, str | bytes], sidecar: Mapping[str, Any], root: Path | None = None
) -> Entry:
    """Write an entry; the returned one names its folder, or None where nothing could be written."""
    data = {level: _encode(content) for level, content in artifacts.items()}
    build = {**sidecar.get(BUILD_ENTRY, {}), "files": {level: _facts(content) for level, content in data.items()}}
    text = json.dumps({**sidecar, BUILD_ENTRY: build}, indent=1)
    files = {f"{stem}.{level}": content for level, content in data.items()} | {f"{stem}.json": text.encode()}
    base = root or cache_root()
    try:
        folder: Path | None = _publish_files(base, key, stem, files)
    except OSError as error:
        logger.warning(
            "the compile cache %s cannot be written (%s): kernel %s is not cached", base, error.strerror or error, stem
        )
        folder = None
    return Entry(dict(artifacts), json.loads(text), folder)  # the same as a later load finds


def _publish_files(root: Path, key: str, stem: str, files: Mapping[str, bytes]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    final = root / key
    temporary = root / f"{_TEMPORARY}{os.getpid()}-{uuid.uuid4().hex}"
    temporary.mkdir()
    try:
        for name, content in files.items():
            _write_flushed(temporary / name, content)
        _flush_folder(temporary)
        _rename_into_place(temporary, final, stem)
        _flush_folder(root)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # gone where the rename took it
    _remove_abandoned(root)
    return final


def _rename_into_place(temporary: Path, final: Path, stem: str) -> None:
    # A rename onto a folder that is not empty fails, which is what makes the first one win.
    for _ in range(8):
        try:
            temporary.rename(final)
            return
        except OSError:
            if not final.exists():
                if not temporary.exists():
                    raise
                continue  # another process is replacing a damaged entry at this moment
            if load(final.name, stem, final.parent) is not None:
                return
            _move_aside(final)
    raise OSError(f"{final} keeps changing")


def _move_aside(final: Path) -> None:
    damaged = final.with_name(final.name + ".damaged")
    shutil.rmtree(damaged, ignore_errors=True)
    with contextlib.suppress(OSError):  # another process may have moved it, or taken the name
        final.rename(damaged)
        logger.warning("the damaged cache entry was kept as %s", damaged)


def _remove_abandoned(root: Path) -> None:
    """Remove the temporary folders of processes that were killed while writing."""
    now = time.time()
    for path in root.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > _ABANDONED_AFTER_S:
                shutil.rmtree(path, ignore_errors=True)


def _write_flushed(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _encode(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def _facts(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _read_checked(path: Path, level: str, facts: Mapping[str, Any]) -> str | bytes:
    content = path.read_bytes()
    if _facts(content) != dict(facts):
        raise ValueError(
            f"{path.name} has {len(content)} bytes, or content, other than the {facts['size']} bytes written"
        )
    return content if level in BINARY_LEVELS else content.decode()
