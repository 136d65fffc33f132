"""A plugin that changes Triton's stages changes them for IR text too, and has artifacts of its own in the cache."""

import plugin_hook
import pytest
import torch
import triton
import triton.language as tl
from triton import knobs

import triton_runner
from triton_runner.compiler.stage_hook import place_of_hook
from triton_runner.compiler.versions import adapter
from triton_runner.errors import CompileError, UnsupportedError

SIGNATURE = {"x_ptr": "*fp32", "n": "i32"}


@triton.jit
def double(x_ptr, n, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(x_ptr + i, 2 * tl.load(x_ptr + i, mask=i < n), mask=i < n)


def compiled(source=double, **more):
    constexprs = {"constexprs": {"BLOCK": 64}, "signature": SIGNATURE} if source is double else {}
    return triton_runner.compile(source, target="sm_80", to="ptx", **constexprs, **more)


@pytest.fixture
def hook(monkeypatch):
    monkeypatch.setattr(knobs.runtime, "add_stages_inspection_hook", plugin_hook.change_stages)


def test_no_hook():
    assert place_of_hook(adapter()) == ()


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir"])
def test_the_worker_goes_through_the_same_stages(level, monkeypatch):
    made = compiled()
    assert plugin_hook.REMARK not in made.artifacts["ptx"]
    monkeypatch.setattr(knobs.runtime, "add_stages_inspection_hook", plugin_hook.change_stages)
    assert place_of_hook(adapter()) == ("plugin_hook", "change_stages")
    again = compiled(made.artifacts[level], level=level, metadata=made.metadata)
    assert again.artifacts["ptx"] == f"{made.artifacts['ptx']}\n{plugin_hook.REMARK}\n"


def test_functions_and_passes_too(hook):
    kernel = compiled()
    assert plugin_hook.REMARK in kernel.artifacts["ptx"]
    edited = compiled(skip_passes=["loop_unroll"])
    assert plugin_hook.REMARK in edited.artifacts["ptx"]
    x = torch.arange(50.0)
    kernel[(1,)](x, 50)
    torch.testing.assert_close(x, 2 * torch.arange(50.0))


def test_a_jit_function_compiles_anew(monkeypatch):
    function = triton_runner.jit(double)
    x = torch.ones(8)
    function[(1,)](x, 8, BLOCK=64)
    kernels = []
    monkeypatch.setattr(knobs.runtime, "add_stages_inspection_hook", plugin_hook.change_stages)
    kernels.append(function[(1,)](x, 8, BLOCK=64))
    assert plugin_hook.REMARK in kernels[0].artifacts["ptx"]
    assert x.eq(4).all()


def test_a_hook_that_no_other_process_finds(monkeypatch):
    text = compiled().artifacts["ttgir"]
    monkeypatch.setattr(knobs.runtime, "add_stages_inspection_hook", lambda *args: ("key", "hash"))
    with pytest.raises(UnsupportedError, match="cannot import: make it a function at the top of a module"):
        compiled(text, level="ttgir")


def test_text_that_needs_a_plugin_which_is_not_there():
    text = compiled().artifacts["ttgir"].replace("    tt.return", "    %a = tlx.alias : !tlx.alias\n    tt.return")
    with pytest.raises(CompileError, match=r"a plugin of Triton with dialect 'tlx'.* \(pip install triton-utlx"):
        compiled(text, level="ttgir")


@pytest.mark.parametrize("setting", ["option", "environment"])
def test_an_architecture_in_place_of_the_cpus(setting, monkeypatch):
    function = triton_runner.jit(double)
    options = {"arch": "sm90"} if setting == "option" else {}
    if setting == "environment":
        monkeypatch.setenv("TRITON_OVERRIDE_ARCH", "sm90")
    kernel = function[(1,)](torch.ones(8), 8, BLOCK=64, **options)
    assert ".target sm_90a" in kernel.artifacts["ptx"]
    assert kernel.spec.target.arch == "90"
    assert (
        kernel.artifacts["ptx"]
        == triton_runner.compile(
            double, signature={"x_ptr": "*fp32:16", "n": "i32"}, constexprs={"BLOCK": 64}, target="sm_90", to="ptx"
        ).artifacts["ptx"]
    )
