"""The door of a jit function: what it launches in C++, what comes back to Python, what else the function promises."""

import copy
import gc
import inspect
import pickle
import sys
import threading
import time
import weakref
from collections import namedtuple

import pytest
import torch
import triton
import triton.language as tl
from triton.tools.tensor_descriptor import TensorDescriptor

import triton_runner
from triton_runner import jit_function, launcher
from triton_runner.errors import ArgumentError

BLOCK = 16
Pair = namedtuple("Pair", "scale bias")


@triton_runner.jit
def take_any(x_ptr, out_ptr, extra=None, KIND: tl.constexpr = 0, OTHER: tl.constexpr = "other"):
    index = tl.arange(0, 16)
    tl.store(out_ptr + index, tl.load(x_ptr + index) + 1)


@triton_runner.jit
def add_two(x_ptr, out_ptr, a, b: tl.float32, c: tl.int64, BLOCK: tl.constexpr, N: tl.constexpr = 3):
    index = tl.arange(0, BLOCK)
    tl.store(out_ptr + index, tl.load(x_ptr + index) * N + a + b + c + tl.num_programs(0))


@triton_runner.jit
def copy_tile(source, target, pair, ROWS: tl.constexpr):
    target.store([0, 0], source.load([0, 0]) * pair.scale + pair.bias)


SCALE = tl.constexpr(3)


@triton_runner.jit
def with_global(out_ptr):
    tl.store(out_ptr, SCALE)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def back_in_python(monkeypatch):
    """The launches that did not stay in C++."""
    seen = []
    original = jit_function._Launched.launch

    def spy(self, grid, args, kwargs):
        seen.append(self)
        return original(self, grid, args, kwargs)

    monkeypatch.setattr(jit_function._Launched, "launch", spy)
    return seen


def vectors():
    return torch.arange(BLOCK, dtype=torch.float32), torch.zeros(BLOCK)


EXTRAS = {
    "nothing": None,
    "bool": True,
    "one": 1,
    "int": 3,
    "wide": 2**40,
    "unsigned": 2**63,
    "float": 2.5,
    "tuple": (1, 2.0, None, (True, 48)),
    "named tuple": Pair(3, 0.5),
    "tuple with tensors": (torch.zeros(4), (torch.ones(8)[1:],)),
    "size": torch.Size((4, 4)),
    "tensor": torch.zeros(4, dtype=torch.float16),
    "empty tensor": torch.zeros(0),
    "wrapped constant": tl.constexpr(7),
    "descriptor": TensorDescriptor.from_tensor(torch.zeros(16, 16), [8, 16]),
}


@pytest.mark.parametrize("kind", EXTRAS)
def test_the_second_launch_with_an_argument_stays_in_c(kind, back_in_python):
    x, out = vectors()
    first = take_any[(1,)](x, out, EXTRAS[kind])
    back_in_python.clear()
    out.zero_()
    assert take_any[(1,)](x, out, extra=EXTRAS[kind]) is first
    assert torch.equal(out, x + 1)
    assert not back_in_python


CONSTANTS = [
    None, True, 0, 1, -5, 2**70, 0.5, float("nan"), -0.0, "text", b"bytes", (), (1, (2.0, "three")), Pair(1, None),
    torch.Size((2, 3)), tl.float32, torch.float16, tl.constexpr(4), range(3), frozenset((1, 2)), slice,
]  # fmt: skip


