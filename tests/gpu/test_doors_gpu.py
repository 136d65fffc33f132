"""The doors of a launch on a GPU: against each other and plain Triton, bit for bit; streams, graphs, stress, leaks.

TRITON_RUNNER_STRESS_SECONDS (5) and TRITON_RUNNER_LEAK_LAUNCHES (100,000) say how long the last two go on.
"""

import gc
import os
import random
import sys
import threading
import time
import weakref

import pytest
import torch
import triton
import triton.language as tl
from kernels import case_named, clone
from reference import assert_same_bits, plain_outputs, tensors_of
from triton.tools.tensor_descriptor import TensorDescriptor

import triton_runner
from triton_runner import errors, jit_function
from triton_runner.kernel import Kernel

STRESS_SECONDS = float(os.environ.get("TRITON_RUNNER_STRESS_SECONDS", "5"))
LEAK_LAUNCHES = int(os.environ.get("TRITON_RUNNER_LEAK_LAUNCHES", "100000"))
DOORS = ("jit", "kernel", "bound", "op")
NAMES = [
    "vector_add", "matmul_fp16_s3", "tma_host_matmul", "persistent_matmul", "tma_copy", "tma_device_matmul", "cluster",
    "cluster_matmul", "cooperative", "dependent_launch", "large_shared", "gluon_scale", "scalars", "optional_none",
]  # fmt: skip
SIZE, BLOCK = 1000, 256
GRID = (-(-SIZE // BLOCK),)
launch = torch.ops.triton_runner.launch


@triton_runner.jit
def scale(x_ptr, out_ptr, count, factor, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index, mask=index < count)
    tl.store(out_ptr + index, x * factor, mask=index < count)


@triton_runner.jit
def read_tile(source, out_ptr, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    index = tl.arange(0, ROWS)[:, None] * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    tl.store(out_ptr + index, source.load([0, 0]))


@pytest.fixture
def case(request, capability):
    found = case_named(request.param)
    if capability < found.min_capability:
        pytest.skip(f"{found.name} needs sm_{found.min_capability}, this GPU is sm_{capability}")
    return found


def door_of(case, name, arguments):
    """A launch of the case on these arguments through one door, to be made as often as wanted."""
    function = triton_runner.jit(case.kernel)
    if name == "jit":
        return lambda: case.launch(function, arguments)
    kernel = function.warmup(**arguments, **case.keywords(), grid=case.grid)
    if name == "kernel":
        return lambda: kernel[case.grid](**arguments)
    if name == "bound":
        return kernel.bind(case.grid, **arguments)
    return lambda: launch(kernel.key, *kernel.op_args(**arguments), [*case.grid])


def restore(arguments, originals):
    """Puts back what the tensors held, where they lie."""
    before = tensors_of(originals)
    for name, tensor in tensors_of(arguments).items():
        tensor.copy_(before[name])


@pytest.fixture
def back_in_python(monkeypatch):
    """The launches that did not stay in C++."""
    seen = []
    for owner in (jit_function._Launched, Kernel):
        original = owner.launch

        def spy(self, grid, args, kwargs=None, original=original):
            seen.append(self)
            return original(self, grid, args, kwargs or {})

        monkeypatch.setattr(owner, "launch", spy)
    return seen


@pytest.mark.parametrize("case", NAMES, indirect=True)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_gives_the_bits_of_plain_triton(case, door, back_in_python):
    arguments = case.arguments("cuda")
    originals = clone(arguments)
    call = door_of(case, door, arguments)
    for number in range(4):
        restore(arguments, originals)
        call()
        torch.cuda.synchronize()
        assert_same_bits(case, arguments, plain_outputs(case))
        if number == 0:
            back_in_python.clear()
    assert not back_in_python


@pytest.mark.parametrize("case", NAMES, indirect=True)
def test_new_tensors_at_every_launch(case, back_in_python):
    """As in a training loop: the function and the handle stay, the arguments come and go."""
    function = triton_runner.jit(case.kernel)
    kernel = function.warmup(**case.arguments("cuda"), **case.keywords(), grid=case.grid)
    bound = kernel.bind(case.grid, **case.arguments("cuda"))
    case.launch(function, case.arguments("cuda"))
    back_in_python.clear()
    for seed in range(3):
        for number, call in enumerate((
            lambda arguments: case.launch(function, arguments),
            lambda arguments: kernel[case.grid](**arguments),
            lambda arguments: (bound.replace(**arguments), bound()),
        )):  # fmt: skip
            arguments = case.arguments("cuda", seed)
            call(arguments)
            torch.cuda.synchronize()
            assert_same_bits(case, arguments, plain_outputs(case, seed)), number
    assert not back_in_python


CAPTURED = ["vector_add", "tma_copy", "tma_host_matmul", "cluster", "cooperative", "dependent_launch", "large_shared"]


@pytest.mark.parametrize("case", CAPTURED, indirect=True)
@pytest.mark.parametrize("door", DOORS)
def test_graph_capture(case, door):
    arguments = case.arguments("cuda")
    originals = clone(arguments)
    call = door_of(case, door, arguments)
    for _ in range(3):
        restore(arguments, originals)
        call()
    restore(arguments, originals)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    for _ in range(2):
        restore(arguments, originals)
        graph.replay()
        torch.cuda.synchronize()
        assert_same_bits(case, arguments, plain_outputs(case))


@pytest.fixture(params=DOORS)
def scaling(request):
    """(x, out, factor) -> a function that launches through this door."""
    x, out = torch.zeros(SIZE, device="cuda"), torch.zeros(SIZE, device="cuda")
    kernel = scale.warmup(x, out, SIZE, 1.5, BLOCK=BLOCK, grid=GRID).preload("cuda")
    return lambda x, out, factor: scaling_door(request.param, kernel, x, out, factor)


def scaling_door(name, kernel, x, out, factor):
    return {
        "jit": lambda: scale[GRID](x, out, SIZE, factor, BLOCK=BLOCK),
        "kernel": lambda: kernel[GRID](x, out, SIZE, factor),
        "bound": kernel.bind(GRID, x, out, SIZE, factor),
        "op": lambda: launch(kernel.key, [x], [out], [SIZE], [factor], [*GRID]),
    }[name]


def vectors(device="cuda"):
    return torch.arange(SIZE, dtype=torch.float32, device=device), torch.zeros(SIZE, device=device)


def test_the_current_stream_is_used(scaling):
    """Each input is written on its stream behind a long wait; a launch elsewhere would read the old value."""
    work = []
    for number in range(4):
        x, out = vectors()
        call = scaling(x, out, 2.0)
        call()
        call()
        work.append((torch.cuda.Stream(), x, out, call, number + 3.0))
    torch.cuda.synchronize()
    for _ in range(2):
        for stream, x, out, call, value in work:
            with torch.cuda.stream(stream):
                out.zero_()
                x.zero_()
                torch.cuda._sleep(50_000_000)
                x.fill_(value)
                call()
        assert not work[-1][0].query(), "the launches must return before the streams have run"
        torch.cuda.synchronize()
        for _, _, out, _, value in work:
            assert (out == 2 * value).all()


def test_outputs_get_a_new_version(scaling):
    x, out = vectors()
    call = scaling(x, out, 2.0)
    for _ in range(4):
        before = x._version, out._version
        call()
        assert (x._version, out._version) == (before[0], before[1] + 1)


def test_a_tensor_that_requires_grad(scaling):
    x, out = vectors()
    call = scaling(x, out, 2.0)
    for _ in range(3):
        call()
    x.requires_grad_()
    call()
    assert out.requires_grad
    assert torch.equal(out, x * 2)
    with pytest.raises(RuntimeError, match="triton_runner::launch"):
        out.sum().backward()


def test_tensors_of_two_kinds_of_device(scaling):
    x, out = vectors()
    scaling(x, out, 2.0)()
    torch.cuda.synchronize()
    for wrong in ((x.cpu(), out), (x, out.cpu())):
        before = [tensor.clone() for tensor in wrong]
        with pytest.raises(errors.ArgumentError, match="is on"):
            scaling(*wrong, 3.0)()
        torch.cuda.synchronize()
        assert all(map(torch.equal, wrong, before))


def test_a_misaligned_address_is_told_before_the_launch(scaling):
    x, out = vectors()
    longer = torch.arange(SIZE + 1, dtype=torch.float32, device="cuda")
    kernel = scale.warmup(x, out, SIZE, 2.0, BLOCK=BLOCK, grid=GRID)
    assert kernel.spec.params[0].divisible_by_16
    for call in (
        lambda: kernel[GRID](longer[1:], out, SIZE, 2.0),
        kernel.bind(GRID, longer[1:], out, SIZE, 2.0),
        lambda: launch(kernel.key, [longer[1:]], [out], [SIZE], [2.0], [*GRID]),
    ):
        for _ in range(3):
            with pytest.raises(errors.ArgumentError, match=r"x_ptr.*16"):
                call()
    torch.cuda.synchronize()
    assert not out.any()
    for _ in range(2):
        scale[GRID](longer[1:], out, SIZE, 2.0, BLOCK=BLOCK)
        assert torch.equal(out, longer[1:] * 2), "a jit function has another kernel for it"


def test_a_bound_launch_follows_its_tensors(back_in_python):
    x, out = vectors()
    bound = scale.warmup(x, out, SIZE, 2.0, BLOCK=BLOCK, grid=GRID).bind(GRID, x, out, SIZE, 2.0)
    for _ in range(3):
        bound()
    keep = []  # so that no new storage lies where an old one was
    for value in (3.0, 4.0):
        keep.append((x.untyped_storage(), out.untyped_storage()))
        x.set_(torch.full((SIZE,), value, device="cuda"))
        out.data = torch.zeros(SIZE, device="cuda")
        for _ in range(2):
            bound()
            assert (out == 2 * value).all()
    assert not back_in_python
    for moved, message in (
        (x.double(), "x_ptr"),
        (x.cpu(), "is on"),
        (torch.zeros(SIZE + 1).cuda()[1:], "16"),
    ):
        here = x.data
        x.data = moved
        out.zero_()
        with pytest.raises(errors.ArgumentError, match=message):
            bound()
        x.data = here
        torch.cuda.synchronize()
        assert not out.any()
    bound()
    assert (out == 8).all()


ROWS, COLUMNS = 64, 64


def tile_doors():
    out = torch.zeros(ROWS, COLUMNS, device="cuda")
    first = TensorDescriptor.from_tensor(torch.zeros(ROWS, COLUMNS, device="cuda"), [ROWS, COLUMNS])
    kernel = read_tile.warmup(first, out, ROWS=ROWS, COLUMNS=COLUMNS, grid=(1,))
    bound = kernel.bind((1,), first, out)

    def rebind(descriptor):
        bound.replace(source=descriptor)
        bound()
        bound()

    return out, {
        "jit": lambda descriptor: read_tile[(1,)](descriptor, out, ROWS=ROWS, COLUMNS=COLUMNS),
        "kernel": lambda descriptor: kernel[(1,)](descriptor, out),
        "bound": rebind,
        "op": lambda descriptor: launch(kernel.key, *kernel.op_args(descriptor, out), [1]),
    }


def tile_of(descriptor):
    view = descriptor.base.as_strided(descriptor.shape, descriptor.strides)[:ROWS, :COLUMNS]
    padding = float("nan") if descriptor.padding == "nan" else 0.0
    expected = torch.full((ROWS, COLUMNS), padding, device="cuda")
    expected[: view.shape[0], : view.shape[1]] = view
    return expected


@pytest.mark.parametrize("door", DOORS)
def test_descriptors_of_one_address_are_told_apart(door):
    out, doors = tile_doors()
    base = torch.randn(256, 256, device="cuda")
    forms = [
        ([256, 256], [256, 1], "zero"),
        ([256, 256], [128, 1], "zero"),
        ([8, 64], [64, 1], "zero"),
        ([8, 64], [64, 1], "nan"),
        ([9, 64], [64, 1], "zero"),
        ([64, 32], [64, 1], "zero"),
        ([64, 32], [256, 1], "nan"),
    ]
    order = random.Random(0)
    for _ in range(60):
        shape, strides, padding = order.choice(forms)
        descriptor = TensorDescriptor(base, shape, strides, [ROWS, COLUMNS], padding)
        for _ in range(order.randint(1, 3)):
            out.fill_(-1)
            doors[door](descriptor)
            torch.testing.assert_close(out, tile_of(descriptor), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("door", DOORS)
def test_a_descriptor_whose_tensor_moved_or_was_freed(door):
    out, doors = tile_doors()
    addresses = set()
    for number in range(20):
        tensor = torch.full((ROWS, COLUMNS + 4 * (number % 2)), float(number), device="cuda")
        addresses.add(tensor.data_ptr())
        descriptor = TensorDescriptor.from_tensor(tensor, [ROWS, COLUMNS])
        for value in (number, number + 100.0):
            tensor.fill_(value)
            doors[door](descriptor)
            assert (out == value).all()
        with torch.no_grad():
            tensor.set_(torch.full_like(tensor, number + 200.0))
        doors[door](descriptor)
        assert (out == number + 200).all()
        del tensor, descriptor
        if number % 7 == 6:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
    assert len(addresses) < 20, "no address was used again, so nothing was tried"


def test_dependent_launches_in_a_row(capability):
    """Each program of the next kernel starts before the last has ended, and waits for its stores."""
    if capability < 90:
        pytest.skip(f"dependent launches need sm_90, this GPU is sm_{capability}")
    case = case_named("dependent_launch")
    function = triton_runner.jit(case.kernel)
    count = 1 << 20
    a, b = torch.ones(count, device="cuda"), torch.zeros(count, device="cuda")
    grid = (count // 256,)
    kernel = function.warmup(a, b, count, **case.keywords(), grid=grid)
    forth, back = kernel.bind(grid, a, b, count), kernel.bind(grid, b, a, count)
    for _ in range(5):
        a.fill_(1.0)
        for _ in range(2):
            function[grid](a, b, count, **case.keywords())
            back()
            kernel[grid](a, b, count)
            back()
            forth()
            function[grid](b, a, count, **case.keywords())
        assert (a == 3.0**12).all()


def test_launch_hooks_get_the_handles_of_the_device():
    x, out = vectors()
    seen = []
    runtime = triton.knobs.runtime
    runtime.launch_enter_hook.add(seen.append)
    try:
        with torch.cuda.stream(torch.cuda.Stream()) as _:
            stream = torch.cuda.current_stream().cuda_stream
            scale[GRID](x, out, SIZE, 2.0, BLOCK=BLOCK)
    finally:
        runtime.launch_enter_hook.remove(seen.append)
        torch.cuda.synchronize()
    assert len(seen) == 1
    metadata = seen[0].get()
    assert metadata["name"] == "scale"
    assert metadata["stream"] == stream
    assert metadata["function"] != 0


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_devices_in_turn(back_in_python):
    pairs = [vectors(f"cuda:{index}") for index in (0, 1)]
    kernel = scale.warmup(*pairs[0], SIZE, 2.0, BLOCK=BLOCK, grid=GRID)
    bounds = [kernel.bind(GRID, x, out, SIZE, 4.0) for x, out in pairs]
    for number in range(6):
        for (x, out), bound in zip(pairs, bounds, strict=True):
            for factor, call in (
                (2.0, lambda x=x, out=out: scale[GRID](x, out, SIZE, 2.0, BLOCK=BLOCK)),
                (3.0, lambda x=x, out=out: kernel[GRID](x, out, SIZE, 3.0)),
                (4.0, bound),
            ):
                out.zero_()
                call()
                assert torch.equal(out, x * factor)
        if number == 0:
            back_in_python.clear()
    assert not back_in_python
    (x, _), (_, out) = pairs
    for call in (lambda: scale[GRID](x, out, SIZE, 2.0, BLOCK=BLOCK), lambda: kernel[GRID](x, out, SIZE, 2.0)):
        with pytest.raises(errors.ArgumentError, match="is on"):
            call()
    bounds[0].replace(out_ptr=out)
    with pytest.raises(errors.ArgumentError, match="is on"):
        bounds[0]()
    assert torch.cuda.current_device() == 0


def test_stress():
    """16 threads on random streams; every result is checked."""
    kernel = scale.warmup(*vectors(), SIZE, 2.0, BLOCK=BLOCK, grid=GRID).preload("cuda")
    streams = [torch.cuda.Stream() for _ in range(6)]
    failures, counts = [], []
    end = time.monotonic() + STRESS_SECONDS

    def work(seed):
        choose, done = random.Random(seed), 0
        try:
            base = torch.randn(SIZE, device="cuda")
            torch.cuda.synchronize()
            while time.monotonic() < end and not failures:
                with torch.cuda.stream(choose.choice(streams)):
                    x, factor = base + done % 100, choose.uniform(-4, 4)
                    factor = torch.tensor(factor).item()  # what fp32 can hold, so that torch multiplies the same
                    outs = [torch.zeros_like(x) for _ in DOORS]
                    for name, out in zip(DOORS, outs, strict=True):
                        call = scaling_door(name, kernel, x, out, factor)
                        for _ in range(choose.randint(1, 4)):
                            call()
                            done += 1
                    tile = read_random_tile(choose)
                    expected = x * factor
                    same = [torch.equal(out, expected) for out in outs]
                    assert all(same), f"{same} with {factor}"
                    assert tile()
        except Exception as error:
            failures.append(error)
        counts.append(done)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(counts) == 16
    assert min(counts) > 0


def read_random_tile(choose):
    """Launches with a host descriptor; what it returns says whether the result is right."""
    base = torch.full((ROWS, COLUMNS), choose.uniform(-4, 4), device="cuda")
    descriptor = TensorDescriptor(base, [choose.randint(1, ROWS), COLUMNS], [COLUMNS, 1], [ROWS, COLUMNS])
    out = torch.full((ROWS, COLUMNS), -1.0, device="cuda")
    read_tile[(1,)](descriptor, out, ROWS=ROWS, COLUMNS=COLUMNS)
    return lambda: torch.equal(out, tile_of(descriptor))


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


RESIDENT_BOUND = 8 << 20  # what the allocator of the C library may keep; 10**5 launches that lose 100 bytes lose more
DEVICE_BOUND = 4 << 20  # what the driver may keep beside torch's allocator


def test_no_launch_leaves_anything(capability):
    names = ["vector_add", "tma_host_matmul", "tma_copy"] if capability >= 90 else ["vector_add"]
    cases = [case_named(name) for name in names]
    arguments = [case.arguments("cuda") for case in cases]
    calls = [door_of(case, door, given) for case, given in zip(cases, arguments, strict=True) for door in DOORS]
    held = [*calls, *(value for given in arguments for value in given.values() if not isinstance(value, int))]
    held += [tensor for given in arguments for tensor in tensors_of(given).values()]
    held += [case.grid for case in cases]

    def repeat(launches):
        for number in range(launches // len(calls)):
            for call in calls:
                call()
            if number % 100 == 0:
                torch.cuda.synchronize()
        torch.cuda.synchronize()
        gc.collect()

    def state():
        counts = [sys.getrefcount(value) for value in held]
        return counts, torch.cuda.memory_allocated(), torch.cuda.memory_reserved(), len(gc.get_objects())

    repeat(5000)
    repeat(5000)
    before, resident, free = state(), resident_bytes(), torch.cuda.mem_get_info()[0]
    repeat(LEAK_LAUNCHES)
    after = state()
    assert after[:3] == before[:3]
    assert after[3] - before[3] < 100, "objects that the collector knows"
    assert resident_bytes() - resident < RESIDENT_BOUND
    if "PYTEST_XDIST_WORKER" not in os.environ:  # else the other workers' memory counts too
        assert free - torch.cuda.mem_get_info()[0] < DEVICE_BOUND


def test_no_cache_keeps_a_tensor_or_its_memory(scaling):
    x, out = vectors()
    call = scaling(x, out, 2.0)
    for _ in range(3):
        call()
    torch.cuda.synchronize()
    dead = [weakref.ref(tensor) for tensor in (x, out)]
    gc.collect()  # what earlier tests left behind
    before = torch.cuda.memory_allocated()
    del x, out, call
    gc.collect()
    assert [reference() for reference in dead] == [None, None]
    assert before - torch.cuda.memory_allocated() == 2 * 4096
