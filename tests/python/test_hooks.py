"""Triton's hooks: around a compile, around the load of a module, around a launch."""

import pytest
import torch
import triton
import triton.language as tl

import triton_runner
from triton_runner import launcher
from triton_runner.errors import ArgumentError

runtime = triton.knobs.runtime
CHAINS = ("launch_enter_hook", "launch_exit_hook", "kernel_load_start_hook", "kernel_load_end_hook")


def describe(grid, metadata, arguments):
    return {"flops": 2 * arguments["out_ptr"].numel() * grid[0], "warps": metadata.num_warps}


def store(out_ptr, value, BLOCK: tl.constexpr):
    tl.store(out_ptr + tl.arange(0, BLOCK), value)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _hooks_are_as_they_were():
    before = [list(getattr(runtime, name).calls) for name in CHAINS]
    alone = runtime.jit_cache_hook, runtime.jit_post_compile_hook
    yield
    for name, calls in zip(CHAINS, before, strict=True):
        getattr(runtime, name).calls[:] = calls
    runtime.jit_cache_hook, runtime.jit_post_compile_hook = alone


@pytest.fixture
def fill():
    """A function that nobody has launched yet."""
    return triton_runner.jit(store)


@pytest.fixture
def out():
    return torch.zeros(16)


@pytest.fixture
def log():
    """(what, the keywords or arguments) for every call of a hook, in order."""
    return []


def watch_launches(log):
    runtime.launch_enter_hook.add(lambda metadata: log.append(("enter", metadata)))
    runtime.launch_exit_hook.add(lambda metadata: log.append(("exit", metadata)))


@pytest.mark.parametrize("launches_before", [0, 1, 3])
def test_launch_hooks_are_called_once_around_every_launch(fill, out, log, launches_before):
    for _ in range(launches_before):
        fill[(1,)](out, 1.0, BLOCK=16)
    out.zero_()
    runtime.launch_enter_hook.add(lambda metadata: log.append(("enter", out[0].item())))
    runtime.launch_exit_hook.add(lambda metadata: log.append(("exit", out[0].item())))
    fill[(1,)](out, 1.0, BLOCK=16)
    fill[(1,)](out, 2.0, BLOCK=16)
    assert log == [("enter", 0.0), ("exit", 1.0), ("enter", 1.0), ("exit", 2.0)]


def test_what_a_launch_hook_is_handed(fill, out, log):
    watch_launches(log)
    kernel = fill[(1,)](out, 1.0, BLOCK=16)
    assert [what for what, _ in log] == ["enter", "exit"]
    assert log[0][1] is log[1][1]
    metadata = log[0][1].get()
    assert set(metadata) == {"name", "function", "stream"}
    assert metadata["name"] == kernel.spec.name == "store"
    assert isinstance(metadata["function"], int)
    assert metadata["stream"] is None, "the CPU has no streams"


def test_launch_metadata_is_added_when_a_hook_asks(out, log):
    asked = []

    def metadata_of(grid, metadata, arguments):
        asked.append(arguments)
        return describe(grid, metadata, arguments)

    fill = triton_runner.jit(store, launch_metadata=metadata_of)
    fill[(2,)](out, 1.0, BLOCK=16)
    watch_launches(log)
    fill[lambda meta: (2,)](out, 1.0, BLOCK=16, num_warps=2)
    assert not asked, "only get() asks"
    metadata = log[0][1].get()
    assert metadata["flops"] == 64
    assert metadata["warps"] == 2
    assert metadata["name"] == "store"
    assert list(asked[0]) == ["out_ptr", "value", "BLOCK"]
    assert asked[0]["out_ptr"] is out
    assert metadata == log[1][1].get()
    assert len(asked) == 1


def test_several_hooks_in_their_order(fill, out, log):
    for name in ("launch_enter_hook", "launch_exit_hook"):
        for number in (1, 2):
            getattr(runtime, name).add(lambda metadata, what=(name, number): log.append(what))
    fill[(1,)](out, 1.0, BLOCK=16)
    leave = [("launch_exit_hook", number) for number in ((2, 1) if runtime.launch_exit_hook.reversed else (1, 2))]
    assert log == [("launch_enter_hook", 1), ("launch_enter_hook", 2), *leave]


def test_an_error_of_an_enter_hook_stops_the_launch(fill, out):
    def refuse(metadata):
        raise ZeroDivisionError("refused")

    fill[(1,)](out, 1.0, BLOCK=16)
    runtime.launch_enter_hook.add(refuse)
    with pytest.raises(ZeroDivisionError, match="refused"):
        fill[(1,)](out, 2.0, BLOCK=16)
    assert (out == 1).all()
    runtime.launch_enter_hook.remove(refuse)
    fill[(1,)](out, 2.0, BLOCK=16)
    assert (out == 2).all()


def test_no_hook_is_called_for_what_is_not_launched(fill, out, log):
    watch_launches(log)
    fill.warmup(out, 1.0, BLOCK=16, grid=(1,))
    with pytest.raises(ArgumentError):
        fill[(1,)](out, BLOCK=16)
    with pytest.raises(ArgumentError):
        fill[None](out, 1.0, BLOCK=16)
    assert not log


def test_load_hooks_around_the_first_launch(fill, out, log):
    runtime.kernel_load_start_hook.add(lambda *args: log.append(("start", args)))
    runtime.kernel_load_end_hook.add(lambda *args: log.append(("end", args)))
    kernel = fill[(1,)](out, 1.0, BLOCK=16)
    fill[(1,)](out, 2.0, BLOCK=16)
    assert [what for what, _ in log] == ["start", "end"]
    for _, (_, _, name, files, key) in log:
        assert name == "store"
        assert key == kernel.hash
        assert "store.ptx" in files
    assert all(handle is not None for handle in log[1][1][:2])


