"""Dumps made ahead of their launches: in compiled functions, again and again; and plain ones that break a graph."""

import pytest
import torch
from kernels.dump_kernels import accumulate, add, add_arguments, add_grid

from triton_runner.errors import ArgumentError

BLOCK = 64


@pytest.fixture(scope="module")
def kernel():
    x, y, out, n = add_arguments()
    return add[add_grid()](x, y, out, n, BLOCK=256)


@pytest.fixture(autouse=True)
def fresh_dynamo():
    torch._dynamo.reset()


def test_the_op_fills_the_buffer(kernel):
    x, y, out, n = add_arguments()
    prepared = kernel.dump("arith.addf", "arith.cmpi").prepare(add_grid(), x, y, out, n)
    buffer = prepared(x, y, out, n)
    assert torch.equal(out, x + y)
    dumps = prepared.read(buffer)
    assert tuple(dumps) == prepared.names
    total = next(dump for dump in dumps.values() if dump.source.op == "arith.addf")
    assert torch.equal(total.tensor.reshape(-1)[:n], x + y)
    assert total.exact is None
    # The next launch has a buffer of its own, and other arguments.
    again = prepared.read(prepared(y, y, out, n))
    assert torch.equal(again[total.source.name].tensor.reshape(-1)[:n], y + y)
    assert torch.equal(prepared.read(buffer)[total.source.name].tensor.reshape(-1)[:n], x + y)


@pytest.mark.parametrize(
    ("level", "backend"), [("ttgir", "aot_eager"), ("llir", "aot_eager"), ("ptx", "aot_eager"), ("ptx", "inductor")]
)
def test_in_one_graph(kernel, level, backend):
    """The dump's buffer is an output of the op in a fullgraph, and nothing of it is tracked by autograd."""
    op = {"ttgir": "arith.addf", "llir": "fadd", "ptx": "add.f32"}[level]
    x, y, out, n = add_arguments()
    prepared = kernel.dump(op, level=level).prepare(add_grid(), x, y, out, n)

    @torch.compile(fullgraph=True, backend=backend)
    def model(x, y):
        out = torch.empty_like(x)
        buffer = prepared(x, y, out, n)
        return out * 2, buffer

    for scale in (1, 3):
        twice, buffer = model(x * scale, y)
        want = x * scale + y
        assert torch.equal(twice, want * 2)
        assert not buffer.requires_grad
        sums = torch.cat([dump.values().flatten() for dump in prepared.read(buffer).values()])
        assert torch.equal(sums[sums != 0].sort().values, want[want != 0].sort().values)


def test_counts_where_nothing_bounds_a_loop():
    out = torch.arange(BLOCK, dtype=torch.int32)
    want = out.clone()
    prepared = accumulate.dump(op="tt.load").prepare((1,), out, BLOCK=BLOCK)
    assert torch.equal(out, want), "what the counting run wrote is undone"
    before = next(iter(prepared.read(prepared(out)).values()))
    assert torch.equal(out, want + 3)
    assert torch.equal(before.tensor[0, 0, 0], torch.stack([want, want + 1, want + 2]))


def test_another_buffer_is_refused(kernel):
    x, y, out, n = add_arguments()
    prepared = kernel.dump("arith.addf").prepare(add_grid(), x, y, out, n)
    with pytest.raises(ArgumentError, match=r"the buffer is torch.float32\[3\], expected uint8\[\d+\] as allocate"):
        prepared.read(torch.zeros(3))
    with pytest.raises(ArgumentError, match="triton_runner_dump"):
        prepared.kernel[add_grid()](x, y, out, n)


def test_a_plain_dump_breaks_the_graph_and_runs(kernel):
    x, y, _, n = add_arguments()

    def model(x, y):
        out = torch.empty_like(x)
        dumps = kernel.dump("arith.addf")[add_grid()](x, y, out, n)
        return out + 1, next(iter(dumps.values())).tensor * 2

    eager = model(x, y)
    compiled = torch.compile(model, backend="aot_eager")(x, y)
    for one, two in zip(eager, compiled, strict=True):
        assert torch.equal(one, two)
    torch._dynamo.reset()
    with pytest.raises(torch._dynamo.exc.Unsupported):
        torch.compile(model, backend="aot_eager", fullgraph=True)(x, y)
