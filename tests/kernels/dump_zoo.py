"""One of each operation in one kernel, with what torch computes in its place. Shared by the tests of dump."""

import torch
import triton.language as tl
from triton.language.extra import libdevice

import triton_runner

N = 64


@triton_runner.jit
def zoo(x_ptr, y_ptr, i_ptr, j_ptr, out_ptr, counter_ptr, N: tl.constexpr):
    """One of each. Every result goes to `out`, so that nothing is left out as dead."""
    at = tl.arange(0, N)
    x = tl.load(x_ptr + at)
    y = tl.load(y_ptr + at)
    i = tl.load(i_ptr + at)
    j = tl.load(j_ptr + at)
    sum_f = x + y
    sub_f = x - y
    mul_f = x * y
    div_f = x / y
    max_f = tl.maximum(x, y)
    min_f = tl.minimum(x, y)
    less_f = x < y
    chosen = tl.where(less_f, x, 7.0)
    fused = tl.fma(x, y, sub_f)
    clamped = tl.clamp(x, -0.5, 0.5)
    exp = tl.exp(x)
    exp2 = tl.exp2(x)
    log = tl.log(y)
    log2 = tl.log2(y)
    root = tl.sqrt(y)
    inverse = tl.rsqrt(y)
    erf = tl.erf(x)
    absolute = tl.abs(x)
    floor = tl.floor(x)
    ceil = tl.ceil(x)
    hyperbolic = libdevice.tanh(x)
    sum_i = i + j
    sub_i = i - j
    mul_i = i * j
    div_i = i // j
    rem_i = i % j
    and_i = i & j
    or_i = i | j
    xor_i = i ^ j
    left = i << 3
    right = i >> 2
    unsigned = i.to(tl.uint32, bitcast=True)
    right_u = unsigned >> 2
    high = tl.umulhi(unsigned, unsigned)
    max_i = tl.maximum(i, j)
    min_i = tl.minimum(i, j)
    equal_i = i == j
    half = x.to(tl.float16)
    brain = x.to(tl.bfloat16)
    wide = half.to(tl.float32)
    double = x.to(tl.float64) * 2.0
    as_float = i.to(tl.float32)
    as_int = x.to(tl.int32)
    long = i.to(tl.int64)
    byte = i.to(tl.int8)
    bits = x.to(tl.int32, bitcast=True)
    asm = tl.inline_asm_elementwise("add.s32 $0, $1, 5;", "=r,r", [i], dtype=tl.int32, is_pure=True, pack=1)
    square = tl.reshape(x, [8, 8])
    turned = tl.trans(square)
    row = tl.sum(square, axis=1)
    column = row[:, None]
    spread = tl.broadcast_to(column, [8, 8])
    best, where = tl.max(square, axis=1, return_indices=True)
    running = tl.cumsum(square, axis=1)
    sorted_x = tl.sort(x)
    pairs = tl.join(x, y)
    front, back = tl.split(pairs)
    picked = tl.gather(x, i & (N - 1), axis=0)
    counts = tl.histogram(i & 7, 8)
    old = tl.atomic_add(counter_ptr + at, i)
    one = tl.full([N], 1, tl.int32)
    swapped = tl.atomic_cas(counter_ptr + N + at, one, one + one)
    program = tl.program_id(0)
    programs = tl.num_programs(0)

    total = sum_f + sub_f + mul_f + div_f + max_f + min_f + chosen + fused + clamped + exp + exp2 + log + log2
    total += root + inverse + erf + absolute + floor + ceil + hyperbolic + wide + brain + as_float
    total += sum_i + sub_i + mul_i + div_i + rem_i + and_i + or_i + xor_i + left + right + max_i + min_i
    total += sorted_x + picked
    total += (right_u + high).to(tl.float32) + equal_i.to(tl.float32) + bits + asm + byte + as_int + old + swapped
    total += double.to(tl.float32) + long.to(tl.float32) + (program + programs)
    total += tl.reshape(turned + spread + running + best[:, None] + where[:, None] + counts[:, None], [N])
    total += front * back
    tl.store(out_ptr + at, total)


