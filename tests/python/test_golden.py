"""The CPU executor against recorded hardware: every instruction form, bit for bit or within its stated bound."""

from __future__ import annotations

import pytest
from instructions import FORMS, Form
from instructions.goldens import Goldens
from instructions.run import agrees, describe, run


@pytest.fixture(scope="module")
def goldens() -> Goldens:
    return Goldens()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_cpu_driver_agrees_with_hardware(form: Form, goldens: Goldens) -> None:
    want = goldens.find(form)
    got = run(form, "cpu")
    assert agrees(form, want, got).all(), describe(form, want, got)


def test_names_are_unique() -> None:
    assert len({form.name for form in FORMS}) == len(FORMS)
