"""@triton_runner.jit: binding, specialization, every launch keyword, edited files, the line that a launch prints."""

import json
import os
import time

import pytest
import torch
import triton
import triton.language as tl
from kernels.gluon_kernels import gluon_scale_kernel
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.runtime.jit import JITFunction

import triton_runner
from triton_runner import launch_source
from triton_runner.compiler.target import parse_target
from triton_runner.errors import (
    ArgumentError,
    ArtifactError,
    ArtifactNotFoundError,
    CompileError,
    MetadataError,
    UnsupportedError,
)

SIZE = 300
BLOCK = 128
GRID = (triton.cdiv(SIZE, BLOCK),)
LEVELS = ("ttir", "ttgir", "llir", "ptx")


@triton_runner.jit
def double(x):
    return x * 2.0


@triton_runner.jit
def scale(x_ptr, out_ptr, count, stride, BLOCK: tl.constexpr, BIAS: tl.constexpr = 0.0):
    """Doubles and adds."""
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + index * stride, mask=index < count)
    tl.store(out_ptr + index, double(x) + BIAS, mask=index < count)


@triton_runner.jit
def add_pair(pair, out_ptr, bias, BLOCK: tl.constexpr):
    index = tl.arange(0, BLOCK)
    value = tl.load(pair[0] + index) * pair[1]
    if bias is not None:
        value += bias
    tl.store(out_ptr + index, value)


OFFSET = tl.constexpr(3)


@triton_runner.jit
def with_global(out_ptr):
    tl.store(out_ptr, OFFSET)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(_own_cache):
    """The cache entry of `scale` for these arguments: every level and the sidecar."""
    x, out = vectors()
    return scale.warmup(x, out, SIZE, 1, BLOCK=BLOCK, grid=GRID).folder


def vectors():
    return torch.arange(SIZE, dtype=torch.float32), torch.zeros(SIZE)


def launch(function=scale, grid=GRID, count=SIZE, **keywords):
    x, out = vectors()
    kernel = function[grid](x, out, count, 1, BLOCK=BLOCK, **keywords)
    return out, kernel


def expect_doubled(out):
    assert torch.equal(out, torch.arange(SIZE, dtype=torch.float32) * 2)


def test_the_decorator_keeps_what_triton_gives():
    assert isinstance(scale, JITFunction)
    assert scale.__name__ == "scale"
    assert scale.__doc__ == "Doubles and adds."
    assert scale.arg_names == ["x_ptr", "out_ptr", "count", "stride", "BLOCK", "BIAS"]
    assert repr(scale).startswith("triton_runner.jit(")
    with pytest.raises(RuntimeError, match=r"Cannot call"):
        scale(1)


def test_the_decorator_takes_the_arguments_of_triton():
    @triton_runner.jit(
        version=1,
        repr=lambda _: "another_name",
        launch_metadata=lambda grid, kernel, args: {},
        do_not_specialize=["n"],
        do_not_specialize_on_alignment=["out_ptr"],
        debug=True,
        noinline=True,
    )
    def named(out_ptr, n):
        tl.store(out_ptr, n)

    assert (named.version, named.debug, named.noinline) == (1, True, True)
    out = torch.zeros(1, dtype=torch.int32)
    kernel = named.warmup(out, 1, grid=(1,), debug=False)
    assert [(param.name, param.type, param.divisible_by_16) for param in kernel.spec.params] == [
        ("out_ptr", "*i32", False),
        ("n", "i32", False),
    ]
    assert kernel.spec.name == "another_name"


def test_a_function_that_triton_decorated_can_be_taken_over():
    @triton.jit(do_not_specialize=["n"])
    def plain(out_ptr, n):
        tl.store(out_ptr, n)

    ours = triton_runner.jit(plain)
    assert type(ours).__name__ == "RunnerJITFunction"
    assert ours.do_not_specialize == ["n"]
    assert ours.fn is plain.fn
    assert type(triton_runner.jit(gluon_scale_kernel)).__name__ == "RunnerGluonJITFunction"
    with pytest.raises(ArgumentError, match=r"put @triton_runner.jit below autotune"):
        triton_runner.jit(triton.autotune([triton.Config({})], key=[])(plain))
    with pytest.raises(ArgumentError, match=r"jit takes a function, found a int"):
        triton_runner.jit(3)


def test_launches_on_cpu_tensors():
    out, kernel = launch()
    expect_doubled(out)
    assert tuple(kernel.artifacts) == LEVELS
    assert kernel.spec.target.arch == "80"