def zoo_arguments(device="cpu"):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(N, generator=generator)
    y = torch.rand(N, generator=generator) + 0.5
    i = torch.randint(-1000, 1000, (N,), generator=generator, dtype=torch.int32)
    j = torch.randint(1, 50, (N,), generator=generator, dtype=torch.int32)
    counter = torch.cat([torch.arange(N, dtype=torch.int32), torch.arange(N, dtype=torch.int32) % 3])
    return tuple(tensor.to(device) for tensor in (x, y, i, j, torch.zeros(N), counter))


def references(x, y, i, j, counter):
    square = x.view(8, 8)
    unsigned = i.long() & 0xFFFFFFFF
    return {
        "sum_f": x + y,
        "sub_f": x - y,
        "mul_f": x * y,
        "div_f": x / y,
        "max_f": torch.maximum(x, y),
        "min_f": torch.minimum(x, y),
        "less_f": x < y,
        "chosen": torch.where(x < y, x, 7.0),
        "fused": (x.double() * y.double() + (x - y).double()).float(),
        "clamped": x.clamp(-0.5, 0.5),
        "exp2": x.exp2(),
        "log2": y.log2(),
        "root": y.sqrt(),
        "inverse": y.rsqrt(),
        "erf": x.erf(),
        "absolute": x.abs(),
        "floor": x.floor(),
        "ceil": x.ceil(),
        "hyperbolic": x.tanh(),
        "exp": x.exp(),
        "log": y.log(),
        "sum_i": i + j,
        "sub_i": i - j,
        "mul_i": i * j,
        "div_i": torch.div(i, j, rounding_mode="trunc"),
        "rem_i": torch.fmod(i, j),
        "and_i": i & j,
        "or_i": i | j,
        "xor_i": i ^ j,
        "left": i << 3,
        "right": i >> 2,
        "right_u": (unsigned >> 2).int(),
        "high": torch.tensor([int(v) * int(v) >> 32 for v in unsigned], device=x.device).int(),
        "max_i": torch.maximum(i, j),
        "min_i": torch.minimum(i, j),
        "equal_i": i == j,
        "half": x.half(),
        "brain": x.bfloat16(),
        "wide": x.half().float(),
        "double": x.double() * 2,
        "as_float": i.float(),
        "as_int": x.int(),
        "long": i.long(),
        "byte": i.to(torch.int8),
        "bits": x.view(torch.int32),
        "asm": i + 5,
        "square": square,
        "turned": square.T,
        "row": square.sum(1),
        "column": square.sum(1, keepdim=True),
        "spread": square.sum(1, keepdim=True).expand(8, 8),
        "best": square.max(1).values,
        "where": square.max(1).indices.int(),
        "running": square.cumsum(1),
        "sorted_x": x.sort().values,
        "pairs": torch.stack([x, y], 1),
        "front": x,
        "back": y,
        "picked": x[(i & (N - 1)).long()],
        "counts": torch.bincount(i & 7, minlength=8).int(),
        "old": counter[:N],
        "swapped": counter[N:],
        "program": torch.tensor(0, dtype=torch.int32, device=x.device),
        "programs": torch.tensor(1, dtype=torch.int32, device=x.device),
    }


def agrees(value, want):
    if value.shape != want.shape or value.dtype != want.dtype:
        return False
    if not want.is_floating_point():
        return torch.equal(value, want)
    return torch.allclose(value.double(), want.double(), rtol=1e-5, atol=1e-5)


# Values whose variable the IR does not tell: the operation that yields them.
OPERATIONS = {
    "best": "tt.reduce",
    "where": "tt.reduce",
    "front": "tt.split",
    "back": "tt.split",
    "counts": "tt.histogram",
}
OPERATIONS["sorted_x"] = "tt.reshape"


def is_called(dump, name):
    return dump.source.op == OPERATIONS[name] if name in OPERATIONS else dump.source.variable == name


def wrong_values(dumps, wanted):
    """The names of `wanted` that no dump has as torch computes it."""
    wrong = []
    for name, want in wanted.items():
        found = [dump for dump in dumps.values() if is_called(dump, name)]
        if not any(agrees(dump.tensor.reshape(dump.tensor.shape[3:]), want) for dump in found):
            wrong.append((name, found))
    return wrong
