"""What a caller can get wrong, on the CPU: the class of the error, the words that matter, and that nothing was touched.

Each message names the kernel, the argument, what was found and what was expected. After each error the same kernel works.
tests/gpu/test_bad_input_gpu.py has what only a GPU can refuse.
"""

import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

import triton_runner
from kernels import case_named
from kernels.handwritten import BLOCK, SCALE_ADD, parameter, record_json, scale_add_record
from kernels.plain import compile_plain, metadata_of, signature_of, write_folder
from triton_runner import _C, errors

launch = torch.ops.triton_runner.launch
SIZE = 256
GRID = (SIZE // BLOCK,)
UNTOUCHED = 77.0


def vectors(dtype=torch.float32):
    return torch.ones(SIZE, dtype=dtype), torch.ones(SIZE, dtype=dtype), torch.full((SIZE,), UNTOUCHED, dtype=dtype)


@pytest.fixture(scope="module")
def kernel():
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_record())


@pytest.fixture
def refused(kernel):
    """Launches and expects an error; then checks that the output is untouched and that the kernel still works."""

    def expect(error, words, *arguments, grid=GRID, with_kernel=kernel, **named):
        x, y, out = vectors()
        arguments = [{"x": x, "y": y, "out": out}.get(value, value) if isinstance(value, str) else value for value in arguments]
        with pytest.raises(error, match=words):
            with_kernel[grid](*arguments, **named)
        assert (out == UNTOUCHED).all()
        kernel[GRID](x, y, out, SIZE, 1.0)
        assert (out == 2).all()

    return expect


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x", "y", "out", SIZE), r"scale_add.*scale.*fp32"),
        (("x", "y", "out", SIZE, 1.0, 2.0), r"scale_add.*6 positional.*x_ptr: \*fp32"),
        ((), r"scale_add.*x_ptr"),
    ],
)
def test_wrong_number(refused, arguments, words):
    refused(errors.ArgumentError, words, *arguments)


def test_unknown_and_repeated_keywords(refused):
    refused(errors.ArgumentError, r"scale_add.*'width'", "x", "y", "out", SIZE, 1.0, width=3)
    refused(errors.ArgumentError, r"scale_add.*'y_ptr' is given twice", "x", "y", "out", SIZE, y_ptr=torch.ones(SIZE))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, "y", "out", SIZE, 1.0), r"x_ptr.*found int 3.*tensor"),
        ((None, "y", "out", SIZE, 1.0), r"x_ptr.*None.*tensor"),
        (("x", "y", "out", 1.5, 1.0), r"count.*float 1\.5.*integer"),
        (("x", "y", "out", torch.tensor(3), 1.0), r"count.*tensor.*\.item\(\)"),
        (("x", "y", "out", SIZE, None), r"scale.*None.*number"),
        (([1.0], "y", "out", SIZE, 1.0), r"x_ptr.*list.*tensor"),
    ],
)
def test_wrong_kind(refused, arguments, words):
    refused(errors.ArgumentError, words, *arguments)


def test_text_where_a_number_belongs(kernel):
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=r"count.*str 'many'.*integer"):
        kernel[GRID](x, y, out, "many", 1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int32, torch.complex64])
def test_wrong_dtype(refused, dtype):
    refused(errors.ArgumentError, r"scale_add.*x_ptr.*dtype.*expected fp32", torch.ones(SIZE).to(dtype), "y", "out", SIZE, 1.0)


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (lambda x, y, out: ([x], [out], [SIZE], [1.0]), r"inputs has 1 entries, expected 2"),
        (lambda x, y, out: ([x, y], [], [SIZE], [1.0]), r"outputs has 0 entries, expected 1"),
        (lambda x, y, out: ([x, y], [out], [SIZE, 1], [1.0]), r"ints has 2 entries, expected 1"),
        (lambda x, y, out: ([x, y], [out], [SIZE], []), r"floats has 0 entries, expected 1"),
    ],
)
def test_lists_of_the_op_of_a_wrong_length(kernel, lists, words):
    x, y, out = vectors()
    with pytest.raises(errors.ArgumentError, match=words):
        launch(kernel.key, *lists(x, y, out), [1])
    with pytest.raises(errors.ArgumentError, match=words):
        launch(kernel.key, *lists(*(tensor.to("meta") for tensor in (x, y, out))), [1])
    assert (out == UNTOUCHED).all()


def aligned_kernel():
    record = json.loads(scale_add_record())
    for index in (0, 3):
        record["params"][index]["divisible_by_16"] = True
    return triton_runner.load(SCALE_ADD, level="ptx", metadata=json.dumps(record))


