"""Faults of a kernel that runs on the CPU driver: caught, reported with line, thread and block, and survived."""

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_sidecar

import triton_runner
from triton_runner import errors

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
    with pytest.raises(
        errors.ExecutionError, match=r"(?s)scale_add.*line \d+.*thread.*block|scale_add.*line \d+.*block.*thread"
    ):
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
    sidecar = scale_add_sidecar()
    sidecar["triton_runner"]["params"][2]["access"] = "read"
    kernel = triton_runner.load(SCALE_ADD, level="ptx", metadata=sidecar)
    x, y, out = vectors()
    with pytest.raises(errors.Error, match=r"scale_add.*out_ptr"):
        kernel[GRID](x, y, out, SIZE, 1.0)
    assert (out == UNTOUCHED).all()
