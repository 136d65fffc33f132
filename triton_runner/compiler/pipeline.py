"""From any level of a kernel to any lower one, through the stage functions of the installed Triton.

``compile_function`` runs in this process; ``compile_artifact`` takes text from outside and isolates it (isolate.py).
Both go through the cache and return ``Compiled``; ``compile`` makes a Kernel of that. Tested in
tests/python/test_compile.py.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triton_runner import cache
from triton_runner.compiler import options as compile_options
from triton_runner.compiler.access import access_of
from triton_runner.compiler.isolate import compile_isolated
from triton_runner.compiler.levels import (
    PYTHON,
    binary_of,
    check_backend,
    check_level,
    check_lowering,
    is_at_or_below,
)
from triton_runner.compiler.metadata import RECORD_ENTRY, build_record, with_access
from triton_runner.compiler.pass_edits import NO_EDITS, PassEdits
from triton_runner.compiler.pass_files import leave_passes
from triton_runner.compiler.pass_runs import run_alone
from triton_runner.compiler.signature import RecordParam, normalize, record_params
from triton_runner.compiler.stage_worker import run_stages
from triton_runner.compiler.target import Target, default_target, parse_target
from triton_runner.compiler.versions import adapter, hidden_parameters, installed_version, make_backend
from triton_runner.errors import ArgumentError, CompileError, Error

if TYPE_CHECKING:
    from triton_runner.compiled_kernel import CompiledKernel
    from triton_runner.compiler.versions.triton_3_6 import Adapter

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compiled:
    """What a compile makes: the record, the artifact of each level, and the sidecar that lies beside them."""

    level: str  # where the compile began
    record: dict[str, Any]
    artifacts: dict[str, str | bytes]
    metadata: dict[str, Any]
    folder: Path | None  # of the cache entry
    from_cache: bool


def compile(
    source: Any,
    *,
    signature: Mapping[str, Any] | Sequence[Any] | None = None,
    constexprs: Mapping[Any, Any] | None = None,
    level: str | None = None,
    to: str | None = None,
    target: Any = None,
    options: Mapping[str, Any] | None = None,
    metadata: Any = None,
    name: str | None = None,
    start_pass: str | int | None = None,
    start_before: bool = False,
    stop_pass: str | int | None = None,
    stop_before: bool = False,
    skip_passes: Sequence[str | int] = (),
    insert_before: Mapping[Any, Any] | None = None,
    insert_after: Mapping[Any, Any] | None = None,
    replace_after: Mapping[Any, Any] | None = None,
) -> CompiledKernel:
    """Compile a kernel from any level down to a lower one. No GPU is needed.

    ``source`` is a jit or Gluon function, or TTIR, TTGIR, LLVM IR, PTX or AMDGCN as a path or text. ``signature`` gives
    the types of the arguments of a function, by name or in order, such as ``{"x": "*fp16:16", "n": "i32"}``, and
    ``constexprs`` the values of the others. ``target`` is ``"sm_90"``, ``90``, ``"gfx942"`` or a GPUTarget; without one
    it is the current GPU, else what the artifact was made for, else ``sm_80``. ``to`` is the level to end at; without
    it the lowest of the target, ``"cubin"`` or ``"hsaco"``. ``metadata`` (a dict, a namedtuple, or JSON) stands in for
    the sidecar of an artifact.

    The rest edits the pipeline (docs/passes.md). With ``start_pass`` the source is an MLIR module from the middle of
    it, after that pass, or before it with ``start_before``. ``stop_pass`` is the last pass to run, or the first that
    does not with ``stop_before``; the lowest artifact is then the module at that point. ``skip_passes`` are left out;
    ``insert_before`` and ``insert_after`` put passes in; ``replace_after`` goes on with other modules.
    """
    from triton_runner.compiler.artifact import read_artifact, read_module_artifact
    from triton_runner.compiler.text import compile_artifact

    edits = PassEdits.of(
        {
            "start_pass": start_pass,
            "start_before": start_before,
            "stop_pass": stop_pass,
            "stop_before": stop_before,
            "skip_passes": skip_passes,
            "insert_before": insert_before,
            "insert_after": insert_after,
            "replace_after": replace_after,
        }
    )
    to = check_level(to) if to is not None else None
    if is_function(source):
        if level not in (None, PYTHON):
            raise ArgumentError(f"the source is a Python function, but level is {level!r}")
        wanted = parse_target(target) if target is not None else default_target()
        compiled = compile_function(source, signature, constexprs, wanted, options or {}, to, edits)
    else:
        if constexprs:
            raise ArgumentError(f"constexprs {list(constexprs)} are given, but only a Python function takes them")
        read = read_artifact if start_pass is None else read_module_artifact
        compiled = compile_artifact(
            read(source, level),
            to=to,
            target=target,
            options=options or {},
            signature=signature,
            metadata=metadata,
            name=name,
            edits=edits,
        )
    return make_kernel(compiled)


def make_kernel(compiled: Compiled) -> CompiledKernel:
    """The launchable kernel of a compile."""
    from triton_runner import _C
    from triton_runner.compiled_kernel import CompiledKernel

    return CompiledKernel(_C.KernelSpec.from_json(json.dumps(compiled.record)), compiled)


def compile_function(
    function: Any,
    signature: Any,
    constexprs: Any,
    target: Target,
    options: Mapping[str, Any],
    to: str | None,
    edits: PassEdits = NO_EDITS,
) -> Compiled:
    """Compile a jit or Gluon function, or Triton's ASTSource of one."""
    return compile_source(adapter(), source_of(function, signature, constexprs), target, options, to, edits)


