"""Input that only a GPU can refuse.

Each error names the kernel, the argument, what was found and what was expected, and nothing is launched.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_sidecar
from kernels.plain import compile_plain, signature_of, write_folder
from reference import compiled, runtime_values

import triton_runner
from triton_runner import errors

SIZE = 256
GRID = (-(-SIZE // BLOCK),)


def vectors(device="cuda"):
    return torch.ones(SIZE, device=device), torch.ones(SIZE, device=device), torch.full((SIZE,), 77.0, device=device)


def scale_add(text=SCALE_ADD, **changed):
    return triton_runner.load(text, level="ptx", metadata=scale_add_sidecar(**changed))


def load_and_launch(path, case, plain, arguments):
    kernel = triton_runner.load(path, signature=signature_of(plain))
    kernel[case.grid](*runtime_values(case, plain, arguments))


def assert_untouched(out):
    torch.cuda.synchronize()
    assert (out == 77).all()


def test_cpu_tensor_among_cuda_ones():
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=r"scale_add.*y_ptr.*is on cpu.*expected cuda:0"):
        scale_add()[GRID](x, y.cpu(), out, SIZE, 1.0)
    assert_untouched(out)


def test_cuda_tensor_after_cpu_ones():
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=r"scale_add.*x_ptr.*is on cpu"):
        scale_add()[GRID](x.cpu(), y, out, SIZE, 1.0)
    assert_untouched(out)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_tensor_on_another_gpu():
    x, y, out = vectors("cuda:0")
    with pytest.raises(errors.ArgumentError, match=r"y_ptr.*is on cuda:1.*expected cuda:0"):
        scale_add()[GRID](x, y.to("cuda:1"), out, SIZE, 1.0)
    assert_untouched(out)


def test_misaligned_pointer(capability, tmp_path):
    case = case_named("vector_add")
    plain = compiled(case, capability)
    kernel = triton_runner.load(write_folder(plain, tmp_path, "cubin"), signature=signature_of(plain))
    arguments = case.arguments("cuda")
    values = runtime_values(case, plain, arguments)
    values[0] = torch.zeros(values[0].numel() + 1, device="cuda")[1:]
    with pytest.raises(errors.ArgumentError, match=r"vector_add_kernel.*x_ptr.*4 bytes past.*16"):
        kernel[case.grid](*values)
    assert_untouched(arguments["out_ptr"])


def test_wrong_dtype():
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=r"x_ptr.*dtype.*(fp16|float16|Half)"):
        scale_add()[GRID](x.half(), y, out, SIZE, 1.0)
    assert_untouched(out)


def test_more_shared_memory_than_the_device_has():
    x, y, out = vectors()
    with pytest.raises(errors.ResourceError, match=r"scale_add.*400000.*shared"):
        scale_add(shared=400_000)[GRID](x, y, out, SIZE, 1.0)
    assert_untouched(out)


def test_more_threads_than_a_block_may_have():
    x, y, out = vectors()
    text = SCALE_ADD.replace(".reqntid 128", ".maxntid 1024")
    with pytest.raises(errors.Error, match=r"scale_add"):
        scale_add(text, num_warps=64)[GRID](x, y, out, SIZE, 1.0)
    assert_untouched(out)


@pytest.mark.parametrize("other", [75, 100])
def test_cubin_of_another_architecture(other, capability, tmp_path):
    if other // 10 == capability // 10:
        pytest.skip(f"this GPU is sm_{capability}: sm_{other} is no other architecture")
    case = case_named("vector_add")
    plain = compile_plain(case, other)
    arguments = case.arguments("cuda")
    path = write_folder(plain, tmp_path, "cubin")
    with pytest.raises(errors.ArtifactError, match=rf"sm_{other}.*sm_{capability}"):
        load_and_launch(path, case, plain, arguments)
    assert_untouched(arguments["out_ptr"])


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.05])
def test_truncated_cubin(kept, capability, tmp_path):
    case = case_named("vector_add")
    plain = compiled(case, capability)
    path = write_folder(plain, tmp_path, "cubin")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    arguments = case.arguments("cuda")
    with pytest.raises(errors.ArtifactError, match=r"truncated|ends"):
        load_and_launch(path, case, plain, arguments)
    assert_untouched(arguments["out_ptr"])


def test_ptx_newer_than_the_driver():
    x, y, out = vectors()
    with pytest.raises(errors.ArtifactError, match=r"99\.9|UNSUPPORTED_PTX_VERSION|newer"):
        scale_add(SCALE_ADD.replace(".version 8.0", ".version 99.9"))[GRID](x, y, out, SIZE, 1.0)
    assert_untouched(out)


def test_ptx_that_the_driver_refuses_comes_with_its_log():
    """A kernel that fails to load says why, and another load after it works."""
    x, y, out = vectors()
    broken = SCALE_ADD.replace("fma.rn.f32 %f4, %f2, %f1, %f3;", "fma.rn.f32 %f4, %f2, %f1, %undeclared;")
    with pytest.raises(errors.Error, match="undeclared"):
        scale_add(broken)[GRID](x, y, out, SIZE, 1.0)
    assert_untouched(out)
    scale_add()[GRID](x, y, out, SIZE, 1.0)
    assert (out == 2).all()


def test_entry_that_the_module_has_not():
    x, y, out = vectors()
    renamed = SCALE_ADD.replace("scale_add(", "another_name(")
    with pytest.raises(errors.Error, match="scale_add"):
        scale_add(renamed)[GRID](x, y, out, SIZE, 1.0)
    assert_untouched(out)


def test_illegal_address_is_an_error_and_not_a_crash():
    """A fault ends the CUDA context, so a process of its own has it. Torch reports it; so does our next launch."""
    program = textwrap.dedent(
        """
        import torch, triton_runner
        from kernels.handwritten import SCALE_ADD, scale_add_sidecar
        from triton_runner import errors
        kernel = triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_sidecar())
        x, y, out = (torch.ones(256, device="cuda") for _ in range(3))
        kernel[(2,)](x, y, out, 256, 1.0)
        torch.cuda.synchronize()
        kernel[(1 << 22,)](x, y, out, 1 << 29, 1.0)
        try:
            torch.cuda.synchronize()
            raise SystemExit("no fault")
        except RuntimeError as error:
            print("torch:", str(error).splitlines()[0])
        try:
            kernel[(2,)](x, y, out, 256, 1.0)
            raise SystemExit("no error at the next launch")
        except errors.DriverError as error:
            print("ours:", error)
        """
    )
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests.parent), os.environ.get("PYTHONPATH", "")])}
    finished = subprocess.run(
        command, cwd=tests, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "illegal memory access" in finished.stdout
    assert "CUDA_ERROR_ILLEGAL_ADDRESS" in finished.stdout.split("ours:")[1]
    assert "scale_add" in finished.stdout.split("ours:")[1]
