"""Dump at TTGIR: every kind of layout, accumulators in flight, shared memory, warp specialization; sm_80 and sm_90."""

import re

import pytest
import torch
from kernels import case_named, clone, tensor_of
from kernels.plain import compile_plain, signature_of
from triton.experimental import gluon
from triton.experimental.gluon import language as gl

import triton_runner
from triton_runner import _C
from triton_runner.errors import UnsupportedError


def held(name, capability, level="ttgir"):
    case = case_named(name)
    plain = compile_plain(case, capability)
    metadata = {key: value for key, value in plain.metadata._asdict().items() if key != "target"}
    kernel = triton_runner.load(
        plain.asm[level], level=level, signature=signature_of(plain), target=f"sm_{capability}", metadata=metadata
    )
    arguments = case.arguments("cpu")
    values = [arguments[key] for key, kind in plain.src.signature.items() if kind != "constexpr"]
    return case, kernel, arguments, values


def first_tile(value):
    """Program 0's value of each iteration that it has."""
    return value.tensor[0, 0, 0][value.valid[0, 0, 0]]


KINDS = {
    "blocked": (r"^#blocked", "softmax", 80),
    "slice": (r"^#ttg.slice", "attention", 80),
    "dot operand": (r"^#ttg.dot_op", "matmul_fp16_s3", 80),
    "mma v2": (r"^#mma", "matmul_fp16_s3", 80),
    "mma v3": (r"^#mma", "tma_host_matmul", 90),
    "linear": (r"^#linear", "sort", 80),
}


@pytest.mark.parametrize("kind", KINDS)
def test_layout(kind):
    pattern, name, capability = KINDS[kind]
    case, kernel, arguments, values = held(name, capability)
    found = [slot.name for slot in kernel.dumpable() if re.match(pattern, slot.layout)]
    assert found
    want = case.reference(clone(arguments))
    dumps = kernel.dump(*dict.fromkeys(found[:12]))[case.grid](*values)
    case.check(arguments, want)
    assert all(dump.exact for dump in dumps.values())
    assert all(dump.valid.any() for dump in dumps.values())


