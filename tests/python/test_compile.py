"""compile: from any level to any lower one, for every target, with Triton's own bytes."""

import json

import pytest
import triton
import triton.language as tl
from kernels import case_named
from kernels.plain import compile_plain, metadata_of, source_of
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

import triton_runner
from triton_runner.compiler.target import parse_target
from triton_runner.errors import (
    ArgumentError,
    ArtifactError,
    CompileError,
    MetadataError,
    UnsupportedError,
)

TARGETS = (75, 80, 86, 89, 90, 100, 120)
LEVELS = ("ttir", "ttgir", "llir", "ptx", "cubin")


@triton.jit
def axpy(x_ptr, out_ptr, count, stride, BLOCK: tl.constexpr, FACTOR: tl.constexpr = 2.0):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index * stride, mask=index < count)
    tl.store(out_ptr + index, x * FACTOR, mask=index < count)


SIGNATURE = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "count": "i32", "stride": "i32:1"}
CONSTANTS = {"BLOCK": 128, "FACTOR": 2.0}


def axpy_by_triton(capability, **options):
    types = {
        "x_ptr": "*fp32",
        "out_ptr": "*fp32",
        "count": "i32",
        "stride": "constexpr",
        "BLOCK": "constexpr",
        "FACTOR": "constexpr",
    }
    divisible = [["tt.divisibility", 16]]
    source = ASTSource(axpy, types, CONSTANTS | {"stride": 1}, {(0,): divisible, (1,): divisible})
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        # ptxas puts the time stamp of the source file into a cubin, so one from an older cache would differ.
        patch.setenv("TRITON_CACHE_DIR", str(tmp_path_factory.mktemp("triton")))
        yield


@pytest.mark.parametrize("capability", TARGETS)
def test_a_function_gives_the_bytes_of_triton(capability):
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=capability)
    plain = axpy_by_triton(capability)
    assert tuple(kernel.artifacts) == LEVELS
    for level in LEVELS:
        assert kernel.artifacts[level] == plain.asm[level], level


@pytest.mark.parametrize("capability", TARGETS)
def test_each_level_gives_the_bytes_of_triton(capability):
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=capability)
    for level in ("ttir", "llir") if capability not in (80, 90) else ("ttir", "ttgir", "llir", "ptx"):
        again = triton_runner.compile(kernel.folder / f"axpy.{level}", target=capability)
        assert again.artifacts["ptx"] == kernel.artifacts["ptx"], level
        assert again.artifacts["cubin"] == kernel.artifacts["cubin"], level
        assert again.spec == kernel.spec, level


@pytest.mark.parametrize(
    ("case", "capability"),
    [
        ("matmul_fp16_s3", 80),
        ("matmul_fp16_s3", 90),
        ("tma_host_matmul", 90),
        ("tma_host_matmul", 80),
        ("gluon_transpose", 90),
        ("cluster", 90),
    ],
)
def test_the_corpus_gives_the_bytes_of_triton_at_each_level(case, capability):
    case = case_named(case)
    plain = compile_plain(case, capability)
    source, _, options = source_of(case, case.arguments("cpu"), capability)
    given = {name: value for name, value in options.items() if value is not None}
    kernel = triton_runner.compile(source, target=capability, options=given)
    assert all(kernel.artifacts[level] == plain.asm[level] for level in kernel.artifacts)
    for level in [level for level in ("ttir", "ttgir", "llir") if level in kernel.artifacts]:
        again = triton_runner.compile(kernel.folder / f"{kernel.spec.name}.{level}", target=capability)
        assert again.artifacts["cubin"] == plain.asm["cubin"], level
        assert again.spec == kernel.spec, level


def test_the_record_of_a_function():
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=80, options={"num_warps": 2})
    spec = kernel.spec
    assert [(param.name, param.type, param.divisible_by_16) for param in spec.params] == [
        ("x_ptr", "*fp32", True),
        ("out_ptr", "*fp32", True),
        ("count", "i32", False),
        ("stride", "constexpr", False),
        ("BLOCK", "constexpr", False),
        ("FACTOR", "constexpr", False),
    ]
    assert [param.constant for param in spec.params[3:]] == [1, 128, 2.0]
    assert [param.access for param in spec.params[:2]] == ["read", "write"]
    assert (spec.name, spec.num_warps, spec.num_ctas, spec.shared) == ("axpy", 2, 1, 0)
    assert (spec.global_scratch, spec.profile_scratch) == ((0, 1), (0, 1))
    assert (spec.target.backend, spec.target.arch, spec.triton_version) == ("cuda", "80", triton.__version__)


def test_the_sidecar_holds_the_record_and_the_metadata_of_triton():
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=90)
    sidecar = json.loads((kernel.folder / "axpy.json").read_text())
    plain = json.loads(json.dumps(metadata_of(axpy_by_triton(90))))
    assert {name: sidecar[name] for name in plain if name != "hash"} == {k: v for k, v in plain.items() if k != "hash"}
    assert triton_runner._C.KernelSpec.from_json(json.dumps(sidecar["triton_runner"])) == kernel.spec


