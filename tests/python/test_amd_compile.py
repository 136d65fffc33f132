"""Compiling for AMD GPUs, with none in the machine: every level for every architecture, with Triton's own bytes."""

import pytest
import triton
import triton.language as tl
from code_objects import needs_code_objects
from kernels import case_named
from kernels.plain import compile_plain, source_of
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

import triton_runner
from triton_runner.compiler.target import AMD_WARP_SIZES

TARGETS = tuple(AMD_WARP_SIZES)
LEVELS = ("ttir", "ttgir", "llir", "amdgcn", "hsaco")
SIGNATURE = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "count": "i32", "factor": "fp32"}


@triton.jit
def scale(x_ptr, out_ptr, count, factor, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index, mask=index < count)
    tl.store(out_ptr + index, x * factor, mask=index < count)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        # Triton's own does not tell two checkouts apart, whose IR differs by the path of this file.
        patch.setenv("TRITON_CACHE_DIR", str(tmp_path_factory.mktemp("triton-cache")))
        yield


def compile_scale(target="gfx942", **arguments):
    return triton_runner.compile(scale, signature=SIGNATURE, constexprs={"BLOCK": 256}, target=target, **arguments)


@needs_code_objects
@pytest.mark.parametrize("target", TARGETS)
def test_every_level_gives_the_bytes_of_triton(target):
    types = {name: text.removesuffix(":16") for name, text in SIGNATURE.items()} | {"BLOCK": "constexpr"}
    divisible = [["tt.divisibility", 16]]
    source = ASTSource(scale, types, {"BLOCK": 256}, {(0,): divisible, (1,): divisible})
    plain = triton.compile(source, target=GPUTarget("hip", target, AMD_WARP_SIZES[target]))
    kernel = compile_scale(target)
    assert tuple(kernel.artifacts) == LEVELS
    for level in LEVELS:
        assert kernel.artifacts[level] == plain.asm[level], level
    for level in LEVELS[:-1]:  # in a process of its own
        again = triton_runner.compile(kernel.folder / f"scale.{level}", target=target)
        assert again.artifacts["hsaco"] == plain.asm["hsaco"], level
        assert again.spec == kernel.spec, level


@needs_code_objects
@pytest.mark.parametrize(
    ("case", "target"),
    [
        ("matmul_fp16_s3", "gfx942"),
        ("matmul_bf16_s3", "gfx1201"),
        ("attention_causal", "gfx950"),
        ("tma_host_matmul", "gfx942"),
        ("layer_norm_forward", "gfx1100"),
        ("atomic_total", "gfx90a"),
    ],
)
def test_the_corpus_gives_the_bytes_of_triton_at_each_level(case, target):
    case = case_named(case)
    plain = compile_plain(case, target)
    source, _, options = source_of(case, case.arguments("cpu"), target)
    names = triton_runner.compiler.versions.adapter().option_names("hip")
    given = {name: value for name, value in options.items() if value is not None and name in names}
    kernel = triton_runner.compile(source, target=target, options=given)
    assert all(kernel.artifacts[level] == plain.asm[level] for level in LEVELS)
    for level in LEVELS[:-1]:
        path = kernel.folder / f"{kernel.spec.name}.{level}"
        again = triton_runner.compile(path, target=target if level == "ttir" else None)
        assert again.artifacts["hsaco"] == plain.asm["hsaco"], level
        assert again.spec == kernel.spec, level
