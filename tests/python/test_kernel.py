"""The kernel handle: binding of arguments, constants, lists for the op. PTX by hand, so no Triton is needed."""

import json

import pytest
import torch

import triton_runner
from triton_runner import _C, errors
from triton_runner.kernel import Kernel

# out[i] = x[i] * scale + n, one thread an element, one block of 32.
PTX = """\
.version 8.0
.target sm_80
.address_size 64

.visible .entry affine(
	.param .u64 .ptr .global .align 1 affine_param_0,
	.param .u64 .ptr .global .align 1 affine_param_1,
	.param .f32 affine_param_2,
	.param .u32 affine_param_3
)
.reqntid 32
{
	.reg .b32 %r<4>;
	.reg .f32 %f<6>;
	.reg .b64 %rd<8>;
	ld.param.b64 %rd1, [affine_param_0];
	ld.param.b64 %rd2, [affine_param_1];
	ld.param.f32 %f1, [affine_param_2];
	ld.param.b32 %r1, [affine_param_3];
	mov.u32 %r2, %tid.x;
	mul.wide.u32 %rd3, %r2, 4;
	add.s64 %rd4, %rd1, %rd3;
	add.s64 %rd5, %rd2, %rd3;
	ld.global.b32 %f2, [%rd4];
	cvt.rn.f32.s32 %f3, %r1;
	fma.rn.f32 %f4, %f2, %f1, %f3;
	st.global.b32 [%rd5], %f4;
	ret;
}
"""

RECORD = {
    "version": 1,
    "name": "affine",
    "params": [
        {"name": "x", "type": "*fp32", "access": "read"},
        {"name": "out", "type": "*fp32", "access": "write"},
        {"name": "scale", "type": "fp32"},
        {"name": "BLOCK", "type": "constexpr", "constant": 32},
        {"name": "n", "type": "i32"},
    ],
    "num_warps": 1,
    "num_ctas": 1,
    "shared": 0,
    "cooperative": False,
    "pdl": False,
    "global_scratch": None,
    "profile_scratch": None,
    "target": {"backend": "cuda", "arch": "80", "warp_size": 32},
    "triton_version": "",
}


def kernel_of(record=RECORD, artifacts=None):
    return Kernel(_C.KernelSpec.from_json(json.dumps(record)), artifacts or {"ptx": PTX})


@pytest.fixture
def kernel():
    return kernel_of()


@pytest.fixture
def x():
    return torch.arange(32, dtype=torch.float32)


@pytest.mark.parametrize(
    "call",
    [
        lambda k, x, out: k[(1,)](x, out, 2.0, 5),
        lambda k, x, out: k[1](x, out, 2.0, 32, 5),
        lambda k, x, out: k[(1, 1)](x, out, scale=2.0, n=5),
        lambda k, x, out: k[(1, 1, 1)](n=5, scale=2, out=out, x=x, BLOCK=32),
        lambda k, x, out: k[lambda meta: (meta["BLOCK"] // 32,)](x, out, 2.0, 5),
        lambda k, x, out: torch.ops.triton_runner.launch(k.key, *k.op_args(x, out, 2.0, 5), [1]),
        lambda k, x, out: k.preload("cpu")[(1,)](x, out, 2.0, 5),
    ],
)
def test_every_way_to_call(kernel, x, call):
    out = torch.full_like(x, torch.nan)
    call(kernel, x, out)
    torch.testing.assert_close(out, x * 2 + 5, rtol=0, atol=0)


def test_the_op_takes_inputs_outputs_and_scalars_apart(kernel, x):
    out = torch.empty_like(x)
    assert kernel.op_args(x, out, 2.0, 5) == ([x], [out], [5], [2.0])


def test_key_is_of_the_content(kernel):
    assert kernel.key == kernel_of().key
    assert kernel.key != kernel_of(artifacts={"ptx": PTX + "\n"}).key
    assert _C.kernel_spec(kernel.key) == kernel.spec


def test_a_wrong_constant_is_named(kernel, x):
    with pytest.raises(errors.ArgumentError, match=r"'affine', argument 'BLOCK': found 64, but .* compiled for 32"):
        kernel[(1,)](x, x, 2.0, 64, 5)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, r"found no 'x', expected \(x: \*fp32, out: \*fp32, scale: fp32, n: i32\)"),
        ((0, 0, 2.0), {}, "found no 'n'"),
        ((0, 0, 2.0, 32, 5, 6), {}, "found 6 positional arguments"),
        ((0, 0, 2.0, 5), {"m": 1}, "found .*'m', which it has not"),
        ((0, 0, 2.0, 32), {"out": 1, "n": 1}, "'out' is given twice"),
    ],
)
def test_arguments_that_do_not_match_the_parameters(kernel, x, args, kwargs, message):
    args = [x if value == 0 else value for value in args]
    with pytest.raises(errors.ArgumentError, match=message):
        kernel[(1,)](*args, **kwargs)


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (0, None, "argument 'x': found NoneType None, expected a torch tensor"),
        (0, [1.0], "argument 'x': found list"),
        (2, "2", "argument 'scale': found str '2', expected a number"),
        (2, torch.tensor(2.0), r"argument 'scale': found a tensor, expected a number \(fp32\): call .item"),
        (3, 1.5, r"argument 'n': found float 1.5, expected an integer \(i32\)"),
        (3, 2**64, "argument 'n': found int 18446744073709551616, expected an integer that i32 can hold"),
        (3, 2**31, "argument 'n' is 2147483648, expected i32"),
        (2, 1e300, "argument 'scale' is 1e\\+300, expected a value that fp32 can hold"),
    ],
)
def test_values_of_the_wrong_kind(kernel, x, position, value, message):
    out = torch.zeros_like(x)
    args = [x, out, 2.0, 5]
    args[position] = value
    with pytest.raises(errors.ArgumentError, match=message):
        kernel[(1,)](*args)
    assert not out.any()


@pytest.mark.parametrize("grid", [(), (1, 1, 1, 1), (1.5,), "x", (2**63,), None])
def test_grids_that_are_none(kernel, x, grid):
    with pytest.raises(errors.ArgumentError, match="grid"):
        kernel[grid](x, x, 2.0, 5)


def test_unsigned_64_bit_values_travel_as_bits():
    record = {**RECORD, "params": [{"name": "n", "type": "u64"}]}
    kernel = kernel_of(record)
    assert kernel.op_args(2**64 - 1) == ([], [], [-1], [])
    with pytest.raises(errors.ArgumentError, match="an integer that u64 can hold"):
        kernel.op_args(-1)


def test_without_an_image_the_key_says_what_to_compile():
    with pytest.raises(errors.ArtifactError, match="has ttir, expected PTX, a cubin or a hsaco: compile it further"):
        _ = kernel_of(artifacts={"ttir": "module {}"}).key


def test_a_cubin_alone_does_not_run_on_the_cpu(x):
    with pytest.raises(errors.ArtifactError, match=r"affine.*has only.*cubin"):
        kernel_of(artifacts={"cubin": b"\x7fELF"})[(1,)](x, x, 2.0, 5)


def test_artifacts_cannot_be_changed(kernel):
    with pytest.raises(TypeError):
        kernel.artifacts["ptx"] = ""


def test_errors_are_also_the_builtin_ones(kernel, x):
    for kind in (ValueError, TypeError, RuntimeError, triton_runner.errors.Error):
        with pytest.raises(kind):
            kernel[(1,)](x.double(), x, 2.0, 5)
