"""The checks of ``triton-runner doctor``. Tested in tests/python/test_cli.py."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from triton_runner.errors import Error
from triton_runner.version import __version__

OK, ABSENT, BROKEN = "ok", "absent", "broken"
_PYTHON = SpecifierSet(">=3.10,<3.14")
_OLDEST_DRIVER = 12000  # as cuDriverGetVersion counts


@dataclass(frozen=True)
class Check:
    """What was found, and where that is less than it could be, what will not work for it and what to do."""

    group: str
    name: str
    state: str
    found: str
    consequence: str = ""
    required: bool = False


def all_checks() -> list[Check]:
    groups: tuple[Callable[[], Iterator[Check]], ...] = (_installation, _compiler, _drivers, _tools)
    return [check for group in groups for check in group()]


def _installation() -> Iterator[Check]:
    group, python = "installation", platform.python_version()
    fits = python in _PYTHON
    yield Check(
        group,
        "Python",
        OK if fits else BROKEN,
        f"{python} ({sys.executable}), supported {_PYTHON}",
        "" if fits else f"this Python is outside of {_PYTHON}",
        required=True,
    )
    yield Check(group, "triton_runner", OK, f"{__version__} ({Path(__file__).parents[1]})")
    yield _torch(group)
    yield _extension(group)
    system = platform.system()
    yield Check(
        group,
        "system",
        OK if system == "Linux" else BROKEN,
        platform.platform(),
        "" if system == "Linux" else "only Linux is supported",
        required=True,
    )


def _torch(group: str) -> Check:
    import torch

    wanted = _requirement("torch")
    build = (
        f"CUDA {torch.version.cuda}"
        if torch.version.cuda
        else f"ROCm {torch.version.hip}"
        if torch.version.hip
        else "CPU"
    )
    found = f"{torch.__version__}, built for {build}"
    if wanted is None:
        return Check(group, "torch", OK, found)
    fits = wanted.contains(torch.__version__.split("+")[0], prereleases=True)
    found += f", supported {wanted}"
    trouble = (
        "" if fits else f"the extension is built and tested with torch {wanted}: install one of those and build again"
    )
    return Check(group, "torch", OK if fits else BROKEN, found, trouble)


def _requirement(name: str) -> SpecifierSet | None:
    """The range in the metadata of the installed package, or in the pyproject.toml of a checkout; else None."""
    try:
        lines = importlib.metadata.requires("triton_runner") or []
    except importlib.metadata.PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        listed = (
            re.search(r"^dependencies = \[(.*?)\]", project.read_text(), re.M | re.S) if project.is_file() else None
        )
        lines = re.findall(r'"([^"]+)"', listed[1]) if listed else []
    requirements = map(Requirement, lines)
    return next((found.specifier for found in requirements if found.name == name and found.marker is None), None)


def _extension(group: str) -> Check:
    from triton_runner import native

    folder = Path(native.__file__).parent
    files = sorted(path.name for path in folder.glob("*.so"))
    return Check(group, "extension", OK, ", ".join(files), required=True)  # importing this package has loaded it


def _compiler() -> Iterator[Check]:
    from triton_runner.compiler.versions import adapter, installed_version, supported_range

    group, version = "compiler", installed_version()
    if version is None:
        yield Check(
            group,
            "Triton",
            ABSENT,
            f"not installed, supported {supported_range()}",
            "compiling; PTX and cubins still launch",
        )
        return
    found = f"{version}, supported {supported_range()}"
    try:
        adapter()
    except Error as error:
        yield Check(group, "Triton", ABSENT, found, f"compiling: {error}")
        return
    except Exception as error:
        yield Check(
            group, "Triton", BROKEN, found, f"compiling: importing Triton failed: {type(error).__name__}: {error}"
        )
        return
    yield Check(group, "Triton", OK, found)
    yield _compiles(group)


def _compiles(group: str) -> Check:
    """From TTIR to a cubin: MLIR, LLVM and ptxas of this Triton all answer."""
    from triton_runner.cli.probe import compile_probe

    try:
        size = compile_probe("sm_80")
    except Exception as error:
        return Check(group, "to a cubin", BROKEN, "failed", f"compiling: {type(error).__name__}: {error}")
    return Check(group, "to a cubin", OK, f"a kernel compiled for sm_80 ({size:,} bytes)")


def _drivers() -> Iterator[Check]:
    yield _cpu()
    yield _cuda()
    yield _hip()


def _cpu() -> Check:
    from triton_runner.cli.probe import launch_probe

    try:
        launch_probe("cpu")
    except Exception as error:
        return Check("drivers", "cpu", BROKEN, "failed", f"launching on the CPU: {type(error).__name__}: {error}")
    return Check("drivers", "cpu", OK, f"a kernel ran in the PTX executor ({os.cpu_count()} cores)")


def _cuda() -> Check:
    import torch

    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Check(
            "drivers", "cuda", ABSENT, "libcuda.so.1 is not on this machine", "launching on an NVIDIA GPU: no driver"
        )
    version = ctypes.c_int()
    status = library.cuDriverGetVersion(ctypes.byref(version))
    found = f"libcuda.so.1 of CUDA {version.value // 1000}.{version.value % 1000 // 10}"
    if status != 0 or library.cuInit(0) != 0:
        return Check(
            "drivers", "cuda", ABSENT, found, "launching on an NVIDIA GPU: the driver opens, but finds no device"
        )
    if torch.version.cuda is None:
        return Check("drivers", "cuda", ABSENT, found, "launching on an NVIDIA GPU: this torch was built without CUDA")
    if not torch.cuda.is_available():
        return Check("drivers", "cuda", ABSENT, found, "launching on an NVIDIA GPU: torch.cuda.is_available() is False")
    trouble = _gpu_trouble(version.value)
    names = ", ".join(
        f"{torch.cuda.get_device_name(index)} (sm_{''.join(map(str, torch.cuda.get_device_capability(index)))})"
        for index in range(torch.cuda.device_count())
    )
    if trouble:
        return Check("drivers", "cuda", ABSENT, f"{found}; {names}", trouble)
    return _launched("cuda", f"{found}; {names}")


def _gpu_trouble(driver: int) -> str:
    """What an NVIDIA GPU that torch sees still cannot do."""
    from triton_runner.compiler.target import device_target

    if driver < _OLDEST_DRIVER:
        return "launching on an NVIDIA GPU: the driver is older than CUDA 12"
    try:
        device_target(None)
    except Error as error:
        return f"compiling for this GPU: {error}"
    return ""


def _hip() -> Check:
    import torch

    try:
        ctypes.CDLL("libamdhip64.so")
    except OSError:
        return Check(
            "drivers", "hip", ABSENT, "libamdhip64.so is not on this machine", "launching on an AMD GPU: no HIP runtime"
        )
    if torch.version.hip is None:
        return Check(
            "drivers", "hip", ABSENT, "libamdhip64.so", "launching on an AMD GPU: this torch was built without ROCm"
        )
    if not torch.cuda.is_available():
        return Check("drivers", "hip", ABSENT, "libamdhip64.so", "launching on an AMD GPU: torch sees no device")
    # An AMD GPU takes no PTX, so this one needs Triton too.
    return _launched("hip", f"libamdhip64.so; {torch.cuda.get_device_name()}", "ttir")


def _launched(name: str, found: str, level: str = "ptx") -> Check:
    from triton_runner.cli.probe import launch_probe

    try:
        launch_probe("cuda", level)  # which is also what torch calls an AMD GPU
    except Exception as error:
        return Check("drivers", name, BROKEN, found, f"launching on {name}: {type(error).__name__}: {error}")
    return Check("drivers", name, OK, f"{found}; a kernel ran")


def _tools() -> Iterator[Check]:
    from triton_runner.cache import cache_root
    from triton_runner.disassembly import find_tool

    tools = (("nvdisasm", "SASS in `inspect` and in the report of `passes`"),)
    for tool, use in tools:
        path = find_tool(tool)
        yield Check("tools", tool, OK if path else ABSENT, str(path or "not found"), "" if path else use)
    root = cache_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
        yield Check("tools", "compile cache", OK, str(root))
    except OSError as error:
        trouble = f"keeping what was compiled: {error.strerror or error}"
        yield Check("tools", "compile cache", BROKEN, str(root), trouble)