def test_misaligned_pointer(refused):
    refused(
        errors.ArgumentError,
        r"scale_add.*x_ptr.*4 bytes past a multiple of 16.*aligned",
        torch.ones(SIZE + 1)[1:],
        "y",
        "out",
        SIZE,
        1.0,
        with_kernel=aligned_kernel(),
    )


def test_integer_that_is_not_divisible(refused):
    refused(
        errors.ArgumentError, r"scale_add.*count.*is 250.*multiple of 16", "x", "y", "out", 250, 1.0, with_kernel=aligned_kernel()
    )


def test_misaligned_pointer_is_fine_where_nothing_was_assumed(kernel):
    _, y, out = vectors()
    kernel[GRID](torch.ones(SIZE + 1)[1:], y, out, SIZE, 1.0)
    assert (out == 2).all()


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40, 2**63, 2**80, -(2**80)])
def test_integer_that_does_not_fit(refused, value):
    refused(errors.ArgumentError, rf"scale_add.*count.*{value}.*i32", "x", "y", "out", value, 1.0)


INTEGER_LIMITS = {"i1": (-1, 2), "i8": (-129, 128), "u8": (-1, 256), "i16": (-32769, 32768), "u16": (-1, 65536)}
INTEGER_LIMITS |= {"u32": (-1, 2**32), "i64": (-(2**63) - 1, 2**63), "u64": (-1, 2**64)}


@pytest.mark.parametrize("kind", sorted(INTEGER_LIMITS))
def test_integers_just_outside_their_type(kind):
    ptx = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry one(.param .u{} p, .param .u64 q)\n{{\nret;\n}}\n"
    bits = max(8, int(kind[1:]))
    record = record_json("one", [parameter("p", kind), parameter("q", "*i8", access="read")])
    one = triton_runner.load(ptx.format(bits), level="ptx", metadata=record)
    for value in INTEGER_LIMITS[kind]:
        with pytest.raises(errors.ArgumentError, match=rf"one.*'p'.*{value}.*{kind}"):
            one[(1,)](value, torch.zeros(1, dtype=torch.int8))


@pytest.mark.parametrize("value", [1e39, -1e300])
def test_float_that_does_not_fit(refused, value):
    refused(errors.ArgumentError, r"scale_add.*scale.*fp32 can hold", "x", "y", "out", SIZE, value)


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
    refused(errors.ArgumentError, rf"scale_add.*{words}", "x", "y", "out", SIZE, 1.0, grid=grid)


def test_grid_is_checked_even_where_another_count_is_zero(refused):
    refused(errors.ArgumentError, r"grid\[1\] is -1", "x", "y", "out", SIZE, 1.0, grid=(0, -1))


def test_constant_that_the_kernel_was_not_compiled_for():
    case = case_named("vector_add")
    plain = compile_plain(case, 80)
    kernel = triton_runner.load(plain.asm["ptx"], level="ptx", metadata=metadata_of(plain), signature=signature_of(plain))
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


# Artifacts


def test_missing_file(tmp_path):
    with pytest.raises(errors.ArtifactNotFoundError, match=r"absent\.ptx"):
        triton_runner.load(tmp_path / "absent.ptx")
    with pytest.raises(FileNotFoundError):
        triton_runner.load(str(tmp_path / "absent.cubin"))


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx", "cubin"])
def test_empty_file(level, tmp_path):
    path = tmp_path / f"scale_add.{level}"
    path.write_bytes(b"")
    with pytest.raises(errors.ArtifactError, match=r"empty"):
        triton_runner.load(path)


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_text_of_another_kind(level, tmp_path):
    path = tmp_path / f"scale_add.{level}"
    path.write_text("This is a letter and no kernel.\nYours sincerely\n")
    with pytest.raises(errors.ArtifactError, match=rf"{level}.*This is a letter"):
        triton_runner.load(path)


@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir", "ptx"])
def test_truncated_text(level, tmp_path):
    plain = compile_plain(case_named("vector_add"), 80)
    path = write_folder(plain, tmp_path, level)
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(errors.Error) as caught:
        kernel = triton_runner.compile(path, signature=signature_of(plain), to="ptx", target="sm_80")
        case = case_named("vector_add")
        kernel[case.grid](*case.arguments("cpu").values())
    assert not isinstance(caught.value, errors.InternalError)


def elf(machine: int, size: int = 256) -> bytes:
    header = bytearray(64)
    header[:7] = b"\x7fELF\x02\x01\x01"
    header[18:20] = machine.to_bytes(2, "little")
    header[52:54] = (64).to_bytes(2, "little")
    return bytes(header).ljust(size, b"\0")


def test_elf_that_is_no_cubin(tmp_path):
    path = tmp_path / "scale_add.cubin"
    path.write_bytes(elf(62))
    with pytest.raises(errors.ArtifactError, match=r"x86-64"):
        triton_runner.load(path)


