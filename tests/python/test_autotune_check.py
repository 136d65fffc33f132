"""A config that computes something else is not timed, and the outputs are as they were when the search ends."""

import pytest
import torch
import triton
from autotune_kernels import SIZE, accumulate_kernel, blocks, fixed_times, grid, run_scale, tuned_scale

import triton_runner
from triton_runner.errors import ArgumentError, CompileError
from triton_runner.tuning.checking import Check


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def accumulating(sizes, times, **options):
    options = {"do_bench": fixed_times(times), "cache_results": False, **options}
    return triton_runner.autotune(blocks(*sizes), key=["n"], **options)(triton_runner.jit(accumulate_kernel))


def test_a_wrong_config_is_rejected_by_the_first_one(caplog):
    kernel = accumulating([64, 32, 128], [2.0, 3.0])
    x, out = torch.rand(SIZE) + 1, torch.randn(SIZE)  # far from what the tolerance lets pass
    expected = out + x
    kernel[grid](x, out, SIZE)
    torch.testing.assert_close(out, expected)  # once, though it adds to what is there
    (result,) = kernel.tuned
    assert result.winner == 0
    assert [outcome.error is None for outcome in result.outcomes] == [True, False, True]
    assert "out_ptr differs from the reference: Mismatched elements: 9 / 300" in result.outcomes[1].error
    assert "BLOCK: 32" in caplog.text


def test_a_reference_rejects_even_the_first_config():
    kernel = accumulating([32, 64], [1.0], reference=lambda args: args["out_ptr"] + args["x_ptr"])
    x, out = torch.randn(SIZE), torch.zeros(SIZE)
    kernel[grid](x, out, SIZE)
    torch.testing.assert_close(out, x)
    assert kernel.best_config.kwargs == {"BLOCK": 64}


@pytest.mark.parametrize("answer", ["dict", "tuple", "in place"])
def test_forms_of_a_reference(answer):
    def reference(args):
        total = args["out_ptr"] + args["x_ptr"]
        if answer == "in place":
            args["out_ptr"].copy_(total)
            return None
        return {"out_ptr": total} if answer == "dict" else (total,)

    kernel = accumulating([64, 32], [1.0], reference=reference)
    x, out = torch.randn(SIZE), torch.ones(SIZE)
    kernel[grid](x, out, SIZE)
    torch.testing.assert_close(out, x + 1)
    assert len(kernel.tuned.results[0].left_out) == 1


def test_a_reference_that_returns_something_else_is_refused():
    kernel = accumulating([64, 128], [], reference=lambda args: {"y": args["x_ptr"]})
    with pytest.raises(ArgumentError, match=r"a dict of y, expected the outputs \(out_ptr\)"):
        kernel[grid](torch.ones(SIZE), torch.ones(SIZE), SIZE)


def test_nothing_right_is_an_error_and_leaves_the_outputs():
    kernel = accumulating([64, 128], [], reference=lambda args: args["x_ptr"] * 100)
    out = torch.ones(SIZE)
    with pytest.raises(CompileError, match="none of its 2 configs"):
        kernel[grid](torch.ones(SIZE), out, SIZE)
    assert torch.equal(out, torch.ones(SIZE))


def test_without_check_the_wrong_one_may_win():
    kernel = accumulating([64, 32], [2.0, 1.0], check=False)
    kernel[grid](torch.ones(SIZE), torch.zeros(SIZE), SIZE)
    assert kernel.best_config.kwargs == {"BLOCK": 32}


def test_reset_to_zero_and_restore_value():
    x, out = torch.randn(SIZE), torch.ones(SIZE)
    zeroed = accumulating([64, 128], [2.0, 1.0], reset_to_zero=["out_ptr"], check=False)
    zeroed[grid](x, out, SIZE)
    torch.testing.assert_close(out, x)  # zero before the launch that counts, as Triton does

    restored = accumulating([64, 128], [2.0, 1.0], restore_value=["out_ptr"], check=False)
    restored[grid](x, out, SIZE)
    torch.testing.assert_close(out, 2 * x)

    checked = accumulating([64, 32], [1.0], reset_to_zero=["out_ptr"], reference=lambda args: args["x_ptr"].clone())
    checked[grid](x, out, SIZE)
    torch.testing.assert_close(out, x)
    assert checked.best_config.kwargs == {"BLOCK": 64}


def test_a_tolerance_that_is_given_counts():
    exact = tuned_scale(
        blocks(64, 128),
        reference=lambda args: 3.0001 * args["x_ptr"],
        do_bench=fixed_times([1.0, 2.0]),
        cache_results=False,
    )
    run_scale(exact)  # within what fp32 allows by default
    strict = tuned_scale(
        blocks(64, 128), reference=lambda args: 3.0001 * args["x_ptr"], rtol=1e-6, atol=0.0, cache_results=False
    )
    with pytest.raises(CompileError, match="Greatest relative difference"):
        run_scale(strict)


def check_of(before, expected, found, tolerance=(None, None)):
    output = before.clone()
    check = Check({"out": output}, lambda _: expected, {"out": output}, tolerance)
    output.copy_(found)
    return check.compare()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_the_default_tolerance_is_that_of_another_order_of_summation(dtype):
    wide = torch.float64 if dtype is torch.float64 else torch.float32
    parts = torch.randn(64, 512, dtype=wide)
    expected, found = parts.sum(1).to(dtype), parts.view(64, 8, 64).sum(1).sum(1).to(dtype)
    assert check_of(torch.zeros(64).to(dtype), expected, found) is None
    assert check_of(torch.zeros(64).to(dtype), expected, parts[:, 16:].sum(1).to(dtype)) is not None


def test_elements_that_nobody_wrote_do_not_widen_the_tolerance():
    before = torch.full((64,), 1e30)
    expected = before.clone()
    expected[:32] = 1.0
    found = expected.clone()
    assert check_of(before, expected, found) is None
    found[3] = 1.5
    assert check_of(before, expected, found) is not None


def test_integers_are_exact_and_nan_equals_nan():
    integers = torch.arange(8)
    assert check_of(integers, integers + 1, integers + 1) is None
    assert check_of(integers, integers + 1, integers + 2) is not None
    nan = torch.tensor([float("nan"), 1.0])
    assert check_of(torch.zeros(2), nan, nan.clone()) is None
    assert check_of(torch.zeros(2), nan, torch.zeros(2)) is not None
    assert check_of(torch.zeros(2), torch.ones(3), torch.zeros(2)) is not None


def test_a_fault_in_a_config_leaves_it_out():
    @triton_runner.jit
    def reach(x_ptr, out_ptr, BLOCK: triton.language.constexpr):
        i = triton.language.arange(0, BLOCK)
        # Far outside where BLOCK is 64: the executor catches it.
        far = 1 << 40 if BLOCK == 64 else 0
        triton.language.store(out_ptr + i, triton.language.load(x_ptr + i + far))

    decorate = triton_runner.autotune(blocks(64, 32), key=[], do_bench=fixed_times([1.0]), cache_results=False)
    kernel = decorate(reach)
    kernel[(1,)](torch.ones(64), torch.zeros(64))
    (result,) = kernel.tuned
    assert result.winner == 1
    assert len(result.left_out) == 1
