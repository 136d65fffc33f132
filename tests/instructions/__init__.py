"""One small PTX kernel for each instruction form, with its inputs and how exactly a result must agree with hardware.

`FORMS` is what the golden vectors (tests/golden, recorded on a GPU by tests/gpu/record_goldens.py) and
tests/python/test_golden.py are made of. A new form is one line in a table of this package.
"""

from __future__ import annotations

from . import approximate, convert, floating, integer, matrix, memory, warp
from .form import Form, Tolerance

# Family, which is also the name of its golden file, to forms.
FAMILIES: dict[str, list[Form]] = {
    module.__name__.rpartition(".")[2]: module.FORMS
    for module in (floating, approximate, convert, integer, warp, memory, matrix)
}
FORMS: list[Form] = [form for forms in FAMILIES.values() for form in forms]

__all__ = ["FAMILIES", "FORMS", "Form", "Tolerance"]