@pytest.mark.parametrize("value", CONSTANTS, ids=repr)
def test_the_second_launch_with_a_constant_stays_in_c(value, back_in_python):
    x, out = vectors()
    first = take_any[(1,)](x, out, KIND=value)
    back_in_python.clear()
    for kernel in (take_any[(1,)](x, out, KIND=value), take_any[1](x, out, None, copy.deepcopy(value))):
        assert kernel is first
    assert not back_in_python
    assert torch.equal(out, x + 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, out: f(x, out, 2, 0.5, 16, BLOCK),
        lambda f, x, out: f(x, out, 2, 0.5, 16, BLOCK, 3),
        lambda f, x, out: f(x, out, 2, b=0.5, c=16, BLOCK=BLOCK),
        lambda f, x, out: f(N=3, BLOCK=BLOCK, c=16, b=0.5, a=2, out_ptr=out, x_ptr=x),
        lambda f, x, out: f(**{"".join(["B", "LOCK"]): BLOCK}, x_ptr=x, out_ptr=out, a=2, c=16, b=0.5),
        lambda f, x, out: f(x, out, 2, 0.5, 16, BLOCK=BLOCK, num_warps=2),
        lambda f, x, out: f(x, out, 2, num_stages=2, num_warps=8, b=0.5, c=16, BLOCK=BLOCK),
        lambda f, x, out: f(x, out, 2, 0.5, 16, BLOCK, debug=True),
    ],
)
@pytest.mark.parametrize("grid", [(2,), [2], 2, (2, 1), (1, 2, 1)[1:], lambda meta: (meta["BLOCK"] // 8,)])
def test_every_way_to_call(call, grid, back_in_python):
    x, out = vectors()
    first = call(add_two[grid], x, out)
    expected = x * 3 + 20.5
    assert torch.equal(out, expected)
    back_in_python.clear()
    out.zero_()
    assert call(add_two[grid], x, out) is first
    assert torch.equal(out, expected)
    assert not back_in_python


def test_options_are_told_apart(back_in_python):
    x, out = vectors()
    kernels = [take_any[(1,)](x, out, **options) for options in OPTIONS]
    assert [kernel.spec.num_warps for kernel in kernels] == [4, 1, 2, 4, 2]
    assert len({id(kernel) for kernel in kernels}) == 5
    back_in_python.clear()
    for options, kernel in zip(OPTIONS, kernels, strict=True):
        assert take_any[(1,)](x, out, **options) is kernel
    assert not back_in_python
    reordered = take_any[(1,)](x, out, num_stages=5, num_warps=2)  # to Triton too this is another call
    assert reordered.artifacts["ptx"] == kernels[4].artifacts["ptx"]


OPTIONS = [{}, {"num_warps": 1}, {"num_warps": 2}, {"num_stages": 5}, {"num_warps": 2, "num_stages": 5}]


def test_a_grid_that_is_a_function_sees_every_argument():
    x, out = vectors()
    seen = []

    def grid(meta):
        seen.append(dict(meta))
        return (1,)

    for _ in range(3):
        take_any[grid](x, out, KIND=5, num_warps=2)
    assert [list(meta) for meta in seen] == [["x_ptr", "out_ptr", "extra", "KIND", "OTHER"]] * 3
    assert all(meta["x_ptr"] is x and meta["KIND"] == 5 and meta["OTHER"] == "other" for meta in seen)


def test_descriptors_and_named_tuples(back_in_python):
    source, target = torch.randn(16, 16), torch.zeros(16, 16)
    tiles = [TensorDescriptor.from_tensor(base, [16, 16]) for base in (source, target)]
    for pair in (Pair(2.0, 1.0), Pair(-3.0, 0.5)):
        copy_tile[(1,)](*tiles, pair, ROWS=16)
        torch.testing.assert_close(target, source * pair.scale + pair.bias)
    assert len(back_in_python) == 1
    narrow = [TensorDescriptor.from_tensor(base, [8, 16]) for base in (source, target)]
    target.zero_()
    copy_tile[(1,)](*narrow, Pair(2.0, 1.0), ROWS=16)
    assert not target[8:].any(), "another block is another kernel"


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}])
def test_a_constant_without_a_hash_is_left_to_python(value, back_in_python):
    x, out = vectors()
    for _ in range(3):
        out.zero_()
        try:
            take_any[(1,)](x, out, KIND=value)
        except Exception:
            assert not out.any()
        else:
            assert torch.equal(out, x + 1)
    assert len(back_in_python) == 3


