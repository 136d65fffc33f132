"""How a specialization of a jit function is compiled: to another level, for another target, or for more arguments.

It holds no argument of the launch that it comes from. Tested in tests/python/test_autotune_export.py and
test_dump_language.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from triton_runner.compiler.pipeline import Compiled, compile_source
from triton_runner.compiler.target import Target
from triton_runner.compiler.versions import adapter


@dataclass(frozen=True)
class Recipe:
    """A function with Triton's signature, constants and attributes of it, and the options."""

    function: Any
    signature: Mapping[str, Any]
    constexprs: Mapping[Any, Any]
    attrs: Mapping[Any, Any]
    options: Mapping[str, Any]
    target: Target

    def compile(self, level: str, variant: str = "") -> Compiled:
        """Compile down to ``level``. ``variant`` tells apart compiles that differ in what their source does not say."""
        source = self.source()
        key = source.hash() + variant
        source.hash = lambda: key
        return compile_source(adapter(), source, self.target, self.options, level)

    def source(self) -> Any:
        """Triton's ASTSource."""
        return adapter().make_source(self.function, self.signature, self.constexprs, self.attrs)

    def aimed_at(self, target: Target) -> Recipe:
        return replace(self, target=target)

    def general(self) -> Recipe:
        """The same with nothing assumed of arguments: not that they are divisible by 16, nor that an integer is 1."""
        signature, constexprs = dict(self.signature), dict(self.constexprs)
        for index, param in enumerate(self.function.params):
            folded = signature[param.name] == "constexpr" and not param.is_constexpr
            if folded and isinstance(constexprs.get((index,)), int):  # None has no other form
                signature[param.name] = "i32"
                del constexprs[(index,)]
        return replace(self, signature=signature, constexprs=constexprs, attrs={})
