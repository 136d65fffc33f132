"""The whole way from a jit function and from the op to the HIP runtime, on a torch that passes for a ROCm build.

tests/hip_standin has the two libraries: a torch whose CUDA devices are AMD's, and a HIP runtime that writes down its
calls and packs the kernarg segment as the notes of the real code object say. Each test is a program of its own, for
torch cannot be turned back.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
STANDIN = ROOT / "tests" / "hip_standin"

PROGRAM = """
import ctypes, struct, types
ctypes.CDLL({rocm!r})  # before torch, which asks its hooks early
import torch
hip = ctypes.CDLL({hip!r})
hip.standin_log.restype = ctypes.c_char_p
torch.version.hip = "6.4.43484"
torch.cuda.get_device_properties = lambda index: types.SimpleNamespace(gcnArchName="gfx942:sramecc+:xnack-")

import triton, triton.language as tl
import triton_runner
from triton_runner.compiler.code_object import read_code_object

on_gpu = torch.ops.rocm_standin.on_gpu


def declare(kernel):
    arguments = read_code_object(kernel.artifacts["hsaco"]).arguments
    words = ctypes.c_uint32 * len(arguments)
    hip.standin_kernel(kernel.spec.name.encode(), words(*[a.offset for a in arguments]),
                       words(*[a.size for a in arguments]), ctypes.c_size_t(len(arguments)))


def log():
    lines = hip.standin_log().decode().splitlines()
    hip.standin_clear()
    return lines


