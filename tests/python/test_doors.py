"""What holds for every door of a launch: results, errors, what torch must see, references, threads.

What is special to a door is tested in test_jit_door.py, test_bind.py and test_op.py.
"""

import gc
import sys
import threading
import weakref
from typing import ClassVar

import pytest
import torch
import triton.language as tl
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import triton_runner
from triton_runner import errors, jit_function
from triton_runner.kernel import Kernel

SIZE = 48
BLOCK = 32
GRID = (2,)
MANY = 10_000
launch = torch.ops.triton_runner.launch


@triton_runner.jit
def scale(x_ptr, out_ptr, count, factor, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index, mask=index < count)
    tl.store(out_ptr + index, x * factor, mask=index < count)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def kernel(_own_cache):
    return scale.warmup(torch.zeros(SIZE), torch.zeros(SIZE), SIZE, 2.0, BLOCK=BLOCK, grid=GRID)


@pytest.fixture(params=["jit", "kernel", "bound", "op"])
def door(request, kernel):
    """(x, out, count, factor, grid) -> a launch through this door, made at once."""
    return {
        "jit": lambda x, out, count, factor, grid=GRID: scale[grid](x, out, count, factor, BLOCK=BLOCK),
        "kernel": lambda x, out, count, factor, grid=GRID: kernel[grid](x, out, count, factor),
        "bound": lambda x, out, count, factor, grid=GRID: kernel.bind(grid, x, out, count, factor)(),
        "op": lambda x, out, count, factor, grid=GRID: launch(kernel.key, [x], [out], [count], [factor], [*grid]),
    }[request.param]


@pytest.fixture(params=["jit", "kernel", "bound"])
def python_door(request, kernel):
    """A launch through a door that may go back to Python, made at the second call of what this returns."""

    def make(x, out, count, factor, grid=GRID):
        if request.param == "bound":
            return kernel.bind(grid, x, out, count, factor)
        launcher = scale[grid] if request.param == "jit" else kernel[grid]
        constants = {"BLOCK": BLOCK} if request.param == "jit" else {}
        return lambda: launcher(x, out, count, factor, **constants)

    return make


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


def vectors():
    return torch.arange(SIZE, dtype=torch.float32), torch.zeros(SIZE)


def message_of(call):
    try:
        call()
    except Exception as error:
        return type(error), str(error)
    return pytest.fail("no error was raised")


def test_results(door):
    x, out = vectors()
    for factor in (2.0, -0.5, 3.0):
        door(x, out, SIZE, factor)
        assert torch.equal(out, x * factor)
    door(x, out, 16, 7.0)
    assert torch.equal(out, torch.cat([x[:16] * 7, x[16:] * 3]))


def test_the_second_launch_stays_in_c(python_door, back_in_python):
    x, out = vectors()
    call = python_door(x, out, SIZE, 2.0)
    call()
    back_in_python.clear()
    for _ in range(3):
        out.zero_()
        call()
        assert torch.equal(out, x * 2)
    assert not back_in_python


def test_a_program_on_no_grid_launches_nothing(door):
    x, out = vectors()
    door(x, out, SIZE, 2.0, (0,))
    assert not out.any()


class Seeing(TorchDispatchMode):
    def __init__(self):
        self.seen = []
        super().__init__()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


class SeeingFunctions(TorchFunctionMode):
    def __init__(self):
        self.seen = []
        super().__init__()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", [Seeing, SeeingFunctions])
def test_a_mode_sees_the_op(door, kind):
    x, out = vectors()
    door(x, out, SIZE, 2.0)
    with kind() as mode:
        door(x, out, SIZE, 3.0)
    assert sum("triton_runner" in name and "launch" in name for name in mode.seen) == 1, mode.seen
    assert torch.equal(out, x * 3)


