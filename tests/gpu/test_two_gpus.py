"""Tensors of a GPU that is not the current one: every level of launch goes where the tensors are."""

import threading

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_sidecar

import triton_runner

pytestmark = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")

SIZE = 300
GRID = (-(-SIZE // BLOCK),)
OTHER = "cuda:1"


@pytest.fixture(autouse=True)
def _current_device_stays_the_first():
    torch.cuda.set_device(0)
    yield
    assert torch.cuda.current_device() == 0


def scale_add():
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())


def check_scale_add(device):
    x, y = torch.randn(2, SIZE, device=device).unbind()
    out = torch.full((SIZE,), 77.0, device=device)
    scale_add()[GRID](x, y, out, SIZE, 2.0)
    torch.testing.assert_close(out, torch.add(y, x, alpha=2.0))


def test_one_kernel_on_both():
    for device in ("cuda:0", OTHER, "cuda:0", OTHER):
        check_scale_add(device)


def test_stream_of_the_other_device_is_used():
    kernel = scale_add().preload(OTHER)
    x, y = torch.randn(2, SIZE, device=OTHER).unbind()
    out = torch.zeros(SIZE, device=OTHER)
    stream = torch.cuda.Stream(OTHER)
    stream.wait_stream(torch.cuda.current_stream(OTHER))
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        x.fill_(3.0)
        kernel[GRID](x, y, out, SIZE, 2.0)
    torch.cuda.current_stream(OTHER).wait_stream(stream)
    torch.testing.assert_close(out, y + 6.0)


def test_threads_that_never_touched_a_device():
    errors = []

    def work(device):
        try:
            check_scale_add(device)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"cuda:{i % 2}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


@pytest.mark.parametrize("name", ["vector_add", "matmul_fp16_s3", "tma_copy", "tma_host_matmul", "large_shared"])
def test_jit_function(name, capability):
    case = case_named(name)
    if capability < case.min_capability:
        pytest.skip(f"{name} needs sm_{case.min_capability}, this GPU is sm_{capability}")
    triton_runner.configure_jit_backend()
    try:
        for device in ("cuda:0", OTHER):
            arguments = case.arguments(device)
            expected = case.reference(arguments)
            case.launch(case.kernel, arguments)
            case.check(arguments, expected)
    finally:
        triton_runner.restore_jit_backend()
