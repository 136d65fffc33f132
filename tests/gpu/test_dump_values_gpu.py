"""Values dumped on an NVIDIA GPU against torch: operations, types, loops, layouts, warps with work of their own,
clusters, marks in a kernel, compiled models and CUDA graphs. tests/python has the same for the CPU."""

import pytest
import torch
import triton
import triton.language as tl
from kernels import case_named
from kernels.dump_kernels import accumulate, add, add_arguments, add_grid, early, marked, nest, typed
from kernels.dump_zoo import N, references, wrong_values, zoo, zoo_arguments
from kernels.plain import compile_plain, metadata_of, signature_of
from reference import runtime_values
from triton.experimental import gluon
from triton.experimental.gluon import language as gl

import triton_runner
from triton_runner.errors import ArgumentError

BLOCK = 64
SUMS = {"ttir": "arith.addf", "ttgir": "arith.addf", "llir": "fadd", "ptx": "add.f32"}


@pytest.fixture(params=["ttir", "ttgir"])
def level(request):
    return request.param


def of_op(dumps, op):
    return [dump for dump in dumps.values() if dump.source.op == op]


def test_every_operation_against_torch(level):
    x, y, i, j, out, counter = zoo_arguments("cuda")
    before = counter.clone()
    dumps = zoo.dump("*", level=level)[(1,)](x, y, i, j, out, counter, N=N)
    assert all(dump.tensor.device == x.device for dump in dumps.values())
    wrong = wrong_values(dumps, references(x, y, i, j, before))
    assert not wrong, wrong


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
        torch.float8_e4m3fn,
    ],
    ids=str,
)
def test_every_dtype_keeps_its_bits(dtype, level, capability):
    if dtype == torch.float8_e4m3fn and capability < 89:
        pytest.skip("Triton has fp8e4nv from sm_89 on")
    raw = torch.randint(0, 256, (BLOCK * dtype.itemsize,), dtype=torch.uint8, device="cuda")
    out = torch.zeros_like(raw).view(dtype)
    value = of_op(typed.dump("tt.load", level=level)[(1,)](raw.view(dtype), out, BLOCK=BLOCK), "tt.load")[0]
    assert value.tensor.dtype == dtype
    assert torch.equal(value.tensor.reshape(-1).view(torch.uint8), raw)


def test_ragged_loops_branches_and_early_return(level):
    rows, programs = 5, 3
    x = torch.randn(rows, BLOCK, device="cuda")
    out = torch.empty(programs, BLOCK, device="cuda")
    odd = of_op(nest.dump("odd", level=level)[(programs,)](x, out, rows, BLOCK=BLOCK), "arith.mulf")[0]
    assert odd.valid.shape == (1, 1, programs, 5, 4)
    for program in range(programs):
        for number, row in enumerate(range(program, rows)):
            for k in range(4):
                computed = k < row and k % 2 == 1
                assert bool(odd.valid[0, 0, program, number, k]) == computed
                assert not computed or torch.equal(odd.tensor[0, 0, program, number, k], x[row] * 3)
    x, out = torch.randn(3 * BLOCK, device="cuda"), torch.zeros(3 * BLOCK, device="cuda")
    twice = of_op(early.dump("twice", level=level)[(3,)](x, out, BLOCK=BLOCK), "arith.mulf")[-1]
    assert twice.valid.flatten().tolist() == [True, False, True]


def test_what_the_kernel_overwrites_is_put_back(level):
    out = torch.arange(BLOCK, dtype=torch.int32, device="cuda")
    want = out.clone()
    before = of_op(accumulate.dump("before", level=level)[(1,)](out, BLOCK=BLOCK), "tt.load")[0]
    assert torch.equal(out, want + 3)
    assert torch.equal(before.tensor[0, 0, 0], torch.stack([want, want + 1, want + 2]))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("matmul_fp16_s3", 80),  # mma v2, dot operands, swizzled shared memory
        ("attention_causal", 80),  # slices
        ("layer_norm_forward", 80),
        ("sort", 80),  # linear
        ("gluon_transpose", 80),
        ("tma_host_matmul", 90),  # mma v3, nvmma shared memory, TMA
        ("matmul_fp16_s3", 90),
    ],
)
def test_layouts_are_those_of_the_cpu(name, target, capability):
    if capability < target:
        pytest.skip(f"needs sm_{target}")
    case = case_named(name)
    plain = compile_plain(case, target)
    kernel = triton_runner.compile(
        plain.asm["ttgir"],
        level="ttgir",
        signature=signature_of(plain),
        metadata=metadata_of(plain),
        target=f"sm_{target}",
        to="ptx",
    )
    result = triton_runner.compare(
        kernel,
        kernel,
        runtime_values(case, plain, case.arguments("cpu")),
        grid=case.grid,
        devices=("cuda", "cpu"),
        iterations=2,
        rtol=5e-3,
        atol=5e-3,
        max_bytes=2**33,
    )
    assert result, result
    assert len(result.compared) > 10


@gluon.jit
def doubling(x_ptr, out_ptr, SIZE: gl.constexpr):
    i = gl.arange(0, SIZE, layout=gl.BlockedLayout([1], [32], [4], [0]))
    twice = gl.load(x_ptr + i) * 2.0
    gl.store(out_ptr + i, twice)


@gluon.jit
def tripling(x_ptr, out_ptr, SIZE: gl.constexpr):
    i = gl.arange(0, SIZE, layout=gl.BlockedLayout([1], [32], [4], [0]))
    for k in range(3):
        thrice = gl.load(x_ptr + i) * 3.0 + k
        gl.store(out_ptr + SIZE + i, thrice)


