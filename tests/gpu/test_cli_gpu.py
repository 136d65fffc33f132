"""The command line on a GPU: it launches there unless told otherwise, times with events, and doctor sees the device.

What registers and shared memory it reads from a cubin is compared with what the driver says of the loaded function.
"""

import ctypes
import json
import math

import pytest
import torch
from kernels import case_named

import triton_runner
from triton_runner import _C
from triton_runner.cli import main
from triton_runner.compiler.resources import read_resources

KERNELS = """\
import triton
import triton.language as tl


@triton.jit
def scale(x_ptr, out_ptr, n, factor, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, factor * tl.load(x_ptr + i, mask=i < n), mask=i < n)


def reference(x_ptr, factor):
    return x_ptr * factor
"""
LAUNCH = (
    "x_ptr=fp32[1<<22]",
    "out_ptr=fp32[1<<22]=empty",
    "n=1<<22",
    "factor=2.0",
    "BLOCK=1024",
    "--grid",
    "cdiv(n,BLOCK)",
)


@pytest.fixture
def answer(tmp_path, monkeypatch, capsys):
    (tmp_path / "gpu_cli_kernels.py").write_text(KERNELS)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        capsys.readouterr()
        status = main([*map(str, words), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return run


def test_doctor_launches_on_the_gpu(answer):
    status, data = answer("doctor")
    assert status == 0
    (cuda,) = (check for check in data["checks"] if check["name"] == "cuda")
    assert cuda["state"] == "ok"
    assert torch.cuda.get_device_name() in cuda["found"]


def test_run_takes_the_gpu_by_itself(answer):
    status, data = answer("run", "gpu_cli_kernels.py:scale", *LAUNCH, "--check", "gpu_cli_kernels.py:reference")
    assert status == 0
    assert data["device"].startswith("cuda")
    assert data["check"]["out_ptr"]["passed"]


def test_run_from_each_level(answer, capability):
    compiled = (
        "compile",
        "gpu_cli_kernels.py:scale",
        "-C",
        "BLOCK=1024",
        "--target",
        f"sm_{capability}",
        "-o",
        "levels/",
    )
    assert answer(*compiled)[0] == 0
    words = [word for word in LAUNCH if not word.startswith("BLOCK")]
    for level in ("ttir", "ttgir", "llir", "ptx", "cubin"):
        status, data = answer("run", f"levels/scale.{level}", *words, "--check", "gpu_cli_kernels.py:reference")
        assert status == 0, level
        assert data["outputs"]["out_ptr"]["nan"] == 0


def test_bench_times_the_kernel(answer):
    words = ("--rounds", "20", "--bytes", "8*n")
    status, data = answer("bench", "gpu_cli_kernels.py:scale", *LAUNCH, *words)
    assert status == 0
    assert data["device"] == torch.cuda.get_device_name()
    (result,) = data["results"]
    # 32 MiB cannot pass in less than it takes at 10 TB/s, and takes a slow GPU less than a millisecond.
    assert 3 < result["median"] < 1000
    assert math.isclose(result["gbs"], 8 * (1 << 22) / result["median"] / 1e3)


@pytest.mark.parametrize("options", [{}, {"maxnreg": 32}], ids=["plain", "spilling"])
def test_resources_are_what_the_driver_says(options, capability):
    case = case_named("attention")
    source = {
        **dict.fromkeys(("q_ptr", "k_ptr", "v_ptr", "out_ptr"), "*fp16:16"),
        "lse_ptr": "*fp32:16",
        "scale": "fp32",
        "length": "i32:16",
    }
    kernel = triton_runner.compile(
        case.kernel,
        signature=source,
        constexprs=case.constexprs,
        options={**case.options, **options},
        target=capability,
    )
    kernel.preload()
    found = read_resources(kernel.artifacts["cubin"])
    assert found.registers == attribute(kernel, 4)  # CU_FUNC_ATTRIBUTE_NUM_REGS
    local = attribute(kernel, 3)  # CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, which the driver may round up
    assert found.spill_bytes <= local < found.spill_bytes + 16
    static = attribute(kernel, 1)  # CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, with or without what the system keeps
    assert static in (found.static_shared, found.static_shared + found.reserved_shared)
    assert (found.spill_bytes > 0) == bool(options)


def attribute(kernel, number):
    _, function = _C.handles(kernel.key, True, torch.cuda.current_device())
    value = ctypes.c_int()
    status = ctypes.CDLL("libcuda.so.1").cuFuncGetAttribute(ctypes.byref(value), number, ctypes.c_void_p(function))
    assert status == 0
    return value.value
