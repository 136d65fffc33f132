"""triton_runner/_C.pyi names exactly what the binding has."""

import ast
from pathlib import Path

from triton_runner import _C

STUB = ast.parse((Path(__file__).parents[2] / "triton_runner" / "_C.pyi").read_text())


def members(scope):
    return {name for name in vars(scope) if not name.startswith("_")}


def test_functions_and_classes():
    assert {node.name for node in STUB.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} == members(_C)


def test_members_of_classes():
    for node in STUB.body:
        if isinstance(node, ast.ClassDef):
            assert {member.name for member in node.body} == members(getattr(_C, node.name)), node.name
