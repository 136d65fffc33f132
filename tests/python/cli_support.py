"""What the tests of the command line share: kernels in a folder, and a call of ``main`` in this process."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from triton_runner.cli import main

KERNELS = """\
import triton
import triton.language as tl

print("this module prints")


@triton.jit
def scale(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr = 256):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


CONFIGS = [triton.Config({"BLOCK": 64}, num_warps=2), triton.Config({"BLOCK": 128}, num_warps=4)]


@triton.autotune(configs=CONFIGS, key=["n"])
@triton.jit
def tuned(x_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(x_ptr + i, tl.load(x_ptr + i, mask=i < n) + 1, mask=i < n)


def reference(x_ptr, factor):
    return x_ptr * factor


def wrong(x_ptr, factor):
    out = x_ptr * factor
    out[7] += 1
    return {"out_ptr": out}


def in_place(x_ptr, out_ptr, factor):
    out_ptr.copy_(x_ptr * factor)


not_a_kernel = 3
"""
BROKEN = "import triton\n\nraise OSError('no such device')\n"
TENSORS = ("x_ptr=fp32[1000]", "out_ptr=fp32[1000]=empty")
LAUNCH = (*TENSORS, "n=1000", "factor=2.0", "--grid", "cdiv(n,BLOCK)", "--device", "cpu")


@dataclass
class Done:
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli")
    (path / "cli_kernels.py").write_text(KERNELS)
    (path / "cli_broken.py").write_text(BROKEN)
    return path


@pytest.fixture
def cli(capfd, folder, monkeypatch):
    """Runs one command line in the folder of the kernels."""
    monkeypatch.chdir(folder)

    def run(*arguments) -> Done:
        capfd.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Done(status, out, err)

    return run


@pytest.fixture(scope="module")
def compiled(folder):
    """The folder with all levels of ``scale`` for sm_80."""
    out = folder / "levels"
    assert main(["compile", f"{folder}/cli_kernels.py:scale", "--target", "sm_80", "-o", str(out)]) == 0
    return out