def test_hsaco_on_nvidia(tmp_path):
    path = tmp_path / "scale_add.cubin"
    path.write_bytes(elf(224))
    with pytest.raises(errors.Error, match=r"hsaco|AMD"):
        triton_runner.load(path, metadata=scale_add_record())
    with pytest.raises(errors.Error, match=r"hsaco|AMD"):
        triton_runner.load(path.rename(tmp_path / "scale_add.hsaco"), metadata=scale_add_record())


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
def test_truncated_cubin(kept, tmp_path):
    plain = compile_plain(case_named("vector_add"), 80)
    path = write_folder(plain, tmp_path, "cubin")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(errors.ArtifactError, match=r"truncated"):
        triton_runner.load(path, signature=signature_of(plain))


def test_cubin_on_the_cpu(tmp_path):
    case = case_named("vector_add")
    plain = compile_plain(case, 80)
    kernel = triton_runner.load(write_folder(plain, tmp_path, "cubin"), signature=signature_of(plain))
    arguments = case.arguments("cpu")
    with pytest.raises(errors.ArtifactError, match=r"vector_add_kernel.*PTX"):
        kernel[case.grid](*arguments.values())
    assert (arguments["out_ptr"] == UNTOUCHED).all()


def test_instruction_that_the_cpu_does_not_know(refused):
    text = SCALE_ADD.replace("fma.rn.f32 %f4", "frobnicate.rn.f32 %f4")
    line = text[: text.index("frobnicate")].count("\n") + 1

    def load_and_launch(*arguments):
        triton_runner.load(text, level="ptx", metadata=scale_add_record())[GRID](*arguments)

    x, y, out = vectors()
    with pytest.raises(errors.Error, match=rf"(?s){line}.*frobnicate|frobnicate.*{line}"):
        load_and_launch(x, y, out, SIZE, 1.0)
    assert (out == UNTOUCHED).all()


def test_cluster_on_the_cpu(refused):
    kernel = triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_record(num_ctas=2))
    refused(errors.UnsupportedError, r"scale_add.*cluster", "x", "y", "out", SIZE, 1.0, with_kernel=kernel)


def test_more_shared_memory_than_any_device_has(refused):
    kernel = triton_runner.load(SCALE_ADD, level="ptx", metadata=scale_add_record(shared=1 << 30))
    refused(errors.ResourceError, rf"scale_add.*{1 << 30}.*shared", "x", "y", "out", SIZE, 1.0, with_kernel=kernel)


# Metadata


def test_metadata_of_another_kernel(tmp_path):
    vector, softmax = (compile_plain(case_named(name), 80) for name in ("vector_add", "softmax"))
    with pytest.raises(errors.MetadataError, match=r"softmax_kernel.*vector_add_kernel"):
        triton_runner.load(vector.asm["ptx"], level="ptx", metadata=metadata_of(softmax), signature=signature_of(vector))


def test_record_with_other_parameters():
    record = json.loads(scale_add_record())
    record["params"].pop()
    x, y, out = vectors()
    with pytest.raises(errors.Error, match=r"scale_add.*param"):
        triton_runner.load(SCALE_ADD, level="ptx", metadata=json.dumps(record))[GRID](x, y, out, SIZE)
    assert (out == UNTOUCHED).all()


@pytest.mark.parametrize("text", ["{", "[]", "{}", "{\"name\": 3}", "null", "\"name\""])
def test_metadata_that_is_none(text, tmp_path):
    path = tmp_path / "scale_add.ptx"
    path.write_text(SCALE_ADD)
    path.with_suffix(".json").write_text(text)
    with pytest.raises(errors.MetadataError):
        triton_runner.load(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_warps": 0}, "num_warps"),
        ({"num_warps": 3.5}, "num_warps"),
        ({"shared": -1}, "shared"),
        ({"params": [{"name": "x", "type": "*fp12"}]}, "fp12"),
        ({"params": [{"type": "i32"}]}, "name"),
        ({"target": {"backend": "cuda"}}, "arch"),
        ({"version": 99}, "version"),
        ({"name": ""}, "name"),
    ],
)
def test_record_with_a_bad_field(change, words):
    with pytest.raises(errors.MetadataError, match=words):
        _C.KernelSpec.from_json(scale_add_record(**change))


# The surroundings


def run_python(program: str, **environment) -> subprocess.CompletedProcess:
    tests = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tests,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


NO_TRITON = """
    import importlib.abc, importlib.metadata, sys
    class Hide(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "triton" or name.startswith("triton."):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    sys.meta_path.insert(0, Hide())
    whole = importlib.metadata.version
    def version(name):
        if "triton" in name and "runner" not in name:
            raise importlib.metadata.PackageNotFoundError(name)
        return whole(name)
    importlib.metadata.version = version
"""