def source_of(function: Any, signature: Any, constexprs: Any) -> Any:
    """Triton's ASTSource of a jit or Gluon function."""
    triton = adapter()
    if triton.is_function_source(function):
        return function
    return triton.make_source(function, *normalize(function.arg_names, signature, constexprs))


def compile_source(
    triton: Adapter,
    source: Any,
    target: Target,
    options: Mapping[str, Any],
    to: str | None,
    edits: PassEdits = NO_EDITS,
) -> Compiled:
    """Compile Triton's ASTSource, down to the binary of the target where ``to`` is None.

    Option ``arch``, or Triton's setting of that name, stands above ``target``.
    """
    from triton_runner.compiler.pass_source import function_run

    arch = options.get("arch") or triton.override_arch()
    if arch and target.backend == "cuda":
        target = parse_target(arch)
    to = check_backend(to or binary_of(target.backend), target.backend, target.name)
    compiled = _compile_source(triton, source, target, options, to, edits)
    leave_passes(compiled.folder, source.name, lambda: function_run(source, target, options, edits, record=True))
    return compiled


def _compile_source(
    triton: Adapter, source: Any, target: Target, options: Mapping[str, Any], to: str, edits: PassEdits
) -> Compiled:
    if edits.start_pass is not None:
        raise ArgumentError(
            f"kernel {source.name!r}: start_pass goes with an MLIR module, but the source is a Python function"
        )
    backend = make_backend(triton, target)
    parsed = compile_options.parse(triton, backend, target.backend, {**source.parse_options(), **options})
    gluon = triton.is_gluon(source.fn)
    stages = triton.make_stages(backend, parsed, gluon)
    check_lowering("ttgir" if gluon else "ttir", to)
    levels = [level for level in stages if is_at_or_below(to, level)]
    environment = triton.environment()
    signature = triton.read_source(source)
    key = cache.content_key(
        {
            # Up to 3.2, Triton's hash does not tell which argument is divisible by 16 and which is 1.
            "function": [source.hash(), repr(signature[2]), source.fn.fn.__code__.co_filename, source.fn.arg_names],
            "to": to,
            "options": parsed.hash(),
            **edits.key_parts(),
            **common_key_parts(triton, backend, target, environment),
        }
    )
    stem = cache.file_stem(source.name)
    if entry := cached(triton, key, stem):
        return compiled_of(entry, PYTHON, from_cache=True)
    metadata = {
        "hash": key,
        "target": _target_metadata(target),
        **vars(parsed),
        **environment,
        "triton_version": installed_version(),
    }
    artifacts: dict[str, str | bytes] = {}
    if edits:
        from triton_runner.compiler.pass_source import function_run

        outcome = run_alone(*function_run(source, target, options, edits, record=False, to=to))
        artifacts.update(outcome.artifacts)
        metadata.update(outcome.metadata)
    else:
        _lower(triton, source, backend, parsed, stages, levels, metadata, artifacts, target, options)
    params = record_params(source.fn.arg_names, *signature)
    return finish(
        level=PYTHON,
        key=key,
        stem=stem,
        name=metadata.get("name") or source.name,
        params=params,
        metadata=metadata,
        artifacts=artifacts,
        target=target,
        options=options,
    )


