"""From what a caller holds (a function, a module, a compiled kernel) to a run of the pipeline on it.

Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner import cache
from triton_runner.compiler import options as compile_options
from triton_runner.compiler.artifact import Artifact, read_artifact, read_module_artifact
from triton_runner.compiler.levels import PYTHON
from triton_runner.compiler.pass_edits import PassEdits
from triton_runner.compiler.pass_runs import Job, PipelineRun
from triton_runner.compiler.passes.locations import module_text
from triton_runner.compiler.pipeline import is_function, source_of
from triton_runner.compiler.target import Target, default_target, parse_target
from triton_runner.compiler.text import choose_target, merge_options, read_interface, read_sidecar
from triton_runner.compiler.toolchain import Toolchain
from triton_runner.compiler.versions import adapter, make_backend
from triton_runner.errors import ArgumentError
from triton_runner.kernel import Kernel


def pipeline_run(
    source: Any,
    *,
    signature: Mapping[str, Any] | Sequence[Any] | None,
    constexprs: Mapping[Any, Any] | None,
    level: str | None,
    target: Any,
    options: Mapping[str, Any],
    metadata: Any,
    name: str | None,
    edits: PassEdits,
    record: bool,
    to: str = "llir",
) -> tuple[Job, PipelineRun]:
    """The run that the arguments of ``triton_runner.passes`` describe."""
    if is_function(source):
        if level not in (None, PYTHON):
            raise ArgumentError(f"the source is a Python function, but level is {level!r}")
        wanted = parse_target(target) if target is not None else default_target()
        return function_run(source_of(source, signature, constexprs), wanted, options, edits, record=record, to=to)
    if constexprs:
        raise ArgumentError(f"constexprs {list(constexprs)} are given, but only a Python function takes them")
    if isinstance(source, Kernel):
        level, metadata = _highest(source), metadata or source.spec.to_json()
        source = source.artifacts[level]
    read = read_artifact if edits.start_pass is None else read_module_artifact
    artifact = read(source, level)
    interface = read_interface(artifact, name)
    sidecar = read_sidecar(artifact, interface.name, metadata)
    chosen = choose_target(target, interface, sidecar, artifact, on_cpu=False)
    merged = merge_options(artifact.level, sidecar, options, chosen.backend)
    return artifact_run(artifact, interface.name, chosen, merged, edits, record=record, to=to)


def function_run(
    source: Any, target: Target, options: Mapping[str, Any], edits: PassEdits, *, record: bool, to: str = "llir"
) -> tuple[Job, PipelineRun]:
    """A run of Triton's ASTSource of a function."""
    triton = adapter()
    backend = make_backend(triton, target)
    asked = {**source.parse_options(), **options}
    module = triton.lower_function(source, backend, compile_options.parse(triton, backend, target.backend, asked))
    gluon = triton.is_gluon(source.fn)
    job = Job(Toolchain.installed(), target, asked, cache.file_stem(source.name), gluon)
    return job, PipelineRun(module_text(module), to, None, edits, record)


def artifact_run(
    artifact: Artifact,
    name: str,
    target: Target,
    options: Mapping[str, Any],
    edits: PassEdits,
    *,
    record: bool,
    to: str = "llir",
) -> tuple[Job, PipelineRun]:
    """A run of a module that lies at a level, or between two passes."""
    if not artifact.is_mlir:
        raise ArgumentError(
            f"{artifact.where}: passes run on TTIR, TTGIR and the MLIR of the LLIR stage, but this is {artifact.level}"
        )
    job = Job(Toolchain.installed(), target, options, cache.file_stem(name))
    return job, PipelineRun(artifact.text, to, artifact.level, edits, record)


def _highest(kernel: Kernel) -> str:
    for level in ("ttir", "ttgir"):
        if level in kernel.artifacts:
            return level
    raise ArgumentError(f"kernel {kernel.spec.name!r} holds no TTIR and no TTGIR, which passes run on")
