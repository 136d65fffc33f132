"""A bundle: one kernel compiled for several GPUs, in one folder that says what it holds; and the choice among them.

``<folder>/bundle.json`` lists the entries; ``<folder>/<target>/<kernel>.<level>`` are the images, and
``<kernel>.json`` beside them is their sidecar. Every file is listed with its SHA-256, and the whole folder appears in
one step. What a GPU may run is decided by ``fits``, from what an image itself says it was made for; a bundle with
nothing for a device is an error. Tested in tests/python/test_bundle.py.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triton_runner import messages
from triton_runner.cache import file_stem
from triton_runner.compiler.levels import backend_of, binary_of, chain_of
from triton_runner.compiler.target import Target, parse_target
from triton_runner.errors import ArgumentError, ArtifactError, ArtifactNotFoundError
from triton_runner.kernel import Kernel

INDEX = "bundle.json"
_FORMAT = 1
_LEVELS = ("cubin", "hsaco", "ptx")
# The CPU executor takes PTX up to this capability.
_CPU_NEWEST = 90


@dataclass(frozen=True)
class Device:
    """What an image is chosen for: an NVIDIA GPU by its capability times ten, an AMD GPU by its name, or the CPU."""

    backend: str  # "cuda", "hip", "cpu"
    arch: int | str = ""

    @property
    def name(self) -> str:
        return {"cuda": f"sm_{self.arch}", "hip": str(self.arch), "cpu": "the CPU"}[self.backend]


@dataclass(frozen=True)
class Entry:
    """One image of a bundle. ``target`` is as the image has it: ``sm_90a`` runs on capability 9.0 and no other."""

    target: str
    level: str
    file: str  # below the folder; the sidecar lies beside it
    sha256: str
    sidecar_sha256: str

    @property
    def arch(self) -> int:
        """Of an NVIDIA image, the capability times ten."""
        return int(re.sub(r"\D", "", self.target))


def make(
    source: Any,
    *,
    targets: Iterable[Any],
    to: Iterable[str] = ("cubin", "hsaco"),
    output: str | Path,
    **compile_arguments: Any,
) -> list[Entry]:
    """Compile ``source`` for all ``targets`` into the folder ``output``.

    The PTX of every NVIDIA target is kept too, as the fall-back for GPUs that no cubin fits, and for the CPU. A bundle
    that is there already is replaced. ``compile_arguments`` are those of :func:`triton_runner.compile`.
    """
    from triton_runner.compiler.pipeline import compile

    chosen = [parse_target(target) for target in targets]
    levels = _levels_for(chosen, list(to))
    output = Path(output)
    _check_output(output)
    kernels = [
        compile(source, target=target, to=levels[target.backend], **compile_arguments)
        for target in dict.fromkeys(chosen)
    ]
    names = {kernel.spec.name for kernel in kernels}
    if len(names) != 1:
        raise ArtifactError(f"the targets give kernels of several names: {', '.join(sorted(names))}")
    work = output.with_name(f".{output.name}.tmp-{uuid.uuid4().hex[:8]}")
    try:
        entries = [entry for kernel in kernels for entry in _write(work, kernel)]
        index = {"version": _FORMAT, "kernel": names.pop(), "entries": [asdict(entry) for entry in entries]}
        (work / INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")
        _swap(work, output)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return entries


def read(folder: str | Path) -> tuple[str, list[Entry]]:
    """The kernel's name and the entries of a bundle."""
    path = Path(folder, INDEX)
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["version"] != _FORMAT:
            raise ArtifactError(f"{path}: the bundle has format {index['version']}, expected {_FORMAT}")
        return str(index["kernel"]), [Entry(**entry) for entry in index["entries"]]
    except FileNotFoundError:
        raise ArtifactNotFoundError(
            f"{folder} is a folder without {INDEX}: give an artifact in it, or make a bundle with "
            "`triton-runner artifacts make`"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path}: the index of the bundle is damaged: {error!r}") from error


def load(folder: str | Path, *, target: Any = None) -> Kernel:
    """The kernel of a bundle for ``target``; without one, for the current GPU, or the CPU where there is none.

    Prints which image it is, unless launch messages are off.
    """
    name, entries = read(folder)
    device = current_device() if target is None else _device_of(parse_target(target))
    entry = pick(entries, device, f"{folder}: the bundle of kernel {name!r}")
    kernel = _load_entry(Path(folder), entry, entries)
    others = ", ".join(f"{other.target} {other.level}" for other in entries if other is not entry)
    messages.say(f"{name}: {entry.target} {entry.level} for {device.name}, from {folder} (also there: {others or '-'})")
    return kernel


def pick(entries: Sequence[Entry], device: Device, what: str = "the bundle") -> Entry:
    """The image for ``device``: the newest binary that fits, else the newest PTX. ArtifactError where none does."""
    for binary in (True, False):
        fitting = [entry for entry in entries if (entry.level != "ptx") is binary and fits(entry, device)]
        if fitting:
            return fitting[0] if device.backend == "hip" else max(fitting, key=lambda entry: entry.arch)
    there = ", ".join(f"{entry.target} {entry.level}" for entry in entries) or "nothing"
    raise ArtifactError(f"{what} has {there}, of which nothing runs on {device.name}: make it for that target too")


