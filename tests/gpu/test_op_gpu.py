"""torch.ops.triton_runner.launch on CUDA tensors: opcheck, torch.compile, streams, graphs, threads, scratch memory."""

import itertools
import threading

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_record, scale_add_sidecar
from kernels.plain import signature_of, write_folder
from reference import compiled, runtime_values

import triton_runner
from triton_runner import _C, errors

launch = torch.ops.triton_runner.launch
SIZE = 300
GRID = [-(-SIZE // BLOCK), 1, 1]
_serial = itertools.count()


def fresh_kernel():
    """A kernel that no device has loaded yet: a comment makes its content new."""
    text = f"{SCALE_ADD}// copy {next(_serial)}\n"
    return triton_runner.load(text, level="ptx", metadata=scale_add_sidecar())


@pytest.fixture(scope="module")
def key():
    return _C.register_kernel(_C.KernelSpec.from_json(scale_add_record()), {"ptx": SCALE_ADD.encode()})


def tensors(seed=0, size=SIZE, device="cuda"):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(size, generator=generator).to(device) for _ in range(2))
    return x, y, torch.full((size,), 77.0, device=device)


def reference(x, y, scale):
    return torch.addcmul(y.double(), x.double(), torch.full_like(x, scale).double()).float()


def scratch_kernel(capability, folder):
    if capability < 90:
        pytest.skip(f"only TMA hardware (sm_90 on) needs scratch for descriptors, this GPU is sm_{capability}")
    case = case_named("tma_copy")
    plain = compiled(case, capability)
    kernel = triton_runner.load(write_folder(plain, folder, "cubin"), signature=signature_of(plain))
    arguments = case.arguments("cuda")
    return kernel, case, arguments, runtime_values(case, plain, arguments)


class ScaleAdd(torch.nn.Module):
    def __init__(self, key):
        super().__init__()
        self.key = key

    def forward(self, x, y, scale: float):
        out = torch.empty_like(x)
        launch(self.key, [x * 2, y], [out], [x.shape[0]], [scale], [(x.shape[0] + BLOCK - 1) // BLOCK, 1, 1])
        return out + 1


def test_opcheck(key):
    x, y, out = tensors()
    report = torch.library.opcheck(launch.default, (key, [x, y], [out], [SIZE], [0.5], GRID))
    assert len(report) == 4
    assert set(report.values()) == {"SUCCESS"}


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compile_fullgraph(key, backend):
    model = ScaleAdd(key)
    x, y, _ = tensors()
    compiled_model = torch.compile(model, fullgraph=True, backend=backend)
    torch.testing.assert_close(compiled_model(x, y, 0.5), model(x, y, 0.5))


def test_current_stream_is_used(key):
    """The input is written on a side stream behind a long wait; a launch elsewhere would read the old value."""
    x, y, out = tensors()
    launch(key, [x, y], [out], [SIZE], [2.0], GRID)  # loading the module waits for the device
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        torch.cuda._sleep(100_000_000)
        x.fill_(3.0)
        launch(key, [x, y], [out], [SIZE], [2.0], GRID)
    assert not side.query(), "the launch must return before the stream has run"
    side.synchronize()
    torch.testing.assert_close(out, y + 6.0)


@pytest.mark.parametrize("device", ["cuda", "cuda:0", torch.device("cuda", 0)])
def test_preload_accepts_every_spelling_of_a_device(device):
    kernel = fresh_kernel()
    kernel.preload(device)
    x, y, out = tensors()
    kernel[tuple(GRID)](x, y, out, SIZE, 0.5)
    torch.testing.assert_close(out, reference(x, y, 0.5))


def test_device_of_the_tensors_is_used(key):
    last = torch.cuda.device_count() - 1
    x, y, out = tensors(device=f"cuda:{last}")
    with torch.cuda.device(0):
        launch(key, [x, y], [out], [SIZE], [0.5], GRID)
        assert torch.cuda.current_device() == 0
    torch.testing.assert_close(out, reference(x, y, 0.5))


def test_a_device_that_is_not_there():
    with pytest.raises(errors.DriverError, match="CUDA_ERROR_INVALID_DEVICE"):
        fresh_kernel().preload(f"cuda:{torch.cuda.device_count() + 3}")


@pytest.mark.parametrize("warm_up", ["preload", "launch"])
def test_graph_capture(warm_up):
    kernel = fresh_kernel()
    x, y, out = tensors()
    if warm_up == "preload":
        kernel.preload("cuda")
    else:
        kernel[tuple(GRID)](x, y, out, SIZE, 0.5)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch(kernel.key, [x, y], [out], [SIZE], [0.5], GRID)
    out.fill_(77.0)
    x.copy_(torch.arange(SIZE))
    graph.replay()
    torch.cuda.synchronize()
    torch.testing.assert_close(out, reference(x, y, 0.5))


def test_graph_capture_of_a_kernel_with_scratch(capability, tmp_path):
    kernel, case, arguments, values = scratch_kernel(capability, tmp_path)
    kernel.preload("cuda")
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kernel[case.grid](*values)
    for round_number in range(3):
        arguments["x_ptr"].fill_(float(round_number))
        noise = torch.full((1 << 20,), 0x7F, dtype=torch.int8, device="cuda")  # scratch must not share its memory
        graph.replay()
        torch.cuda.synchronize()
        assert (arguments["out_ptr"] == 2 * round_number).all()
        del noise


def test_scratch_comes_from_the_caching_allocator(capability, tmp_path):
    kernel, case, _, values = scratch_kernel(capability, tmp_path)
    kernel[case.grid](*values)
    torch.cuda.synchronize()
    before = torch.cuda.memory_stats()
    kernel[case.grid](*values)
    torch.cuda.synchronize()
    after = torch.cuda.memory_stats()
    assert after["allocation.all.allocated"] == before["allocation.all.allocated"] + 1
    assert after["allocated_bytes.all.current"] == before["allocated_bytes.all.current"]


def test_a_kernel_without_scratch_allocates_nothing(key):
    x, y, out = tensors()
    launch(key, [x, y], [out], [SIZE], [0.5], GRID)
    before = torch.cuda.memory_stats()["allocation.all.allocated"]
    for _ in range(10):
        launch(key, [x, y], [out], [SIZE], [0.5], GRID)
    assert torch.cuda.memory_stats()["allocation.all.allocated"] == before


def test_eight_threads_load_and_launch_at_once():
    kernel = fresh_kernel()
    gate, failures = threading.Barrier(8), []

    def work(seed):
        try:
            x, y, out = tensors(seed)
            torch.cuda.synchronize()
            stream = torch.cuda.Stream()
            gate.wait()
            with torch.cuda.stream(stream):
                for _ in range(50):
                    launch(kernel.key, [x, y], [out], [SIZE], [float(seed)], GRID)
            stream.synchronize()
            torch.testing.assert_close(out, reference(x, y, float(seed)), rtol=1e-5, atol=1e-5)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_grid_of_zero_launches_nothing(key):
    x, y, out = tensors()
    launch(key, [x, y], [out], [SIZE], [0.5], [0, 1, 1])
    torch.cuda.synchronize()
    assert (out == 77).all()


def test_backward_says_that_there_is_none(key):
    x, y, out = tensors()
    launch(key, [x.requires_grad_(), y], [out], [SIZE], [0.5], GRID)
    with pytest.raises(RuntimeError, match="triton_runner::launch"):
        out.sum().backward()
