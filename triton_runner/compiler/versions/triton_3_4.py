"""Triton 3.4: Gluon asks the driver for the target, a hook is one function, and none is called around a load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triton._C.libtriton import ir

from . import triton_3_5
from .front import Guard, in_environment


class Adapter(triton_3_5.Adapter):
    def _make_ir(self, source: Any, backend: Any, options: Any, context: Any) -> Any:
        generators = backend.get_codegen_implementation(options)
        if self.is_gluon(source.fn):
            return _make_gluon(source, backend, options, generators, context)
        return source.make_ir(options, generators, backend.get_module_map(), context)

    def kernel_key(self, specialization: Sequence[Any], options: Mapping[str, Any]) -> str:
        return str(specialization) + str(options)

    def launch_guards(self, function: Any) -> list[Guard]:
        from triton import knobs

        names = ("debug", "launch_enter_hook", "launch_exit_hook")
        return [
            (None, "pre_run_hooks"),
            (None, "debug"),
            (vars(knobs.amd), "use_buffer_ops"),
            in_environment("TRITON_DEBUG"),
            *((vars(knobs.runtime), name) for name in names),
        ]

    def launch_hooks(self) -> tuple[Any, Any] | None:
        from triton import knobs

        return either(knobs.runtime.launch_enter_hook, knobs.runtime.launch_exit_hook)

    def load_hooks(self) -> tuple[Any, Any] | None:
        return None


def either(enter: Any, leave: Any) -> tuple[Any, Any] | None:
    """Two hooks of which each may be None, as two that may be called."""
    if enter is None and leave is None:
        return None
    return tuple(hook or (lambda *args: None) for hook in (enter, leave))  # type: ignore[return-value]


def _make_gluon(source: Any, backend: Any, options: Any, generators: Any, context: Any) -> Any:
    # What GluonASTSource.make_ir does, for the target of the compile instead of that of the active driver.
    from triton.compiler.code_generator import ast_to_ttir

    builder = ir.builder(context)
    module = builder.create_module()
    attributes = {"num-warps": options.num_warps, "num-ctas": options.num_ctas, "threads-per-warp": 32}
    module.set_attr("ttg.target", builder.get_string_attr(backend.get_target_name(options)))
    for name, value in attributes.items():
        module.set_attr(f"ttg.{name}", builder.get_int32_attr(value))
    if options.maxnreg is not None:
        module.set_attr("ttg.maxnreg", builder.get_int32_attr(options.maxnreg))
    return ast_to_ttir(
        source.fn,
        source,
        context=context,
        options=options,
        codegen_fns=generators,
        module_map=backend.get_module_map(),
        module=module,
    )