@pytest.mark.parametrize(
    "grid", [GRID, list(GRID), (*GRID, 1), (*GRID, 1, 1), lambda meta: (triton.cdiv(SIZE, meta["BLOCK"]),)]
)
def test_forms_of_a_grid(grid):
    expect_doubled(launch(grid=grid)[0])


@pytest.mark.parametrize("grid", [None, (), (1, 1, 1, 1), ("a",), (-1,)])
def test_grids_that_are_none(grid):
    with pytest.raises(ArgumentError, match=r"grid"):
        launch(grid=grid)


def test_arguments_by_position_by_name_and_by_default():
    x, out = vectors()
    scale[GRID](x, out, SIZE, 1, BLOCK, 1.0)
    assert torch.equal(out, x * 2 + 1)
    scale[GRID](out_ptr=out, x_ptr=x, stride=1, count=SIZE, BIAS=5.0, BLOCK=BLOCK)
    assert torch.equal(out, x * 2 + 5)


def test_kernels_are_found_by_specialization():
    x, out = vectors()

    def warm(*arguments, **keywords):
        return scale.warmup(*arguments, grid=GRID, **{"BLOCK": BLOCK, **keywords})

    base = warm(x, out, SIZE, 1)
    assert warm(x, out, SIZE + 2, 1) is base, "neither is divisible by 16"
    assert warm(x, out, 320, 1) is not base
    assert warm(x, out, SIZE, 2) is not base
    assert warm(x[1:], out, SIZE, 1) is not base
    assert warm(x.double(), out, SIZE, 1) is not base
    assert warm(x, out, SIZE, 1, BLOCK=64) is not base
    assert warm(x, out, SIZE, 1, num_warps=2) is not base
    assert warm(x, out, 2**40, 1).spec.params[2].type == "i64"


def test_arguments_are_specialized_as_triton_does():
    kernel = scale.warmup(torch.float32, torch.float16, 32, 1, BLOCK=BLOCK, grid=GRID)
    assert [(param.name, param.type, param.divisible_by_16) for param in kernel.spec.params] == [
        ("x_ptr", "*fp32", True),
        ("out_ptr", "*fp16", True),
        ("count", "i32", True),
        ("stride", "constexpr", False),
        ("BLOCK", "constexpr", False),
        ("BIAS", "constexpr", False),
    ]
    assert kernel.spec.params[3].constant == 1


def test_tuples_and_none():
    x, out = torch.arange(32, dtype=torch.float32), torch.zeros(32)
    add_pair[(1,)]((x, 3), out, None, BLOCK=32)
    assert torch.equal(out, x * 3)
    add_pair[(1,)]((x, 1), out, 2.5, BLOCK=32)
    assert torch.equal(out, x + 2.5)


def test_gluon_functions():
    @triton_runner.gluon_jit
    def scaled(x_ptr, out_ptr, count, BLOCK: gl.constexpr):
        layout: gl.constexpr = gl.BlockedLayout([2], [32], [4], [0])
        index = gl.program_id(0) * BLOCK + gl.arange(0, BLOCK, layout=layout)
        gl.store(out_ptr + index, gl.load(x_ptr + index, mask=index < count) * 2.0, mask=index < count)

    x, out = vectors()
    scaled[(2,)](x, out, SIZE, BLOCK=256)
    assert torch.equal(out, x * 2)
    out.zero_()
    over_gluon = triton_runner.jit(gluon.jit(scaled.fn))
    kernel = over_gluon[(2,)](x, out, SIZE, BLOCK=256)
    assert torch.equal(out, x * 2)
    assert "ttir" not in kernel.artifacts


def test_a_function_of_ours_inside_a_kernel_of_triton_and_the_other_way():
    @triton.jit
    def outer(x_ptr, out_ptr):
        tl.store(out_ptr, double(tl.load(x_ptr)))

    x, out = torch.full((1,), 4.0), torch.zeros(1)
    triton_runner.jit(outer)[(1,)](x, out)
    assert out.item() == 8


def test_a_global_that_changed_is_told():
    out = torch.zeros(1, dtype=torch.int32)
    with_global[(1,)](out)
    assert out.item() == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "OFFSET", tl.constexpr(4))
        with pytest.raises(
            ArgumentError, match=r"global variable OFFSET was .*3.* when the kernel was compiled and is now .*4"
        ):
            with_global[(1,)](out)


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"num_warp": 2}, UnsupportedError, "option 'num_warp' is unknown .*did you mean 'num_warps'"),
        ({"stream": 0}, ArgumentError, "keyword 'stream' is not taken"),
        ({"device": 0}, ArgumentError, "keyword 'device' is not taken"),
        ({"num_warps": 3}, CompileError, "num_warps must be a power of 2"),
        (
            {"ttir_dir": "a", "ptx_src": "b"},
            ArgumentError,
            "ptx_src and ttir_dir are given, but a kernel is launched from one",
        ),
        ({"metadata_json": {}}, ArgumentError, "metadata_json is given, but no artifact"),
    ],
)
def test_keywords_that_make_no_sense(keywords, error, words):
    out = torch.zeros(SIZE)
    with pytest.raises(error, match=words):
        scale[GRID](out, out, SIZE, 1, BLOCK=BLOCK, **keywords)
    assert not out.any()


