"""triton-lang/triton #7268: the backward pass of attention takes 16 KiB more shared memory from Triton 3.3 on.

The kernel has the blocks of the report: 128 queries by 128 keys, a head of 64, bf16. An A10G or L4 gives a block
101,376 bytes, so that it no longer starts there. On Hopper's own path (``wgmma``) the number does not change.
docs/case_studies/triton_7268.md
"""

import re

import torch
import triton
import triton.language as tl
from study import Change, Study, Variant, Work, main

VERSIONS = ("3.2.0", "3.3.1", "3.6.0", "3.9.0")
HEAD, BLOCK_M, BLOCK_N = 64, 128, 128


@triton.jit
def attention_backward_kernel(
    q_ptr, k_ptr, v_ptr, do_ptr, lse_ptr, delta_ptr, dq_ptr, dk_ptr, dv_ptr, queries, keys, scale,
    HEAD: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Gradients of one block of keys; those of the queries are added up by all blocks."""
    head = tl.program_id(1)
    key = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    query = tl.arange(0, BLOCK_M)
    channel = tl.arange(0, HEAD)
    key_inside = key[:, None] < keys
    kv_tile = head * keys * HEAD + key[:, None] * HEAD + channel[None, :]
    q_tile = head * queries * HEAD + query[:, None] * HEAD + channel[None, :]
    k = tl.load(k_ptr + kv_tile, mask=key_inside, other=0.0)
    v = tl.load(v_ptr + kv_tile, mask=key_inside, other=0.0)
    dk = tl.zeros((BLOCK_N, HEAD), tl.float32)
    dv = tl.zeros((BLOCK_N, HEAD), tl.float32)
    for start in range(0, queries, BLOCK_M):
        inside = start + query < queries
        tile = q_tile + start * HEAD
        q = tl.load(q_ptr + tile, mask=inside[:, None], other=0.0)
        do = tl.load(do_ptr + tile, mask=inside[:, None], other=0.0)
        row = head * queries + start + query
        lse = tl.load(lse_ptr + row, mask=inside, other=float("inf"))
        delta = tl.load(delta_ptr + row, mask=inside, other=0.0)
        p = tl.exp(tl.dot(q, tl.trans(k)) * scale - lse[:, None])
        dv += tl.dot(tl.trans(p.to(do.dtype)), do)
        dp = tl.dot(do, tl.trans(v))
        ds = (p * (dp - delta[:, None]) * scale).to(q.dtype)
        dk += tl.dot(tl.trans(ds), q)
        tl.atomic_add(dq_ptr + tile, tl.dot(ds, k), mask=inside[:, None])
    tl.store(dk_ptr + kv_tile, dk.to(dk_ptr.dtype.element_ty), mask=key_inside)
    tl.store(dv_ptr + kv_tile, dv.to(dv_ptr.dtype.element_ty), mask=key_inside)


TURNED = (
    "#turned = #ttg.blocked<{sizePerThread = [8, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 8], order = [0, 1]}>"
)


def turn_before_converting(module):
    """An edit: dot(trans(convert(k))) becomes dot(convert(trans(k))), which is what Triton 3.2 has at this point."""
    converted = re.findall(r"(%\w+) = ttg\.convert_layout (%\w+) : tensor<128x64xbf16, #blocked> -> .*#linear>", module)
    assert len(converted) == 2, "k and v are expected"
    for number, (linear, blocked) in enumerate(converted):
        module, count = re.subn(
            rf"(%\w+) = tt\.trans {linear} (\{{.*\}}) : tensor<128x64xbf16, #linear> -> (tensor<64x128xbf16, .*>>)",
            rf"%turned{number} = tt.trans {blocked} \2 : tensor<128x64xbf16, #blocked> -> tensor<64x128xbf16, #turned>"
            "\n"
            rf"\1 = ttg.convert_layout %turned{number} : tensor<64x128xbf16, #turned> -> \3",
            module,
        )
        assert count == 1, "one transpose of each is expected"
    return f"{TURNED}\n{module}"


TURN = Change("turned", after="remove_layout_conversions#2", edit=turn_before_converting)


def facts(ttgir, ptx):
    """The buffers that the module asks for: of 3.3 and later, one more."""
    found = re.findall(r"local_alloc.*-> !(?:tt|ttg)\.memdesc<(\d+)x(\d+)xbf16", ttgir)
    return {"buffers": " ".join(f"{rows}x{columns}" for rows, columns in found)}


STUDY = Study(
    issue=7268,
    title="98,304 bytes of shared memory until Triton 3.2, 114,688 from 3.3 on",
    kernel=attention_backward_kernel,
    signature={
        **dict.fromkeys(("q_ptr", "k_ptr", "v_ptr", "do_ptr"), "*bf16:16"),
        **dict.fromkeys(("lse_ptr", "delta_ptr", "dq_ptr"), "*fp32:16"),
        **dict.fromkeys(("dk_ptr", "dv_ptr"), "*bf16:16"),
        **dict.fromkeys(("queries", "keys"), "i32:16"),
        "scale": "fp32",
    },
    constexprs={"HEAD": HEAD, "BLOCK_M": BLOCK_M, "BLOCK_N": BLOCK_N},
    options={"num_warps": 8, "num_stages": 1},
    variants=[
        *(Variant(triton, "sm_89") for triton in VERSIONS),
        *(Variant(triton, "sm_90") for triton in VERSIONS),
        Variant("3.6.0", "sm_89", TURN),
    ],
    facts=facts,
)


def gradients(q, k, v, do, scale):
    """Of attention, by torch in fp32, with the two rows that the forward pass would leave."""
    q, k, v = (tensor.float().requires_grad_() for tensor in (q, k, v))
    scores = q @ k.transpose(1, 2) * scale
    out = torch.softmax(scores, -1) @ v
    out.backward(do.float())
    return torch.logsumexp(scores, -1).detach(), (out * do).sum(-1).detach(), (q.grad, k.grad, v.grad)


def make_work(heads, queries, keys, device):
    q, do = (torch.randn(heads, queries, HEAD, device=device, dtype=torch.bfloat16) for _ in range(2))
    k, v = (torch.randn(heads, keys, HEAD, device=device, dtype=torch.bfloat16) for _ in range(2))
    scale = HEAD**-0.5
    lse, delta, (dq_is, dk_is, dv_is) = gradients(q, k, v, do, scale)
    dq = torch.empty(heads, queries, HEAD, device=device)
    dk, dv = torch.empty_like(k), torch.empty_like(v)
    leaves = [tensor.detach().clone().requires_grad_() for tensor in (q, k, v)]
    attention = torch.nn.functional.scaled_dot_product_attention(*leaves)
    return Work(
        name=f"{heads} heads, {queries} queries, {keys} keys",
        grid=(triton.cdiv(keys, BLOCK_N), heads),
        arguments=(q, k, v, do, lse, delta, dq, dk, dv, queries, keys, scale),
        constexprs=STUDY.constexprs,
        outputs={"dq": (dq, dq_is), "dk": (dk, dk_is), "dv": (dv, dv_is)},
        tolerance=0.0625,
        by_torch=lambda: torch.autograd.grad(attention, leaves, do, retain_graph=True),
    )


def make_works(device, on_gpu):
    shapes = [(4, 16, 16), (16, 1024, 1024), (32, 4096, 4096)] if on_gpu else [(1, 16, 16)]
    return [make_work(*shape, device) for shape in shapes]


if __name__ == "__main__":
    main(STUDY, make_works)
