"""Registers, spills and shared memory are what NVIDIA's own cuobjdump reads from the same cubin."""

import re
import subprocess

import pytest
from kernels import case_named

import triton_runner
from triton_runner.compiler.resources import read_resources
from triton_runner.disassembly import disassemble, find_tool, instruction_counts
from triton_runner.errors import ArtifactError, MetadataError

ATTENTION = {
    **dict.fromkeys(("q_ptr", "k_ptr", "v_ptr", "out_ptr"), "*fp16:16"),
    "lse_ptr": "*fp32:16",
    "scale": "fp32",
    "length": "i32:16",
}


def cubin_of(target, **options):
    case = case_named("attention")
    kernel = triton_runner.compile(
        case.kernel,
        signature=ATTENTION,
        constexprs=case.constexprs,
        options={**case.options, **options},
        target=target,
    )
    return kernel.artifacts["cubin"]


@pytest.fixture(scope="module")
def cubins():
    return {
        "sm_80": cubin_of("sm_80"),
        "sm_90, 32 registers": cubin_of("sm_90", maxnreg=32),
        "sm_120": cubin_of("sm_120"),
    }


@pytest.fixture(scope="module")
def cuobjdump():
    tool = find_tool("cuobjdump")
    assert tool is not None, "Triton's wheel has one"
    return tool


@pytest.mark.parametrize("name", ["sm_80", "sm_90, 32 registers", "sm_120"])
def test_as_cuobjdump_reads_it(cubins, cuobjdump, name, tmp_path):
    path = tmp_path / "kernel.cubin"
    path.write_bytes(cubins[name])
    listing = subprocess.run([cuobjdump, "--dump-resource-usage", path], capture_output=True, text=True, check=True)
    usage = {key: int(value) for key, value in re.findall(r"\b(REG|STACK|SHARED):(\d+)", listing.stdout)}
    found = read_resources(cubins[name])
    assert (found.registers, found.spill_bytes, found.static_shared) == (usage["REG"], usage["STACK"], usage["SHARED"])
    assert found.kernel == "attention_kernel"
    assert f"sm_{found.arch}" == name.split(",")[0]


def test_spills_are_seen(cubins):
    assert read_resources(cubins["sm_120"]).spill_bytes == 0
    few = read_resources(cubins["sm_90, 32 registers"])
    assert few.registers == 32
    assert few.spill_bytes > 0
    sass = disassemble(cubins["sm_90, 32 registers"], "attention_kernel")
    assert instruction_counts(sass)["STL"] > 0  # stores to local memory


def test_no_such_kernel(cubins):
    with pytest.raises(MetadataError, match=r"'other'.*'attention_kernel'"):
        read_resources(cubins["sm_80"], "other")


def test_a_damaged_cubin_is_an_error_of_ours(cubins):
    image = bytearray(cubins["sm_80"])
    where = image.index(b"\x04\x2f\x08\x00") + 4  # the index of the function in the entry REGCOUNT
    image[where : where + 4] = b"\xff\xff\xff\x7f"
    with pytest.raises(ArtifactError, match="names symbol"):
        read_resources(bytes(image))


def test_sass_names_the_lines_of_the_kernel(cubins):
    sass = disassemble(cubins["sm_80"], "attention_kernel")
    assert re.search(r'//## File ".*attention.py", line \d+', sass)
    assert instruction_counts(sass)["HMMA"] > 0
