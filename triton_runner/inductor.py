"""Sends the Triton kernels that torch's inductor generates through triton_runner.

``configure_jit_backend`` puts the replacements of this file into inductor. A kernel is then compiled in this process,
by our pipeline and into our cache, and launched by our door. For a CPU (``torch._inductor.config.cpu_backend =
"triton"``) the executor runs it. What inductor cached of Triton's kernels is not taken for ours, nor the other way
round: the tag of its caches differs. Tested in tests/python/test_inductor.py and tests/gpu/test_inductor_gpu.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.compiler.config
import torch.utils._triton
from torch._inductor.async_compile import AsyncCompile, CompiledTritonKernels
from torch._inductor.codecache import PyCodeCache
from torch._inductor.runtime import triton_helpers
from torch._inductor.runtime.triton_compat import ASTSource, GPUTarget, OutOfResources, PTXASError
from torch._inductor.runtime.triton_helpers import get_constexprs
from torch._inductor.runtime.triton_heuristics import CachingAutotuner, CompileResult
from triton.runtime.errors import TritonError

from triton_runner import cache, messages
from triton_runner.compiled_kernel import CompiledKernel
from triton_runner.compiler.artifact import read_artifact
from triton_runner.compiler.pipeline import Compiled, compile_function, make_kernel
from triton_runner.compiler.resources import read_resources
from triton_runner.compiler.target import DEFAULT_CAPABILITY, Target, parse_target
from triton_runner.compiler.text import compile_artifact
from triton_runner.compiler.versions import installed_version
from triton_runner.errors import ArgumentError, CompileError, ResourceError

_TAG = "triton_runner"
_LEVELS = ("ttir", "ttgir", "llir", "ptx", "cubin", "amdgcn", "hsaco")
_triton_hash = torch.utils._triton.triton_hash_with_backend
_edited: Path | None = None
# By the hash of the cache entry. Inductor itself lets go of the configurations that lost.
_kernels: dict[str, CompiledKernel] = {}


def take_edits(folder: Any) -> None:
    """Name the folder of edited artifacts, or none.

    It looks like our cache: a file ``<entry>/<kernel>.<level>`` whose content differs from the cache's is run in place
    of what inductor's kernel compiles to.
    """
    global _edited
    if folder is not None and not Path(folder).is_dir():
        raise ArgumentError(f"edited is {str(folder)!r}, expected a folder with entries copied from the cache")
    _edited = Path(folder) if folder is not None else None


def install(replace: Callable[[Any, str, Any], None]) -> None:
    """Put our functions in the place of inductor's; ``replace(holder, name, value)`` remembers what was there."""
    config = torch.compiler.config
    tag = hashlib.sha256(str(_edited and _fingerprint(_edited)).encode()).hexdigest()[:16]
    replace(config, "cache_key_tag", f"{config.cache_key_tag}{_TAG}-{tag}")
    replace(CachingAutotuner, "_precompile_config", _precompile_config)
    # A worker process would compile with Triton's own pipeline.
    replace(AsyncCompile, "use_process_pool", classmethod(lambda cls: False))
    replace(torch.utils._triton, "triton_hash_with_backend", _backend_hash)
    replace(triton_helpers, "set_driver_to_cpu", lambda: None)
    forget_loaded()


def forget_loaded() -> None:
    """Let inductor load its generated modules anew: those in memory hold kernels of the other launcher."""
    PyCodeCache.cache_clear()
    CompiledTritonKernels.cache_clear()
    _kernels.clear()


def inductor_kernels() -> list[CompiledKernel]:
    """What inductor compiled since ``configure_jit_backend``, by name.

    ``kernel.folder`` is the cache entry; a kernel that was tuned has one for each configuration.
    """
    return sorted(_kernels.values(), key=lambda kernel: kernel.name)


