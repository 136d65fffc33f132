"""kernel.dump: what comes back, for every kind of value, against torch."""

import pytest
import torch
import triton.language as tl
from kernels.dump_kernels import accumulate, add, add_arguments, add_grid, cube, early, grid_3d, nest, typed

import triton_runner
from triton_runner.dump import Dump
from triton_runner.errors import ArgumentError, ResourceError, UnsupportedError

LEVELS = ("ttir", "ttgir")
BLOCK = 64


@pytest.fixture(params=LEVELS)
def level(request):
    return request.param


def only(dumps, **wanted):
    found = [d for d in dumps.values() if all(getattr(d.source, key) == value for key, value in wanted.items())]
    assert len(found) == 1, [str(d.source) for d in dumps.values()]
    return found[0]


def test_a_value_of_every_program(level):
    x, y, out, n = add_arguments()
    dumps = add.dump("arith.addf", level=level)[add_grid()](x, y, out, n, BLOCK=256)
    total = only(dumps, op="arith.addf")
    assert total.tensor.shape == (1, 1, 4, 256)
    assert total.valid.shape == (1, 1, 4)
    assert total.valid.all()
    assert total.tensor.dtype == torch.float32
    assert torch.equal(total.tensor.reshape(-1)[:n], x + y)
    assert torch.equal(out, x + y)
    assert total.source.level == level
    assert total.source.python[-1][0].endswith("dump_kernels.py")


