"""Kernel records read back out of artifacts: tt.func, define, .entry and cubin; what cannot be recovered is named."""

import json

import pytest
import triton
import triton.language as tl
from kernels import case_named
from kernels.plain import compile_plain, metadata_of, signature_of
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

import triton_runner
from triton_runner.compiler.metadata import as_metadata, build_record, with_access
from triton_runner.compiler.recover_cubin import read_cubin, recover_cubin
from triton_runner.compiler.recover_ir import TENSOR_MAP, AbiParam, read_llvm, read_mlir, read_ptx
from triton_runner.compiler.signature import adapt, attach, group, json_constant, record_type
from triton_runner.compiler.target import Target
from triton_runner.errors import ArgumentError, ArtifactError, MetadataError

TYPES = ("fp16", "bf16", "fp32", "fp64", "i1", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "fp8e5", "fp8e4nv")
DIVISIBLE = [["tt.divisibility", 16]]


@triton.jit
def touch(pointer, number, small, real, half, other):
    tl.store(pointer, tl.load(pointer))
    tl.store(other, number + small + (real + half).to(tl.int64))


def compile_touch(type_name="fp32", capability=90, **options):
    signature = {
        "pointer": f"*{type_name}",
        "number": "i64",
        "small": "u8",
        "real": "fp32",
        "half": "fp16",
        "other": "*i64",
    }
    source = ASTSource(touch, signature, None, {(0,): DIVISIBLE, (1,): DIVISIBLE})
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        # ptxas puts the time stamp of the source file into a cubin, so one from an older cache would differ.
        patch.setenv("TRITON_CACHE_DIR", str(tmp_path_factory.mktemp("triton")))
        yield


@pytest.fixture(scope="module")
def touched():
    return compile_touch()


@pytest.fixture(scope="module")
def matmul():
    return compile_plain(case_named("matmul_fp16_s3"), 80)


@pytest.mark.parametrize("level", ["ttir", "ttgir"])
def test_tt_func(touched, level):
    interface = read_mlir(touched.asm[level])
    assert interface.name == "touch"
    assert [(param.name, param.type, param.divisible_by_16) for param in interface.params] == [
        ("pointer", "*fp32", True),
        ("number", "i64", True),
        ("small", "i8", False),
        ("real", "fp32", False),
        ("half", "fp16", False),
        ("other", "*i64", False),
    ]
    expected = (4, 1, 90) if level == "ttgir" else (None, None, None)
    assert (interface.num_warps, interface.num_ctas, interface.arch) == expected


@pytest.mark.parametrize("type_name", TYPES)
def test_pointer_types_of_tt_func(type_name):
    ttir = compile_touch(type_name).asm["ttir"]
    found = read_mlir(ttir).params[0].type
    assert found == "*" + type_name.replace("u", "i")


def test_tt_func_without_names_takes_those_of_the_values():
    params = "%arg0: !tt.ptr<f16>, %n: i32 {tt.divisibility = 32 : i32}"
    text = f"module {{\n  tt.func public @f({params}) {{\n    tt.return\n  }}\n}}\n"
    assert [(param.name, param.type, param.divisible_by_16) for param in read_mlir(text).params] == [
        ("arg0", "*fp16", False),
        ("n", "i32", True),
    ]


def test_descriptors_of_tt_func():
    plain = compile_plain(case_named("tma_host_matmul"), 90)
    for level in ("ttir", "ttgir"):
        params = group(read_mlir(plain.asm[level]).params, "here")
        names = [name for name, text in signature_of(plain).items() if text != "constexpr"]
        assert [param["name"] for param in params] == names
        described = [param for param in params if param["type"].startswith("tensordesc<fp16[")]
        assert len(described) == len([text for text in signature_of(plain).values() if text.startswith("tensordesc")])


def test_a_private_function_is_no_kernel():
    text = "module {\n  tt.func private @helper(%x: f32) {\n  }\n  tt.func public @kernel() {\n    tt.return\n  }\n}\n"
    assert read_mlir(text).name == "kernel"


def test_define(matmul):
    interface = read_llvm(matmul.asm["llir"])
    visible = len([text for text in signature_of(matmul).values() if text != "constexpr"])
    assert interface.name == matmul.metadata.name
    assert [param.type for param in interface.params[-2:]] == ["*opaque", "*opaque"]
    assert all(param.unused for param in interface.params[-2:])
    assert len(interface.params) == visible + 2
    assert interface.num_warps == matmul.metadata.num_warps
    assert interface.shared is None, "dynamic shared memory is used, and its size stands nowhere"


def test_define_of_every_scalar_type(touched):
    types = [param.type for param in read_llvm(touched.asm["llir"]).params]
    assert types == ["*opaque", "i64", "i8", "fp32", "fp16", "*opaque", "*opaque", "*opaque"]
    assert read_llvm(touched.asm["llir"]).shared == 0


