"""The artifacts of the case studies, of all Triton versions, run here and agree with torch."""

import runpy
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "examples" / "case_studies"


@pytest.mark.parametrize("script", ["matmul_7096", "attention_7268"])
def test_every_version_runs_in_place(script, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    names = runpy.run_path(str(FOLDER / f"{script}.py"))
    from study import check, launches

    device = torch.device("cuda")
    torch.manual_seed(0)
    work = names["make_works"](device, False)[0]
    found = launches(names["STUDY"], work, device)
    assert set(found) >= {variant.name for variant in names["STUDY"].variants}
    for name, launch in found.items():
        if name != "torch":
            assert check(work, launch) <= work.tolerance
