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
    assert (found.registers, found.spill_bytes) == (usage["REG"], usage["STACK"])
    assert found.static_shared + found.reserved_shared == usage["SHARED"]
    assert found.static_shared == 0, "Triton takes all of its shared memory at the launch"
    assert found.kernel == "attention_kernel"
    assert f"sm_{found.arch}" == name.split(",")[0]


STATIC = """
.version 8.0
.target {target}
.address_size 64
.shared .align 4 .b8 buffer[512];
.visible .entry f(.param .u64 p)
{{
  .reg .b32 %r<3>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, %tid.x;
  st.shared.u32 [buffer], %r1;
  bar.sync 0;
  ld.shared.u32 %r2, [buffer];
  st.global.u32 [%rd1], %r2;
  ret;
}}
"""


@pytest.mark.parametrize("target", ["sm_80", "sm_90"])
def test_static_shared_memory_is_what_ptxas_counts(target, tmp_path):
    (tmp_path / "f.ptx").write_text(STATIC.format(target=target))
    command = [find_tool("ptxas"), f"-arch={target}", "-v", tmp_path / "f.ptx", "-o", tmp_path / "f.cubin"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = read_resources((tmp_path / "f.cubin").read_bytes())
    assert found.static_shared == int(re.search(r"(\d+) bytes smem", told)[1]) == 512
    assert found.registers == int(re.search(r"Used (\d+) registers", told)[1])


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
