"""triton_runner.language in a kernel, and the launch keywords dump_tensor, dump_value, dump_grid."""

import pytest
import torch
from kernels.dump_kernels import add, add_arguments, add_grid, marked
from triton.experimental.gluon import language as gl

import triton_runner
import triton_runner.language as dl
from triton_runner.errors import ArgumentError, CompileError, UnsupportedError

BLOCK = 32
N = 3 * BLOCK


@pytest.fixture
def x():
    return torch.randn(N)


def launch(x, kind, **keywords):
    out = torch.zeros(N)
    marked[(3,)](x, out, N, BLOCK=BLOCK, DUMP=kind, **keywords)
    assert torch.equal(out, x * 2)


def test_a_name_needs_no_buffer(x):
    out = torch.zeros(N)
    dumps = marked.dump("twice")[(3,)](x, out, N, BLOCK=BLOCK, DUMP="name")
    assert list(dumps) == ["twice"]
    assert torch.equal(dumps["twice"].tensor.reshape(-1), x * 2)
    assert dumps["twice"].source.python[-1][0].endswith("dump_kernels.py")


def test_one_program_at_an_offset(x):
    buffer = torch.full((8 + BLOCK,), -1.0)
    launch(x, "offset", dump_tensor=buffer)
    assert torch.equal(buffer[8:], 2 * x[BLOCK : 2 * BLOCK])
    assert (buffer[:8] == -1).all()
    launch(x, "offset", dump_tensor=buffer, dump_grid=(2, 0, 0))
    assert torch.equal(buffer[8:], 2 * x[2 * BLOCK :])


def test_the_last_program(x):
    buffer = torch.zeros(BLOCK)
    launch(x, "boundary", dump_tensor=buffer)
    assert torch.equal(buffer, 2 * x[2 * BLOCK :])


def test_all_programs(x):
    buffer = torch.zeros(4 + N)
    launch(x, "grids", dump_tensor=buffer)
    assert torch.equal(buffer[4:], 2 * x)


def test_an_offset_that_moves_with_the_loop(x):
    buffer = torch.zeros(3 * BLOCK)
    launch(x, "moving", dump_tensor=buffer)
    assert torch.equal(buffer.view(3, BLOCK), torch.stack([2 * x[:BLOCK] + k for k in range(3)]))


@pytest.mark.parametrize("level", ["ttir", "ttgir"])
def test_keywords_on_an_artifact_in_a_folder(level, x, tmp_path):
    a, b, out, n = add_arguments()
    kernel = add[add_grid()](a, b, out, n, BLOCK=256)
    (tmp_path / f"add.{level}").write_text(kernel.artifacts[level])
    name = next(slot.name for slot in kernel.dumpable(level) if slot.op == "arith.addf")
    buffer = torch.zeros(256, dtype=torch.float64)
    before = sorted(tmp_path.iterdir())
    keywords = {f"{level}_dir": str(tmp_path), "dump_tensor": buffer, "dump_value": name, "dump_grid": (1, 0, 0)}
    add[add_grid()](a, b, out, n, BLOCK=256, **keywords)
    assert torch.equal(buffer.float(), (a + b)[256:512])
    assert sorted(tmp_path.iterdir()) == before, "nothing is written beside the user's files"


def test_a_buffer_that_does_not_fit(x):
    short = torch.full((N,), -1.0)
    with pytest.raises(
        ArgumentError, match="dump_tensor has 96 elements, but the values to dump take elements 4 to 100"
    ):
        launch(x, "grids", dump_tensor=short)
    assert (short == -1).all(), "all or nothing"
    with pytest.raises(ArgumentError, match="dump_tensor is on meta"):
        launch(x, "grids", dump_tensor=torch.zeros(200, device="meta"))
    with pytest.raises(ArgumentError, match="expected a contiguous tensor"):
        launch(x, "grids", dump_tensor=torch.zeros(400)[::2])
    with pytest.raises(ArgumentError, match="dump_tensor is None"):
        launch(x, "grids", dump_grid=(0, 0, 0))
    with pytest.raises(ArgumentError, match=r"dump_grid is \(3, 0, 0\), but the grid has 3x1x1"):
        launch(x, "offset", dump_tensor=short, dump_grid=(3, 0, 0))
    with pytest.raises(ArgumentError, match=r"calls nothing of triton_runner\.language"):
        launch(x, "none", dump_tensor=short)


