"""`Kernel.bind`: a launch made again, with arguments exchanged and guards that stay on; and the op's own door."""

import gc
import sys
import weakref

import pytest
import torch
import triton.language as tl
from kernels.handwritten import SCALE_ADD, record_json, scale_add_sidecar
from triton.tools.tensor_descriptor import TensorDescriptor

import triton_runner
from triton_runner import _C, errors
from triton_runner.kernel import Kernel

SIZE = 200
GRID = (2,)
launch = torch.ops.triton_runner.launch


@triton_runner.jit
def copy_tile(source, target, ROWS: tl.constexpr):
    row = tl.program_id(0) * ROWS
    target.store([row, 0], source.load([row, 0]) * 2)


@triton_runner.jit
def store_wide(out_ptr, value: tl.uint64):
    tl.store(out_ptr, value.to(tl.int64, bitcast=True))


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def kernel():
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())


@pytest.fixture
def back_in_python(monkeypatch):
    """The launches that did not stay in C++."""
    seen = []
    original = Kernel.launch

    def spy(self, grid, args, kwargs=None):
        seen.append(args)
        return original(self, grid, args, kwargs)

    monkeypatch.setattr(Kernel, "launch", spy)
    return seen


def vectors():
    x = torch.arange(SIZE, dtype=torch.float32)
    return x, x.flip(0).contiguous(), torch.zeros(SIZE)


def bind(kernel, x, y, out, scale=2.0, grid=GRID):
    return kernel.bind(grid, x, y, out, SIZE, scale)


def test_it_launches_again_and_again(kernel, back_in_python):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    assert not out.any(), "binding launches nothing"
    for value in range(5):
        x.fill_(value)
        assert bound() is None
        assert torch.equal(out, x * 2 + y)
    assert not back_in_python


def test_what_it_shows(kernel):
    x, y, out = vectors()
    bound = kernel.bind(GRID, x, y, scale=2, count=SIZE, out_ptr=out)
    assert bound.kernel is kernel
    assert bound.grid is GRID
    assert list(bound.arguments) == ["x_ptr", "y_ptr", "out_ptr", "count", "scale"]
    assert bound.arguments["x_ptr"] is x
    assert bound.arguments["scale"] == 2


def test_arguments_are_replaced(kernel, back_in_python):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    for repeat in range(4):
        bound.replace(scale=float(repeat))
        bound()
        bound()
        assert torch.equal(out, x * repeat + y)
    other, target = torch.ones(SIZE), torch.zeros(SIZE)
    bound.replace(x_ptr=other, out_ptr=target, scale=5.0)
    bound()
    assert torch.equal(target, y + 5)
    bound.replace()
    bound.replace(count=10)
    bound()
    assert bound.arguments["count"] == 10
    assert not back_in_python


def test_what_cannot_be_replaced(kernel):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    with pytest.raises(TypeError, match="has no parameter 'z_ptr'"):
        bound.replace(scale=7.0, z_ptr=x)
    with pytest.raises(TypeError, match="by name"):
        bound.replace(x)
    with pytest.raises(TypeError, match="takes no arguments"):
        bound(x)
    with pytest.raises(TypeError, match="takes no arguments"):
        bound(scale=1.0)
    bound()
    assert torch.equal(out, x * 2 + y), "what failed has changed nothing"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_ptr": torch.zeros(SIZE, dtype=torch.float64)}, "x_ptr"),
        ({"x_ptr": None}, "x_ptr.*NoneType"),
        ({"count": 2**31}, "count.*2147483648"),
        ({"count": 1.5}, "count"),
        ({"scale": 1e300}, r"scale.*1e\+300"),
        ({"scale": "2"}, "scale"),
    ],
)
def test_a_replaced_argument_that_does_not_fit_is_told_by_the_call(kernel, changed, message):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    bound()
    out.zero_()
    bound.replace(**changed)
    for _ in range(3):
        with pytest.raises(errors.ArgumentError, match=message):
            bound()
    assert not out.any()
    bound.replace(x_ptr=x, count=SIZE, scale=3.0)
    bound()
    assert torch.equal(out, x * 3 + y)


