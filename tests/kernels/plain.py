"""Compiling a case with Triton alone, for any target and with no GPU: what our own pipeline is held against."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend
from triton.runtime.jit import create_function_from_signature

from triton_runner.compiler.target import parse_target

from .case import VERSION, Arguments, Case


def source_of(case: Case, arguments: Arguments, architecture: int | str) -> tuple[ASTSource, GPUTarget, dict[str, Any]]:
    """The source, target and options with which JITFunction.run would call triton.compile on these arguments.

    ``architecture`` is a capability such as 90, or "gfx942".
    """
    target = GPUTarget(**vars(parse_target(architecture)))
    backend = make_backend(target)
    make = _source if VERSION >= (3, 3) else _source_up_to_3_2
    source, options = make(case, arguments, backend)
    # JITFunction.run always passes both of these on.
    options = {"debug": False, "instrumentation_mode": "", **options}
    return source, target, backend.parse_options(options).__dict__


def _source(case: Case, arguments: Arguments, backend: Any) -> tuple[ASTSource, dict[str, Any]]:
    from triton._utils import find_paths_if, get_iterable_path

    kernel = case.kernel
    bind = create_function_from_signature(kernel.signature, kernel.params, backend)
    bound, specialization, options = bind(**arguments, **case.keywords())
    types = [entry[0] for entry in specialization]
    attributes = [entry[1] if entry[0] != "constexpr" else None for entry in specialization]
    constant_paths = find_paths_if(types, lambda _, value: value == "constexpr")
    attribute_paths = find_paths_if(attributes, lambda _, value: isinstance(value, str))
    source = _source_class(kernel)(
        kernel,
        dict(zip(kernel.arg_names, types, strict=True)),
        {path: get_iterable_path(list(bound.values()), path) for path in constant_paths},
        {path: backend.parse_attr(get_iterable_path(attributes, path)) for path in attribute_paths},
    )
    return source, options


def _source_class(kernel: Any) -> Any:
    if not is_gluon(kernel):
        return ASTSource
    from triton.experimental.gluon._runtime import GluonASTSource

    return GluonASTSource


def is_gluon(kernel: Any) -> bool:
    return hasattr(kernel, "is_gluon") and kernel.is_gluon()


def _source_up_to_3_2(case: Case, arguments: Arguments, backend: Any) -> tuple[ASTSource, dict[str, Any]]:
    kernel = case.kernel
    takes_backend = "backend" in inspect.signature(create_function_from_signature).parameters
    bind = create_function_from_signature(kernel.signature, kernel.params, *([backend] if takes_backend else []))
    bound, types, _, _, options = bind(**arguments, **case.keywords())
    values = tuple(bound.values())
    if takes_backend:
        attrs = backend.get_attrs_descriptor(kernel.params, values)
        ones = attrs.get_constants()
    else:
        attrs = kernel._get_config(*values)
        ones = attrs.equal_to_1
    names = [param.name for param in kernel.params if not param.is_constexpr]
    signature = {name: "*i8" if kind == "none" else kind for name, kind in zip(names, types, strict=False)}
    constants = {
        param.name: value
        for param, value in zip(kernel.params, values, strict=True)
        if param.is_constexpr or param.num in ones or value is None
    }
    return ASTSource(kernel, signature, constants, attrs), options


def compile_plain(case: Case, architecture: int | str, arguments: Arguments | None = None) -> Any:
    """triton.compile of a case; the result has .asm, .metadata and .src."""
    source, target, options = source_of(case, arguments or case.arguments("cpu"), architecture)
    if VERSION < (3, 5) and is_gluon(case.kernel):
        # Gluon asks the driver for the target, whatever is compiled for.
        triton.runtime.driver.set_active(SimpleNamespace(get_current_target=lambda: target))
    return triton.compile(source, target=target, options=options)


def signature_of(compiled: Any) -> dict[str, str]:
    """The signature of a compiled kernel with what Triton assumed of each argument: "*fp16:16", "i32", "constexpr"."""
    source = compiled.src
    names = source.fn.arg_names
    if VERSION >= (3, 3):
        types = source.signature
        divisible = {names[path[0]] for path, flags in source.attrs.items() if ["tt.divisibility", 16] in flags}
    else:
        types = {name: "constexpr" if name in source.constants else source.signature[name] for name in names}
        attrs = source.attrs
        numbers = attrs.arg_properties["tt.divisibility"] if VERSION == (3, 2) else attrs.divisible_by_16
        divisible = {names[number] for number in numbers if types[names[number]] != "constexpr"}
    return {name: f"{kind}:16" if name in divisible else kind for name, kind in types.items()}


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
