"""PTX and cubin that we compile are the bytes that Triton itself makes, for the device's own capability."""

import pytest
from kernels import CASES, case_named
from kernels.plain import signature_of, source_of, write_folder
from reference import compiled

import triton_runner

FROM_LEVELS = ["vector_add", "matmul_fp16_s3", "attention", "tma_host_matmul", "cluster_matmul", "gluon_transpose"]


def skip_unless_supported(case, capability):
    if capability < case.min_capability:
        pytest.skip(f"{case.name} needs sm_{case.min_capability}, this GPU is sm_{capability}")


@pytest.mark.parametrize("case", [case for case in CASES if case.stable_code], ids=lambda case: case.name)
def test_from_python(case, capability):
    skip_unless_supported(case, capability)
    plain = compiled(case, capability)
    source, _, options = source_of(case, case.arguments("cuda"), capability)
    given = {name: value for name, value in options.items() if value is not None}
    kernel = triton_runner.compile(source, to="cubin", target=capability, options=given)
    assert kernel.artifacts["ptx"] == plain.asm["ptx"]
    assert kernel.artifacts["cubin"] == plain.asm["cubin"]


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
@pytest.mark.parametrize("name", FROM_LEVELS)
def test_from_each_level(name, level, capability, tmp_path):
    case = case_named(name)
    skip_unless_supported(case, capability)
    plain = compiled(case, capability)
    if level not in plain.asm:
        pytest.skip("Gluon starts at TTGIR")
    if level == "ttir" and not case.stable_code:
        pytest.skip("two runs of Triton give different code for it above TTGIR")
    path = write_folder(plain, tmp_path, level)
    kernel = triton_runner.compile(path, signature=signature_of(plain), to="cubin", target=capability)
    assert kernel.artifacts["ptx"] == plain.asm["ptx"]
    assert kernel.artifacts["cubin"] == plain.asm["cubin"]
