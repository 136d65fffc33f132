"""The GPU that a kernel is compiled for. Tested in tests/python/test_target.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from triton_runner.errors import ArgumentError, UnsupportedError

#: Compute capabilities, times ten, that Triton's NVIDIA backend and its ptxas know.
CAPABILITIES = (75, 80, 86, 87, 89, 90, 100, 103, 120, 121)

#: Architectures of AMD GPUs that kernels are compiled for, and the lanes of a wave on each: CDNA has 64, RDNA 32.
AMD_WARP_SIZES = {"gfx90a": 64, "gfx942": 64, "gfx950": 64, "gfx1100": 32, "gfx1201": 32}

DEFAULT_CAPABILITY = 80


@dataclass(frozen=True)
class Target:
    """A backend and an architecture of it; the same three fields as Triton's ``GPUTarget``.

    ``arch`` is ten times the compute capability on NVIDIA and a name such as ``"gfx942"`` on AMD.
    """

    backend: str
    arch: int | str
    warp_size: int = 32

    @property
    def name(self) -> str:
        return f"sm_{self.arch}" if self.backend == "cuda" else str(self.arch)

    def record(self) -> dict[str, Any]:
        """The entry of the kernel record."""
        return {"backend": self.backend, "arch": str(self.arch), "warp_size": self.warp_size}

    def can_take(self, other: Target) -> bool:
        """Whether IR that was made for ``other`` may be compiled for this target."""
        if self.backend == "cuda" == other.backend:
            return int(self.arch) >= int(other.arch)
        return self == other


def parse_target(target: Any) -> Target:
    """Read ``"sm_90"``, ``"sm_90a"``, ``"90"``, ``90``, ``"gfx942"``, Triton's ``GPUTarget`` or a ``Target``."""
    if isinstance(target, Target):
        return _checked(target)
    if all(hasattr(target, field) for field in ("backend", "arch", "warp_size")):
        backend, arch = str(target.backend), target.arch
        return _checked(Target(backend, arch if backend != "cuda" else _capability(arch), int(target.warp_size)))
    if isinstance(target, str) and (match := re.fullmatch(r"(?:hip:)?(gfx\w+)(?::.*)?", target)):
        return _checked(Target("hip", match[1], AMD_WARP_SIZES.get(match[1], 64)))
    return _checked(Target("cuda", _capability(target)))


def default_target() -> Target:
    """The current GPU where there is one, else ``sm_80``."""
    import torch

    return device_target(None) if torch.cuda.is_available() else Target("cuda", DEFAULT_CAPABILITY)


def device_target(index: int | None) -> Target:
    """The target of GPU ``index`` of torch; of the current one where that is None."""
    import torch

    if torch.version.hip is not None:
        return parse_target(torch.cuda.get_device_properties(index).gcnArchName)
    major, minor = torch.cuda.get_device_capability(index)
    return parse_target(major * 10 + minor)


def _capability(arch: Any) -> int:
    if isinstance(arch, int) and not isinstance(arch, bool):
        return arch
    match = re.fullmatch(r"(?:sm_?|cuda:)?(\d{2,3})[af]?", arch) if isinstance(arch, str) else None
    if match is None:
        raise ArgumentError(
            f"target is {arch!r}, expected a string such as 'sm_90' or 'gfx942', a number such as 90, or a GPUTarget"
        )
    return int(match[1])


def _checked(target: Target) -> Target:
    if target.backend not in ("cuda", "hip"):
        raise UnsupportedError(f"target backend is {target.backend!r}, expected 'cuda' or 'hip': one of {_known()}")
    if target.backend == "hip":
        warp_size = AMD_WARP_SIZES.get(str(target.arch))
    else:
        warp_size = 32 if target.arch in CAPABILITIES else None
    if warp_size is None:
        raise UnsupportedError(f"target is {target.name}, expected one of {_known()}")
    if target.warp_size != warp_size:
        raise ArgumentError(f"target {target.name} has a warp_size of {target.warp_size}, expected {warp_size}")
    return target


def _known() -> str:
    return ", ".join([*(f"sm_{arch}" for arch in CAPABILITIES), *AMD_WARP_SIZES])