def test_values_that_cannot_be_dumped(x):
    with pytest.raises(ArgumentError, match="there is no value %nothing"):
        launch(x, "none", dump_tensor=torch.zeros(9), dump_value="%nothing")
    kernel = marked[(3,)](x, torch.zeros(N), N, BLOCK=BLOCK, DUMP="none")
    with pytest.raises(UnsupportedError, match="whose values have no names"):
        triton_runner.Kernel(kernel.spec, {"cubin": b""}).dumpable()


def test_without_a_request_the_code_is_that_of_a_kernel_without_it(x):
    codes = []
    for kind in ("none", "name", "offset", "boundary", "grids"):
        kernel = marked[(3,)](x, torch.zeros(N), N, BLOCK=BLOCK, DUMP=kind)
        lines = kernel.artifacts["ptx"].splitlines()
        codes.append([line for line in lines if not line.strip().startswith((".loc", ".file", "//", "$L"))])
        assert "tt.print" not in kernel.artifacts["ttir"]
    plain = "\n".join(codes[0]).partition(".section")[0]
    assert all("\n".join(code).partition(".section")[0] == plain for code in codes)


def machine_code(kind):
    kernel = triton_runner.compile(
        marked,
        signature={"x_ptr": "*fp32:16", "out_ptr": "*fp32:16", "n": "i32"},
        constexprs={"BLOCK": BLOCK, "DUMP": kind},
        target="sm_80",
        to="cubin",
    )
    _, sections = triton_runner._C.cubin_sections(kernel.artifacts["cubin"])
    return sections[".text.marked"]


def test_without_a_request_the_machine_code_is_that_of_a_kernel_without_it():
    assert len(machine_code("none")) > 100
    assert machine_code("none") == machine_code("name") == machine_code("grids")


@pytest.mark.parametrize("level", ["ttir", "ttgir"])
def test_a_file_that_does_not_parse(level, tmp_path):
    x, y, out, n = add_arguments()
    text = add[add_grid()](x, y, out, n, BLOCK=256).artifacts[level]
    buffer, untouched = torch.full((256,), -1.0), torch.zeros_like(out)
    for broken in (text[: text.index("arith.addf")], text.replace("arith.addf", "arith.adf")):
        (tmp_path / f"add.{level}").write_text(broken)
        keywords = {f"{level}_dir": str(tmp_path), "dump_tensor": buffer, "dump_value": "%total"}
        with pytest.raises(CompileError, match=rf"(?s)add\.{level}: .*error: (expected|unbalanced|custom op)"):
            add[add_grid()](x, y, untouched, n, BLOCK=256, **keywords)
    assert (buffer == -1).all()
    assert not untouched.any()


@triton_runner.gluon_jit
def turn(x_ptr, out_ptr, SIDE: gl.constexpr):
    by_row: gl.constexpr = gl.BlockedLayout([1, 4], [4, 8], [4, 1], [1, 0])
    swizzled: gl.constexpr = gl.SwizzledSharedLayout(vec=4, per_phase=1, max_phase=8, order=[1, 0])
    row = gl.arange(0, SIDE, layout=gl.SliceLayout(1, by_row))[:, None]
    column = gl.arange(0, SIDE, layout=gl.SliceLayout(0, by_row))[None, :]
    tile = gl.allocate_shared_memory(gl.float32, [SIDE, SIDE], swizzled)
    tile.store(gl.load(x_ptr + row * SIDE + column))
    turned = tile.permute([1, 0]).load(by_row)
    dl.dump(turned, name="turned")
    gl.store(out_ptr + row * SIDE + column, turned)


def test_gluon():
    x, out = torch.randn(32, 32), torch.zeros(32, 32)
    dumps = turn.dump("turned", op=None)[(1,)](x, out, SIDE=32)
    assert torch.equal(dumps["turned"].tensor[0, 0, 0], x.T)
    assert torch.equal(out, x.T)
    shared = turn.dump("ttg.memdesc_trans")[(1,)](x, out, SIDE=32)
    assert torch.equal(next(iter(shared.values())).tensor[0, 0, 0], x.T)
