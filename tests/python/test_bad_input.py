"""Arguments and grids that do not fit: the class of the error, the words that matter, and that nothing was touched.

Each message names the kernel, the argument, what was found and what was expected. After each error the kernel still
works. Bad artifacts are in test_bad_artifact.py, faults of a running kernel in test_faults_cpu.py, missing software in
test_surroundings.py, and what only a GPU can refuse in tests/gpu/test_bad_input_gpu.py.
"""

import json

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, parameter, record_json, scale_add_sidecar
from kernels.plain import compile_plain, signature_of

import triton_runner
from triton_runner import errors

launch = torch.ops.triton_runner.launch
SIZE = 256
GRID = (SIZE // BLOCK,)
UNTOUCHED = 77.0


def vectors():
    return torch.ones(SIZE), torch.ones(SIZE), torch.full((SIZE,), UNTOUCHED)


@pytest.fixture(scope="module")
def kernel():
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())


@pytest.fixture
def refused(kernel):
    """Launches good arguments with some of them changed, and expects an error.

    Then the output must be untouched, and the kernel must still work.
    """

    def expect(words, *, extra=(), grid=GRID, with_kernel=kernel, **changed):
        x, y, out = vectors()
        good = {"x_ptr": x, "y_ptr": y, "out_ptr": out, "count": SIZE, "scale": 1.0}
        arguments = {**good, **{name: value for name, value in changed.items() if name in good}}
        unknown = {name: value for name, value in changed.items() if name not in good}
        with pytest.raises(errors.ArgumentError, match=words):
            with_kernel[grid](*arguments.values(), *extra, **unknown)
        assert (out == UNTOUCHED).all()
        kernel[GRID](x, y, out, SIZE, 1.0)
        assert (out == 2).all()

    return expect


@pytest.mark.parametrize(
    ("count", "words"), [(0, r"scale_add.*x_ptr: \*fp32"), (4, r"scale_add.*'scale'"), (6, r"scale_add.*6 positional")]
)
def test_wrong_number(kernel, count, words):
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=words):
        kernel[GRID](*[x, y, out, SIZE, 1.0, 2.0][:count])
    assert (out == UNTOUCHED).all()


def test_unknown_and_repeated_keywords(refused):
    refused(r"scale_add.*'width'", width=3)
    refused(r"scale_add.*6 positional", extra=(1.0,))


def test_argument_given_twice(kernel):
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=r"scale_add.*'y_ptr' is given twice"):
        kernel[GRID](x, y, out, SIZE, y_ptr=y)
    assert (out == UNTOUCHED).all()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"x_ptr": 3}, r"x_ptr.*found int 3.*tensor"),
        ({"x_ptr": None}, r"x_ptr.*None.*tensor"),
        ({"x_ptr": [1.0]}, r"x_ptr.*list.*tensor"),
        ({"count": 1.5}, r"count.*float 1\.5.*integer"),
        ({"count": "many"}, r"count.*str 'many'.*integer"),
        ({"count": torch.tensor(3)}, r"count.*tensor.*\.item\(\)"),
        ({"scale": None}, r"scale.*None.*number"),
        ({"scale": "1.0"}, r"scale.*str '1\.0'.*number"),
    ],
)
def test_wrong_kind(refused, changed, words):
    refused(rf"scale_add.*{words}", **changed)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int32, torch.complex64])
def test_wrong_dtype(refused, dtype):
    refused(r"scale_add.*x_ptr.*dtype.*expected fp32", x_ptr=torch.ones(SIZE).to(dtype))


def test_sparse_tensor(refused):
    refused(r"scale_add.*Sparse.*to_dense", x_ptr=torch.ones(SIZE).to_sparse())


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (lambda x, y, out: ([x], [out], [SIZE], [1.0]), r"inputs has 1 entries, expected 2"),
        (lambda x, y, out: ([x, y], [], [SIZE], [1.0]), r"outputs has 0 entries, expected 1"),
        (lambda x, y, out: ([x, y], [out], [SIZE, 1], [1.0]), r"ints has 2 entries, expected 1"),
        (lambda x, y, out: ([x, y], [out], [SIZE], []), r"floats has 0 entries, expected 1"),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_lists_of_the_op_of_a_wrong_length(kernel, lists, words, device):
    x, y, out = (tensor.to(device) for tensor in vectors())
    with pytest.raises(errors.ArgumentError, match=words):
        launch(kernel.key, *lists(x, y, out), [1])
    assert device == "meta" or (out == UNTOUCHED).all()


def aligned_kernel():
    """The same code, with a record that says what a compiler could have assumed of x_ptr and count."""
    sidecar = scale_add_sidecar()
    for index in (0, 3):
        sidecar["triton_runner"]["params"][index]["divisible_by_16"] = True
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=sidecar)