class Wrapper(torch.Tensor):
    """A subclass without memory of its own, which sees every op that it goes into."""

    seen: ClassVar[list[str]] = []

    @staticmethod
    def __new__(cls, inner):
        made = torch.Tensor._make_subclass(cls, inner)
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        cls.seen.append(str(func))
        plain = torch.utils._pytree.tree_map_only(cls, lambda tensor: tensor.inner, args)
        return func(*plain, **(kwargs or {}))


def test_a_tensor_subclass_sees_the_op(door):
    x, out = vectors()
    door(x, out, SIZE, 2.0)
    Wrapper.seen.clear()
    door(Wrapper(x), out, SIZE, 3.0)
    assert Wrapper.seen.count("triton_runner.launch.default") == 1
    assert torch.equal(out, x * 3)


def test_fake_tensors_compute_nothing(door):
    x, out = vectors()
    door(x, out, SIZE, 2.0)
    with FakeTensorMode() as mode:
        fakes = [mode.from_tensor(tensor) for tensor in (x, out)]
        door(*fakes, SIZE, 3.0)
    assert torch.equal(out, x * 2)


def test_vmap_says_what_it_cannot(door):
    x, out = torch.zeros(2, SIZE), torch.zeros(2, SIZE)
    door(x[0], out[0], SIZE, 2.0)
    with pytest.raises(RuntimeError, match=r"triton_runner::launch|vmap"):
        torch.func.vmap(lambda a, b: door(a, b, SIZE, 2.0))(x, out)


def test_a_tensor_that_requires_grad(door):
    x, out = vectors()
    door(x, out, SIZE, 2.0)
    x.requires_grad_()
    with torch.no_grad():
        door(x, out, SIZE, 3.0)
    assert not out.requires_grad
    door(x, out, SIZE, 4.0)
    assert out.requires_grad
    assert torch.equal(out, x * 4)
    with pytest.raises(RuntimeError, match="triton_runner::launch"):
        out.sum().backward()


def test_inference_tensors(door):
    with torch.inference_mode():
        x, out = vectors()
        for factor in (2.0, 3.0):
            door(x, out, SIZE, factor)
            assert torch.equal(out, x * factor)
    with pytest.raises(RuntimeError, match=r"[Ii]nference"):
        door(x, out, SIZE, 2.0)


