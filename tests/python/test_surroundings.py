"""Missing software: no Triton, a Triton that is not covered, no CUDA driver; and an import that changes nothing."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from kernels.handwritten import SCALE_ADD, scale_add_sidecar

import triton_runner
from triton_runner import errors


@pytest.fixture(scope="module")
def kernel():
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())


def run_python(program: str, **environment) -> subprocess.CompletedProcess:
    tests = Path(__file__).parents[1]
    search = os.pathsep.join([str(tests.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": search, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# What the programs compile: no tensor, no parameter, nothing to go wrong but a missing compiler.
TTIR = 'TTIR = "module {\\n  tt.func public @f() {\\n    tt.return\\n  }\\n}\\n"\n'
NO_TRITON = """
    import importlib.abc, importlib.metadata, sys
    class Hide(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "triton" or name.startswith("triton."):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sys.meta_path.insert(0, Hide())
    whole = importlib.metadata.version
    def version(name):
        if "triton" in name and "runner" not in name:
            raise importlib.metadata.PackageNotFoundError(name)
        return whole(name)
    importlib.metadata.version = version
"""


def test_without_triton_ptx_runs_and_compiling_says_what_is_missing():
    program = (
        TTIR
        + textwrap.dedent(NO_TRITON)
        + textwrap.dedent(
            """
        import importlib.util, torch, triton_runner
        from triton_runner import errors
        spec = importlib.util.spec_from_file_location("handwritten", "kernels/handwritten.py")
        handwritten = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(handwritten)
        kernel = triton_runner.load(handwritten.SCALE_ADD, level="ptx", metadata=handwritten.scale_add_sidecar())
        x, y, out = torch.ones(100), torch.ones(100), torch.zeros(100)
        kernel[(1,)](x, y, out, 100, 3.0)
        assert (out == 4).all()
        try:
            triton_runner.compile(TTIR, level="ttir", to="ptx", target="sm_80")
        except errors.UnsupportedError as error:
            print(error)
        """
        )
    )
    finished = run_python(program)
    assert finished.returncode == 0, finished.stderr
    assert "needs Triton, which is not installed: pip install" in finished.stdout


def test_triton_of_a_version_that_is_not_covered(tmp_path):
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text("raise AssertionError('imported')\n")
    (tmp_path / "triton-2.9.1.dist-info").mkdir()
    (tmp_path / "triton-2.9.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: triton\nVersion: 2.9.1\n"
    )
    program = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import triton_runner
        from triton_runner import errors
        try:
            triton_runner.compile(TTIR, level="ttir", to="ptx", target="sm_80")
        except errors.UnsupportedError as error:
            print(error)
    """
    program = TTIR + textwrap.dedent(program)
    finished = run_python(program)
    assert finished.returncode == 0, finished.stderr
    assert "the installed Triton is 2.9.1" in finished.stdout
    assert "covers Triton 3.0.x to 3.9.x" in finished.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA driver")
def test_missing_driver_is_named(kernel):
    with pytest.raises(errors.DriverError, match=r"libcuda\.so\.1.*NVIDIA's driver.*CPU tensors"):
        kernel.preload("cuda:0")


def test_import_needs_no_driver_and_changes_nothing():
    program = """
        import os, sys, warnings
        import torch

        def state():
            driver = "libcuda.so" in open("/proc/self/maps").read()
            return dict(os.environ), warnings.showwarning, sys.excepthook, "triton" in sys.modules, driver

        before = state()
        import triton_runner
        assert state() == before
    """
    finished = run_python(textwrap.dedent(program))
    assert finished.returncode == 0, finished.stderr