def test_a_missing_argument():
    with pytest.raises(ArgumentError, match=r"kernel 'scale': missing 2 required .* 'count' and 'stride'"):
        scale[GRID](*vectors(), BLOCK=BLOCK)
    with pytest.raises(ArgumentError, match=r"kernel 'scale': takes .* positional arguments but 7 were given"):
        scale[GRID](*vectors(), 1, 2, 3, 4, 5)
    with pytest.raises(ArgumentError, match=r"kernel 'scale': .*multiple values for argument 'x_ptr'"):
        scale[GRID](*vectors(), SIZE, 1, BLOCK=BLOCK, x_ptr=vectors()[0])
    with pytest.raises(ArgumentError, match=r"kernel 'scale': failed to specialize argument of type: object"):
        scale[GRID](object(), *vectors(), 1, BLOCK=BLOCK)


@pytest.mark.parametrize("name", ["override", "dump_ir", "store_binary_only", "use_ir_loc", "listener"])
def test_settings_of_triton_without_effect_are_told(name, caplog, monkeypatch):
    monkeypatch.setattr(triton.knobs.compilation, name, {"use_ir_loc": "ttir", "listener": print}.get(name, True))
    expect_doubled(launch(triton_runner.jit(scale.fn))[0])
    assert caplog.text.count("without effect in triton_runner:") == 1
    assert f"knobs.compilation.{name}" in caplog.text
    monkeypatch.undo()
    caplog.clear()
    launch(triton_runner.jit(scale.fn))
    assert not caplog.text


@pytest.mark.parametrize("level", LEVELS)
def test_launches_from_a_folder(level, folder):
    out, kernel = launch(**{f"{level}_dir": folder})
    expect_doubled(out)
    assert next(iter(kernel.artifacts)) == level
    again = launch(**{f"{level}_dir": str(folder)})
    assert again[1] is kernel, "found by content"


@pytest.mark.parametrize("level", LEVELS)
def test_launches_from_a_path_and_from_text(level, folder):
    path = folder / f"scale.{level}"
    expect_doubled(launch(**{f"{level}_src": path})[0])
    expect_doubled(launch(**{f"{level}_src": str(path)})[0])
    metadata = json.loads((folder / "scale.json").read_text())
    expect_doubled(launch(**{f"{level}_src": path.read_text()}, metadata_json=metadata)[0])


@pytest.mark.parametrize("level", ["ttir", "ttgir"])
def test_mlir_needs_no_metadata(level, folder, tmp_path):
    (tmp_path / f"scale.{level}").write_text((folder / f"scale.{level}").read_text())
    expect_doubled(launch(**{f"{level}_dir": tmp_path})[0])


@pytest.mark.parametrize("level", ["llir", "ptx"])
def test_the_metadata_of_triton(level, folder, tmp_path):
    """Triton's own JSON and Triton's own namedtuple have no parameters; the call supplies them."""
    (tmp_path / f"scale.{level}").write_text((folder / f"scale.{level}").read_text())
    metadata = json.loads((folder / "scale.json").read_text())
    for name in ("triton_runner", "triton_runner_build"):
        del metadata[name]
    (tmp_path / "scale.json").write_text(json.dumps(metadata))
    expect_doubled(launch(**{f"{level}_dir": tmp_path})[0])
    compiled = scale.warmup(*vectors(), SIZE, 1, BLOCK=BLOCK, grid=GRID)
    text = (folder / f"scale.{level}").read_text()
    expect_doubled(launch(**{f"{level}_src": text}, metadata_json=compiled.metadata)[0])


def test_an_edited_file_is_compiled_again(folder, tmp_path):
    path = tmp_path / "scale.ttir"
    original = (folder / "scale.ttir").read_text()
    assert "2.000000e+00" in original
    for factor in (2, 3, 4, 3):
        path.write_text(original.replace("2.000000e+00", f"{factor}.000000e+00"))
        out, _ = launch(ttir_dir=tmp_path)
        assert torch.equal(out, torch.arange(SIZE, dtype=torch.float32) * factor)


