"""Triton 3.2: what is assumed of the arguments is an object, not a dict, and constants are no part of the signature.

Here is where the one form that ``front.py`` describes turns into that object and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from triton.compiler import ASTSource
from triton.runtime import jit
from triton.runtime.jit import JITFunction

from . import triton_3_3

_DIVISIBLE = [["tt.divisibility", 16]]


class Adapter(triton_3_3.Adapter):
    ttgir_prefix = "triton_gpu"

    def _make_ir(self, source: Any, backend: Any, options: Any, context: Any) -> Any:
        return source.make_ir(options, backend.get_codegen_implementation(), backend.get_module_map(), context)

    # ---- sources ----

    def make_source(self, function: Any, signature: Any, constexprs: Any, attrs: Any) -> Any:
        names = function.arg_names
        constants = {names[path[0]]: value for path, value in constexprs.items()}
        types = {name: type_name for name, type_name in signature.items() if type_name != "constexpr"}
        ones = [
            path[0]
            for path, value in constexprs.items()
            if _is_one(value) and not function.params[path[0]].is_constexpr
        ]
        return ASTSource(function, types, constants, self.assumptions([path[0] for path in attrs], ones))

    def read_source(self, source: Any) -> tuple[dict[str, Any], dict[Any, Any], dict[Any, Any]]:
        names = source.fn.arg_names
        types = {_name(names, key): type_name for key, type_name in source.signature.items()}
        divisible, ones = self.read_assumptions(source.attrs)
        constants = {names.index(_name(names, key)): value for key, value in source.constants.items()}
        constants = dict.fromkeys(ones, 1) | constants
        signature = {name: "constexpr" if index in constants else types[name] for index, name in enumerate(names)}
        attrs = {(index,): _DIVISIBLE for index in divisible if index not in constants}
        return signature, {(index,): value for index, value in constants.items()}, attrs

    def assumptions(self, divisible: Sequence[int], ones: Sequence[int]) -> Any:
        """Triton's object for the positions of the parameters that are divisible by 16, and of those that are 1."""
        from triton.backends.compiler import AttrsDescriptor

        return AttrsDescriptor.from_dict(
            {
                "cls": "AttrsDescriptor",
                "arg_properties": {"tt.divisibility": list(divisible), "tt.equal_to": list(ones)},
            }
        )

    def read_assumptions(self, attrs: Any) -> tuple[Sequence[int], Sequence[int]]:
        """The inverse of ``assumptions``."""
        properties = attrs.arg_properties
        return properties.get("tt.divisibility", ()), properties.get("tt.equal_to", ())

    # ---- the jit front ----

    def custom_name(self, function: Any) -> Any:
        namer = function.repr  # a lambda around what the decorator was given
        return dict(zip(namer.__code__.co_freevars, namer.__closure__ or (), strict=False))["repr"].cell_contents

    def binder(self, function: Any, backend: Any) -> Callable[..., tuple[dict[str, Any], list[Any], dict[str, Any]]]:
        bind = self.make_binder(function, backend)

        def bind_and_specialize(*args: Any, **kwargs: Any) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
            bound, types, _, _, options = bind(*args, **kwargs)
            divisible, ones = self.read_assumptions(self.assume(function, backend, tuple(bound.values())))
            return bound, _specialization(function, bound, types, divisible, ones), options

        return bind_and_specialize

    def make_binder(self, function: Any, backend: Any) -> Any:
        return jit.create_function_from_signature(function.signature, function.params, backend)

    def assume(self, function: Any, backend: Any, values: Sequence[Any]) -> Any:
        """Triton's object for these arguments."""
        return backend.get_attrs_descriptor(function.params, values)

    def launch_options(self, function: Any, kwargs: MutableMapping[str, Any]) -> None:
        kwargs["debug"] = bool(kwargs.get("debug", getattr(function, "debug", None))) or triton_3_3.is_set(
            "TRITON_DEBUG"
        )

    def unpack(
        self, function: Any, backend: Any, bound: Mapping[str, Any], specialization: Sequence[Any]
    ) -> tuple[Any, Any, Any]:
        signature = {param.name: entry[0] for param, entry in zip(function.params, specialization, strict=True)}
        values = tuple(bound.values())
        constants = {(index,): values[index] for index, entry in enumerate(specialization) if entry[0] == "constexpr"}
        attrs = {
            (index,): _DIVISIBLE
            for index, (type_name, key) in enumerate(specialization)
            if type_name != "constexpr" and key == "D"
        }
        return signature, constants, attrs

    def call_compile_hook(self, hook: Any, function: Any, backend: Any, options: Any, arguments: Sequence[Any]) -> Any:
        key, signature, constexprs, attrs, device, warmup = arguments
        source = self.make_source(function, signature, constexprs, attrs)
        before = hook is JITFunction.cache_hook
        return self._call_hook(
            function, (key, source.signature, device, source.constants, options, (source.attrs,)), warmup, before
        )

    def _call_hook(self, function: Any, arguments: Sequence[Any], warmup: bool, before: bool) -> Any:
        return function._call_hook(*arguments, warmup, before)


def _specialization(
    function: Any, bound: Mapping[str, Any], types: Sequence[str], divisible: Sequence[int], ones: Sequence[int]
) -> list[tuple[str, Any]]:
    runtime = iter(types)  # those of the parameters that are no constexpr, and after them Triton's keys
    found: list[tuple[str, Any]] = []
    for index, (param, value) in enumerate(zip(function.params, bound.values(), strict=True)):
        if param.is_constexpr:
            found.append(("constexpr", value))
            continue
        type_name = next(runtime)
        if value is None or index in ones:
            found.append(("constexpr", value))
        else:
            found.append((type_name, "D" if index in divisible else ""))
    return found


def _is_one(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == 1


def _name(names: Sequence[str], key: Any) -> str:
    return names[key] if isinstance(key, int) else str(key)
