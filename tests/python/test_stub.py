"""triton_runner/_C.pyi names exactly what the binding has."""

import ast
from pathlib import Path

from triton_runner import _C

STUB = ast.parse((Path(__file__).parents[2] / "triton_runner" / "_C.pyi").read_text())


def members(scope):
    return {name for name in vars(scope) if not name.startswith("_")}


def declared(node):
    """The public names in the body of a class of the stub."""
    names = {
        member.target.id if isinstance(member, ast.AnnAssign) else getattr(member, "name", "_") for member in node.body
    }
    return {name for name in names if not name.startswith("_")}


def test_functions_and_classes():
    assert {node.name for node in STUB.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} == members(_C)


def test_members_of_classes():
    for node in STUB.body:
        if isinstance(node, ast.ClassDef):
            assert declared(node) == members(getattr(_C, node.name)), node.name