@pytest.mark.parametrize("launches_before", [0, 2])
def test_the_cache_hook_is_called_for_every_compile(fill, out, log, launches_before):
    for _ in range(launches_before):
        fill[(1,)](out, 1.0, BLOCK=16)
    runtime.jit_cache_hook = lambda **keywords: log.append(keywords)
    for _ in range(3):
        fill[(1,)](out, 1.0, BLOCK=16, num_warps=2)
    fill.warmup(out, 3, BLOCK=16, num_stages=2, grid=(1,))
    assert len(log) == 2
    first, second = log
    assert set(first) == {"key", "repr", "fn", "compile", "is_manual_warmup", "already_compiled"}
    assert (first["fn"].name, first["fn"].module, first["fn"].jit_function) == (store.__name__, __name__, fill)
    assert first["compile"]["signature"] == {"out_ptr": "*fp32", "value": "fp32", "BLOCK": "constexpr"}
    assert first["compile"]["constants"] == {(2,): 16}
    assert first["compile"]["num_warps"] == 2
    assert first["compile"]["key"] == first["key"] != second["key"]
    assert first["repr"].startswith("store[num_warps=2")
    assert (first["is_manual_warmup"], second["is_manual_warmup"]) == (False, True)
    assert not first["already_compiled"]
    assert second["compile"]["num_stages"] == 2


def test_a_cache_hook_that_returns_true_stops_the_compile(fill, out, monkeypatch):
    runtime.jit_cache_hook = lambda **keywords: True
    with monkeypatch.context() as patch:
        patch.setattr(launcher, "compile_source", lambda *_: pytest.fail("compiled"))
        for _ in range(2):
            assert fill[(1,)](out, 1.0, BLOCK=16) is None
        assert fill.warmup(out, 1.0, BLOCK=16, grid=(1,)) is None
    assert not out.any()
    runtime.jit_cache_hook = None
    assert fill[(1,)](out, 1.0, BLOCK=16) is not None
    assert (out == 1).all()


def test_a_stopped_specialization_leaves_the_others(fill, out):
    kernel = fill[(1,)](out, 1.0, BLOCK=16)
    runtime.jit_cache_hook = lambda **keywords: True
    assert fill[(1,)](out, 1, BLOCK=16) is None
    assert fill[(1,)](out, 3.0, BLOCK=16) is kernel
    assert (out == 3).all()


def test_the_post_compile_hook_comes_after_the_compile_and_before_the_launch(fill, out, log):
    runtime.jit_cache_hook = lambda **keywords: log.append("before")
    runtime.jit_post_compile_hook = lambda **keywords: log.append(("after", keywords["key"], out.any().item()))
    watch_launches(log)
    fill[(1,)](out, 1.0, BLOCK=16)
    assert log[0] == "before"
    assert log[1][0] == "after"
    assert log[1][2] is False
    assert [what for what, _ in log[2:]] == ["enter", "exit"]


def test_pre_run_hooks_see_every_call(fill, out, log):
    fill[(1,)](out, 1.0, BLOCK=16)
    fill.add_pre_run_hook(lambda *args, **keywords: log.append((args, keywords, out[0].item())))
    for value in (2.0, 3.0):
        fill[(1,)](out, value, BLOCK=16, num_warps=2)
    assert [(args[0] is out, args[1], seen) for args, _, seen in log] == [(True, 2.0, 1.0), (True, 3.0, 2.0)]
    assert log[0][1]["BLOCK"] == 16
    assert log[0][1]["num_warps"] == 2
    assert "debug" in log[0][1], "as Triton hands it over"


def test_hooks_that_are_gone_cost_no_call(fill, out, log):
    fill[(1,)](out, 1.0, BLOCK=16)
    watch_launches(log)
    fill[(1,)](out, 1.0, BLOCK=16)
    for name in CHAINS:
        getattr(runtime, name).calls.clear()
    fill[(1,)](out, 2.0, BLOCK=16)
    assert len(log) == 2
    assert (out == 2).all()


def test_another_chain_in_the_place_of_tritons(fill, out, log, monkeypatch):
    fill[(1,)](out, 1.0, BLOCK=16)
    chain = triton.knobs.HookChain()
    chain.add(lambda metadata: log.append(metadata))
    before = vars(runtime).get("launch_enter_hook")
    runtime.launch_enter_hook = chain
    try:
        fill[(1,)](out, 2.0, BLOCK=16)
    finally:
        if before is None:
            del runtime.launch_enter_hook
        else:
            runtime.launch_enter_hook = before
    assert len(log) == 1
    fill[(1,)](out, 3.0, BLOCK=16)
    assert len(log) == 1
    assert (out == 3).all()


def test_the_debug_setting_is_part_of_the_compile(fill, out):
    plain = fill[(1,)](out, 1.0, BLOCK=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "debug", True)
        debugged = fill[(1,)](out, 2.0, BLOCK=16)
        assert debugged is fill[(1,)](out, 2.0, BLOCK=16)
    assert debugged is not plain
    assert debugged.metadata.debug
    assert fill[(1,)](out, 3.0, BLOCK=16) is plain
    assert (out == 3).all()


def test_hooks_of_a_kernel_from_an_artifact(fill, out, log):
    text = fill.warmup(out, 1.0, BLOCK=16, grid=(1,)).artifacts["ttir"]
    watch_launches(log)
    fill[(1,)](out, 5.0, BLOCK=16, ttir_src=text)
    assert [what for what, _ in log] == ["enter", "exit"]
    assert log[0][1].get()["name"] == "store"
    assert (out == 5).all()
