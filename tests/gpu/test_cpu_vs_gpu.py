"""The same PTX, made for sm_80, run by the CPU driver and by the GPU.

Integer kernels and kernels of IEEE arithmetic agree in every bit. Elsewhere the bounds below hold: the GPU approximates
exp2, tanh, rcp and sqrt to a few units in the last place, and the order in which a tensor core adds is not public.
"""

import functools

import pytest
import torch
from kernels import CPU_CASES
from kernels.plain import compile_plain, signature_of, write_folder
from reference import assert_same_bits, runtime_values, tensors_of

import triton_runner

# dtype -> relative and absolute difference that is allowed. fp16: two units in the last place; bf16: one.
BOUNDS = {
    torch.float32: (2**-16, 2**-18),
    torch.float16: (2**-9, 2**-11),
    torch.bfloat16: (2**-7, 2**-9),
    torch.float64: (2**-40, 2**-40),
}
CASES = [case for case in CPU_CASES if case.min_capability <= 80]


@functools.cache
def kernel_for_sm_80(case, folder):
    plain = compile_plain(case, 80)
    folder.mkdir(exist_ok=True)
    path = write_folder(plain, folder, "ptx")
    return plain, triton_runner.load(path, signature=signature_of(plain))


def assert_within_bounds(name, on_cpu, on_gpu):
    rtol, atol = BOUNDS.get(on_cpu.dtype, (0, 0))
    torch.testing.assert_close(on_cpu, on_gpu, rtol=rtol, atol=atol, msg=lambda text: f"{name}: {text}")


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_same_ptx_on_both(case, seed, capability, tmp_path_factory):
    if capability < 80:
        pytest.skip(f"sm_80 PTX does not run on this sm_{capability}")
    plain, kernel = kernel_for_sm_80(case, tmp_path_factory.getbasetemp() / case.name)
    results = []
    for device in ("cpu", "cuda"):
        arguments = case.arguments(device, seed)
        kernel[case.grid](*runtime_values(case, plain, arguments))
        results.append({name: value.cpu() for name, value in tensors_of(arguments).items()})
    on_cpu, on_gpu = results
    if case.exact:
        assert_same_bits(case, on_cpu, on_gpu)
    elif case.repeatable:
        for name, value in on_cpu.items():
            assert_within_bounds(name, value, on_gpu[name])
    else:
        case.check(on_cpu, {name: on_gpu[name] for name in case.reference(case.arguments("cpu", seed))})