class RunnerResult(CompileResult):  # type: ignore[misc]  # torch's annotations are partial
    """One configuration of a kernel of inductor's, compiled by us."""

    def __init__(self, kernel: CompiledKernel, config: Any, compile_meta: Any, inductor_meta: Any, function: Any):
        super().__init__(kernel, config, compile_meta, inductor_meta)
        self.function = function
        self.on_cpu = compile_meta["device_type"] == "cpu"
        _kernels[kernel.hash] = kernel

    def make_launcher(self) -> Any:
        """What inductor calls with the arguments of its kernel; it computes the grid and hands both to us."""
        kernel: CompiledKernel = self.kernel
        device = ("cpu", 0) if self.on_cpu else ("cuda", self.compile_meta.get("device") or 0)
        try:
            kernel.preload(torch.device(*device))
        except ResourceError as error:
            raise OutOfResources(kernel.spec.shared, f"see the cause ({error})", "shared memory or threads") from error
        runtime = {param.name for param in kernel.spec.params if param.kind != "constant"}
        names = self.function.arg_names
        call_args, def_args, _ = self._get_arg_lists(names, get_constexprs(self.function))
        passed = [call for name, call in zip(names, call_args, strict=True) if name in runtime]
        scope = {"runner": _on_cpu(kernel) if self.on_cpu else _on_stream(kernel, device[1])}
        runner_args = ["(grid_0, grid_1, grid_2)", "stream", *passed]
        launcher = self._gen_launcher_code(scope, def_args, runner_args)
        self._describe(launcher, kernel, def_args, passed)
        return launcher

    def _describe(self, launcher: Any, kernel: CompiledKernel, def_args: Any, passed: Any) -> None:
        """The attributes that inductor reads of a launcher: for its choice among configurations, and to package it."""
        launcher.config = self.config
        launcher.n_regs = launcher.n_spills = None
        if isinstance(cubin := kernel.artifacts.get("cubin"), bytes):
            usage = read_resources(cubin, kernel.name)
            launcher.n_regs = usage.registers
            launcher.n_spills = (usage.spill_bytes or 0) // 4  # in 32-bit registers, as Triton counts
        kernel.n_regs = launcher.n_regs  # type: ignore[attr-defined]  # inductor looks for it here too
        launcher.shared = kernel.spec.shared
        launcher.cache_hash = kernel.hash
        launcher.store_cubin = self.inductor_meta.get("store_cubin", False)
        launcher.fn, launcher.bin = self.function, kernel
        launcher.def_args = [name for name in def_args if name not in self.config.kwargs]
        launcher.call_args = passed
        scratch = kernel.spec.global_scratch, kernel.spec.profile_scratch
        launcher.global_scratch, launcher.profile_scratch = (slot and slot[0] for slot in scratch)


def _on_cpu(kernel: CompiledKernel) -> Callable[..., None]:
    def run(grid: tuple[int, ...], stream: Any, *args: Any) -> None:
        kernel.at(grid)(*args)

    return run


def _on_stream(kernel: CompiledKernel, device: int) -> Callable[..., None]:
    current = torch._C._cuda_getCurrentRawStream

    def run(grid: tuple[int, ...], stream: int, *args: Any) -> None:
        if current(device) == stream:
            kernel.at(grid)(*args)
        else:
            with torch.cuda.stream(torch.cuda.ExternalStream(stream, device)):
                kernel.at(grid)(*args)

    return run


def _precompile_config(self: Any, config: Any) -> RunnerResult:
    """In place of ``CachingAutotuner._precompile_config``."""
    meta = self._create_compile_meta(config)
    source = ASTSource(self.fn, meta["signature"], meta["constants"], meta["configs"][0])
    options = self._create_compile_options(config, meta)
    on_cpu = meta["device_type"] == "cpu"
    target = Target("cuda", DEFAULT_CAPABILITY) if on_cpu else _target(self.device_props, meta)
    try:
        compiled = compile_function(source, None, None, target, options, "ptx" if on_cpu else None)
        compiled = _with_edit(compiled, target, on_cpu)
    except CompileError as error:  # such a configuration is left out
        raise PTXASError(str(error)) from error
    name = compiled.record["name"]
    messages.announce(name, compiled.level, target.name, compiled.folder, compiled.from_cache)
    return RunnerResult(make_kernel(compiled), config, meta, self.inductor_meta, self.fn)


def _target(device: Any, meta: Any) -> Target:
    return parse_target(GPUTarget(meta["device_type"], meta["cc"], getattr(device, "warp_size", None) or 32))


def _with_edit(compiled: Compiled, target: Target, on_cpu: bool) -> Compiled:
    """The kernel of the edited file, where there is one for this cache entry."""
    if _edited is None or compiled.folder is None:
        return compiled
    name = compiled.record["name"]
    folder = _edited / compiled.folder.name
    changed = []
    for level in _LEVELS:
        path = folder / f"{cache.file_stem(name)}.{level}"
        if path.is_file() and (artifact := read_artifact(path, level)).content != compiled.artifacts.get(level):
            changed.append(artifact)
    if not changed:
        return compiled
    if len(changed) > 1:
        found = ", ".join(artifact.level for artifact in changed)
        raise ArgumentError(f"kernel {name!r}: {folder} has {found} edited, but a kernel runs from one level")
    return compile_artifact(
        changed[0],
        to="ptx" if on_cpu else None,
        target=None if on_cpu else target,
        on_cpu=on_cpu,
        options={},
        metadata=compiled.metadata,
        name=name,
    )


def _fingerprint(folder: Path) -> list[tuple[str, str]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def _backend_hash() -> str:
    """Triton's hash of its backend, which it makes of the GPU in the machine; without one, of its version alone."""
    try:
        return str(_triton_hash())
    except (RuntimeError, TritonError):
        return hashlib.sha256(f"triton_runner {installed_version()}".encode()).hexdigest().upper()
