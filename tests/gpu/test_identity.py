"""PTX and cubin that we compile are the bytes that Triton itself makes, for the device's own capability."""

import pytest
from kernels import CASES, case_named
from kernels.plain import signature_of, source_of, write_folder
from reference import compiled

import triton_runner


def supported(case, capability):
    return capability >= case.min_capability


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_from_python(case, capability):
    if not supported(case, capability):
        pytest.skip(f"{case.name} needs sm_{case.min_capability}, this GPU is sm_{capability}")
    plain = compiled(case, capability)
    source, _, _ = source_of(case, case.arguments("cuda"), capability)
    constants = {source.fn.arg_names[path[0]]: value for path, value in source.constants.items()}
    kernel = triton_runner.compile(
        case.kernel,
        signature=signature_of(plain),
        constexprs=constants,
        to="cubin",
        target=f"sm_{capability}",
        options=dict(case.options),
    )
    assert kernel.artifacts["ptx"] == plain.asm["ptx"]
    assert kernel.artifacts["cubin"] == plain.asm["cubin"]


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
@pytest.mark.parametrize("name", ["vector_add", "matmul_fp16_s3", "attention", "tma_host_matmul", "cluster_matmul"])
def test_from_each_level(name, level, capability, tmp_path):
    case = case_named(name)
    if not supported(case, capability):
        pytest.skip(f"{name} needs sm_{case.min_capability}, this GPU is sm_{capability}")
    plain = compiled(case, capability)
    path = write_folder(plain, tmp_path, level)
    kernel = triton_runner.compile(
        path, signature=signature_of(plain), to="cubin", target=f"sm_{capability}", options=dict(case.options)
    )
    if level != "ptx":
        assert without_debug_info(kernel.artifacts["ptx"]) == without_debug_info(plain.asm["ptx"])
    else:
        assert kernel.artifacts["cubin"] == plain.asm["cubin"]


def without_debug_info(ptx: str) -> list[str]:
    """From an IR file the line table points into that file; everything else is the same."""
    lines = []
    for line in ptx.split("\t.section\t.debug")[0].splitlines():
        text = line.split("//")[0].strip()
        if text and not text.startswith((".loc", ".file", "$L__tmp")):
            lines.append(text)
    return lines