def test_an_edit_is_seen_though_size_and_modification_time_stay(folder, tmp_path):
    path = tmp_path / "scale.ttir"
    original = (folder / "scale.ttir").read_text()
    path.write_text(original)
    past = time.time_ns() - 10**12
    os.utime(path, ns=(past, past))
    expect_doubled(launch(ttir_dir=tmp_path)[0])
    path.write_text(original.replace("2.000000e+00", "3.000000e+00"))
    os.utime(path, ns=(past, past))
    out, _ = launch(ttir_dir=tmp_path)
    assert torch.equal(out, torch.arange(SIZE, dtype=torch.float32) * 3)


def test_a_settled_file_is_not_read_again(folder, monkeypatch):
    path = folder / "scale.ttir"
    monkeypatch.setattr(launch_source, "_SETTLED_NS", -(10**12))
    files = launch_source._Files()
    first = files.read(path, "ttir")
    monkeypatch.setattr(launch_source, "read_artifact", lambda *_: pytest.fail("read again"))
    assert files.read(path, "ttir") == first
    with pytest.raises(ArtifactNotFoundError, match=r"no such file"):
        files.read(path.with_name("absent.ttir"), "ttir")


def test_an_edited_sidecar_counts(folder, tmp_path):
    for level in ("ptx", "json"):
        (tmp_path / f"scale.{level}").write_text((folder / f"scale.{level}").read_text())
    expect_doubled(launch(ptx_dir=tmp_path)[0])
    sidecar = json.loads((tmp_path / "scale.json").read_text())
    sidecar["triton_runner"]["params"][2]["divisible_by_16"] = True
    (tmp_path / "scale.json").write_text(json.dumps(sidecar))
    with pytest.raises(ArgumentError, match=r"count"):
        launch(ptx_dir=tmp_path)


@pytest.mark.parametrize("level", [*LEVELS, "cubin"])
def test_a_folder_without_the_artifact(level, tmp_path):
    with pytest.raises(ArtifactNotFoundError, match=rf"{level}_dir looks for .*scale\.{level}, which does not exist"):
        launch(**{f"{level}_dir": tmp_path})


@pytest.mark.parametrize("level", ["llir", "ptx"])
def test_a_folder_without_the_metadata(level, folder, tmp_path):
    (tmp_path / f"scale.{level}").write_text((folder / f"scale.{level}").read_text())
    with pytest.raises(ArtifactNotFoundError, match=r"also looks for the metadata .*scale\.json"):
        launch(**{f"{level}_dir": tmp_path})
    metadata = json.loads((folder / "scale.json").read_text())
    expect_doubled(launch(**{f"{level}_dir": tmp_path}, metadata_json=metadata)[0])


@pytest.mark.parametrize("level", LEVELS)
def test_an_artifact_of_another_kernel(level, folder):
    text = (folder / f"scale.{level}").read_text().replace("scale", "other")
    with pytest.raises(MetadataError, match=r"expected kernel 'scale', but the text defines 'other'"):
        launch(**{f"{level}_src": text})


def test_metadata_of_another_kernel(folder):
    metadata = json.loads((folder / "scale.json").read_text()) | {"name": "other"}
    with pytest.raises(MetadataError, match=r"of kernel 'other', but the artifact holds kernel 'scale'"):
        launch(ptx_dir=folder, metadata_json=metadata)


def test_an_artifact_at_the_wrong_level(folder):
    with pytest.raises(ArtifactError, match=r"expected ptx, but it looks like ttir"):
        launch(ptx_src=folder / "scale.ttir")


def test_an_artifact_that_was_compiled_for_other_constants(folder):
    x, out = vectors()
    for level in LEVELS:
        with pytest.raises(ArgumentError, match=r"'BLOCK'.*64.*compiled for.*128"):
            scale[(5,)](x, out, SIZE, 1, BLOCK=64, **{f"{level}_dir": folder})
        with pytest.raises(ArgumentError, match=r"'stride'.*2.*compiled for.*1"):
            scale[GRID](x, out, 100, 2, BLOCK=BLOCK, **{f"{level}_dir": folder})
    assert not out.any()


def test_mlir_alone_also_tells_what_it_was_compiled_for(folder):
    x, out = vectors()
    with pytest.raises(
        ArgumentError, match=r"argument 'stride' is a i32 here, but the artifact was compiled with a constant"
    ):
        scale[GRID](x, out, 100, 2, BLOCK=BLOCK, ttir_src=(folder / "scale.ttir").read_text())


def test_an_artifact_compiled_for_any_value_serves_one():
    x, out = vectors()
    general = scale.warmup(x, out, SIZE, 2, BLOCK=BLOCK, grid=GRID).artifacts["ttir"]
    scale[GRID](x, out, SIZE, 1, BLOCK=BLOCK, ttir_src=general)
    expect_doubled(out)