def cached(triton: Adapter, key: str, stem: str) -> cache.Entry | None:
    """The cache entry of ``key``, unless Triton is told to compile always."""
    if unserved := triton.unserved_settings():
        logger.warning("kernel %s: set in Triton, but without effect in triton_runner: %s", stem, ", ".join(unserved))
    return None if triton.always_compile() else cache.load(key, stem)


def common_key_parts(triton: Adapter, backend: Any, target: Target, environment: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a cache key that do not come from the source."""
    return {
        "target": [target.backend, target.arch, target.warp_size],
        "toolchain": triton.toolchain(backend),
        "environment": dict(environment),
        "triton_runner": _package(),
    }


def finish(
    *,
    level: str,
    key: str,
    stem: str,
    name: str,
    params: Sequence[RecordParam],
    metadata: dict[str, Any],
    artifacts: Mapping[str, str | bytes],
    target: Target,
    options: Mapping[str, Any],
) -> Compiled:
    """Build the record and publish the entry."""
    record = record_of(name, params, metadata, artifacts, target)
    sidecar = {
        **metadata,
        "name": name,
        RECORD_ENTRY: record,
        cache.BUILD_ENTRY: {
            "from": level,
            "options": {key: value for key, value in options.items() if value is not None},
        },
    }
    return compiled_of(cache.publish(key, stem, artifacts, sidecar), level, from_cache=False)


def record_of(
    name: str,
    params: Sequence[RecordParam],
    metadata: Mapping[str, Any],
    artifacts: Mapping[str, str | bytes],
    target: Target,
) -> dict[str, Any]:
    """The record of a kernel that Triton compiled."""
    global_scratch, profile_scratch = hidden_parameters(metadata["triton_version"])
    record = build_record(
        name, params, metadata, target, global_scratch=global_scratch, profile_scratch=profile_scratch
    )
    access = access_of(artifacts, name)
    if access is not None:
        record["params"] = with_access(record["params"], access, metadata["triton_version"])
    return record


def compiled_of(entry: cache.Entry, level: str, *, from_cache: bool) -> Compiled:
    return Compiled(level, entry.sidecar[RECORD_ENTRY], entry.artifacts, entry.sidecar, entry.folder, from_cache)


def _lower(
    triton: Adapter,
    source: Any,
    backend: Any,
    parsed: Any,
    stages: Mapping[str, Any],
    levels: Sequence[str],
    metadata: dict[str, Any],
    artifacts: dict[str, str | bytes],
    target: Target,
    options: Mapping[str, Any],
) -> None:
    try:
        module = triton.lower_function(source, backend, parsed)
        run_stages(stages, levels, module, metadata, artifacts)
    except Error:
        raise
    except Exception as error:
        if isinstance(error.__cause__, Error):  # ours, from a builtin that Triton called in the kernel
            raise error.__cause__ from None
        stage = metadata.get("stage", PYTHON)
        if artifacts:
            # The compiler wrote its reasons to standard error. Running the failed stage again in a child brings them
            # here.
            last = list(artifacts)[-1]
            left = [level for level in levels if level not in artifacts]
            text = artifacts[last]
            assert isinstance(text, str), "only the last stage makes bytes"
            compile_isolated(
                triton, text, name=source.name, level=last, levels=left, target=target, options=dict(options)
            )
        raise CompileError(
            f"kernel {source.name!r}: compiling it for {target.name} failed at {stage}: {error}"
        ) from error


def _target_metadata(target: Target) -> dict[str, Any]:
    return {"backend": target.backend, "arch": target.arch, "warp_size": target.warp_size}


def is_function(source: Any) -> bool:
    """Whether ``source`` is a jit function or Triton's ASTSource of one, told without importing Triton."""
    if hasattr(source, "constants") and hasattr(source, "signature"):
        return True
    if not (hasattr(source, "arg_names") and hasattr(source, "fn")):
        return False
    if not hasattr(source, "cache_key"):
        raise ArgumentError(
            f"the source is a {type(source).__name__}: give the jit function below it (its .fn), "
            "and the chosen configuration as constexprs and options"
        )
    return True


@functools.cache
def _package() -> list[Any]:
    """What identifies triton_runner itself: the record of a kernel also depends on the extension that reads its PTX."""
    from triton_runner import _C

    files = (Path(_C.__file__), Path(_C.__file__).with_name("libtriton_runner.so"))
    return [cache.FORMAT, [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]]