@triton_runner.gluon_jit
def specialized(x_ptr, out_ptr, SIZE: gl.constexpr):
    gl.warp_specialize([(doubling, (x_ptr, out_ptr, SIZE)), (tripling, (x_ptr, out_ptr, SIZE))], [4], [24])


def test_warp_specialization(capability):
    if capability < 90:
        pytest.skip("warp specialization needs sm_90")
    x, out = torch.randn(128, device="cuda"), torch.zeros(256, device="cuda")
    dumps = specialized.dump("*")[(1,)](x, out, SIZE=128)
    torch.testing.assert_close(out, torch.cat([x * 2, x * 3 + 2]))
    twice = [dump for dump in of_op(dumps, "arith.mulf") if dump.tensor.dim() == 4]
    assert torch.equal(twice[0].tensor[0, 0, 0], x * 2)
    thrice = of_op(dumps, "arith.addf")
    torch.testing.assert_close(thrice[0].tensor[0, 0, 0], torch.stack([x * 3 + k for k in range(3)]))


@triton_runner.jit
def rows_in_a_cluster(x_ptr, out_ptr, SIZE: tl.constexpr):
    i = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    thrice = tl.load(x_ptr + i) * 3.0
    tl.store(out_ptr + i, thrice)


@pytest.mark.parametrize("from_level", ["ttir", "ttgir", "llir", "ptx"])
def test_two_ctas_are_one_program(from_level, capability):
    if capability < 90:
        pytest.skip("clusters need sm_90")
    size, programs = 512, 3
    x = torch.randn(size * programs, device="cuda")
    out = torch.zeros_like(x)
    op = {"ttir": "arith.mulf", "ttgir": "arith.mulf", "llir": "fmul", "ptx": "mul.f32"}[from_level]
    dumps = rows_in_a_cluster.dump(op, level=from_level)[(programs,)](x, out, SIZE=size, num_ctas=2)
    assert torch.equal(out, x * 3)
    found = torch.cat([dump.tensor.reshape(programs, -1) for dump in dumps.values()], 1)
    assert found.numel() >= x.numel()
    for program in range(programs):
        want = x[program * size : (program + 1) * size] * 3
        if from_level in ("ttir", "ttgir"):
            assert torch.equal(found[program], want)
        else:
            assert set(found[program].tolist()) == set(want.tolist())


def test_marks_and_the_buffer_that_the_user_sized():
    block, programs = 32, 3
    x = torch.randn(programs * block, device="cuda")

    def launch(kind, **keywords):
        out = torch.zeros_like(x)
        marked[(programs,)](x, out, x.numel(), BLOCK=block, DUMP=kind, **keywords)
        assert torch.equal(out, x * 2)

    buffer = torch.full((8 + block,), -1.0, device="cuda")
    launch("offset", dump_tensor=buffer, dump_grid=(2, 0, 0))
    assert torch.equal(buffer[8:], 2 * x[2 * block :])
    assert (buffer[:8] == -1).all()
    last = torch.zeros(block, device="cuda")
    launch("boundary", dump_tensor=last)
    assert torch.equal(last, 2 * x[2 * block :])
    everything = torch.zeros(4 + x.numel(), device="cuda")
    launch("grids", dump_tensor=everything)
    assert torch.equal(everything[4:], 2 * x)
    with pytest.raises(ArgumentError, match="dump_tensor is on cpu, but the kernel runs on cuda"):
        launch("grids", dump_tensor=torch.zeros(200))
    dumps = marked.dump("twice")[(programs,)](x, torch.zeros_like(x), x.numel(), BLOCK=block, DUMP="name")
    assert torch.equal(dumps["twice"].tensor.flatten(), 2 * x)


@pytest.mark.parametrize("from_level", list(SUMS))
def test_in_a_compiled_model_and_in_a_cuda_graph(from_level):
    x, y, out, n = add_arguments(device="cuda")
    prepared = add.dump(SUMS[from_level], level=from_level).prepare(add_grid(), x, y, out, n, BLOCK=256)

    def check(buffer, want):
        sums = torch.cat([dump.values().flatten() for dump in prepared.read(buffer).values()])
        assert torch.equal(sums[sums != 0].sort().values, want[want != 0].sort().values)

    @torch.compile(fullgraph=True)
    def model(x, y):
        out = torch.empty_like(x)
        buffer = prepared(x, y, out, n)
        return out * 2, buffer

    twice, buffer = model(x, y)
    assert torch.equal(twice, (x + y) * 2)
    check(buffer, x + y)

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        prepared(x, y, out, n)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        buffer = prepared(x, y, out, n)
    for scale in (1.0, 3.0):
        x.mul_(scale)
        graph.replay()
        assert torch.equal(out, x + y)
        check(buffer, x + y)


def test_a_plain_dump_breaks_the_graph():
    x, y, out, n = add_arguments(device="cuda")
    kernel = add[add_grid()](x, y, out, n, BLOCK=256)

    @torch.compile
    def model(x, y):
        out = torch.empty_like(x)
        dumps = kernel.dump("arith.addf")[add_grid()](x, y, out, n)
        return out + 1, next(iter(dumps.values())).tensor * 2

    more, twice = model(x, y)
    assert torch.equal(more, x + y + 1)
    assert torch.equal(twice.flatten()[:n], (x + y) * 2)


def test_triton_itself_stays_what_it_was():
    """A dump leaves the plain kernel's launches alone: same results, no buffer left in the way."""
    x, y, out, n = add_arguments(device="cuda")
    add.dump("*")[add_grid()](x, y, out, n, BLOCK=256)
    out.zero_()
    add[(triton.cdiv(n, 256),)](x, y, out, n, BLOCK=256)
    assert torch.equal(out, x + y)