def test_a_tensor_as_a_constant_is_in_no_cache(back_in_python):
    x, out = vectors()
    constant = torch.ones(2)
    assert take_any.door.specialization((x, out), {"KIND": constant}) is None
    assert take_any.door.specialization((x, out), {"KIND": (1, constant)}) is None
    for _ in range(2):
        try:
            take_any[(1,)](x, out, KIND=constant)
        except Exception as error:
            error.__traceback__ = None
    assert len(back_in_python) == 2


def hooked(function):
    function.add_pre_run_hook(lambda *args, **kwargs: None)
    return function.pre_run_hooks.clear


def debugged(function):
    triton.knobs.runtime.debug = True
    return lambda: setattr(triton.knobs.runtime, "debug", False)


def watched(function):
    triton.knobs.runtime.launch_enter_hook.add(id)
    return lambda: triton.knobs.runtime.launch_enter_hook.remove(id)


def debugged_alone(function):
    function.debug = True
    return lambda: setattr(function, "debug", None)


@pytest.mark.parametrize("switch_on", [hooked, debugged, watched, debugged_alone])
def test_what_triton_reads_at_each_launch_comes_back_to_python(switch_on, back_in_python):
    function = triton_runner.jit(take_any.fn)
    x, out = vectors()
    for _ in range(2):
        function[(1,)](x, out)
    assert len(back_in_python) == 1
    switch_off = switch_on(function)
    try:
        for _ in range(2):
            out.zero_()
            function[(1,)](x, out)
            assert torch.equal(out, x + 1)
        assert len(back_in_python) == 3
    finally:
        switch_off()
    function[(1,)](x, out)
    assert len(back_in_python) == 3


def test_a_global_that_changed_is_told_by_the_fast_path(monkeypatch, back_in_python):
    out = torch.zeros(1, dtype=torch.int32)
    for _ in range(2):
        with_global[(1,)](out)
    monkeypatch.setitem(globals(), "SCALE", tl.constexpr(4))
    for _ in range(2):
        with pytest.raises(ArgumentError, match=r"global variable SCALE was .*3.* and is now .*4"):
            with_global[(1,)](out)
    monkeypatch.delitem(globals(), "SCALE")
    with pytest.raises(ArgumentError, match="SCALE"):
        with_global[(1,)](out)
    monkeypatch.undo()
    assert with_global[(1,)](out) is not None
    assert out.item() == 3


def test_run_and_warmup():
    x, out = vectors()
    kernel = take_any.warmup(x, out, 5, grid=(1,))
    assert not out.any(), "warmup launches nothing"
    assert take_any.run(x, out, 5, grid=(1,), warmup=False) is kernel
    assert torch.equal(out, x + 1)
    assert take_any.run(x, out, 5, grid=(1,), warmup=True) is kernel
    assert take_any.warmup(torch.float32, torch.float32, 5, grid=(1,)) is kernel


def test_a_function_is_pickled_and_copied_by_name():
    assert pickle.loads(pickle.dumps(take_any)) is take_any
    assert copy.deepcopy(take_any) is take_any
    assert copy.copy(take_any) is take_any


def test_inspection_shows_what_it_shows_of_tritons():
    plain = triton.jit(take_any.fn)
    assert inspect.getsource(take_any.fn) == inspect.getsource(plain.fn)
    assert inspect.signature(take_any) == inspect.signature(plain)
    assert (take_any.src, take_any.signature, take_any.params[3].name) == (plain.src, plain.signature, "KIND")
    assert inspect.unwrap(take_any) is take_any
    assert inspect.getdoc(add_two) == inspect.getdoc(triton.jit(add_two.fn))


