"""The machinery of the golden vectors: inputs that never change, and a comparison that lets nothing through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from instructions import FORMS, Form, Tolerance
from instructions.form import simple
from instructions.goldens import Goldens
from instructions.run import agrees, describe
from instructions.values import Random

ONE, NEXT, NAN, OTHER_NAN, INFINITY = 0x3F800000, 0x3F800001, 0x7FFFFFFF, 0x7FC00000, 0x7F800000

FIRST_OF_ADD = ["0xa6d75aee6dcfc913", "0xf111eba81dca7caa", "0xd1ff29c25caf9e5e"]


def _agrees(tolerance: Tolerance, want: int, got: int, kind: str = "f32") -> bool:
    form = Form("probe", (kind,), (kind,), "", tolerance=tolerance)
    return bool(agrees(form, *(np.array([[bits]], dtype=np.uint64) for bits in (want, got))).all())


def test_inputs_are_the_same_everywhere() -> None:
    assert [hex(value) for value in Random("add.f32").bits(3)] == FIRST_OF_ADD
    form = next(form for form in FORMS if form.name == "add.f32")
    assert (form.inputs() == form.inputs()).all()


def test_an_exact_form_compares_every_bit() -> None:
    assert _agrees(Tolerance(), ONE, ONE)
    assert not _agrees(Tolerance(), ONE, NEXT)
    assert not _agrees(Tolerance(), NAN, OTHER_NAN)
    assert not _agrees(Tolerance(), 0, 0x80000000)


def test_a_tolerance_is_met_or_not() -> None:
    assert _agrees(Tolerance(ulp=1), ONE, NEXT)
    assert not _agrees(Tolerance(ulp=1), ONE, NEXT + 1)
    assert _agrees(Tolerance(relative=2**-22), ONE, NEXT + 1)
    assert _agrees(Tolerance(absolute=2**-20), 0, 0x35000000)
    assert not _agrees(Tolerance(absolute=2**-20), 0, 0x36000000)


def test_infinity_and_nan_are_never_close_to_a_number() -> None:
    wide = Tolerance(ulp=2, relative=1.0, absolute=1e38)
    assert not _agrees(wide, INFINITY, 0x7F7FFFFF)
    assert not _agrees(wide, NAN, ONE)
    assert not _agrees(wide, ONE, NAN)
    assert _agrees(wide, NAN, OTHER_NAN)


def test_both_halves_of_a_packed_result_count() -> None:
    assert _agrees(Tolerance(ulp=1), 0x3C003C00, 0x3C013C01, "f16x2")
    assert not _agrees(Tolerance(ulp=1), 0x3C003C00, 0x3C053C00, "f16x2")
    assert not _agrees(Tolerance(ulp=1), 0x3C003C00, 0x3C003C05, "f16x2")


def test_a_disagreement_names_inputs_and_both_results() -> None:
    form = simple("neg.f32", "f32 -> f32")
    want = form.inputs() ^ np.uint64(1 << 31)
    got = want.copy()
    got[3, 0] ^= np.uint64(1)
    text = describe(form, want, got)
    assert "neg.f32: 1 of 512 rows" in text
    assert f"row 3: inputs {form.inputs()[3, 0]:#x} | hardware {want[3, 0]:#x} | here {got[3, 0]:#x}" in text


def test_goldens_survive_the_disk_and_know_what_they_belong_to(tmp_path: Path) -> None:
    form = FORMS[0]
    results = np.arange(len(form.inputs()), dtype=np.uint64)[:, None]
    goldens = Goldens(tmp_path)
    goldens.put(form, results)
    goldens.save(device="none")
    again = Goldens(tmp_path)
    assert again.header["device"] == "none"
    assert (again.find(form) == results).all()
    changed = Form(form.name, form.sources, form.results, form.body + "\n// edited", rows=form.rows)
    with pytest.raises(LookupError, match="belongs to other PTX or inputs"):
        again.find(changed)
    with pytest.raises(LookupError, match="no golden for"):
        again.find(FORMS[1])