def test_the_record_of_a_host_descriptor():
    case = case_named("tma_host_matmul")
    for capability, has_map in ((90, True), (80, False)):
        source, _, options = source_of(case, case.arguments("cpu"), capability)
        kernel = triton_runner.compile(
            source, to="ptx", target=capability, options={k: v for k, v in options.items() if v is not None}
        )
        descriptors = [param for param in kernel.spec.params if param.kind == "descriptor"]
        assert descriptors
        assert all(param.has_tensor_map is has_map for param in descriptors)
        assert all(len(param.block_shape) == 2 for param in descriptors)


def test_tuples_are_flattened():
    @triton.jit
    def tuples(pair, BLOCK: tl.constexpr):
        tl.store(pair[0] + tl.arange(0, BLOCK), pair[1])

    kernel = triton_runner.compile(
        tuples,
        signature={"pair": ("*fp32:16", "i32", "constexpr")},
        constexprs={(0, 2): 5, "BLOCK": 32},
        to="ptx",
        target=80,
    )
    assert [(param.name, param.type) for param in kernel.spec.params] == [
        ("pair.0", "*fp32"),
        ("pair.1", "i32"),
        ("pair.2", "constexpr"),
        ("BLOCK", "constexpr"),
    ]


def test_a_signature_in_order_with_bare_constants():
    kernel = triton_runner.compile(axpy, signature=["*fp32:16", "*fp32:16", "i32", "i32:1", 128, 2.0], target=80)
    assert kernel.spec == triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=80).spec


@pytest.mark.parametrize("to", LEVELS)
def test_stops_at_the_level_asked_for(to):
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, to=to, target=80)
    assert tuple(kernel.artifacts) == LEVELS[: LEVELS.index(to) + 1]


@pytest.mark.parametrize("target", ["sm_90", "sm90", "sm_90a", "90", 90, GPUTarget("cuda", 90, 32)])
def test_spellings_of_a_target(target):
    assert parse_target(target).name == "sm_90"


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        ("sm_999", UnsupportedError, "target is sm_999, expected one of sm_75, sm_80"),
        (70, UnsupportedError, "target is sm_70"),
        ("gfx900", UnsupportedError, "target is gfx900, expected one of sm_75, .*, gfx90a, gfx942"),
        (GPUTarget("hip", "gfx942", 32), ArgumentError, "target gfx942 has a warp_size of 32, expected 64"),
        (GPUTarget("xpu", "pvc", 32), UnsupportedError, "target backend is 'xpu'"),
        ("hopper", ArgumentError, "target is 'hopper'"),
        (9.0, ArgumentError, "target is 9.0"),
        (True, ArgumentError, "target is True"),
    ],
)
def test_targets_that_are_none(target, error, words):
    with pytest.raises(error, match=words):
        parse_target(target)


def test_without_a_gpu_the_target_is_sm_80(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, to="ttir")
    assert kernel.spec.target.arch == "80"


def test_an_artifact_without_a_target_stays_with_its_own(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    ttgir = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, to="ttgir", target=90).artifacts[
        "ttgir"
    ]
    assert triton_runner.compile(ttgir, to="ptx").spec.target.arch == "90"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_warp": 8}, "option 'num_warp' is unknown to Triton .*: did you mean 'num_warps'?"),
        ({"blocks": 8}, "option 'blocks' is unknown to Triton"),
        ({"ir_override": "x.ttir"}, "ttir_src"),
    ],
)
def test_unknown_options(options, words):
    for source, extra in (
        (axpy, {"signature": SIGNATURE, "constexprs": CONSTANTS}),
        (axpy_by_triton(80).asm["ttir"], {}),
    ):
        with pytest.raises(UnsupportedError, match=words):
            triton_runner.compile(source, options=options, target=80, **extra)


def test_options_that_triton_refuses():
    with pytest.raises(CompileError, match=r"num_warps must be a power of 2"):
        triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=80, options={"num_warps": 3})
    with pytest.raises(CompileError, match=r"num_ctas > 1 requires NVIDIA SM90"):
        triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=80, options={"num_ctas": 2})


def test_options_reach_the_compiler():
    options = {"num_warps": 8, "maxnreg": 64, "enable_fp_fusion": False, "launch_pdl": True}
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=90, options=options)
    assert kernel.artifacts["cubin"] == axpy_by_triton(90, **options).asm["cubin"]
    assert ".maxnreg 64" in kernel.artifacts["ptx"]
    assert (kernel.spec.num_warps, kernel.spec.pdl) == (8, True)
    again = triton_runner.compile(kernel.folder / "axpy.ttir", target=90)
    assert again.spec == kernel.spec, "the sidecar carries the options"


def test_an_option_that_contradicts_the_ir():
    ttgir = axpy_by_triton(80).asm["ttgir"]
    with pytest.raises(ArgumentError, match=r"option num_warps is 8, but this ttgir was built for num_warps = 4"):
        triton_runner.compile(ttgir, to="ptx", options={"num_warps": 8})