def test_without_triton_ptx_runs_and_compiling_says_what_is_missing():
    program = textwrap.dedent(NO_TRITON) + textwrap.dedent(
        """
        import importlib.util, torch, triton_runner
        from triton_runner import errors
        spec = importlib.util.spec_from_file_location("handwritten", "kernels/handwritten.py")
        handwritten = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(handwritten)
        kernel = triton_runner.load(handwritten.SCALE_ADD, level="ptx", metadata=handwritten.scale_add_record())
        x, y, out = torch.ones(100), torch.ones(100), torch.zeros(100)
        kernel[(1,)](x, y, out, 100, 3.0)
        assert (out == 4).all()
        try:
            triton_runner.compile("module {\\n tt.func public @f() {\\n tt.return\\n }\\n}\\n", level="ttir", to="ptx", target="sm_80")
        except errors.UnsupportedError as error:
            print(error)
        """
    )
    finished = run_python(program)
    assert finished.returncode == 0, finished.stderr
    assert "needs Triton, which is not installed: pip install" in finished.stdout


def test_triton_of_a_version_that_is_not_covered():
    program = """
        import importlib.metadata
        whole = importlib.metadata.version
        importlib.metadata.version = lambda name: "2.9.1" if name == "triton" else whole(name)
        import triton_runner
        from triton_runner import errors
        try:
            triton_runner.compile("module {\\n tt.func public @f() {\\n tt.return\\n }\\n}\\n", level="ttir", to="ptx", target="sm_80")
        except errors.UnsupportedError as error:
            print(error)
    """
    finished = run_python(program)
    assert finished.returncode == 0, finished.stderr
    assert "2.9.1" in finished.stdout
    assert "3.6" in finished.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA driver")
def test_missing_driver_is_named(kernel):
    with pytest.raises(errors.DriverError, match=r"libcuda\.so\.1.*NVIDIA's driver.*CPU tensors"):
        kernel.preload("cuda:0")


def test_import_needs_no_driver_and_changes_nothing():
    program = """
        import os, sys, warnings
        before = dict(os.environ), warnings.showwarning, sys.excepthook
        import torch
        import triton_runner
        assert (dict(os.environ), warnings.showwarning, sys.excepthook) == before
        assert "triton" not in sys.modules, "importing triton_runner imported Triton"
        maps = open("/proc/self/maps").read()
        assert "libcuda.so" not in maps or torch.version.cuda, "importing triton_runner opened the CUDA driver"
    """
    finished = run_python(program)
    assert finished.returncode == 0, finished.stderr


# Faults of a running kernel, on the CPU driver


def test_access_out_of_bounds_is_reported_and_survived(kernel):
    x, y, out = vectors()
    with pytest.raises(errors.ExecutionError, match=r"(?s)scale_add.*line \d+.*thread.*block|scale_add.*line \d+.*block.*thread"):
        kernel[(3,)](x, y, out, 3 * BLOCK, 1.0)
    kernel[GRID](x, y, out, SIZE, 1.0)
    assert (out == 2).all()


def test_fault_of_a_triton_kernel_names_the_python_line():
    case = case_named("vector_add")
    arguments = case.arguments("cpu")
    arguments["count"] = 100_000
    first_line = case.kernel.starting_line_number
    with pytest.raises(errors.ExecutionError, match=r"elementwise\.py:\d+") as caught:
        triton_runner.jit(case.kernel.fn)[(400,)](**arguments, **case.keywords())
    line = int(str(caught.value).split("elementwise.py:")[1].split(":")[0].split()[0].rstrip(",);."))
    assert first_line < line <= first_line + 6


def test_write_to_an_input_is_an_error():
    """A record that calls a written pointer read-only would let torch.compile reorder around it."""
    record = json.loads(scale_add_record())
    record["params"][2]["access"] = "read"
    kernel = triton_runner.load(SCALE_ADD, level="ptx", metadata=json.dumps(record))
    x, y, out = vectors()
    with pytest.raises(errors.Error, match=r"scale_add.*out_ptr"):
        kernel[GRID](x, y, out, SIZE, 1.0)
    assert (out == UNTOUCHED).all()


def test_read_only_source_folder(tmp_path):
    path = tmp_path / "scale_add.ptx"
    path.write_text(SCALE_ADD)
    path.with_suffix(".json").write_text(json.dumps({"name": "scale_add", "triton_runner": json.loads(scale_add_record())}))
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        x, y, out = vectors()
        triton_runner.load(path)[GRID](x, y, out, SIZE, 1.0)
        assert (out == 2).all()
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["scale_add.json", "scale_add.ptx"]
