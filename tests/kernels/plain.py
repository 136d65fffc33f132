"""Compiling a case with Triton alone, for any target and with no GPU: what our own pipeline is held against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import triton
from triton._utils import find_paths_if, get_iterable_path
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend
from triton.experimental.gluon._runtime import GluonASTSource
from triton.runtime.jit import create_function_from_signature

from triton_runner.compiler.target import parse_target

from .case import Arguments, Case


def source_of(case: Case, arguments: Arguments, architecture: int | str) -> tuple[ASTSource, GPUTarget, dict[str, Any]]:
    """The source, target and options with which JITFunction.run would call triton.compile on these arguments.

    ``architecture`` is a capability such as 90, or "gfx942".
    """
    target = GPUTarget(**vars(parse_target(architecture)))
    backend = make_backend(target)
    kernel = case.kernel
    bind = create_function_from_signature(kernel.signature, kernel.params, backend)
    bound, specialization, options = bind(**arguments, **case.keywords())
    types = [entry[0] for entry in specialization]
    attributes = [entry[1] for entry in specialization]
    constant_paths = find_paths_if(types, lambda _, value: value == "constexpr")
    attribute_paths = find_paths_if(attributes, lambda _, value: isinstance(value, str))
    source = (GluonASTSource if kernel.is_gluon() else ASTSource)(
        kernel,
        dict(zip(kernel.arg_names, types, strict=True)),
        {path: get_iterable_path(list(bound.values()), path) for path in constant_paths},
        {path: backend.parse_attr(get_iterable_path(attributes, path)) for path in attribute_paths},
    )
    # JITFunction.run always passes both of these on.
    options = {"debug": False, "instrumentation_mode": "", **options}
    return source, target, backend.parse_options(options).__dict__


def compile_plain(case: Case, architecture: int | str, arguments: Arguments | None = None) -> Any:
    """triton.compile of a case; the result has .asm, .metadata and .src."""
    source, target, options = source_of(case, arguments or case.arguments("cpu"), architecture)
    return triton.compile(source, target=target, options=options)


def signature_of(compiled: Any) -> dict[str, str]:
    """The signature of a compiled kernel with what Triton assumed of each argument: "*fp16:16", "i32", "constexpr"."""
    source = compiled.src
    names = source.fn.arg_names
    divisible = {names[path[0]] for path, flags in source.attrs.items() if ["tt.divisibility", 16] in flags}
    return {name: f"{kind}:16" if name in divisible else kind for name, kind in source.signature.items()}


def write_folder(compiled: Any, folder: Path, level: str) -> Path:
    """Writes one level of a compiled kernel and its metadata, as they lie in Triton's cache. Returns the artifact."""
    artifact = folder / f"{compiled.metadata.name}.{level}"
    body = compiled.asm[level]
    artifact.write_bytes(body if isinstance(body, bytes) else body.encode())
    (folder / f"{compiled.metadata.name}.json").write_text(json.dumps(metadata_of(compiled), default=str))
    return artifact


def metadata_of(compiled: Any) -> dict[str, Any]:
    """Triton's metadata as its cache holds it."""
    metadata = dict(compiled.metadata._asdict())
    return {**metadata, "target": vars(metadata["target"])}