@triton_runner.jit
def scale(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


hosts = [torch.randn(1000) for _ in range(2)]
x, out = (on_gpu(host, 1) for host in hosts)
expected = (struct.pack("<QQif", x.data_ptr(), out.data_ptr(), 1000, 2.5) + bytes(16)).hex()
"""

JIT = """
kernel = scale.warmup(x, out, 1000, 2.5, BLOCK=256, grid=(4,))
assert (str(kernel.spec.target), kernel.spec.target.warp_size) == ("gfx942", 64)
assert [p.pointer_range for p in kernel.spec.params] == [32, 32, 0, 0, 0], kernel.spec.to_json()
assert [p.access for p in kernel.spec.params][:2] == ["read", "write"]
declare(kernel)
log()
version = out._version
for _ in range(3):  # through Python, then through the door in C++
    scale[(4,)](x, out, 1000, 2.5, BLOCK=256)
lines = [line for line in log() if "Launch" in line]
assert out._version == version + 3
wanted = "hipModuleLaunchKernel scale grid 4,1,1 block 256,1,1 shared 0 stream 0x5031 device 1 kernarg " + expected
assert lines == [wanted] * 3, "\\n".join([*lines, wanted])
assert scale.door.specialization((x, out, 1000, 2.5), {"BLOCK": 256})[:2] == [("*fp32", "DS"), ("*fp32", "DS")]
"""

OP = """
kernel = triton_runner.compile(scale, signature=["*fp32:16", "*fp32:16", "i32", "fp32"], constexprs={"BLOCK": 256},
                               target="gfx942", options={"launch_cooperative_grid": True})
declare(kernel)
torch.ops.triton_runner.launch(kernel.key, [x], [out], [1000], [2.5], [2, 3])
kernel[4, 1, 1](x, out, 1000, 2.5)
bound = kernel.bind((5,), x, out, 1000, 2.5)
bound(), bound(), bound()
grids = [(2, 3), (4, 1), (5, 1), (5, 1), (5, 1)]
lines = [line for line in log() if "Launch" in line]
assert len(lines) == len(grids), lines
for line, (a, b) in zip(lines, grids):
    start = f"hipModuleLaunchCooperativeKernel scale grid {a},{b},1 block 256,1,1 shared 0 stream 0x5031 device 1 "
    assert line == start + "kernarg " + expected, (line, start + expected)
other = on_gpu(hosts[1], 0)
for arguments in ((x, other, 1000, 2.5), (x, hosts[1], 1000, 2.5)):
    try:
        kernel[4,](*arguments)
    except triton_runner.errors.ArgumentError as error:
        assert "hip:" in str(error), error
    else:
        raise SystemExit("accepted")
"""

FOREIGN = """
def refused(kernel, words):
    try:
        kernel[4,](x, out, 1000, 2.5)
    except triton_runner.errors.ArtifactError as error:
        assert words in str(error), error
    else:
        raise SystemExit("accepted")

arguments = dict(signature=["*fp32:16", "*fp32:16", "i32", "fp32"], constexprs={"BLOCK": 256})
refused(triton_runner.compile(scale, target="gfx950", **arguments), "compiled for gfx950, but the device is gfx942")
refused(triton_runner.compile(scale, target="sm_80", **arguments), "cubin image for sm_80, expected a hsaco")
hip.standin_device(b"gfx1100", 32, 1)
refused(triton_runner.compile(scale, target="gfx942", **arguments), "compiled for gfx942, but the device is gfx1100")
from_gfx1100 = triton_runner.compile(scale, target="gfx1100", **arguments)
declare(from_gfx1100)
from_gfx1100[4,](x, out, 1000, 2.5)
assert "block 128,1,1" in log()[-1]
# A record of another kernel of this name, with one argument more.
record = from_gfx1100.spec.to_json().replace('{"name":"n","type":"i32"}', '{"name":"n","type":"i64"}')
try:
    triton_runner.load(from_gfx1100.artifacts["hsaco"], metadata=record)[4,](x, out, 1000, 2.5)
except triton_runner.errors.MetadataError as error:
    assert "argument 2 of the binary should be 8 bytes at offset 16" in str(error), error
else:
    raise SystemExit("accepted")
"""

FOLDER = """
kernel = triton_runner.compile(scale, signature=["*fp32:16", "*fp32:16", "i32", "fp32"], constexprs={"BLOCK": 256},
                               target="gfx942")
declare(kernel)
scale[(4,)](x, out, 1000, 2.5, BLOCK=256, hsaco_dir=kernel.folder)
scale[(4,)](x, out, 1000, 2.5, BLOCK=256, amdgcn_dir=kernel.folder)
scale[(4,)](x, out, 1000, 2.5, BLOCK=256, amdgcn_src=kernel.artifacts["amdgcn"], metadata_json=kernel.sidecar)
scale[(4,)](x, out, 1000, 2.5, BLOCK=256, ttgir_src=kernel.artifacts["ttgir"])
lines = [line for line in log() if "Launch" in line]
assert len(lines) == 4 and all(line.endswith(" device 1 kernarg " + expected) for line in lines), lines
images = [line for line in log()]
for keyword, value, words in (("ptx_src", ".version 8\\n.target sm_80\\n", "expected one of"),
                              ("cubin_dir", "/nowhere", "does not exist")):
    try:
        scale[(4,)](x, out, 1000, 2.5, BLOCK=256, **{keyword: value})
    except (triton_runner.errors.ArgumentError, triton_runner.errors.ArtifactError) as error:
        assert words in str(error), error
    else:
        raise SystemExit("accepted")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standin")
    rocm, hip = folder / "rocm_torch.so", folder / "libamdhip64.so.6"
    torch_root = Path(torch.__file__).parent
    include = [f"-isystem{torch_root / 'include'}", f"-isystem{torch_root / 'include/torch/csrc/api/include'}"]
    common = ["g++", "-std=c++20", "-O0", "-shared", "-fPIC"]
    libraries = [f"-L{torch_root / 'lib'}", "-ltorch", "-ltorch_cpu", "-lc10"]
    libraries.append(f"-Wl,-rpath,{torch_root / 'lib'}")
    for command in (
        [*common, *include, str(STANDIN / "rocm_torch.cc"), "-o", str(rocm), *libraries],
        [*common, "-Wl,-soname,libamdhip64.so.6", str(STANDIN / "libamdhip64.cc"), "-o", str(hip)],
    ):
        subprocess.run(command, check=True)
    return PROGRAM.format(rocm=str(rocm), hip=str(hip))


@pytest.mark.skipif(
    torch.version.cuda is not None or torch.version.hip is not None, reason="torch has a GPU of its own"
)
@pytest.mark.parametrize("body", [JIT, OP, FOREIGN, FOLDER], ids=["jit", "op", "foreign", "folder"])
def test_on_a_torch_that_passes_for_rocm(program, body, tmp_path):
    path = tmp_path / "program.py"  # Triton reads the source of a kernel from its file
    path.write_text(program + body)
    finished = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert finished.returncode == 0, finished.stdout + finished.stderr