def test_misaligned_pointer(refused):
    refused(
        r"scale_add.*x_ptr.*4 bytes past a multiple of 16.*aligned",
        x_ptr=torch.ones(SIZE + 1)[1:],
        with_kernel=aligned_kernel(),
    )


def test_integer_that_is_not_divisible(refused):
    refused(r"scale_add.*count.*is 250.*multiple of 16", count=250, with_kernel=aligned_kernel())


def test_misaligned_pointer_is_fine_where_nothing_was_assumed(kernel):
    _, y, out = vectors()
    kernel[GRID](torch.ones(SIZE + 1)[1:], y, out, SIZE, 1.0)
    assert (out == 2).all()


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40, 2**63, 2**80, -(2**80)])
def test_integer_that_does_not_fit(refused, value):
    refused(rf"scale_add.*count.*{value}.*i32", count=value)


INTEGER_LIMITS = {"i1": (-1, 2), "i8": (-129, 128), "u8": (-1, 256), "i16": (-32769, 32768), "u16": (-1, 65536)}
INTEGER_LIMITS |= {"u32": (-1, 2**32), "i64": (-(2**63) - 1, 2**63), "u64": (-1, 2**64)}


@pytest.mark.parametrize("kind", sorted(INTEGER_LIMITS))
def test_integers_just_outside_their_type(kind):
    head = ".version 8.0\n.target sm_75\n.address_size 64\n"
    ptx = head + ".visible .entry one(.param .u{} p, .param .u64 q)\n{{\nret;\n}}\n"
    bits = max(8, int(kind[1:]))
    record = json.loads(record_json("one", [parameter("p", kind), parameter("q", "*i8", access="read")]))
    one = triton_runner.load(ptx.format(bits), level="ptx", metadata={"name": "one", "triton_runner": record})
    for value in INTEGER_LIMITS[kind]:
        with pytest.raises(errors.ArgumentError, match=rf"one.*'p'.*{value}.*{kind}"):
            one[(1,)](value, torch.zeros(1, dtype=torch.int8))


@pytest.mark.parametrize("value", [1e39, -1e300])
def test_float_that_does_not_fit(refused, value):
    refused(r"scale_add.*scale.*fp32 can hold", scale=value)


def test_infinity_and_nan_fit(kernel):
    x, y, out = vectors()
    kernel[GRID](x, y, out, SIZE, float("inf"))
    assert out.isinf().all()
    kernel[GRID](x, y, out, SIZE, float("nan"))
    assert out.isnan().all()


@pytest.mark.parametrize("grid", [(0,), (0, 1), (1, 0, 1), (1, 1, 0), 0])
def test_grid_of_zero_is_no_launch_and_no_error(kernel, grid):
    x, y, out = vectors()
    kernel[grid](x, y, out, SIZE, 1.0)
    assert (out == UNTOUCHED).all()


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ((-1,), r"grid\[0\] is -1, expected 0 to 2147483647"),
        ((1, -5), r"grid\[1\] is -5, expected 0 to 65535"),
        ((2**31,), r"grid\[0\] is 2147483648"),
        ((1, 65536), r"grid\[1\] is 65536, expected 0 to 65535"),
        ((1, 1, 65536), r"grid\[2\] is 65536"),
        ((), r"one to three"),
        ((1, 1, 1, 1), r"one to three"),
        ((1.5,), r"expected integers"),
        (("x",), r"expected integers"),
        ((2**70,), r"grid"),
    ],
)
def test_grids_that_do_not_fit(refused, grid, words):
    refused(rf"scale_add.*{words}", grid=grid)


def test_grid_is_checked_even_where_another_count_is_zero(refused):
    refused(r"grid\[1\] is -1", grid=(0, -1))


def test_constant_that_the_kernel_was_not_compiled_for():
    case = case_named("vector_add")
    plain = compile_plain(case, 80)
    arguments = case.arguments("cpu")
    kernel = triton_runner.compile(
        case.kernel, signature=signature_of(plain), constexprs={"BLOCK": 256}, to="ptx", target="sm_80"
    )
    with pytest.raises(errors.ArgumentError, match=r"vector_add_kernel.*'BLOCK'.*128.*256"):
        kernel[case.grid](*arguments.values(), 128)
    with pytest.raises(errors.ArgumentError, match=r"vector_add_kernel.*'BLOCK'"):
        kernel[case.grid](*arguments.values(), torch.zeros(4))
    assert (arguments["out_ptr"] == UNTOUCHED).all()
    kernel[case.grid](*arguments.values(), 256)
    case.check(arguments, case.reference(arguments))
