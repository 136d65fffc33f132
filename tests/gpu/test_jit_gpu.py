"""The launch keywords and the drop-in backend on a GPU: what runs is the given artifact, not the Python function."""

from collections import namedtuple

import pytest
import torch
import triton
import triton.language as tl
from kernels import CASES, case_named, clone
from kernels.plain import compile_plain, metadata_of, write_folder
from reference import assert_same_bits, plain_outputs

import triton_runner
from triton_runner import errors

CASE = case_named("vector_add")
TEXT_LEVELS = ("ttir", "ttgir", "llir", "ptx")


@triton_runner.jit
def vector_add_kernel(x_ptr, y_ptr, out_ptr, count, BLOCK: tl.constexpr):
    """Has the corpus kernel's name and parameters, and stores nothing of use: a sum can only come from the artifact."""
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + index, tl.load(x_ptr + index, mask=index < count) * 0.0 - 1.0, mask=index < count)


@pytest.fixture
def plain(capability):
    return compile_plain(CASE, capability, CASE.arguments("cuda"))


def run(**keywords):
    arguments = CASE.arguments("cuda")
    CASE.launch(vector_add_kernel, arguments, **keywords)
    torch.cuda.synchronize()
    return arguments


def test_the_python_function_itself_does_something_else():
    assert (run()["out_ptr"] == -1).all()


@pytest.mark.parametrize("level", [*TEXT_LEVELS, "cubin"])
def test_folder_keyword(level, plain, tmp_path):
    write_folder(plain, tmp_path, level)
    assert_same_bits(CASE, run(**{f"{level}_dir": str(tmp_path)}), plain_outputs(CASE))


@pytest.mark.parametrize("level", TEXT_LEVELS)
@pytest.mark.parametrize("form", ["text", "path"])
def test_source_keyword(level, form, plain, tmp_path):
    path = write_folder(plain, tmp_path, level)
    source = path.read_text() if form == "text" else str(path)
    keywords = {f"{level}_src": source}
    if level in ("llir", "ptx"):
        keywords["metadata_json"] = metadata_of(plain)
    assert_same_bits(CASE, run(**keywords), plain_outputs(CASE))


def test_metadata_as_a_namedtuple(plain):
    metadata = metadata_of(plain)
    as_tuple = namedtuple("Metadata", sorted(metadata))(**metadata)
    got = run(ptx_src=plain.asm["ptx"], metadata_json=as_tuple)
    assert_same_bits(CASE, got, plain_outputs(CASE))


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_an_edited_file_is_compiled_again(level, plain, tmp_path):
    path = write_folder(plain, tmp_path, level)
    keywords = {f"{level}_dir": str(tmp_path)}
    run(**keywords)
    add, subtract = {
        "ttir": ("arith.addf", "arith.subf"),
        "ttgir": ("arith.addf", "arith.subf"),
        "llir": ("fadd", "fsub"),
        "ptx": ("add.f32", "sub.f32"),
    }[level]
    text = path.read_text()
    edited = text.replace(add, subtract)
    assert edited != text, f"the {level} has no {add}"
    path.write_text(edited)
    got = run(**keywords)
    assert torch.equal(got["out_ptr"], got["x_ptr"] - got["y_ptr"])


def test_metadata_of_another_kernel(plain, capability, tmp_path):
    path = write_folder(plain, tmp_path, "cubin")
    other = compile_plain(case_named("softmax"), capability)
    path.with_suffix(".json").write_text((write_folder(other, tmp_path, "ptx").with_suffix(".json")).read_text())
    with pytest.raises(errors.MetadataError, match="softmax_kernel"):
        run(cubin_dir=str(tmp_path))


def test_missing_artifact_names_the_path(tmp_path):
    with pytest.raises(errors.ArtifactError, match=str(tmp_path)):
        run(cubin_dir=str(tmp_path))


@pytest.fixture
def our_backend():
    triton_runner.configure_jit_backend()
    yield
    triton_runner.restore_jit_backend()


DROPPED_IN = ["vector_add", "matmul_fp16_s3", "tma_host_matmul", "tma_copy", "gluon_scale", "gluon_transpose"]


@pytest.mark.parametrize("name", DROPPED_IN)
def test_existing_jit_code_goes_through_us(name, our_backend, capability):
    case = case_named(name)
    if capability < case.min_capability:
        pytest.skip(f"{name} needs sm_{case.min_capability}, this GPU is sm_{capability}")
    arguments = case.arguments("cuda")
    before = clone(arguments)
    case.launch(case.kernel, arguments)
    torch.cuda.synchronize()
    case.check(arguments, case.reference(before))


def test_cpu_tensors_run_on_the_cpu_driver_beside_a_gpu(our_backend):
    arguments = CASE.arguments("cpu")
    CASE.launch(CASE.kernel, arguments)
    CASE.check(arguments, CASE.reference(arguments))


def test_restore_gives_triton_back():
    run_of_triton = triton.runtime.jit.JITFunction.run
    triton_runner.configure_jit_backend()
    triton_runner.restore_jit_backend()
    assert triton.runtime.jit.JITFunction.run is run_of_triton
    assert all(case.kernel.run.__func__ is run_of_triton for case in CASES[:3])
