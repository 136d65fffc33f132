"""What the jit front needs of an installed Triton, as Triton 3.6 has it; an adapter of a version changes some.

A launch is described in one form for all versions, that of Triton 3.3 and later: the specialization is a list of
``(type, key)`` for each parameter, where the type of whatever is compiled in is ``constexpr``, and the key ``"D"`` says
divisible by 16. Imports Triton and the standard library only (see the package's docstring). Tested in
tests/python/test_jit.py and by ``make test-matrix``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from triton import language
from triton.compiler import LazyDict
from triton.runtime import jit
from triton.runtime.jit import JITFunction

Guard = tuple[dict[Any, Any] | None, Any]

#: What the door in C++ never finds empty: it leaves every launch to Python.
CLOSED: list[Guard] = [({"closed": True}, "closed")]

_FIELDS = ("version", "do_not_specialize", "do_not_specialize_on_alignment", "debug", "noinline", "launch_metadata")


class Front:
    """From a launch to the source that is compiled, and Triton's hooks around it."""

    has_gluon = True

    # ---- functions ----

    def function_class(self, gluon: bool) -> type[Any]:
        """The class of jit functions."""
        if not gluon:
            return JITFunction  # type: ignore[no-any-return]
        from triton.experimental.gluon._runtime import GluonJITFunction

        return GluonJITFunction  # type: ignore[no-any-return]

    def function_options(self, function: Any) -> dict[str, Any]:
        """What the decorator of a jit function was given."""
        return {name: getattr(function, name, None) for name in _FIELDS} | {"repr": self.custom_name(function)}

    def custom_name(self, function: Any) -> Any:
        """The function that names the kernel; None where the name is that of the Python function."""
        return function._repr

    # ---- specialization ----

    def binder(self, function: Any, backend: Any) -> Callable[..., tuple[dict[str, Any], list[Any], dict[str, Any]]]:
        """A function from arguments to (arguments by name, specialization, options)."""
        return jit.create_function_from_signature(function.signature, function.params, backend)  # type: ignore[no-any-return]

    def launch_options(self, function: Any, kwargs: MutableMapping[str, Any]) -> None:
        """Complete the keywords of a launch as Triton does."""
        from triton import knobs

        kwargs["debug"] = kwargs.get("debug", function.debug) or knobs.runtime.debug
        kwargs["instrumentation_mode"] = knobs.compilation.instrumentation_mode

    def kernel_key(self, specialization: Sequence[Any], options: Mapping[str, Any]) -> str:
        """Triton's own key of a kernel."""
        # Without Triton's memo, which takes 1, True and 1.0 for one constant; the text that it stands for does not.
        return jit.compute_cache_key({}, specialization, options)  # type: ignore[no-any-return]

    def unpack(
        self, function: Any, backend: Any, bound: Mapping[str, Any], specialization: Sequence[Any]
    ) -> tuple[Any, Any, Any]:
        """Signature, constexprs and attributes, as ``make_source`` takes them."""
        from triton._utils import find_paths_if

        types = [entry[0] for entry in specialization]
        signature = {param.name: type_name for param, type_name in zip(function.params, types, strict=True)}
        values = list(bound.values())
        constexprs = {path: _at(values, path) for path in find_paths_if(types, lambda _, text: text == "constexpr")}
        marks = self._marks(specialization)
        attrs = {
            path: backend.parse_attr(_at(marks, path))
            for path in find_paths_if(marks, lambda _, mark: isinstance(mark, str))
        }
        return signature, constexprs, attrs

    def _marks(self, specialization: Sequence[Any]) -> list[Any]:
        return [entry[1] for entry in specialization]

    # ---- the door in C++ ----

    def launch_guards(self, function: Any) -> list[Guard]:
        """What Triton reads at each launch and the door in C++ must find empty: (dict, key).

        A dict of None is the one of the launched function. A knob lies in the dict of its group once it is set; before,
        it is what the class says, or the environment.
        """
        from triton import knobs

        chains = ("launch_enter_hook", "launch_exit_hook")
        return [
            (None, "pre_run_hooks"),
            (None, "debug"),
            ({"debug": True} if type(knobs.runtime).debug else {}, "debug"),
            (vars(knobs.runtime), "debug"),
            *((vars(knobs.runtime), name) for name in chains),
            *((vars(getattr(type(knobs.runtime), name)), "calls") for name in chains),
            (vars(knobs.runtime), "add_stages_inspection_hook"),
            (vars(knobs.amd), "use_buffer_ops"),
            (vars(knobs.compilation), "instrumentation_mode"),
            in_environment("TRITON_INSTRUMENTATION_MODE"),
        ]

    def argument_types(self) -> dict[str, Any]:
        """The classes whose objects the door in C++ reads itself, and what else it must know."""
        from triton import knobs
        from triton.experimental.gluon.nvidia.hopper import TensorDescriptor as GluonTensorDescriptor
        from triton.tools.tensor_descriptor import TensorDescriptor

        return {
            "constexpr_type": language.constexpr,
            "descriptor_types": [TensorDescriptor],
            "layout_descriptor_types": [GluonTensorDescriptor],
            "marks_small_memory": bool(knobs.amd.use_buffer_ops),
        }

    # ---- hooks ----

    def compile_hooks(self) -> tuple[Any, Any]:
        """The hooks before and after a compile; each may be None."""
        from triton import knobs

        return knobs.runtime.jit_cache_hook, knobs.runtime.jit_post_compile_hook

    def call_compile_hook(self, hook: Any, function: Any, backend: Any, options: Any, arguments: Sequence[Any]) -> Any:
        """Call one of ``compile_hooks``. ``arguments``: key, signature, constexprs, attributes, device, warmup."""
        key, signature, constexprs, attrs, device, warmup = arguments
        return function._call_hook(hook, key, signature, device, constexprs, options, [attrs], warmup)

    def launch_hooks(self) -> tuple[Any, Any] | None:
        """The hooks around a launch; None where there are none."""
        from triton import knobs

        enter, leave = knobs.runtime.launch_enter_hook, knobs.runtime.launch_exit_hook
        return (enter, leave) if enter.calls or leave.calls else None

    def load_hooks(self) -> tuple[Any, Any] | None:
        """The hooks around the load of a module; None where there are none."""
        from triton import knobs

        start, end = knobs.runtime.kernel_load_start_hook, knobs.runtime.kernel_load_end_hook
        return (start, end) if start.calls or end.calls else None

    def lazy_metadata(self, values: dict[str, Any]) -> Any:
        """What Triton hands to a launch hook."""
        return LazyDict(values)


def in_environment(name: str) -> Guard:
    """The guard of an environment variable."""
    return os.environ._data, os.environ.encodekey(name)  # type: ignore[attr-defined]


def _at(value: Any, path: Sequence[int]) -> Any:
    for index in path:
        value = value[index]
    return value