@pytest.mark.parametrize(
    ("name", "capability"), [("matmul_bf16_s3", 80), ("matmul_fp16_s3", 80), ("tma_host_matmul", 90)]
)
def test_accumulators_grow_to_the_product(name, capability):
    """Each accumulator is the product of the tiles so far; on sm_90 it is in flight when it is asked for."""
    op = "ttng.warp_group_dot" if capability == 90 else "tt.dot"
    case, kernel, arguments, values = held(name, capability)
    accumulators = next(iter(kernel.dump(op=op)[case.grid](*values).values()))
    a, b = (tensor_of(arguments[key]).float() for key in list(arguments)[:2])
    tiles = first_tile(accumulators)
    m, n = tiles.shape[1:]
    depth = -(-a.shape[1] // len(tiles))
    step = next(size for size in (16, 32, 64, 128) if size >= depth)
    for number, tile in enumerate(tiles):
        until = min((number + 1) * step, a.shape[1])
        product = a[:m, :until] @ b[:until, :n]
        torch.testing.assert_close(tile[: product.shape[0], : product.shape[1]], product, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(("name", "capability"), [("matmul_fp16_s3", 80), ("tma_host_matmul", 90)])
def test_tiles_in_shared_memory(name, capability):
    """The views that the loop's product reads hold the tiles of A and B: swizzled at sm_80, nvmma ones at sm_90."""
    case, kernel, arguments, values = held(name, capability)
    slots = [slot for slot in kernel.dumpable() if slot.op == "ttg.memdesc_index" and slot.depth == 1]
    assert slots
    a, b = (tensor_of(arguments[key]) for key in list(arguments)[:2])
    dumps = kernel.dump(*[slot.name for slot in slots])[case.grid](*values)
    seen = 0
    for dump in dumps.values():
        tiles = first_tile(dump)
        rows, columns = tiles.shape[1:]
        step = 0
        for number, tile in enumerate(tiles):
            for matrix, origin in ((a, (0, number * columns)), (b, (number * rows, 0))):
                want = matrix[origin[0] : origin[0] + rows, origin[1] : origin[1] + columns]
                step += want.shape == tile.shape and torch.equal(tile, want)
        assert step >= len(tiles) - 1, dump
        seen += 1
    assert seen >= 2


def test_tiles_that_tma_loads():
    case, kernel, arguments, values = held("tma_host_matmul", 90, "ttir")
    want = case.reference(clone(arguments))
    dumps = list(kernel.dump(op="tt.descriptor_load")[case.grid](*values).values())
    case.check(arguments, want)
    a, b = (tensor_of(arguments[key]) for key in list(arguments)[:2])
    for number, (left, right) in enumerate(zip(*map(first_tile, dumps), strict=True)):
        depth = left.shape[1]
        inner = slice(number * depth, (number + 1) * depth)
        assert torch.equal(left, a[: left.shape[0], inner])
        assert torch.equal(right, b[inner, : right.shape[1]])


@pytest.mark.parametrize(
    ("name", "capability", "op", "reason"),
    [
        ("matmul_fp16_s3", 80, "ttg.async_commit_group", "a token carries no data"),
        ("tma_device_matmul", 90, "ttng.reinterpret_tensor_descriptor", "a tensor descriptor is no data"),
        ("matmul_fp16_s4", 80, "ttg.local_alloc", "it holds several buffers; name the view of one"),
        ("cluster_matmul", 90, "ttg.memdesc_index", "shared memory of a cluster is spread over its CTAs"),
    ],
)
def test_refused(name, capability, op, reason):
    plain = compile_plain(case_named(name), capability)
    slots = _C.list_values("ttgir", plain.asm["ttgir"])
    refused = next(i for i, slot in enumerate(slots) if slot.op == op and reason in slot.refusal)
    with pytest.raises(UnsupportedError, match=f"cannot be dumped: .*{reason}"):
        _C.dump_values("ttgir", plain.asm["ttgir"], "", [refused])


@gluon.jit
def doubling(x_ptr, out_ptr, N: gl.constexpr):
    i = gl.arange(0, N, layout=gl.BlockedLayout([1], [32], [4], [0]))
    twice = gl.load(x_ptr + i) * 2.0
    gl.store(out_ptr + i, twice)


@gluon.jit
def tripling(x_ptr, out_ptr, N: gl.constexpr):
    i = gl.arange(0, N, layout=gl.BlockedLayout([1], [32], [4], [0]))
    for k in range(3):
        thrice = gl.load(x_ptr + i) * 3.0 + k
        gl.store(out_ptr + N + i, thrice)


@triton_runner.gluon_jit
def specialized(x_ptr, out_ptr, N: gl.constexpr):
    gl.warp_specialize([(doubling, (x_ptr, out_ptr, N)), (tripling, (x_ptr, out_ptr, N))], [4], [24])


def test_warp_specialization():
    kernel = triton_runner.compile(
        specialized, signature={"x_ptr": "*fp32", "out_ptr": "*fp32"}, constexprs={"N": 128}, target="sm_90", to="ptx"
    )
    x, out = torch.randn(128), torch.zeros(256)
    dumps = kernel.dump("*")[(1,)](x, out)
    torch.testing.assert_close(out, torch.cat([x * 2, x * 3 + 2]))
    twice = [dump for dump in dumps.values() if dump.source.op == "arith.mulf" and dump.tensor.dim() == 4]
    assert torch.equal(twice[0].tensor[0, 0, 0], x * 2)
    thrice = [dump for dump in dumps.values() if dump.source.op == "arith.addf"]
    torch.testing.assert_close(thrice[0].tensor[0, 0, 0], torch.stack([x * 3 + k for k in range(3)]))