def test_define_with_a_descriptor_and_a_cluster():
    tma = read_llvm(compile_plain(case_named("tma_host_matmul"), 90).asm["llir"])
    assert tma.params[0].type == TENSOR_MAP
    cluster = read_llvm(compile_plain(case_named("cluster"), 90).asm["llir"])
    assert cluster.num_ctas == 2


def test_define_that_old_annotations_make_a_kernel():
    text = (
        "define void @helper(i32 %0) {\n  ret void\n}\n"
        "define void @old(i8 addrspace(1)* %0, i32 %1) {\n  ret void\n}\n"
        '!nvvm.annotations = !{!0}\n!0 = !{ptr @old, !"kernel", i32 1}\n'
    )
    assert read_llvm(text).name == "old"
    assert [param.type for param in read_llvm(text).params] == ["*opaque", "i32"]


def test_entry(matmul, touched):
    assert (read_ptx(matmul.asm["ptx"]).name, read_ptx(matmul.asm["ptx"]).arch) == (matmul.metadata.name, 80)
    assert (read_ptx(matmul.asm["ptx"]).num_warps, read_ptx(matmul.asm["ptx"]).shared) == (
        matmul.metadata.num_warps,
        None,
    )
    assert (read_ptx(touched.asm["ptx"]).arch, read_ptx(touched.asm["ptx"]).shared) == (90, 0)
    assert read_ptx(compile_plain(case_named("cluster"), 90).asm["ptx"]).num_ctas == 2


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_mlir, "module {\n}\n", "defines no kernel"),
        (read_mlir, "tt.func public @f(%a: i32", "truncated"),
        (read_mlir, "tt.func public @f(%a: tensor<4xi32>) {", "which no launcher can pass"),
        (read_llvm, "define void @f() {\n}\n", "defines no kernel"),
        (read_llvm, "define ptx_kernel void @f([4 x i32] %0) {\n}\n", "which no launcher can pass"),
        (read_ptx, ".version 8.0\n.target sm_80\n", "defines no kernel"),
    ],
)
def test_text_that_defines_no_kernel(read, text, words):
    with pytest.raises(ArtifactError, match=words):
        read(text)


def test_several_kernels_need_a_name():
    text = "tt.func public @a() {\n}\ntt.func public @b() {\n}\n"
    with pytest.raises(MetadataError, match=r"defines 2 kernels \(a, b\): give the one meant as name="):
        read_mlir(text)
    assert read_mlir(text, "b").name == "b"
    with pytest.raises(MetadataError, match=r"expected kernel 'c', but the text defines 'a', 'b'"):
        read_mlir(text, "c")


@pytest.mark.parametrize("level", ["ttir", "ttgir"])
def test_compiling_mlir_needs_no_sidecar(matmul, level):
    kernel = triton_runner.compile(matmul.asm[level], to="ptx", target=80)
    assert kernel.artifacts["ptx"] == matmul.asm["ptx"]
    assert kernel.spec.shared == matmul.metadata.shared > 0
    wanted = [(name, text) for name, text in signature_of(matmul).items() if text != "constexpr"]
    assert [
        (param.name, param.type + (":16" if param.divisible_by_16 else "")) for param in kernel.spec.params
    ] == wanted


@pytest.mark.parametrize("level", ["llir", "ptx"])
def test_shared_memory_that_stands_nowhere_is_asked_for(matmul, level):
    with pytest.raises(MetadataError, match=r"shared.*metadata=\{'shared': "):
        triton_runner.compile(matmul.asm[level], to="ptx", target=80)
    kernel = triton_runner.compile(matmul.asm[level], to="ptx", target=80, metadata={"shared": matmul.metadata.shared})
    assert kernel.spec.shared == matmul.metadata.shared
    assert kernel.spec.num_warps == matmul.metadata.num_warps


@pytest.mark.parametrize("level", ["llir", "ptx"])
def test_the_metadata_of_triton_with_a_signature_makes_the_whole_record(matmul, level):
    signature = signature_of(matmul)
    kernel = triton_runner.compile(
        matmul.asm[level], to="ptx", target=80, metadata=metadata_of(matmul), signature=signature
    )
    assert [param.name for param in kernel.spec.params] == list(signature)
    by_name = {param.name: param for param in kernel.spec.params}
    for name, text in signature.items():
        assert by_name[name].type + (":16" if by_name[name].divisible_by_16 else "") == text