def test_inside_another_jit_function():
    @triton_runner.jit
    def outer(x_ptr, out_ptr):
        add_two(x_ptr, out_ptr, 1, 2.0, 3, 16)
        add_two(out_ptr, out_ptr, 1, 2.0, 3, 16, 1)

    x, out = vectors()
    for _ in range(2):
        outer[(1,)](x, out)
        assert torch.equal(out, x * 3 + 14)


def test_under_heuristics(back_in_python):
    function = triton.heuristics({"BLOCK": lambda args: args["x_ptr"].numel()})(add_two)
    x, out = vectors()
    for _ in range(3):
        function[(1,)](x, out, 2, 0.5, 16)
        assert torch.equal(out, x * 3 + 19.5)
    assert len(back_in_python) <= 1


def test_under_autotune(back_in_python):
    timed = []

    def bench(call, quantiles):
        call()
        timed.append(call)
        return [float(len(timed))] * 3  # the first is the fastest

    configs = [triton.Config({"N": n}, num_warps=n) for n in (2, 4)]
    function = triton.autotune(configs, key=["a"], do_bench=bench)(triton_runner.jit(add_two.fn))
    x, out = vectors()
    for _ in range(3):
        function[(1,)](x, out, 2, 0.5, 16, BLOCK=BLOCK)
        assert torch.equal(out, x * 2 + 19.5)
    assert len(timed) == 2
    assert function.best_config.kwargs == {"N": 2}
    assert len(back_in_python) <= 3


def test_racing_first_launches_compile_once(monkeypatch):
    compiled, original = [], launcher.compile_source

    def slowly(*args):
        compiled.append(threading.get_ident())
        time.sleep(0.05)
        return original(*args)

    monkeypatch.setattr(launcher, "compile_source", slowly)
    function = triton_runner.jit(take_any.fn)
    gate, kernels = threading.Barrier(8), []

    def work():
        x, out = vectors()
        gate.wait()
        kernels.append(function[(1,)](x, out, KIND="raced"))
        assert torch.equal(out, x + 1)

    run_all([work] * 8)
    assert len(compiled) == 1
    assert len(kernels) == 8
    assert len(set(map(id, kernels))) == 1


def test_threads_with_several_specializations():
    function = triton_runner.jit(add_two.fn)

    def worker(seed):
        def work():
            dtype = (torch.float32, torch.float64, torch.int32, torch.int64)[seed % 4]
            x, out = torch.arange(BLOCK).to(dtype), torch.zeros(BLOCK)
            for i in range(200):
                n = 1 + (seed + i) % 3
                function[(1 + i % 2,)](x, out, i, 0.5, i - 100, BLOCK, N=n)
                assert torch.equal(out, x.float() * n + 2 * i - 98.5 + i % 2)

        return work

    run_all([worker(seed) for seed in range(8)])


def run_all(works):
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_function_of_a_local_scope_is_collected():
    @triton_runner.jit
    def local(x_ptr, out_ptr, KIND: tl.constexpr = 0):
        tl.store(out_ptr, tl.load(x_ptr))

    x, out = vectors()
    constant = frozenset((10**30,))
    for _ in range(3):
        local[(1,)](x, out, constant)
    dead = [weakref.ref(local), weakref.ref(local.door)]
    del local
    gc.collect()
    assert [reference() for reference in dead] == [None, None]
    assert sys.getrefcount(constant) == 2


def test_arguments_leave_no_reference(back_in_python):
    x, out = vectors()
    extra, constant = (1000, 2.5, Pair(7.5, None), torch.ones(3)), ("a", 2.5)
    held = [x, out, extra, constant, extra[2], extra[3], Pair]
    options = {"num_warps": 2, "KIND": constant}
    for _ in range(3):
        take_any[(1,)](x, out, extra, **options)
    back_in_python.clear()
    before = [sys.getrefcount(value) for value in held]
    for _ in range(10_000):
        take_any[(1,)](x, out, extra, **options)
    assert [sys.getrefcount(value) for value in held] == before
    assert not back_in_python