def test_the_grid_is_set(kernel):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out, grid=1)
    bound()
    assert torch.equal(out[128:], torch.zeros(72))
    for grid in ((2,), [2, 1], 2, lambda meta: (-(-meta["count"] // 128),)):
        out.zero_()
        bound.grid = grid
        bound()
        bound()
        assert torch.equal(out, x * 2 + y)
    with pytest.raises(AttributeError):
        del bound.grid


@pytest.mark.parametrize("grid", [(), (1, 1, 1, 1), ("1",), 1.5, None, (2**64,), (-1,)])
def test_a_grid_that_is_none_is_told_by_the_call(kernel, grid):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    bound()
    out.zero_()
    bound.grid = grid
    with pytest.raises(errors.ArgumentError, match="grid"):
        bound()
    assert not out.any()


def test_a_grid_that_is_a_function_is_asked_when_arguments_or_grid_are_set(kernel):
    x, y, out = vectors()
    asked = []

    def grid(meta):
        asked.append(meta["scale"])
        return (2,)

    bound = bind(kernel, x, y, out, 1.0, grid)
    bound()
    bound()
    bound.replace(scale=2.0)
    bound()
    assert asked == [1.0, 2.0]
    with pytest.raises(ZeroDivisionError):
        bound.grid = lambda meta: 1 // 0
    assert bound.grid is grid
    with pytest.raises(ZeroDivisionError):
        bind(kernel, x, y, out, 1.0, lambda meta: 1 // 0)


def launched_twice(kernel):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    bound()
    bound()
    out.zero_()
    return bound, x, y, out


def test_a_tensor_that_moved_is_followed(kernel, back_in_python):
    bound, x, y, out = launched_twice(kernel)
    for value in (3.0, 4.0):
        x.set_(torch.full((SIZE,), value))
        out.set_(torch.zeros(SIZE))
        bound()
        bound()
        assert torch.equal(out, y + 2 * value)
    x.data = torch.full((SIZE,), 5.0)
    bound()
    assert torch.equal(out, y + 10)
    out.resize_(4 * SIZE).zero_()
    bound()
    assert torch.equal(out[:SIZE], y + 10)
    x, other = torch.zeros(SIZE), torch.full((SIZE,), 6.0)
    bound.replace(x_ptr=x)
    bound()
    torch.utils.swap_tensors(x, other)
    bound()
    assert torch.equal(out[:SIZE], y + 12)
    assert not back_in_python


def test_a_tensor_that_changed_its_type_is_told(kernel):
    bound, x, _, out = launched_twice(kernel)
    x.data = x.double()
    with pytest.raises(errors.ArgumentError, match=r"x_ptr.*(?i:float64|double|fp64)"):
        bound()
    assert not out.any()
    x.data = torch.ones(SIZE)
    bound()
    assert out.any()


def test_a_tensor_that_shrank_is_told(kernel):
    bound, _, _, out = launched_twice(kernel)
    out.set_(torch.zeros(4))
    with pytest.raises(errors.ExecutionError):
        bound()


def test_a_tensor_that_lost_its_alignment_is_told():
    sidecar = scale_add_sidecar()
    for param in sidecar["triton_runner"]["params"][:3]:
        param["divisible_by_16"] = True
    bound, x, _, out = launched_twice(triton_runner.load(SCALE_ADD, level="ptx", metadata=sidecar))
    x.set_(torch.zeros(SIZE + 1)[1:])
    with pytest.raises(errors.ArgumentError, match=r"x_ptr.*16"):
        bound()
    assert not out.any()


def test_a_tensor_that_requires_grad_by_now(kernel):
    bound, x, y, out = launched_twice(kernel)
    x.requires_grad_()
    bound()
    assert out.requires_grad
    assert torch.equal(out, x * 2 + y)
    with pytest.raises(RuntimeError, match="has no derivative"):
        out.sum().backward()
    out.detach_()
    with torch.no_grad():
        bound()
    assert not out.requires_grad


def test_it_keeps_its_tensors_alive_until_they_are_replaced(kernel):
    x, y, out = vectors()
    dead = weakref.ref(x)
    bound = bind(kernel, x, y, out)
    del x
    for _ in range(3):
        bound()
    assert torch.equal(out, dead() * 2 + y)
    bound.replace(x_ptr=y)
    assert dead() is None
    dead = weakref.ref(out)
    del bound, out
    assert dead() is None


def test_replacing_leaves_no_reference(kernel):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    held = [x, y, out, kernel, bound, GRID, 1.5]
    before = None
    for _ in range(2000):
        bound.replace(x_ptr=y, scale=3.5)
        bound()
        bound.replace(x_ptr=x)
        bound.grid = GRID
        bound()
        bound()
        before = before or [sys.getrefcount(value) for value in held]
    assert [sys.getrefcount(value) for value in held] == before
    fresh = triton_runner.load(SCALE_ADD + "// fresh\n", level="ptx", metadata=scale_add_sidecar())
    gone = weakref.ref(fresh)
    bind(fresh, x, y, out)()
    del fresh
    gc.collect()
    assert gone() is None


def test_one_exchanged_in_its_own_grid_function(kernel):
    x, y, out = vectors()
    bound = bind(kernel, x, y, out)
    calls = []

    def grid(meta):
        calls.append(meta)
        if len(calls) == 1:
            bound.replace(scale=9.0)
        return (2,)

    bound.grid = grid
    bound()
    assert torch.equal(out, x * bound.arguments["scale"] + y)


def test_descriptors():
    source, target = torch.randn(32, 16), torch.zeros(32, 16)
    tiles = [TensorDescriptor.from_tensor(base, [16, 16]) for base in (source, target)]
    kernel = copy_tile.warmup(*tiles, ROWS=16, grid=GRID)
    bound = kernel.bind(GRID, *tiles)
    for _ in range(3):
        target.zero_()
        bound()
        assert torch.equal(target, source * 2)
    other = torch.randn(32, 16)
    bound.replace(source=TensorDescriptor.from_tensor(other, [16, 16]))
    bound()
    assert torch.equal(target, other * 2)
    for launcher in (kernel[GRID], lambda *args: kernel.bind(GRID, *args)()):
        with pytest.raises(errors.ArgumentError, match=r"source.*\[8, 16\].*\[16, 16\]"):
            launcher(TensorDescriptor.from_tensor(other, [8, 16]), tiles[1])
        with pytest.raises(errors.ArgumentError, match="TensorDescriptor"):
            launcher(other, tiles[1])


def test_an_unsigned_integer_of_64_bits_stays_in_c(back_in_python):
    out = torch.zeros(1, dtype=torch.int64)
    kernel = store_wide.warmup(out, 5, grid=(1,))
    for value in (2**64 - 1, 2**63, 2**63 - 1, 0):
        signed = value - 2**64 if value >= 2**63 else value
        for call in (lambda value=value: kernel[(1,)](out, value), kernel.bind((1,), out, value)):
            out.fill_(77)
            call()
            assert out.item() == signed
    assert not back_in_python
    for wrong in (-1, 2**64):
        with pytest.raises(errors.ArgumentError, match=r"value.*u64"):
            kernel[(1,)](out, wrong)


def op_args(kernel, scale=2.0):
    x, y, out = vectors()
    return [kernel.key, [x, y], [out], [SIZE], [scale], [2]], x * scale + y, out


def test_the_op_takes_lists_and_tuples_and_keywords(kernel):
    for op in (launch, launch.default):
        args, expected, out = op_args(kernel)
        assert op(*args) is None
        assert torch.equal(out, expected)
        out.zero_()
        op(args[0], *map(tuple, args[1:]))
        assert torch.equal(out, expected)
        out.zero_()
        op(*args[:4], floats=args[4], grid=args[5])
        assert torch.equal(out, expected)
        out.zero_()
        op(*args[:4], [2], args[5])
        assert torch.equal(out, expected), "an integer is a float"


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize("wrong", [None, "text", 1.5, [object()], object(), torch.zeros(2)])
def test_wrong_types_raise_torchs_own_error(kernel, position, wrong):
    args, _, out = op_args(kernel)
    args[position] = wrong
    with pytest.raises((RuntimeError, TypeError, ValueError)) as caught:
        launch(*args)
    if position != 0 or not isinstance(wrong, str):
        assert type(caught.value) in (RuntimeError, TypeError, ValueError)
        assert "triton_runner::launch" in str(caught.value)
    assert not out.any()


def test_a_wrong_number_of_arguments_raises_torchs_own_error(kernel):
    args, _, _ = op_args(kernel)
    for wrong in (args[:5], [*args, 1]):
        with pytest.raises((RuntimeError, TypeError), match="triton_runner::launch"):
            launch(*wrong)
    with pytest.raises((RuntimeError, TypeError), match="triton_runner::launch"):
        launch(*args, other=1)


def test_a_profiler_sees_the_op(kernel):
    args, expected, out = op_args(kernel)
    launch(*args)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        launch(*args)
    assert [event.key for event in profiler.key_averages()].count("triton_runner::launch") == 1
    assert torch.equal(out, expected)


def test_an_unknown_key(kernel):
    args, _, out = op_args(kernel)
    for key in ("", "0" * 64, args[0][:-1], args[0] + "0", "\udc80"):
        with pytest.raises((errors.ArgumentError, UnicodeEncodeError)):
            launch(key, *args[1:])
    assert not out.any()


def test_symbolic_integers_are_traced():
    key = _C.register_kernel(_C.KernelSpec.from_json(record_json("nothing", [])), {"ptx": b"none"})

    def call(x):
        launch(key, [], [], [], [], [x.shape[0] - x.shape[0], 1, 1])
        return x + 1

    compiled = torch.compile(call, fullgraph=True, dynamic=True, backend="eager")
    for size in (3, 5):
        assert torch.equal(compiled(torch.zeros(size)), torch.ones(size))
