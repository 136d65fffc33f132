"""The GPU that a kernel is compiled for. Tested in tests/python/test_compile.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from triton_runner.errors import ArgumentError, UnsupportedError

#: Compute capabilities, times ten, that Triton's NVIDIA backend and its ptxas know.
CAPABILITIES = (75, 80, 86, 87, 89, 90, 100, 103, 120, 121)

DEFAULT_CAPABILITY = 80


@dataclass(frozen=True)
class Target:
    """A backend and an architecture of it; the same three fields as Triton's ``GPUTarget``."""

    backend: str
    arch: int
    warp_size: int = 32

    @property
    def name(self) -> str:
        return f"sm_{self.arch}"

    def record(self) -> dict[str, Any]:
        """The entry of the kernel record."""
        return {"backend": self.backend, "arch": str(self.arch), "warp_size": self.warp_size}


def parse_target(target: Any) -> Target:
    """Read ``"sm_90"``, ``"sm_90a"``, ``"90"``, ``90``, Triton's ``GPUTarget`` or a ``Target``."""
    if isinstance(target, Target):
        return _checked(target)
    if all(hasattr(target, field) for field in ("backend", "arch", "warp_size")):
        return _checked(Target(str(target.backend), _capability(target.arch), int(target.warp_size)))
    return _checked(Target("cuda", _capability(target)))


def default_target() -> Target:
    """The current CUDA device where there is one, else ``sm_80``."""
    import torch

    if torch.cuda.is_available() and torch.version.hip is None:
        return device_target(torch.cuda.current_device())
    return Target("cuda", DEFAULT_CAPABILITY)


def device_target(index: int | None) -> Target:
    """The target of CUDA device ``index``; of the current one where that is None."""
    import torch

    major, minor = torch.cuda.get_device_capability(index)
    return parse_target(major * 10 + minor)


def _capability(arch: Any) -> int:
    if isinstance(arch, int) and not isinstance(arch, bool):
        return arch
    match = re.fullmatch(r"(?:sm_?|cuda:)?(\d{2,3})[af]?", arch) if isinstance(arch, str) else None
    if match is None:
        if isinstance(arch, str) and arch.startswith("gfx"):
            raise UnsupportedError(f"target is {arch!r}: this version compiles for NVIDIA GPUs only ({_known()})")
        raise ArgumentError(
            f"target is {arch!r}, expected a string such as 'sm_90', a number such as 90, or a GPUTarget"
        )
    return int(match[1])


def _checked(target: Target) -> Target:
    if target.backend != "cuda":
        raise UnsupportedError(
            f"target backend is {target.backend!r}: this version compiles for NVIDIA GPUs only ({_known()})"
        )
    if target.arch not in CAPABILITIES:
        raise UnsupportedError(f"target is sm_{target.arch}, expected one of {_known()}")
    if target.warp_size != 32:
        raise ArgumentError(f"target sm_{target.arch} has a warp_size of {target.warp_size}, expected 32")
    return target


def _known() -> str:
    return ", ".join(f"sm_{arch}" for arch in CAPABILITIES)
