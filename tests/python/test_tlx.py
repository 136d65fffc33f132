"""TLX: every kernel from every level, on the CPU. Runs where the plugin is installed (``make test-matrix``)."""

import importlib.util
import json

import pytest
from kernels.tlx_cases import CASES, check

import triton_runner
from triton_runner.compiler.versions import adapter
from triton_runner.errors import CompileError

pytestmark = pytest.mark.skipif(importlib.util.find_spec("utlx_plugin") is None, reason="triton-utlx is not installed")

LEVELS = ("ttir", "ttgir", "llir", "ptx")
PARTS = {case.name: case for case in CASES}


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    return request.param


@pytest.fixture
def kernel(case):
    from kernels import tlx_kernels

    return getattr(tlx_kernels, case.kernel_name)


def compiled(case, kernel, to="cubin"):
    return triton_runner.compile(kernel, signature=case.signature, constexprs=case.constexprs, target="sm_90", to=to)


def test_jit_launches_on_the_cpu(case, kernel):
    check(case, lambda *args: kernel[case.grid](*args, **case.constexprs, arch="sm90"), "cpu")


def test_artifacts_are_those_of_triton(case, kernel, monkeypatch, tmp_path):
    # Triton's cache does not tell two checkouts apart, but their PTX differs by the path of the kernel's file.
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget

    from triton_runner.compiler.signature import normalize

    source = adapter().make_source(kernel, *normalize(kernel.arg_names, case.signature, case.constexprs))
    plain = triton.compile(source, target=GPUTarget("cuda", 90, 32))
    ours = compiled(case, kernel).artifacts
    assert all(ours[level] == plain.asm[level] for level in (*LEVELS, "cubin"))


@pytest.mark.parametrize("level", LEVELS)
def test_launches_from_each_level(case, kernel, level):
    made = compiled(case, kernel)
    text, record = made.artifacts[level], json.loads(made.spec.to_json())
    if level != "ptx":
        again = triton_runner.compile(text, level=level, metadata=made.metadata, target="sm_90")
        assert again.artifacts["ptx"] == made.artifacts["ptx"]
        assert again.artifacts["cubin"] == made.artifacts["cubin"]
    check(case, triton_runner.load(text, level=level, metadata=made.metadata, target="sm_90")[case.grid], "cpu")
    given = {f"{level}_src": text, "metadata_json": made.metadata}
    check(case, lambda *args: kernel[case.grid](*args, **case.constexprs, **given), "cpu")
    assert record["name"] == case.kernel_name


def test_ttir_needs_no_sidecar():
    """TLX lowers to TTGIR ahead of TTIR's end, so that the module itself says how many warps it has."""
    from kernels import tlx_kernels

    case = PARTS["relay"]
    made = compiled(case, tlx_kernels.relay_kernel)
    signature = list(case.signature.values())
    again = triton_runner.compile(made.artifacts["ttir"], level="ttir", signature=signature, target="sm_90")
    assert again.artifacts["ptx"] == made.artifacts["ptx"]
    assert again.spec.num_warps == made.spec.num_warps == 8
    check(case, again[case.grid], "cpu")


def test_a_warp_count_that_ttir_contradicts():
    from kernels import tlx_kernels

    made = compiled(PARTS["relay"], tlx_kernels.relay_kernel, to="ttir")
    with pytest.raises(triton_runner.errors.ArgumentError, match="num_warps is 8, but this ttir was built for"):
        triton_runner.compile(made.artifacts["ttir"], level="ttir", target="sm_90", options={"num_warps": 8})


def test_broken_text_is_an_error(case, kernel):
    text = compiled(case, kernel, to="ttgir").artifacts["ttgir"]
    with pytest.raises(CompileError, match=f"{case.kernel_name}.ttgir"):
        triton_runner.compile(text.replace("tt.return", "tt.retrun"), target="sm_90")
