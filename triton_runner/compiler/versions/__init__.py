"""One adapter per family of Triton versions; everything that differs between versions lives in these files.

An adapter is a module with a class ``Adapter``. Triton 3.6 is described in ``stages.py`` (source to artifacts) and
``front.py`` (launch to source); the adapter of a version derives from its neighbour and overrides only what that
version does otherwise. The files import nothing of triton_runner but each other, relatively, because the isolated
worker (``stage_worker.py``) loads them into a bare process. To cover another version, add a line to ``_FAMILIES``, and
a file where something differs. Tested in tests/python/test_levels.py, test_versions.py and by ``make test-matrix``.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from triton_runner.errors import UnsupportedError

if TYPE_CHECKING:
    from triton_runner.compiler.versions.triton_3_6 import Adapter

# (major, minor) to the module of this package that covers it.
_FAMILIES = {
    (3, 0): "triton_3_0",
    (3, 1): "triton_3_0",
    (3, 2): "triton_3_2",
    (3, 3): "triton_3_3",
    (3, 4): "triton_3_4",
    (3, 5): "triton_3_5",
    (3, 6): "triton_3_6",
    (3, 7): "triton_3_7",
    (3, 8): "triton_3_7",
    (3, 9): "triton_3_9",
}

_DISTRIBUTIONS = ("triton", "pytorch-triton", "triton-rocm", "pytorch-triton-rocm")


def supported_range() -> str:
    names = [f"{major}.{minor}" for major, minor in sorted(_FAMILIES)]
    return f"{names[0]}.x" if len(names) == 1 else f"{names[0]}.x to {names[-1]}.x"


def number_of(version: str) -> tuple[int, int]:
    """(major, minor) of a version's text; (0, 0) where it has none."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def installed_version() -> str | None:
    """The version of the Triton that is imported, or that an import would find. It does not import it where it can."""
    loaded = sys.modules.get("triton")
    if loaded is not None and hasattr(loaded, "__version__"):
        return str(loaded.__version__)
    try:
        spec = importlib.util.find_spec("triton")
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    # The metadata that lies beside the module; another Triton may lie further down the path.
    beside = [str(Path(spec.origin).parents[1])]
    for name in _DISTRIBUTIONS:
        for found in importlib.metadata.distributions(name=name, path=beside):
            return found.version
    return _version_of_module()


def hidden_parameters(version: str) -> tuple[bool, bool]:
    """Whether kernels that Triton ``version`` made for NVIDIA end in a global and in a profile scratch pointer."""
    number = number_of(version)
    return number >= (3, 3), number >= (3, 5)


def uses_global_scratch(backend: str, version: str) -> bool:
    """Whether kernels that Triton ``version`` made may ask for global scratch; for AMD it was NULL up to 3.7."""
    number = number_of(version)
    return backend != "hip" or number == (0, 0) or number >= (3, 8)


@functools.cache
def adapter() -> Adapter:
    """The adapter of the installed Triton. The first use of Triton anywhere in triton_runner goes through here."""
    version = installed_version()
    if version is None:
        raise UnsupportedError(
            "compiling needs Triton, which is not installed: pip install "
            f"'triton>={_oldest()},<={_newest()}'. Launching PTX or a cubin needs no Triton"
        )
    return cast("Adapter", importlib.import_module(f"{__name__}.{_family(version)}").Adapter())


def make_backend(triton: Adapter, target: Any) -> Any:
    """Triton's backend for a target (target.py). UnsupportedError where this Triton does not know its architecture."""
    if target.arch in triton.unknown_architectures:
        raise UnsupportedError(
            f"Triton {installed_version()} does not compile for {target.name}: it needs a newer one, "
            f"pip install 'triton~={_newest()}'"
        )
    return triton.make_backend(target.backend, target.arch, target.warp_size)


def adapter_path(version: str) -> str:
    """The file of the adapter of Triton ``version``, for the isolated worker."""
    return str(Path(__file__).with_name(f"{_family(version)}.py"))


def _family(version: str) -> str:
    family = _FAMILIES.get(number_of(version))
    if family is None:
        raise UnsupportedError(
            f"the installed Triton is {version}, but this version of triton_runner covers Triton {supported_range()}: "
            f"pip install 'triton~={_newest()}'"
        )
    return family


def _oldest() -> str:
    return ".".join(map(str, min(_FAMILIES))) + ".0"


def _newest() -> str:
    return ".".join(map(str, max(_FAMILIES))) + ".0"


def _version_of_module() -> str | None:
    # A Triton on the path that no distribution describes, such as a source tree.
    try:
        import triton
    except ImportError:
        return None
    return str(triton.__version__)
