"""MLIR_ENABLE_DUMP leaves the module after each pass beside the artifacts; a launch starts from such a file."""

import re

import pytest
import torch
from kernels import case_named, clone
from kernels.plain import source_of

import triton_runner
from triton_runner.errors import ArgumentError, ArtifactError


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def case():
    return case_named("softmax")


@pytest.fixture(scope="module")
def dumped(case):
    """The kernel on sm_80, compiled with MLIR_ENABLE_DUMP, and the files of its passes in order."""
    source = source_of(case, case.arguments("cpu"), 80)[0]
    plain = triton_runner.compile(source, target="sm_80", to="ptx", options=case.options)
    assert not (plain.folder / "mlir").exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLIR_ENABLE_DUMP", "1")
        kernel = triton_runner.compile(source, target="sm_80", to="ptx", options=case.options)
    assert kernel.artifacts["ptx"] == plain.artifacts["ptx"]
    return kernel, sorted((kernel.folder / "mlir").iterdir())


def test_the_files_are_the_passes(case, dumped):
    kernel, files = dumped
    source = source_of(case, case.arguments("cpu"), 80)[0]
    passes = triton_runner.passes(source, target="sm_80", options=case.options)
    assert [path.name for path in files] == [record.file_name() for record in passes]
    assert [path.read_text() for path in files] == [record.text for record in passes]
    assert any(re.fullmatch(r"\d\d-changed-TritonGPUCoalesce\.mlir", path.name) for path in files)
    assert any(re.fullmatch(r"\d\d-TritonGPUPrefetch\.mlir", path.name) for path in files)
    assert not list(kernel.folder.glob(".tmp-*"))


def test_the_variable_may_name_a_kernel(dumped, monkeypatch):
    ttgir = dumped[0].artifacts["ttgir"]
    for value, expected in (("another_kernel", False), ("0", False), ("softmax_kernel", True)):
        monkeypatch.setenv("MLIR_ENABLE_DUMP", value)
        kernel = triton_runner.compile(ttgir, to="ptx", target="sm_80")
        assert (kernel.folder / "mlir").exists() == expected, value
    names = [path.name for path in (kernel.folder / "mlir").iterdir()]
    assert not [name for name in names if "TritonGPUCoalesce" in name], "TTGIR has those passes behind it"
    monkeypatch.setenv("MLIR_ENABLE_DUMP", "1")
    assert not (
        triton_runner.compile(kernel.artifacts["ptx"], to="ptx", metadata=kernel.metadata).folder / "mlir"
    ).exists()


def find(dumped, name):
    return next(path for path in dumped[1] if name in path.name)


@pytest.mark.parametrize(
    ("keyword", "file", "start"),
    [
        ("ttir_src", "TritonCombineOps", "combine"),
        ("ttgir_src", "TritonGPUCoalesce", "coalesce"),
        ("llir_src", "AllocateSharedMemoryNv", "allocate_shared_memory_nv"),
        ("llir_src", "ConvertNVVMToLLVMPass", "ConvertNVVMToLLVM"),
    ],
)
def test_a_launch_starts_after_a_pass(case, dumped, keyword, file, start):
    arguments = case.arguments("cpu")
    expected = case.reference(clone(arguments))
    function = triton_runner.jit(case.kernel)
    path = find(dumped, file)
    kernel = case.launch(function, arguments, **{keyword: path}, start_pass=start)
    case.check(arguments, expected)
    assert kernel.artifacts["ptx"] == dumped[0].artifacts["ptx"]
    # Text serves as well, and an edit of it is another kernel.
    edited = path.read_text().replace("arith.divf", "arith.mulf").replace("llvm.fsub", "llvm.fmul")
    assert edited != path.read_text()
    arguments = case.arguments("cpu")
    case.launch(function, arguments, **{keyword: edited}, start_pass=start)
    with pytest.raises(AssertionError):
        case.check(arguments, expected)


def test_a_launch_takes_the_other_edits_too(case, dumped):
    arguments = case.arguments("cpu")
    expected = case.reference(clone(arguments))
    kernel = case.launch(
        triton_runner.jit(case.kernel),
        arguments,
        ttgir_src=find(dumped, "TritonGPUCoalesce"),
        start_pass="TritonGPUCoalesce",
        start_before=True,
        skip_passes=["TritonGPUCoalesce"],
    )
    case.check(arguments, expected)
    assert kernel.artifacts["ttgir"] != ""


def test_what_a_launch_refuses(case, dumped):
    function, arguments = triton_runner.jit(case.kernel), case.arguments("cpu")
    before = clone(arguments)
    module = find(dumped, "TritonGPUCoalesce")
    with pytest.raises(ArgumentError, match="start_pass at a launch goes with ttir_src, ttgir_src or llir_src"):
        case.launch(function, arguments, start_pass="coalesce")
    with pytest.raises(ArgumentError, match=r"start_pass goes with ttir_src.* but ptx_src is given"):
        case.launch(function, arguments, ptx_src=dumped[0].artifacts["ptx"], start_pass="coalesce")
    with pytest.raises(ArgumentError, match=r"no pass 'coalescence' in .*nearest: coalesce"):
        case.launch(function, arguments, ttgir_src=module, start_pass="coalescence")
    with pytest.raises(ArtifactError, match="starts from an MLIR module"):
        case.launch(function, arguments, llir_src=dumped[0].artifacts["llir"], start_pass="to_llvmir")
    for name, value in arguments.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, before[name])
