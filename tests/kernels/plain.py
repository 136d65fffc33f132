"""Compiling a case with Triton alone, for any target and with no GPU: the reference that our own pipeline is held against."""

from __future__ import annotations

from typing import Any

import triton
from triton._utils import find_paths_if, get_iterable_path
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend
from triton.experimental.gluon._runtime import GluonASTSource
from triton.runtime.jit import create_function_from_signature

from .case import Arguments, Case


def source_of(case: Case, arguments: Arguments, capability: int) -> tuple[ASTSource, GPUTarget, dict[str, Any]]:
    """The source, target and options with which JITFunction.run would call triton.compile on these arguments."""
    target = GPUTarget("cuda", capability, 32)
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


def compile_plain(case: Case, capability: int, arguments: Arguments | None = None) -> Any:
    """triton.compile of a case; the result has .asm, .metadata and .src."""
    source, target, options = source_of(case, arguments or case.arguments("cpu"), capability)
    return triton.compile(source, target=target, options=options)
