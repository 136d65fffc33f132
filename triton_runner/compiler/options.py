"""Compile options: checked by name, completed from a sidecar. Tested in tests/python/test_compile.py."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from triton_runner.compiler.recover_ir import Interface
from triton_runner.compiler.versions import installed_version
from triton_runner.errors import ArgumentError, CompileError, UnsupportedError

if TYPE_CHECKING:
    from triton_runner.compiler.versions.triton_3_6 import Adapter

logger = logging.getLogger(__name__)

# Options that a sidecar carries over to a later compile of the same kernel. The others follow from the target.
_CARRIED = (
    "num_warps",
    "num_ctas",
    "num_stages",
    "maxnreg",
    "ptx_options",
    "enable_fp_fusion",
    "enable_reflect_ftz",
    "launch_cooperative_grid",
    "launch_pdl",
    "debug",
    "sanitize_overflow",
    "waves_per_eu",
    "matrix_instr_nonkdim",
    "kpack",
    "allow_flush_denorm",
    "schedule_hint",
)

# Options that still have an effect where a compile starts at this level.
_LAUNCH = frozenset({"launch_cooperative_grid", "launch_pdl"})
_FROM_PTX = _LAUNCH | {"ptx_options", "enable_fp_fusion"}
_FROM_LLIR = _FROM_PTX | {"ptx_version"}
_FROM_TTGIR = _FROM_LLIR | {
    "enable_reflect_ftz",
    "extern_libs",
    "waves_per_eu",
    "allow_flush_denorm",
    "schedule_hint",
}
_EFFECTIVE = {
    "ttgir": _FROM_TTGIR,
    "llir": _FROM_LLIR,
    "ptx": _FROM_PTX,
    "cubin": _LAUNCH,
    "amdgcn": _LAUNCH,
    "hsaco": _LAUNCH,
}

_FIXED_BY_IR = ("num_warps", "num_ctas")


def check_names(adapter: Adapter, backend: str, names: Iterable[str]) -> None:
    """Raise for an option that the installed Triton does not have for ``backend`` (``"cuda"``, ``"hip"``)."""
    known = adapter.option_names(backend)
    for name in names:
        if name == "ir_override":
            raise UnsupportedError(
                "option 'ir_override' is not taken here: give the IR itself, as source or as ttir_src, ttgir_src, ..."
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(known))}"
            raise UnsupportedError(f"option {name!r} is unknown to Triton {installed_version()} for {backend}: {hint}")


def parse(adapter: Adapter, backend: Any, backend_name: str, options: Mapping[str, Any]) -> Any:
    """Triton's options object; its complaints as our errors."""
    check_names(adapter, backend_name, options)
    try:
        return adapter.parse_options(backend, options)
    except (AssertionError, ValueError, TypeError) as error:
        raise CompileError(f"Triton refuses the options {dict(options)}: {error}") from error


def from_metadata(metadata: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a sidecar's kernel was compiled with; ``recorded`` are those that our sidecar kept as given."""
    found = {name: metadata[name] for name in _CARRIED if metadata.get(name) is not None}
    if metadata.get("num_warps") is not None and "num_warps" not in recorded:
        # Warp specialization adds warps of its own to the metadata, which may end at no power of two.
        warps = int(metadata["num_warps"])
        if warps & (warps - 1):
            del found["num_warps"]
    return {**found, **recorded}


def check_against_ir(
    options: Mapping[str, Any], interface: Interface | None, level: str, where: str, *, in_stage: bool = False
) -> None:
    """Raise where an option contradicts the IR, and warn where it comes too late to have an effect.

    With ``in_stage`` the IR is from the middle of its stage, where all options may still have one.
    """
    effective = _EFFECTIVE.get(level)
    for name, value in options.items():
        stated = getattr(interface, name, None) if name in _FIXED_BY_IR else None
        if value is not None and stated is not None and stated != value:
            raise ArgumentError(f"{where}: option {name} is {value}, but this {level} was built for {name} = {stated}")
        if value is None or effective is None or name in effective:
            continue
        if stated is None and not in_stage:
            logger.info(
                "%s: option %s=%r has no effect on a kernel that is compiled from %s", where, name, value, level
            )
