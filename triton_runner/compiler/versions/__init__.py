"""One adapter per family of Triton versions; everything that differs between versions lives in these files.

An adapter is a module with the functions of ``Adapter``. It imports nothing of triton_runner, because the isolated
worker (``stage_worker.py``) loads it by path into a bare process. To cover another version, add a file and a line to
``_FAMILIES``. Tested in tests/python/test_levels.py.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import re
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Protocol, cast

from triton_runner.errors import UnsupportedError

# (major, minor) to the module of this package that covers it.
_FAMILIES = {(3, 6): "triton_3_6"}

Stage = Callable[[Any, MutableMapping[str, Any]], Any]


class Adapter(Protocol):
    """What the compiler driver needs of an installed Triton."""

    #: Of the module, for the isolated worker.
    __file__: str

    def make_backend(self, backend: str, arch: int | str, warp_size: int) -> Any: ...

    def option_names(self, backend: str) -> frozenset[str]: ...

    def parse_options(self, backend: Any, options: Mapping[str, Any]) -> Any: ...

    def make_stages(self, backend: Any, options: Any, gluon: bool) -> dict[str, Stage]: ...

    def lower_function(self, source: Any, backend: Any, options: Any) -> Any: ...

    def parse_ir(self, path: str, backend: Any) -> Any: ...

    def init_llvm(self) -> None: ...

    def descriptor_metadata(self, module: Any) -> Any: ...

    def module_options(self, module: Any) -> dict[str, int]: ...

    def is_gluon(self, function: Any) -> bool: ...

    def is_function_source(self, source: Any) -> bool: ...

    def make_source(self, function: Any, signature: Any, constexprs: Any, attrs: Any) -> Any: ...

    def launch_guards(self) -> list[tuple[dict[Any, Any] | None, Any]]: ...

    def compile_hooks(self) -> tuple[Any, Any]: ...

    def launch_hooks(self) -> tuple[Any, Any] | None: ...

    def load_hooks(self) -> tuple[Any, Any] | None: ...

    def lazy_metadata(self, values: dict[str, Any]) -> Any: ...

    def argument_types(self) -> dict[str, Any]: ...

    def always_compile(self) -> bool: ...

    def unserved_settings(self) -> list[str]: ...

    def environment(self) -> dict[str, Any]: ...

    def toolchain(self, backend: Any) -> list[Any]: ...


def supported_range() -> str:
    names = [f"{major}.{minor}" for major, minor in sorted(_FAMILIES)]
    return f"{names[0]}.x" if len(names) == 1 else f"{names[0]}.x to {names[-1]}.x"


def number_of(version: str) -> tuple[int, int]:
    """(major, minor) of a version's text; (0, 0) where it has none."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def installed_version() -> str | None:
    """The version of the installed Triton, without importing it."""
    for distribution in ("triton", "pytorch-triton", "triton-rocm", "pytorch-triton-rocm"):
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return _version_of_module()


def hidden_parameters(version: str) -> tuple[bool, bool]:
    """Whether kernels that Triton ``version`` made for NVIDIA end in a global and in a profile scratch pointer."""
    match = re.match(r"(\d+)\.(\d+)", version)
    number = (int(match[1]), int(match[2])) if match else (0, 0)
    return number >= (3, 3), number >= (3, 5)


def uses_global_scratch(backend: str, version: str) -> bool:
    """Whether kernels that Triton ``version`` made may ask for global scratch; for AMD it was NULL up to 3.7."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return backend != "hip" or match is None or (int(match[1]), int(match[2])) >= (3, 8)


@functools.cache
def adapter() -> Adapter:
    """The adapter of the installed Triton. The first use of Triton anywhere in triton_runner goes through here."""
    version = installed_version()
    if version is None:
        raise UnsupportedError(
            "compiling needs Triton, which is not installed: pip install "
            f"'triton~={_newest()}.0'. Launching PTX or a cubin needs no Triton"
        )
    return cast(Adapter, importlib.import_module(f"{__name__}.{_family(version)}"))


def adapter_path(version: str) -> str:
    """The file of the adapter of Triton ``version``."""
    return str(Path(__file__).with_name(f"{_family(version)}.py"))


def _family(version: str) -> str:
    match = re.match(r"(\d+)\.(\d+)", version)
    family = _FAMILIES.get((int(match[1]), int(match[2]))) if match else None
    if family is None:
        raise UnsupportedError(
            f"the installed Triton is {version}, but this version of triton_runner covers Triton {supported_range()}: "
            f"pip install 'triton~={_newest()}.0'"
        )
    return family


def _newest() -> str:
    major, minor = max(_FAMILIES)
    return f"{major}.{minor}"


def _version_of_module() -> str | None:
    # A Triton on the path that no distribution describes, such as a source tree.
    try:
        import triton
    except ImportError:
        return None
    return str(triton.__version__)
