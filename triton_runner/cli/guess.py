"""Completes the signature of a jit function where the command line leaves something out.

Nothing is guessed that is written down: constexprs take their defaults, other parameters the type that they are
annotated with. What is left is taken from the use: a parameter that a load, a store or an atomic goes through, or that
is called so, is a pointer (to fp16 in a kernel with a dot, else to fp32), one that meets floating-point values in an
operation is fp32, all others are i32. A tensor descriptor has to be written down. What was guessed is returned, so that
the caller can say so. Tested in tests/python/test_cli_source.py.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from triton_runner.errors import ArgumentError

_ACCESSES = {"load", "store", "make_block_ptr", "make_tensor_descriptor"}
_FLOATING = {"load", "dot", "rand", "randn", "exp", "exp2", "log", "log2", "sqrt", "rsqrt", "sigmoid", "softmax"}


def guess_signature(
    function: Any, signature: Mapping[str, str] | Sequence[str], constexprs: Mapping[str, Any], given: str
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """(signature, constexprs, what of the signature was guessed)."""
    types = dict(signature) if isinstance(signature, Mapping) else _in_order(function, signature)
    values = {name: value for name, value in constexprs.items() if name in function.arg_names or name not in types}
    guessed: dict[str, str] = {}
    uses = None
    for param in function.params:
        name = param.name
        if name in values or name in types:
            continue
        if param.is_constexpr or (param.has_default and param.default is None):
            if not param.has_default:
                raise ArgumentError(
                    f"{given}: {name!r} is a constexpr without a default: give --constexpr {name}=VALUE"
                )
            values[name] = param.default
        elif param.annotation_type:
            types[name] = param.annotation_type
        else:
            uses = uses or _Uses.of(function)
            types[name] = guessed[name] = uses.type_of(name, param.default if param.has_default else None)
    return {name: types[name] for name in function.arg_names if name in types}, values, guessed


def _in_order(function: Any, signature: Sequence[str]) -> dict[str, str]:
    names = [param.name for param in function.params if not param.is_constexpr]
    if len(signature) > len(names):
        raise ArgumentError(f"--signature has {len(signature)} types, but {function.__name__} takes {', '.join(names)}")
    return dict(zip(names, signature, strict=False))


class _Uses(ast.NodeVisitor):
    """What the body of a function does with its parameters."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = set(names)
        self.bases: dict[str, set[str]] = {name: {name} for name in names}  # a local to the parameters that it adds up
        self.pointers: set[str] = set()
        self.descriptors: set[str] = set()
        self.floating: set[str] = set()  # locals that hold floating-point values, and parameters that meet them
        self.has_dot = False

    @classmethod
    def of(cls, function: Any) -> _Uses:
        uses = cls(function.arg_names)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function.fn)))
        for _ in range(2):  # a pointer that a loop advances is known in the second round
            uses.visit(tree)
        return uses

    def type_of(self, name: str, default: Any) -> str:
        if name in self.descriptors:
            raise ArgumentError(
                f"{name!r} is a tensor descriptor: give its type and block, "
                f"--signature '{name}=tensordesc<fp16[64,64]>'"
            )
        if name in self.pointers or name.lower().endswith(("_ptr", "_ptrs")):
            return "*fp16:16" if self.has_dot else "*fp32:16"
        if isinstance(default, bool):
            return "i1"
        return "fp32" if isinstance(default, float) or name in self.floating else "i32"

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.bases.setdefault(target.id, set()).update(self._terms(node.value))
                if self._is_floating(node.value):
                    self.floating.add(target.id)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.generic_visit(node)
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(node.op, ast.Div) and side is node.right:
                continue  # a count, as often as not
            if isinstance(side, ast.Name) and self._is_floating(other):
                self.floating.add(side.id)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        self.has_dot |= called == "dot"
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if called in ("load", "store", "gather", "scatter") and isinstance(owner, ast.Name) and owner.id in self.names:
            self.descriptors.add(owner.id)
            return
        if node.args and (called in _ACCESSES or called.startswith("atomic_")):
            terms = self._terms(node.args[0])
            # Of what is added up only one is a pointer: the one that is called so, else the leftmost.
            named = [term for term in terms if "ptr" in term.lower()]
            self.pointers.update((named or terms)[:1])

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        if any(map(self._is_floating, sides)):
            self.floating.update(side.id for side in sides if isinstance(side, ast.Name))

    def _is_floating(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return called in _FLOATING or (called != "to" and any(map(self._is_floating, node.args)))
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Div):
                return True
            return self._is_floating(node.left) or self._is_floating(node.right)
        if isinstance(node, ast.Constant):
            return isinstance(node.value, float)
        return isinstance(node, ast.Name) and node.id in self.floating and node.id not in self.pointers

    def _terms(self, node: ast.expr) -> list[str]:
        """The parameters that are added up in ``node``, from the left. A factor of a product is no pointer."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            return [*self._terms(node.left), *self._terms(node.right)]
        if isinstance(node, ast.Name):
            return sorted(self.bases.get(node.id, ()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("to", "advance"):
            return self._terms(node.func.value)
        if isinstance(node, ast.Subscript):
            return self._terms(node.value)
        return []