@pytest.mark.parametrize(
    ("signature", "constexprs", "words"),
    [
        ({"x_ptr": "*fp32"}, CONSTANTS, "argument 'out_ptr' has neither a type in signature nor a value in constexprs"),
        (SIGNATURE, {"BLOCK": 128}, "argument 'FACTOR' has neither"),
        (
            SIGNATURE | {"BLOCK": "constexpr", "FACTOR": "constexpr"},
            {"FACTOR": 1.0},
            "argument 'BLOCK' is a constexpr: give its value",
        ),
        (SIGNATURE | {"extra": "i32"}, CONSTANTS, "signature names 'extra', which is no argument of the kernel"),
        (SIGNATURE, CONSTANTS | {"extra": 1}, "constexprs names 'extra'"),
        (SIGNATURE | {"count": "i32:8"}, CONSTANTS, "type 'i32:8' ends in ':8'"),
        (["i32"] * 9, None, "signature has 9 types, but the kernel has 6 arguments"),
    ],
)
def test_signatures_that_do_not_fit(signature, constexprs, words):
    with pytest.raises(ArgumentError, match=words):
        triton_runner.compile(axpy, signature=signature, constexprs=constexprs, target=80)


def test_a_function_that_does_not_compile():
    @triton.jit
    def wrong(x_ptr):
        tl.store(x_ptr, undefined_name)  # noqa: F821

    with pytest.raises(
        CompileError, match=r"kernel 'wrong': compiling it for sm_80 failed at python: .*(?s:.*)undefined_name"
    ):
        triton_runner.compile(wrong, signature=["*fp32"], target=80)


def test_arguments_that_make_no_sense():
    ttir = axpy_by_triton(80).asm["ttir"]
    with pytest.raises(ArgumentError, match=r"constexprs .* only a Python function takes them"):
        triton_runner.compile(ttir, constexprs={"BLOCK": 1})
    with pytest.raises(ArgumentError, match=r"the source is a Python function, but level is 'ttir'"):
        triton_runner.compile(axpy, level="ttir", signature=SIGNATURE, constexprs=CONSTANTS)
    with pytest.raises(ArgumentError, match=r"'ttgir' cannot be compiled to 'ttir'"):
        triton_runner.compile(axpy_by_triton(80).asm["ttgir"], to="ttir")
    with pytest.raises(ArgumentError, match=r"give the target to compile for, such as target='gfx942'"):
        triton_runner.compile(ttir, to="hsaco")
    with pytest.raises(ArgumentError, match=r"'hsaco' belongs to AMD GPUs, but the target is sm_90"):
        triton_runner.compile(ttir, to="hsaco", target="sm_90")
    with pytest.raises(ArtifactError, match=r"a cubin is at the lowest level"):
        triton_runner.compile(axpy_by_triton(80).asm["cubin"], to="cubin")
    with pytest.raises(ArgumentError, match=r"the source is a Autotuner: give the jit function below it"):
        triton_runner.compile(triton.autotune([triton.Config({"BLOCK": 64})], key=[])(axpy))


def test_an_artifact_for_a_newer_gpu():
    plain = axpy_by_triton(90)
    with pytest.raises(ArtifactError, match=r"this ttgir was made for sm_90, and cannot be compiled for sm_80"):
        triton_runner.compile(plain.asm["ttgir"], target=80)
    with pytest.raises(ArtifactError, match=r"this ptx was made for sm_90, and cannot be compiled for sm_80"):
        triton_runner.compile(plain.asm["ptx"], target=80, metadata={"shared": 0})


def test_the_result_answers_like_tritons():
    kernel = triton_runner.compile(axpy, signature=SIGNATURE, constexprs=CONSTANTS, target=80)
    assert kernel.asm["ptx"] == kernel.artifacts["ptx"]
    assert kernel.name == kernel.metadata.name == "axpy"
    assert (kernel.metadata.num_warps, kernel.metadata.target.arch) == (4, 80)
    assert kernel.folder.name == kernel.hash


def test_metadata_of_another_kernel_or_target(tmp_path):
    plain = axpy_by_triton(80)
    other = compile_plain(case_named("vector_add"), 80)
    with pytest.raises(MetadataError, match=r"of kernel 'vector_add_kernel', but the artifact holds kernel 'axpy'"):
        triton_runner.compile(plain.asm["ptx"], to="ptx", metadata=metadata_of(other))
    with pytest.raises(MetadataError, match=r"the artifact is for sm_80, but its metadata is of a kernel for sm_90"):
        triton_runner.compile(plain.asm["ptx"], to="ptx", metadata=metadata_of(axpy_by_triton(90)))
    (tmp_path / "axpy.llir").write_text(plain.asm["llir"])
    (tmp_path / "axpy.json").write_text(json.dumps(metadata_of(other)))
    with pytest.raises(MetadataError, match=r"axpy\.json: the metadata is of kernel 'vector_add_kernel'"):
        triton_runner.compile(tmp_path / "axpy.llir", to="ptx")
