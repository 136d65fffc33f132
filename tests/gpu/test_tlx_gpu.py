"""Cubins of kernels written with TLX run from their folders, with neither the plugin nor its Triton present.

Hopper alone: wgmma, TMA and warp specialization are in them. tests/gpu/make_tlx_artifacts.py makes the folders.
"""

import importlib.util
from pathlib import Path

import pytest
import torch
from kernels.tlx_cases import CASES, check

import triton_runner

FOLDER = Path(__file__).parent / "tlx_artifacts"


@pytest.fixture(autouse=True)
def hopper():
    if torch.cuda.get_device_capability() != (9, 0):
        pytest.skip("the cubins are for sm_90")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cubin_runs_from_its_folder(case):
    kernel = triton_runner.load(FOLDER / case.name / f"{case.kernel_name}.cubin")
    assert kernel.spec.triton_version == "3.8.0"
    check(case, kernel[case.grid], "cuda")


@pytest.mark.skipif(importlib.util.find_spec("utlx_plugin") is None, reason="triton-utlx is not installed")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_jit_runs_on_the_device(case):
    from kernels import tlx_kernels

    kernel = getattr(tlx_kernels, case.kernel_name)
    check(case, lambda *args: kernel[case.grid](*args, **case.constexprs), "cuda")
