"""Every kernel of the corpus that the CPU driver covers, compiled for sm_80 and held against its torch reference."""

import pytest
import torch
from kernels import CPU_CASES, case_named, clone, tensor_of
from kernels.plain import compile_plain, metadata_of, signature_of, write_folder

import triton_runner

TARGET = "sm_80"
LEVELS = ("ttir", "ttgir", "llir", "ptx")
FROM_LEVELS = ("vector_add", "softmax", "matmul_fp16_s3", "attention_causal", "layer_norm_backward", "optional_given")


@pytest.fixture
def our_backend():
    triton_runner.configure_jit_backend()
    yield
    triton_runner.restore_jit_backend()


def by_name(case):
    return case.name


def assert_only_outputs_changed(case, arguments, before, outputs):
    """A kernel may write its scratch tensors, but never an input that the record calls read-only."""
    for name, value in arguments.items():
        if name in outputs or not isinstance(value, torch.Tensor):
            continue
        assert torch.equal(tensor_of(value), tensor_of(before[name])), f"{case.name}: {name} was written"


@pytest.mark.parametrize("case", CPU_CASES, ids=by_name)
def test_jit(case):
    arguments = case.arguments("cpu")
    expected = case.reference(clone(arguments))
    case.launch(triton_runner.jit(case.kernel), arguments)
    case.check(arguments, expected)


@pytest.mark.parametrize("name", ["vector_add", "matmul_bf16_s3", "tma_host_matmul", "gluon_transpose"])
def test_existing_jit_code_through_our_backend(name, our_backend):
    case = case_named(name)
    arguments = case.arguments("cpu", seed=1)
    expected = case.reference(clone(arguments))
    case.launch(case.kernel, arguments)
    case.check(arguments, expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", FROM_LEVELS)
def test_each_level_through_the_op(name, level, tmp_path):
    case = case_named(name)
    plain = compile_plain(case, 80)
    path = write_folder(plain, tmp_path, level)
    kernel = triton_runner.compile(path, signature=signature_of(plain), to="ptx", target=TARGET)
    arguments = case.arguments("cpu", seed=2)
    before = clone(arguments)
    values = [value for name, value in arguments.items() if plain.src.signature[name] != "constexpr"]
    torch.ops.triton_runner.launch(kernel.key, *kernel.op_args(*values), list(case.grid))
    case.check(arguments, case.reference(before))
    written = {param.name for param in kernel.spec.params if param.is_output}
    assert_only_outputs_changed(case, arguments, before, written)


@pytest.mark.parametrize("case", CPU_CASES, ids=by_name)
def test_the_outputs_are_what_the_kernel_writes(case):
    """The access analysis of the PTX: everything that the reference says is written must be an output of the op."""
    arguments = case.arguments("cpu")
    expected = set(case.reference(clone(arguments)))
    plain = compile_plain(case, 80)
    kernel = triton_runner.load(
        plain.asm["ptx"], level="ptx", signature=signature_of(plain), metadata=metadata_of(plain)
    )
    written = {param.name for param in kernel.spec.params if param.is_output}
    assert written >= expected
    assert written - expected <= {"part_ptr", "arrived_ptr", "lock_ptr"}, (
        "a pointer that is only read counts as written"
    )


def test_grid_of_zero_runs_nothing():
    case = case_named("vector_add")
    arguments = case.arguments("cpu")
    triton_runner.jit(case.kernel)[(0,)](**arguments, **case.keywords())
    assert (arguments["out_ptr"] == 77).all()


def test_failed_device_assertion_is_an_error():
    case = case_named("device_assert")
    arguments = case.arguments("cpu")
    arguments["limit"] = 1
    kernel = triton_runner.jit(case.kernel)
    with pytest.raises(triton_runner.errors.ExecutionError, match=r"value above the limit"):
        case.launch(kernel, arguments)
    arguments["limit"] = 100
    case.launch(kernel, arguments)
    assert torch.equal(arguments["out_ptr"], arguments["x_ptr"] * 2)


def test_seeds_differ():
    """Guards the corpus itself: a reference that ignores its inputs would pass everything above."""
    for case in CPU_CASES:
        if case.name in ("scalars",):
            continue
        first, second = (case.reference(case.arguments("cpu", seed)) for seed in (0, 1))
        assert any(not torch.equal(first[name], second[name]) for name in first), case.name