def test_outputs_get_a_new_version_and_inputs_keep_theirs(door):
    x, out = vectors()
    for _ in range(3):
        before = x._version, out._version
        door(x, out, SIZE, 2.0)
        assert (x._version, out._version) == (before[0], before[1] + 1)
    weight = torch.ones(SIZE, requires_grad=True)
    product = weight * out  # saves `out` for its backward
    door(x, out, SIZE, 3.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()


def test_a_copy_on_write_tensor_is_copied(door):
    x, out = vectors()
    lazy = torch._lazy_clone(out)
    door(x, lazy, SIZE, 2.0)
    assert torch.equal(lazy, x * 2)
    assert not out.any()


FAULTS = {
    # One program only: of several that fault at once, either may be the first that the executor sees.
    "out of bounds": lambda x, out: (x, out, 10**6, 2.0, (2,)),
    "a float that overflows": lambda x, out: (x, out, SIZE, 1e300, GRID),
    "an integer that overflows": lambda x, out: (x, out, 2**64, 2.0, GRID),
    "no tensor": lambda x, out: (x, None, SIZE, 2.0, GRID),
    "a text": lambda x, out: (x, out, SIZE, "2", GRID),
    "a sparse tensor": lambda x, out: (x.to_sparse(), out, SIZE, 2.0, GRID),
    "an empty grid": lambda x, out: (x, out, SIZE, 2.0, ()),
    "a grid of four": lambda x, out: (x, out, SIZE, 2.0, (1, 1, 1, 1)),
    "a grid of text": lambda x, out: (x, out, SIZE, 2.0, ("1",)),
    "a grid of floats": lambda x, out: (x, out, SIZE, 2.0, (1.0,)),
    "a negative grid": lambda x, out: (x, out, SIZE, 2.0, (-1,)),
    "a grid that is too large": lambda x, out: (x, out, SIZE, 2.0, (2**31,)),
    "a grid beyond 64 bits": lambda x, out: (x, out, SIZE, 2.0, (2**64,)),
    "no grid": lambda x, out: (x, out, SIZE, 2.0, None),
    "a grid that raises": lambda x, out: (x, out, SIZE, 2.0, lambda meta: 1 // 0),
    "a grid that returns nothing": lambda x, out: (x, out, SIZE, 2.0, lambda meta: None),
}


# What the executor, the user's function or Triton's specialization and compiler say.
NOT_ABOUT_ARGUMENTS = (
    "out of bounds", "a grid that raises", "an integer that overflows", "no tensor", "a sparse tensor"
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["jit", "kernel", "bound"])
def test_an_error_of_the_fast_path_is_that_of_python(name, fault, kernel):
    x, out = vectors()
    *args, grid = FAULTS[fault](x, out)
    if name == "jit":
        scale[GRID](x, out, SIZE, 2.0, BLOCK=BLOCK)
        fast = message_of(lambda: scale[grid](*args, BLOCK=BLOCK))
        slow = message_of(lambda: scale.launch(grid, tuple(args), {"BLOCK": BLOCK}))
    else:
        kernel[GRID](x, out, SIZE, 2.0)
        fast = message_of(lambda: kernel.bind(grid, *args)() if name == "bound" else kernel[grid](*args))
        slow = message_of(lambda: kernel.launch(grid, args))
    assert fast == slow
    assert fault in NOT_ABOUT_ARGUMENTS or issubclass(slow[0], errors.ArgumentError)


def test_a_kernel_takes_only_what_it_was_compiled_for(kernel):
    x, out = vectors()
    for call in (kernel.launch, lambda grid, args: kernel[grid](*args), lambda grid, args: kernel.bind(grid, *args)()):
        with pytest.raises(errors.ArgumentError, match="x_ptr"):
            call(GRID, (x.double(), out, SIZE, 2.0))
        with pytest.raises(errors.ArgumentError, match=r"x_ptr.*16"):
            call(GRID, (x[1:], out, SIZE, 2.0))
        with pytest.raises(errors.ArgumentError, match=r"BLOCK.*64.*32"):
            call(GRID, (x, out, SIZE, 2.0, 64))
        assert not out.any()


def test_no_launch_leaves_a_reference(door, kernel):
    x, out = vectors()
    count, factor = 2**40 % 10**6, 2.5  # objects of their own, which nobody else holds
    held = [x, out, count, factor, GRID, kernel, scale, type(x), type(kernel)]
    for _ in range(100):
        door(x, out, SIZE, factor)
    gc.collect()
    before, objects = [sys.getrefcount(value) for value in held], len(gc.get_objects())
    for _ in range(MANY):
        door(x, out, SIZE, factor)
    gc.collect()
    assert [sys.getrefcount(value) for value in held] == before
    assert len(gc.get_objects()) - objects < 100


def test_no_failed_launch_leaves_a_reference(door):
    x, out = vectors()
    held = [x, out, GRID, scale]
    before = None
    for _ in range(200):
        with pytest.raises(errors.ArgumentError):
            door(x, out, SIZE, 1e300)
        before = before or [sys.getrefcount(value) for value in held]
    assert [sys.getrefcount(value) for value in held] == before


def test_no_cache_holds_a_tensor(door):
    x, out = vectors()
    for _ in range(3):
        door(x, out, SIZE, 2.0)
    dead = [weakref.ref(x), weakref.ref(out), weakref.ref(x.untyped_storage())]
    del x, out
    assert [reference() for reference in dead] == [None] * 3


def test_threads_launch_at_once(door):
    failures = []

    def work(seed):
        try:
            x, out = vectors()
            for i in range(300):
                door(x, out, SIZE, float(seed + i))
                assert torch.equal(out, x * (seed + i))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