def test_a_cubin_on_the_cpu(tmp_path):
    (tmp_path / "scale.cubin").write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(ArtifactError):
        launch(cubin_dir=tmp_path)
    compiled = triton_runner.compile(scale, signature=["*fp32:16", "*fp32:16", "i32", "i32:1", BLOCK, 0.0], target=80)
    with pytest.raises(ArgumentError, match=r"a cubin runs on the GPU only"):
        launch(cubin_dir=compiled.folder)


def test_options_that_contradict_the_artifact(folder):
    with pytest.raises(ArgumentError, match=r"option num_warps is 8, but this ttgir was built for num_warps = 4"):
        launch(ttgir_dir=folder, num_warps=8)
    expect_doubled(launch(ttgir_dir=folder, num_warps=4, num_stages=2)[0])


def test_a_keyword_that_the_kernel_itself_has():
    @triton_runner.jit
    def own(out_ptr, ptx_src):
        tl.store(out_ptr, ptx_src)

    out = torch.zeros(1, dtype=torch.int32)
    own[(1,)](out, ptx_src=7)
    assert out.item() == 7


def test_pre_run_hooks_and_preload():
    seen = []

    @triton_runner.jit
    def hooked(out_ptr):
        tl.store(out_ptr, 1)

    hooked.add_pre_run_hook(lambda *args, **kwargs: seen.append(len(args)))
    out = torch.zeros(1, dtype=torch.int32)
    hooked[(1,)](out).preload("cpu")
    assert seen == [1]


def message_of(capsys, **keywords):
    launch(**keywords)
    return capsys.readouterr().out


def test_the_line_is_printed_once_for_a_new_kernel(capsys, monkeypatch):
    monkeypatch.delenv("TRITON_RUNNER_QUIET", raising=False)
    first = launch(BIAS=101.0)[1]
    assert capsys.readouterr().out == f"[triton_runner] scale from Python for sm_80 (cache miss, {first.folder})\n"
    assert message_of(capsys, BIAS=101.0) == ""
    line = message_of(capsys, ttir_dir=first.folder, BIAS=101.0)
    assert line.startswith("[triton_runner] scale from TTIR for sm_80 (cache miss, ")
    assert message_of(capsys, ttir_dir=first.folder, BIAS=101.0) == ""


def test_the_line_tells_of_a_cache_hit(capsys, monkeypatch):
    monkeypatch.delenv("TRITON_RUNNER_QUIET", raising=False)
    fresh = triton_runner.jit(scale.fn)
    launch()
    capsys.readouterr()
    launch(fresh)
    assert "(cache hit, " in capsys.readouterr().out


def test_the_line_can_be_turned_off(capsys, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_QUIET", "1")
    assert message_of(capsys, BIAS=102.0) == ""
    monkeypatch.setenv("TRITON_RUNNER_QUIET", "0")
    triton_runner.set_launch_message(False)
    try:
        assert message_of(capsys, BIAS=103.0) == ""
    finally:
        triton_runner.set_launch_message(True)
    assert message_of(capsys, BIAS=104.0) != ""


def test_get_file_dir():
    assert triton_runner.get_file_dir(__file__) == os.path.dirname(os.path.abspath(__file__))
    with pytest.raises(ArgumentError, match=r"__file__"):
        triton_runner.get_file_dir("")


def test_a_cubin_without_a_record_takes_its_types_from_the_launch():
    compiled = triton_runner.compile(scale, signature=["*fp32:16", "*fp32:16", "i32", "i32:1", BLOCK, 0.0], target=80)
    params = json.loads(compiled.spec.to_json())["params"]
    metadata = {key: value for key, value in compiled.metadata._asdict().items() if not key.startswith("triton_runner")}
    source = launch_source.LaunchSource("cubin", "cubin_dir", compiled.folder, metadata, "scale", "scale")
    x, out = vectors()
    bound = {"x_ptr": x, "out_ptr": out, "count": SIZE, "stride": 1, "BLOCK": BLOCK, "BIAS": 0.0}
    kernel, values = source.kernel({}, parse_target(80), False, params, bound, {})
    assert [(param.name, param.type) for param in kernel.spec.params] == [
        ("x_ptr", "*fp32"),
        ("out_ptr", "*fp32"),
        ("count", "i32"),
    ]
    assert values == [x, out, SIZE]
    with pytest.raises(ArgumentError, match=r"made for sm_80, but target is .*90"):
        source.kernel({}, parse_target(90), False, params, bound, {})