def test_a_held_kernel_dumps_from_the_level_it_was_made_from(level):
    kernel = triton_runner.compile(
        add,
        signature={"x_ptr": "*fp32", "y_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32"},
        constexprs={"BLOCK": 256},
        target="sm_80",
        to="ptx",
    )
    held = triton_runner.load(kernel.artifacts[level], level=level, metadata=kernel.spec.to_json())
    x, y, out, n = add_arguments()
    dumps = held.dump(op="arith.addf")[lambda args: (-(-args["n"] // 256),)](x, y, out, n)
    assert only(dumps, op="arith.addf").source.level == level
    assert torch.equal(only(dumps, op="arith.addf").tensor.reshape(-1)[:n], x + y)


def test_scalars_masks_and_addresses(level):
    x, y, out, n = add_arguments()
    dumps = add.dump("*", level=level)[add_grid()](x, y, out, n, BLOCK=256)
    assert only(dumps, op="tt.get_program_id").tensor.flatten().tolist() == [0, 1, 2, 3]
    mask = only(dumps, op="arith.cmpi")
    assert mask.tensor.dtype == torch.bool
    assert mask.tensor.flatten().tolist() == [i < n for i in range(1024)]
    address = dumps["%x_ptr"].tensor
    assert address.dtype == torch.int64
    assert address.unique().tolist() == [x.data_ptr()]
    reached = [d for d in dumps.values() if d.source.op == "tt.addptr"]
    offsets = reached[0].tensor.flatten() - reached[0].tensor.min()
    assert offsets.tolist() == [4 * i for i in range(1024)]


def test_programs(level):
    out = torch.zeros(2 * 3 * 4, dtype=torch.int32)

    def number(programs):
        dumps = grid_3d.dump(op="arith.addi", programs=programs, level=level)[(2, 3, 4)](out)
        return [d for d in dumps.values() if d.tensor.max() >= 0][1].tensor, dumps

    whole = number(None)[0]
    assert whole.shape == (4, 3, 2)
    picked = [number((1, 2, 3))[0], number((slice(None), 1, slice(0, 4, 2)))[0], number((-1,))[0], number(1)[0]]
    assert torch.equal(picked[0], whole[3, 2, 1])
    assert torch.equal(picked[1], whole[0:4:2, 1, :])
    assert torch.equal(picked[2], whole[:, :, -1])
    assert torch.equal(picked[3], whole[:, :, 1])
    with pytest.raises(ArgumentError, match="asks for 5 on x, the grid has 2"):
        number(5)


def reference_of_nest(x, rows, programs):
    """The value of `odd` at [program, outer, inner], and where it was computed."""
    odd = torch.zeros(programs, rows, rows - 1, BLOCK)
    valid = torch.zeros(programs, rows, rows - 1, dtype=torch.bool)
    for program in range(programs):
        for number, row in enumerate(range(program, rows)):
            for k in range(1, row, 2):
                odd[program, number, k], valid[program, number, k] = x[row] * 3, True
    return odd, valid


def test_ragged_nested_loops_and_branches(level):
    rows, programs = 5, 3
    x, out = torch.randn(rows, BLOCK), torch.empty(programs, BLOCK)
    before = out.clone()
    nest[(programs,)](x, before, rows, BLOCK=BLOCK)
    dumps = nest.dump("odd", level=level)[(programs,)](x, out, rows, BLOCK=BLOCK)
    odd = only(dumps, op="arith.mulf")
    want, valid = reference_of_nest(x, rows, programs)
    assert odd.valid.shape == (1, 1, programs, 5, 4)
    assert torch.equal(odd.valid[0, 0], valid)
    assert torch.equal(odd.tensor[0, 0], want)
    assert torch.equal(out, before)
    assert odd.exact


def test_a_loop_that_counts_for_itself(level):
    x, out = torch.randn(5, BLOCK), torch.empty(3, BLOCK)
    dumps = nest.dump("steps", level=level)[(3,)](x, out, 5, BLOCK=BLOCK)
    steps = [d for d in dumps.values() if d.source.op == "arith.addi"]
    assert len(steps) == 1
    assert steps[0].tensor.shape == (1, 1, 3, 4)
    assert [steps[0].tensor[0, 0, p][steps[0].valid[0, 0, p]].tolist() for p in range(3)] == [
        list(range(1, p + 3)) for p in range(3)
    ]


def test_everything_at_once_leaves_the_results(level):
    x, out = torch.randn(5, BLOCK), torch.empty(3, BLOCK)
    before = out.clone()
    nest[(3,)](x, before, 5, BLOCK=BLOCK)
    dumps = nest.dump("*", level=level)[(3,)](x, out, 5, BLOCK=BLOCK)
    assert torch.equal(out, before)
    assert all(dump.exact for dump in dumps.values())
    assert len(dumps) > 20


def test_early_return(level):
    x, out = torch.randn(3 * BLOCK), torch.zeros(3 * BLOCK)
    dumps = early.dump("twice", level=level)[(3,)](x, out, BLOCK=BLOCK)
    twice = next(d for d in dumps.values() if d.source.op == "arith.mulf" and d.tensor.dim() == 4)
    assert twice.valid.flatten().tolist() == [True, False, True]
    assert torch.equal(twice.tensor[0, 0, 2], x[2 * BLOCK :] * 2)
    assert not twice.tensor[0, 0, 1].any()
    assert "1 of 3 not computed" in repr(twice)


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float8_e5m2,
    ],
    ids=str,
)
def test_every_dtype_keeps_its_bits(dtype, level):
    width = dtype.itemsize
    bits = torch.randint(-(2**31), 2**31 - 1, (BLOCK * 2,), dtype=torch.int64)
    raw = bits.view(torch.uint8)[: BLOCK * width].clone()
    x, out = raw.view(dtype), torch.zeros(BLOCK * width, dtype=torch.uint8).view(dtype)
    value = only(typed.dump("tt.load", level=level)[(1,)](x, out, BLOCK=BLOCK), op="tt.load")
    assert value.tensor.dtype == dtype
    assert torch.equal(value.tensor.reshape(-1).view(torch.uint8), raw)


@triton_runner.jit
def thrice_in_a_cluster(x_ptr, out_ptr, SIZE: tl.constexpr):
    i = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    thrice = tl.load(x_ptr + i) * 3.0
    tl.store(out_ptr + i, thrice)


@pytest.mark.parametrize(
    ("from_level", "op"), [("ttir", "arith.mulf"), ("ttgir", "arith.mulf"), ("llir", "fmul"), ("ptx", "mul.f32")]
)
def test_two_ctas_are_one_program(from_level, op):
    size, programs = 512, 3
    kernel = triton_runner.compile(
        thrice_in_a_cluster,
        signature={"x_ptr": "*fp32:16", "out_ptr": "*fp32:16"},
        constexprs={"SIZE": size},
        options={"num_ctas": 2},
        target="sm_90",
        to="ptx",
    )
    x = torch.randn(size * programs)
    out = torch.zeros_like(x)
    dumps = kernel.dump(op, level=from_level)[(programs,)](x, out)
    assert torch.equal(out, x * 3)
    assert all(dump.valid.all() for dump in dumps.values())
    found = torch.cat([dump.tensor.reshape(programs, -1) for dump in dumps.values()], 1)
    assert found.shape == (programs, size)
    want = (x * 3).view(programs, size)
    if from_level in ("llir", "ptx"):  # where the elements lie among the threads is the layout's business
        found, want = found.sort(1).values, want.sort(1).values
    assert torch.equal(found, want)


@pytest.mark.parametrize(
    ("dtype", "element", "mlir"),
    [
        (torch.float8_e4m3fn, "fp8e4nv", "f8E4M3FN"),
        (torch.float8_e5m2, "fp8e5", "f8E5M2"),
        (torch.float8_e4m3fnuz, "fp8e4b8", "f8E4M3FNUZ"),
        (torch.float8_e5m2fnuz, "fp8e5b16", "f8E5M2FNUZ"),
    ],
    ids=str,
)
def test_every_float_of_eight_bits_keeps_its_bits(dtype, element, mlir, level):
    """The fnuz types are AMD's: Triton's frontend takes them for no NVIDIA target, its IR does."""
    made = triton_runner.compile(
        typed,
        signature={"x_ptr": "*fp8e4nv", "out_ptr": "*fp8e4nv"},
        constexprs={"BLOCK": 256},
        target="sm_90",
        to="ttgir",
    )
    kernel = triton_runner.compile(
        made.artifacts[level].replace("f8E4M3FN", mlir),
        level=level,
        signature={"x_ptr": f"*{element}", "out_ptr": f"*{element}"},
        target="sm_90",
        to="ptx",
    )
    raw = torch.arange(256, dtype=torch.uint8)
    out = torch.zeros_like(raw).view(dtype)
    value = only(kernel.dump("tt.load")[(1,)](raw.view(dtype), out), op="tt.load")
    assert value.tensor.dtype == dtype
    assert torch.equal(value.tensor.reshape(-1).view(torch.uint8), raw)
    assert torch.equal(out.view(torch.uint8), raw)
    assert "NaN" in repr(value)


def test_three_dimensions(level):
    shape = (4, 8, 16)
    x, out = torch.randn(shape), torch.empty(16 * 4 * 8)
    dumps = cube.dump("*", level=level)[(1,)](x, out, *shape)
    loaded = next(d for d in dumps.values() if d.source.op == "tt.load")
    assert torch.equal(loaded.tensor[0, 0, 0], x)
    turned = [d for d in dumps.values() if d.source.op == "tt.trans" and d.tensor.is_floating_point()]
    assert torch.equal(turned[0].tensor[0, 0, 0], x.permute(2, 0, 1))
    summed = [d for d in dumps.values() if d.source.op == "tt.reduce" and d.tensor.dim() == 5]
    torch.testing.assert_close(summed[0].tensor[0, 0, 0], x.sum(1))


def test_what_the_kernel_overwrites_is_put_back_between_the_runs(level):
    out = torch.arange(BLOCK, dtype=torch.int32)
    want = out.clone()
    before = next(
        d for d in accumulate.dump("before", level=level)[(1,)](out, BLOCK=BLOCK).values() if d.source.op == "tt.load"
    )
    assert torch.equal(out, want + 3)
    assert torch.equal(before.tensor[0, 0, 0], torch.stack([want, want + 1, want + 2]))


def test_iterations_bounds_the_room(level):
    out = torch.zeros(BLOCK, dtype=torch.int32)
    dumps = accumulate.dump(op="tt.load", iterations=2, level=level)[(1,)](out, BLOCK=BLOCK)
    before = only(dumps, op="tt.load")
    assert before.tensor.shape == (1, 1, 1, 2, BLOCK)
    assert before.dropped == 1
    assert "1 executions dropped" in repr(before)
    with pytest.raises(ArgumentError, match="at least 1"):
        accumulate.dump(op="tt.load", iterations=0)


def test_over_the_budget_says_what_would_fit(level):
    x, y, out, n = add_arguments()
    with pytest.raises(ResourceError, match=r"programs= with at most 2 of the 4 programs, or max_bytes=\d+"):
        add.dump(op="arith.addf", max_bytes=2500, level=level)[add_grid()](x, y, out, n, BLOCK=256)
    loop = torch.zeros(BLOCK, dtype=torch.int32)
    with pytest.raises(ResourceError, match=r"iterations=2"):
        accumulate.dump(op="tt.load", max_bytes=1100, level=level)[(1,)](loop, BLOCK=BLOCK)
    assert not loop.any(), "what the counting run wrote is undone"


def test_bad_names():
    x, y, out, n = add_arguments()

    def ask(*selectors, **options):
        return add.dump(*selectors, **options)[add_grid()](x, y, out, n, BLOCK=256)

    with pytest.raises(ArgumentError, match=r"there is no value %totl; did you mean %total"):
        ask("%totl")
    with pytest.raises(ArgumentError, match=r"'arith.adf'; did you mean arith.add"):
        ask("arith.adf")
    with pytest.raises(ArgumentError, match=r"level is 'cubin', but it has ttir, ttgir, llir, ptx"):
        ask("*", level="cubin")


def test_refused_by_name_and_reason():
    x, out = torch.randn(4, 8, 16), torch.empty(512)
    kernel = cube[(1,)](x, out, 4, 8, 16)
    slots = triton_runner._C.list_values("ttgir", kernel.artifacts["ttgir"])
    inner = next(slot for slot in slots if slot.op == "arith.addf" and slot.refusal)
    reason = (
        rf"value {inner.name} \(arith.addf, IR line {inner.line}\) cannot be dumped: it lies in the region of tt.reduce"
    )
    with pytest.raises(UnsupportedError, match=reason):
        cube.dump(f"{inner.name}@{inner.line}", level="ttgir")[(1,)](x, out, 4, 8, 16)


def test_dumpable_is_a_table():
    x, y, out, n = add_arguments()
    listed = add.dumpable(x, y, out, n, BLOCK=256)
    assert [slot.name for slot in listed][:4] == ["%x_ptr", "%y_ptr", "%out_ptr", "%n"]
    text = repr(listed)
    assert "arith.addf" in text
    assert "256xfp32" in text
    assert "dump_kernels.py:" in text


def test_repr_and_values():
    tensor = torch.tensor([[1.0, float("nan"), float("inf")], [0.0, 0.0, 0.0]])
    source = triton_runner.dump.Source("ttir", "%v", "math.exp", 4, (("/a/k.py", 9),), "v", "")
    dump = Dump(tensor, torch.tensor([True, False]), source)
    assert repr(dump) == (
        "Dump(%v = math.exp, ttir line 4, k.py:9; float32[2, 3]; range [1, 1]; 1 NaN; 1 Inf; 1 of 2 not computed)"
    )
    assert dump.values().shape == (1, 3)


def test_save_and_plot(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    safetensors = pytest.importorskip("safetensors.torch")
    x, y, out, n = add_arguments()
    total = only(add.dump("arith.addf")[add_grid()](x, y, out, n, BLOCK=256), op="arith.addf")
    total.save(tmp_path / "total.safetensors")
    loaded = safetensors.load_file(tmp_path / "total.safetensors")
    assert torch.equal(loaded[total.source.name], total.tensor)
    lines = total.plot().get_lines()
    assert lines[0].get_ydata().tolist() == total.tensor[0, 0, 0].double().tolist()
    heat = Dump(torch.rand(2, 3, 4), torch.ones(2, dtype=torch.bool), total.source).plot(1)
    assert heat.get_images()[0].get_array().shape == (3, 4)


def test_nothing_is_tracked_by_autograd():
    x, y, out, n = add_arguments()
    x.requires_grad_()
    total = only(add.dump("arith.addf")[add_grid()](x, y, out, n, BLOCK=256), op="arith.addf")
    assert not total.tensor.requires_grad
    assert torch.equal(total.tensor.reshape(-1)[:n], (x + y).detach())
