"""Every kernel from every level gives what plain Triton gives, bit for bit, on the same inputs."""

import pytest
import torch
from kernels import CASES
from kernels.plain import signature_of, write_folder
from reference import assert_same_bits, compiled, plain_outputs, runtime_values

import triton_runner

# Those that the project promises at every level; the rest of the corpus goes through Python, PTX and cubin.
PROMISED = {
    "vector_add",
    "softmax",
    "matmul_fp16_s3",
    "tma_copy",
    "tma_device_matmul",
    "tma_host_matmul",
    "persistent_matmul",
    "attention",
    "attention_causal",
    "cluster",
    "cluster_matmul",
    "cooperative",
    "dependent_launch",
    "large_shared",
    "gluon_transpose",
}
IR_LEVELS = ("ttir", "ttgir", "llir", "ptx", "cubin")


def level_pairs():
    for case in CASES:
        levels = IR_LEVELS if case.name in PROMISED else ("ptx", "cubin")
        for level in levels:
            if case.kernel.is_gluon() and level == "ttir":
                continue  # Gluon starts at TTGIR
            yield pytest.param(case, level, id=f"{case.name}-{level}")


def skip_unless_supported(case, capability):
    if capability < case.min_capability:
        pytest.skip(f"{case.name} needs sm_{case.min_capability}, this GPU is sm_{capability}")


def assert_matches_plain_triton(case, arguments):
    torch.cuda.synchronize()
    if case.repeatable:
        assert_same_bits(case, arguments, plain_outputs(case))
    else:
        case.check(arguments, case.reference(case.arguments("cuda")))


def test_the_promised_kernels_exist():
    assert {case.name for case in CASES} >= PROMISED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_python(case, capability):
    skip_unless_supported(case, capability)
    arguments = case.arguments("cuda")
    case.launch(triton_runner.jit(case.kernel), arguments)
    assert_matches_plain_triton(case, arguments)


@pytest.mark.parametrize(("case", "level"), level_pairs())
def test_level(case, level, capability, tmp_path):
    skip_unless_supported(case, capability)
    plain = compiled(case, capability)
    path = write_folder(plain, tmp_path, level)
    kernel = triton_runner.load(path, signature=signature_of(plain))
    assert kernel.spec.name == plain.metadata.name
    arguments = case.arguments("cuda")
    kernel[case.grid](*runtime_values(case, plain, arguments))
    assert_matches_plain_triton(case, arguments)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in PROMISED], ids=lambda case: case.name)
def test_facts_of_the_launch(case, capability, tmp_path):
    """The record has what Triton's metadata says; a kernel that needs a mode must really have it."""
    skip_unless_supported(case, capability)
    plain = compiled(case, capability)
    spec = triton_runner.load(write_folder(plain, tmp_path, "cubin"), signature=signature_of(plain)).spec
    metadata = plain.metadata
    assert (spec.num_warps, spec.num_ctas, spec.shared) == (metadata.num_warps, metadata.num_ctas, metadata.shared)
    assert spec.cooperative == bool(metadata.launch_cooperative_grid)
    assert spec.pdl == bool(metadata.launch_pdl)
    assert spec.global_scratch[0] == metadata.global_scratch_size
    if case.name == "large_shared":
        assert spec.shared > 48 * 1024
    if case.name in ("tma_copy", "tma_device_matmul") and capability >= 90:
        assert spec.global_scratch[0] > 0
    if case.name in ("tma_host_matmul", "persistent_matmul") and capability >= 90:
        assert all(param.has_tensor_map for param in spec.params if param.kind == "descriptor")