def fits(entry: Entry, device: Device) -> bool:
    """Whether ``device`` runs the image (CUDA C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility").

    A cubin runs on its own major version, from its own minor version on; PTX on every later GPU. What was made for an
    architecture-specific target (a) runs on no other, for a family-specific one (f) within the major version.
    """
    if device.backend == "hip":
        return entry.level == "hsaco" and entry.target == device.arch
    if entry.level == "hsaco":
        return False
    if device.backend == "cpu":
        return entry.level == "ptx" and entry.arch <= _CPU_NEWEST
    capability = int(device.arch)
    if entry.target.endswith("a"):
        return entry.arch == capability
    same_major = entry.arch // 10 == capability // 10
    return entry.arch <= capability and (same_major or (entry.level == "ptx" and not entry.target.endswith("f")))


def current_device() -> Device:
    """What torch runs on now."""
    import torch

    if not torch.cuda.is_available():
        return Device("cpu")
    if torch.version.hip is not None:
        return Device("hip", torch.cuda.get_device_properties(None).gcnArchName.split(":")[0])
    major, minor = torch.cuda.get_device_capability()
    return Device("cuda", major * 10 + minor)


def _device_of(target: Target) -> Device:
    return Device(target.backend, target.arch)


def _levels_for(targets: Sequence[Target], levels: Sequence[str]) -> dict[str, str]:
    """The level to compile to for each backend."""
    unknown = [level for level in levels if level not in _LEVELS]
    if unknown or not levels:
        raise ArgumentError(f"a bundle holds {', '.join(_LEVELS)}, but asked for is {', '.join(unknown) or 'nothing'}")
    if not targets:
        raise ArgumentError("a bundle needs targets, such as sm_80,sm_90,gfx942")
    found = {}
    for target in targets:
        of_backend = [level for level in levels if backend_of(level) == target.backend]
        if not of_backend:
            raise ArgumentError(
                f"target {target.name} needs {binary_of(target.backend)} among the levels, "
                f"which are {', '.join(levels)}"
            )
        found[target.backend] = max(of_backend, key=chain_of(target.backend).index)
    return found


def _check_output(output: Path) -> None:
    if output.exists() and (not output.is_dir() or (any(output.iterdir()) and not (output / INDEX).is_file())):
        raise ArgumentError(f"{output} is there already and is no bundle: give a new folder")


def _write(folder: Path, kernel: Any) -> list[Entry]:
    """The images of one target."""
    stem, target = file_stem(kernel.spec.name), str(kernel.spec.target)
    place = folder / target
    place.mkdir(parents=True)
    sidecar = json.dumps(kernel.sidecar, indent=1).encode()
    (place / f"{stem}.json").write_bytes(sidecar)
    stated = _stated_target(kernel.artifacts.get("ptx"), target)
    entries = []
    for level in (level for level in _LEVELS if level in kernel.artifacts):
        content = kernel.artifacts[level]
        data = content if isinstance(content, bytes) else content.encode()
        (place / f"{stem}.{level}").write_bytes(data)
        entries.append(Entry(stated, level, f"{target}/{stem}.{level}", _digest(data), _digest(sidecar)))
    return entries


def _stated_target(ptx: str | bytes | None, target: str) -> str:
    """The target with the suffix that Triton gave it: from Hopper on it compiles for sm_90a and the like."""
    found = re.search(r"^\s*\.target\s+(sm_\w+)", str(ptx), re.MULTILINE) if ptx is not None else None
    return found[1] if found else target


def _swap(work: Path, output: Path) -> None:
    if output.exists():
        old = work.with_name(f"{work.name}-old")
        output.rename(old)
        work.rename(output)
        shutil.rmtree(old, ignore_errors=True)
    else:
        work.rename(output)


def _load_entry(folder: Path, entry: Entry, entries: Sequence[Entry]) -> Kernel:
    from triton_runner.loader import load as load_artifact

    kernel = load_artifact(_checked(folder, entry), level=entry.level, metadata=_sidecar(folder, entry))
    if parse_target(str(kernel.spec.target)) != parse_target(entry.target):
        raise ArtifactError(
            f"{folder / entry.file} is of a kernel for {kernel.spec.target}, but {INDEX} says {entry.target}"
        )
    # One kernel for both devices of the machine: the CPU takes the PTX of the same compile.
    ptx = next((other for other in entries if other.level == "ptx" and other.target == entry.target), entry)
    if entry.level != "cubin" or ptx is entry:
        return kernel
    return Kernel(kernel.spec, {"ptx": _checked(folder, ptx).decode(), "cubin": kernel.artifacts["cubin"]})


def _checked(folder: Path, entry: Entry) -> bytes:
    return _read_checked(folder / entry.file, entry.sha256)


def _sidecar(folder: Path, entry: Entry) -> Mapping[str, Any]:
    path = (folder / entry.file).with_suffix(".json")
    found: dict[str, Any] = json.loads(_read_checked(path, entry.sidecar_sha256))
    return found


def _read_checked(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArtifactNotFoundError(f"{path}, which {INDEX} lists, cannot be read: {error.strerror}") from None
    if _digest(data) != digest:
        raise ArtifactError(f"{path} is not the file that {INDEX} lists: it was changed; make the bundle again")
    return data


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
