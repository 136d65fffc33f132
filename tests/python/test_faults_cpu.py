"""Faults of a kernel that runs on the CPU driver: caught, reported with line, thread and block, and survived."""

import json

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_record, scale_add_sidecar

import triton_runner
from triton_runner import _C, errors

SIZE = 256
GRID = (SIZE // BLOCK,)
UNTOUCHED = 77.0


def vectors():
    return torch.ones(SIZE), torch.ones(SIZE), torch.full((SIZE,), UNTOUCHED)


@pytest.fixture(scope="module")
def kernel():
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())


def test_access_out_of_bounds_is_reported_and_survived(kernel):
    x, y, out = vectors()
    report = r"(?s)scale_add.*x_ptr.*block \(2, 0, 0\), thread \(0, 0, 0\).*PTX line \d+: ld\.global\.f32"
    with pytest.raises(errors.ExecutionError, match=report):
        kernel[(3,)](x, y, out, 3 * BLOCK, 1.0)
    kernel[GRID](x, y, out, SIZE, 1.0)
    assert (out == 2).all()


def test_fault_of_a_triton_kernel_names_the_python_line():
    case = case_named("vector_add")
    arguments = case.arguments("cpu")
    arguments["count"] = 100_000
    first_line = case.kernel.starting_line_number
    with pytest.raises(errors.ExecutionError, match=r"elementwise\.py:\d+") as caught:
        triton_runner.jit(case.kernel.fn)[(400,)](**arguments, **case.keywords())
    line = int(str(caught.value).split("elementwise.py:")[1].split(":")[0].split()[0].rstrip(",);."))
    assert first_line < line <= first_line + 6


def test_write_to_an_input_is_an_error():
    """A record that calls a written pointer read-only would let torch.compile reorder around it."""
    record = scale_add_record(
        params=[{**param, "access": "read"} for param in json.loads(scale_add_record())["params"]]
    )
    key = _C.register_kernel(_C.KernelSpec.from_json(record), {"ptx": SCALE_ADD.encode()})
    x, y, out = vectors()
    with pytest.raises(errors.ExecutionError, match=r"scale_add.*out_ptr"):
        torch.ops.triton_runner.launch(key, [x, y, out], [], [SIZE], [1.0], list(GRID))
    assert (out == UNTOUCHED).all()


@pytest.mark.parametrize(
    ("replaced", "by", "words"),
    [
        ("ld.global.f32 %f2, [%rd5];", "ld.global.f32 %f2, [%rd5+2];", "misaligned"),
        ("ld.global.f32 %f2, [%rd5];", "mov.u64 %rd5, 0;\n    ld.global.f32 %f2, [%rd5];", "null"),
        ("st.global.f32 [%rd7], %f4;", "st.global.f32 [%rd7+4096], %f4;", "out-of-bounds write"),
    ],
)
def test_other_faults_name_their_kind(replaced, by, words):
    text = SCALE_ADD.replace(replaced, by)
    assert text != SCALE_ADD
    x, y, out = vectors()
    with pytest.raises(errors.ExecutionError, match=rf"(?s)scale_add.*{words}.*PTX line \d+"):
        triton_runner.load(text, level="ptx", metadata=scale_add_sidecar())[GRID](x, y, out, SIZE, 1.0)