def test_metadata_in_each_form(matmul, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(json.dumps(metadata_of(matmul)))
    forms = (metadata_of(matmul), matmul.metadata, path, str(path), path.read_text(), path.read_bytes())
    assert all(as_metadata(form)["target"]["arch"] == 80 for form in forms)
    for form, words in ((3, "is a int"), ("[1]\n", "no such metadata file"), ("{", "is no JSON")):
        with pytest.raises(MetadataError, match=words):
            as_metadata(form)
    path.write_text("[]")
    with pytest.raises(MetadataError, match=r"holds '\[\]', expected a JSON object"):
        as_metadata(path)


def test_a_signature_that_does_not_fit_the_artifact(touched):
    good = {"pointer": "*fp32", "number": "i64", "small": "u8", "real": "fp32", "half": "fp16", "other": "*i64"}
    llir = touched.asm["llir"]
    assert len(triton_runner.compile(llir, to="ptx", signature=good).spec.params) == 6
    with pytest.raises(MetadataError, match=r"argument 'small' is i32, but the artifact's parameter 2 is i8"):
        triton_runner.compile(llir, to="ptx", signature=good | {"small": "i32"})
    with pytest.raises(MetadataError, match=r"the artifact has 6 parameters, but the signature accounts for 5"):
        triton_runner.compile(llir, to="ptx", signature=dict(list(good.items())[:5]))
    with pytest.raises(MetadataError, match=r"argument 'more' is i32, but the artifact's parameter 6 is nothing"):
        triton_runner.compile(llir, to="ptx", signature=good | {"more": "i32"})


def test_num_warps_that_contradict_the_artifact(touched):
    with pytest.raises(MetadataError, match=r"metadata's num_warps is 8, but the artifact was built for 4"):
        triton_runner.compile(touched.asm["llir"], to="ptx", metadata={"num_warps": 8})


def test_scratch_that_is_used_must_be_sized(touched):
    # The last but one pointer is the global scratch; once something reads it, its size matters.
    used = touched.asm["llir"].replace("ptr addrspace(1) readnone", "ptr addrspace(1) readonly", 1)
    with pytest.raises(MetadataError, match=r"uses its global scratch.*global_scratch_size"):
        triton_runner.compile(used, to="ptx")
    kernel = triton_runner.compile(used, to="ptx", metadata={"global_scratch_size": 128, "global_scratch_align": 16})
    assert kernel.spec.global_scratch == (128, 16)


PARAMS = [
    {"name": "x", "type": "*fp16"},
    {"name": "n", "type": "u32"},
    {"name": "B", "type": "constexpr", "constant": 4},
]


def test_attach_takes_divisibility_from_the_artifact():
    abi = (AbiParam("*fp16", "x", True), AbiParam("i32", "n", False))
    assert attach(PARAMS, abi, "here")[0] == {"name": "x", "type": "*fp16", "divisible_by_16": True}
    stale = [{**PARAMS[0], "divisible_by_16": True}, *PARAMS[1:]]
    assert "divisible_by_16" not in attach(stale, (AbiParam("*fp16", "x", False), abi[1]), "here")[0]
    assert attach(stale, (AbiParam("*opaque"), AbiParam("i32")), "here")[0]["divisible_by_16"]


def test_adapt_follows_the_specialization_of_the_artifact():
    one = [PARAMS[0], {"name": "n", "type": "constexpr", "constant": 1}, PARAMS[2]]
    abi = (AbiParam("*fp16", "x"), AbiParam("i32", "n"))
    assert adapt(one, abi, "here")[1] == {"name": "n", "type": "i32"}, "compiled for any n, launched with 1"
    with pytest.raises(
        ArgumentError, match=r"argument 'n' is a u32 here, but the artifact was compiled with a constant"
    ):
        adapt(PARAMS, (AbiParam("*fp16", "x"),), "here")


def test_a_descriptor_has_two_interfaces():
    param = [{"name": "d", "type": "tensordesc<fp16[8,16]>"}]
    tail = [AbiParam("i32"), AbiParam("i32"), AbiParam("i64"), AbiParam("i64")]
    decomposed = [AbiParam("*fp16"), *[AbiParam("i64")] * 4, AbiParam("i1"), *tail]
    assert attach(param, [AbiParam(TENSOR_MAP), *tail], "here") == param
    assert attach(param, decomposed, "here") == param
    with pytest.raises(MetadataError, match=r"argument 'd'"):
        attach(param, decomposed[:5], "here")


def test_access_is_laid_on_the_parameters_in_their_binary_order():
    params = [
        {"name": "d", "type": "tensordesc<fp16[8,16]>"},
        {"name": "B", "type": "constexpr", "constant": 1},
        {"name": "x", "type": "*fp16", "access": "write"},
        {"name": "n", "type": "i32"},
        {"name": "y", "type": "*fp16"},
    ]
    access = ["read", *["none"] * 9, "read", "none", "readwrite"]
    assert [param.get("access") for param in with_access(params, access, "3.6.0")] == [
        "read",
        None,
        "read",
        None,
        "readwrite",
    ]
    mapped = [{**params[0], "tensor_map": {}}, *params[1:]]
    access = ["none", *["none"] * 4, "read", "none", "readwrite"]
    assert [param.get("access") for param in with_access(mapped, access, "3.6.0")] == [
        None,
        None,
        "read",
        None,
        "readwrite",
    ]
    assert all("access" not in param for param in with_access(params, [], "3.6.0")), "a stale access does not survive"


def test_tensor_maps_must_be_as_many_as_descriptors():
    with pytest.raises(MetadataError, match=r"tensordesc_meta has 1 entries for 0 tensor descriptors"):
        build_record(
            "k",
            PARAMS,
            {"num_warps": 4, "tensordesc_meta": [{}]},
            Target("cuda", 90),
            global_scratch=True,
            profile_scratch=True,
        )


def test_record_types_and_constants():
    assert record_type("*kfp16") == "*fp16"
    assert record_type("tensordesc<fp16[64, 32],NVMMASharedLayout(swizzle=128)>") == "tensordesc<fp16[64,32]>"
    assert [json_constant(value) for value in (1, True, None, "relu", 0.5)] == [1, True, None, "relu", 0.5]
    assert json_constant(float("inf")) == "inf"
    assert json_constant(tl.float16) == "fp16"
    assert json_constant(tl.constexpr(4)) == 4
    assert json_constant((1, (2, None))) == [1, [2, None]]


@pytest.mark.parametrize("capability", [75, 80, 90, 100, 120])
def test_cubin(capability):
    plain = compile_touch(capability=capability)
    cubin = read_cubin(plain.asm["cubin"])
    assert (cubin.interface.name, cubin.arch) == ("touch", capability)
    assert cubin.interface.num_warps == 4
    sizes = ["*opaque", "any8", "any1", "any4", "any2", "*opaque", "*opaque", "*opaque"]
    assert [param.type for param in cubin.interface.params] == sizes
    assert cubin.ptx is not None
    assert read_ptx(cubin.ptx).name == "touch"


def test_cubin_of_a_cluster_with_a_descriptor():
    assert read_cubin(compile_plain(case_named("cluster"), 90).asm["cubin"]).interface.num_ctas == 2
    tma = read_cubin(compile_plain(case_named("tma_host_matmul"), 90).asm["cubin"])
    assert tma.interface.params[0].type == TENSOR_MAP
    assert tma.interface.shared is None


def without_ptx(cubin: bytes) -> bytes:
    """The cubin as ptxas writes it without line information: a section of another name hides the PTX."""
    return cubin.replace(b".nv_debug_ptx_txt", b".nv_debug_ptx_xxx")


def test_cubin_without_embedded_ptx(touched):
    cubin = without_ptx(touched.asm["cubin"])
    metadata = {"global_scratch_size": 0, "profile_scratch_size": 0}
    record = recover_cubin(cubin, metadata, None, None)
    assert [param["type"] for param in record["params"]] == ["*opaque", "i64", "i8", "i32", "i16", "*opaque"]
    signature = [("p", "*fp32:16"), ("n", "i64"), ("s", "u8"), ("r", "fp32"), ("h", "fp16"), ("o", "*i64")]
    record = recover_cubin(cubin, metadata, signature, "touch")
    assert [(param["name"], param["type"]) for param in record["params"]] == [
        (n, t.split(":")[0]) for n, t in signature
    ]
    assert record["target"] == {"backend": "cuda", "arch": "90", "warp_size": 32}
    assert (record["num_warps"], record["shared"], record["name"]) == (4, 0, "touch")


@pytest.mark.parametrize(
    ("metadata", "signature", "name", "words"),
    [
        ({}, None, None, r"'global_scratch_size' .* is missing"),
        (
            {"global_scratch_size": 0, "profile_scratch_size": 0},
            [("p", "*fp32"), ("n", "i32")],
            None,
            "argument 'n' is i32",
        ),
        ({}, None, "other", "expected kernel 'other', but the cubin holds 'touch'"),
        ({"name": "other"}, None, None, "the metadata is of kernel 'other'"),
        (
            {"target": {"backend": "cuda", "arch": 80, "warp_size": 32}},
            None,
            None,
            "is for sm_90, but its metadata is of .* sm_80",
        ),
        ({"num_warps": 8}, None, None, "metadata's num_warps is 8, but the artifact was built for 4"),
    ],
)
def test_cubins_that_do_not_fit(touched, metadata, signature, name, words):
    with pytest.raises(MetadataError, match=words):
        recover_cubin(without_ptx(touched.asm["cubin"]), metadata, signature, name)


def test_a_damaged_cubin(touched):
    cubin = touched.asm["cubin"]
    with pytest.raises(ArtifactError, match=r"damaged|no kernel"):
        read_cubin(cubin[:64] + bytes(len(cubin) - 64))
    with pytest.raises(ArtifactError, match=r"truncated: it has 200 bytes"):
        read_cubin(cubin[:200])
