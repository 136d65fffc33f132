"""Inductor's kernels through us, on the CPU: torch.compile writes Triton, we compile it, and the executor runs it."""

import shutil
import subprocess
import sys

import pytest
import torch
import torch._inductor.config
import torch.compiler.config
from kernels.models import MatmulBiasRelu, TransformerBlock, forward_and_backward
from torch._inductor.runtime.triton_heuristics import CachingAutotuner

import triton_runner
from triton_runner import errors

SETTINGS = {"cpu_backend": "triton", "triton.autotune_pointwise": False}


@pytest.fixture(autouse=True)
def _own_caches(tmp_path, monkeypatch):
    for variable in ("TRITON_RUNNER_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    torch._dynamo.reset()
    triton_runner.set_launch_message(False)
    with torch._inductor.config.patch(SETTINGS):
        yield
    triton_runner.restore_jit_backend()
    triton_runner.set_launch_message(True)
    torch._dynamo.reset()


def check(model, compiled, *shapes):
    for shape in shapes:
        x = torch.randn(shape)
        for got, expected in zip(forward_and_backward(compiled, x), forward_and_backward(model, x), strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_matmul_bias_relu_with_dynamic_shapes():
    triton_runner.configure_jit_backend()
    model = MatmulBiasRelu()
    check(model, torch.compile(model, fullgraph=True, dynamic=True), (8, 48), (13, 48))
    kernels = triton_runner.inductor_kernels()
    assert any("relu" in kernel.name for kernel in kernels)
    assert all((kernel.folder / f"{kernel.name}.ttgir").read_text() == kernel.asm["ttgir"] for kernel in kernels)


@pytest.mark.exhaustive
def test_transformer_block_forward_and_backward():
    triton_runner.configure_jit_backend()
    model = TransformerBlock()
    check(model, torch.compile(model, dynamic=True), (2, 8, 32), (1, 12, 32))
    assert len(triton_runner.inductor_kernels()) >= 5


def double(x):
    return x * 2.0 + 1.0


def test_an_artifact_in_the_cache_is_dumped_edited_and_run_again(tmp_path):
    triton_runner.configure_jit_backend()
    x = torch.randn(100)
    torch.testing.assert_close(torch.compile(double)(x), x * 2 + 1)
    (kernel,) = [kernel for kernel in triton_runner.inductor_kernels() if "mul" in kernel.name]

    # dumped
    loaded = triton_runner.load(kernel.folder / f"{kernel.name}.ttgir")
    out = torch.empty(100)
    values = loaded.dump("arith.mulf")[(1,)](x, out, 100)
    (product,) = values.values()
    torch.testing.assert_close(product.tensor.reshape(-1)[:100], x * 2)

    # edited
    entry = tmp_path / "edited" / kernel.folder.name
    shutil.copytree(kernel.folder, entry)
    path = entry / f"{kernel.name}.ttgir"
    text = path.read_text()
    assert text.count("2.000000e+00") == 1
    path.write_text(text.replace("2.000000e+00", "3.000000e+00"))

    # and run again
    triton_runner.restore_jit_backend()
    torch._dynamo.reset()
    triton_runner.configure_jit_backend(edited=tmp_path / "edited")
    torch.testing.assert_close(torch.compile(double)(x), x * 3 + 1)


def test_two_edited_levels_are_refused(tmp_path):
    triton_runner.configure_jit_backend()
    torch.compile(double)(torch.randn(100))
    (kernel,) = [kernel for kernel in triton_runner.inductor_kernels() if "mul" in kernel.name]
    entry = tmp_path / "edited" / kernel.folder.name
    shutil.copytree(kernel.folder, entry)
    for level, comment in (("ttgir", "//"), ("ptx", "//")):
        path = entry / f"{kernel.name}.{level}"
        path.write_text(f"{path.read_text()}\n{comment} edited\n")
    triton_runner.restore_jit_backend()
    torch._dynamo.reset()
    triton_runner.configure_jit_backend(edited=tmp_path / "edited")
    with pytest.raises(Exception, match="has ttgir, ptx edited, but a kernel runs from one level"):
        torch.compile(double)(torch.randn(100))


def test_restore_leaves_torch_as_it_was():
    before = CachingAutotuner._precompile_config, torch.compiler.config.cache_key_tag
    triton_runner.configure_jit_backend()
    assert CachingAutotuner._precompile_config is not before[0]
    assert "triton_runner" in torch.compiler.config.cache_key_tag
    triton_runner.restore_jit_backend()
    assert (CachingAutotuner._precompile_config, torch.compiler.config.cache_key_tag) == before


def test_a_folder_that_is_none_is_refused(tmp_path):
    before = CachingAutotuner._precompile_config
    with pytest.raises(errors.ArgumentError, match="expected a folder"):
        triton_runner.configure_jit_backend(edited=tmp_path / "missing")
    assert CachingAutotuner._precompile_config is before


def test_inductor_is_not_imported_before_it_is_asked_for():
    program = "import sys, triton_runner; assert 'torch._inductor.runtime.triton_heuristics' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
