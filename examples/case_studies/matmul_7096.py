"""triton-lang/triton #7096: the same small matmul is slower from Triton 3.3 on than with 3.1.

The kernel has the shape of the reproducer: 64×128×64 blocks of fp16, four warps, four stages. On Ampere (``mma.sync``)
two passes decide otherwise from 3.3 on; on Hopper (``wgmma``) neither plays a part. docs/case_studies/triton_7096.md
"""

import re

import torch
import triton
import triton.language as tl
from study import Change, Study, Variant, Work, main

VERSIONS = ("3.1.0", "3.2.0", "3.3.1", "3.4.0", "3.5.1", "3.6.0", "3.7.1", "3.8.0", "3.9.0")
BLOCK_M, BLOCK_N, BLOCK_K, GROUP_M = 64, 128, 64, 8


@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    blocks_m, blocks_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    group = tl.program_id(0) // (GROUP_M * blocks_n)
    within = tl.program_id(0) % (GROUP_M * blocks_n)
    height = min(blocks_m - group * GROUP_M, GROUP_M)
    block_m = group * GROUP_M + within % height
    block_n = within // height

    row = (block_m * BLOCK_M + tl.arange(0, BLOCK_M)) % M
    column = (block_n * BLOCK_N + tl.arange(0, BLOCK_N)) % N
    inner = tl.arange(0, BLOCK_K)
    a_tile = a_ptr + row[:, None] * stride_am + inner[None, :] * stride_ak
    b_tile = b_ptr + inner[:, None] * stride_bk + column[None, :] * stride_bn
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for step in range(tl.cdiv(K, BLOCK_K)):
        left = K - step * BLOCK_K
        a = tl.load(a_tile, mask=inner[None, :] < left, other=0.0)
        b = tl.load(b_tile, mask=inner[:, None] < left, other=0.0)
        total = tl.dot(a, b, total)
        a_tile += BLOCK_K * stride_ak
        b_tile += BLOCK_K * stride_bk

    out_row = block_m * BLOCK_M + tl.arange(0, BLOCK_M)
    out_column = block_n * BLOCK_N + tl.arange(0, BLOCK_N)
    out = c_ptr + out_row[:, None] * stride_cm + out_column[None, :] * stride_cn
    tl.store(out, total.to(tl.float16), mask=(out_row[:, None] < M) & (out_column[None, :] < N))


def give_warps(layout):
    """An edit: the four warps share the block as ``layout`` says."""

    def edit(module):
        changed, count = re.subn(r"(#mma = .*warpsPerCTA = )\[\d, \d\]", rf"\1{layout}", module)
        assert count == 1, "one layout of the matrix product is expected"
        return changed

    return Change(f"warps{layout[1]}x{layout[4]}", after="accelerate_matmul", edit=edit)


NO_PREFETCH = Change("no-prefetch", skip=["prefetch"])


def facts(ttgir, ptx):
    """The two choices that changed: how the warps share the block, and whether operands are prefetched to registers."""
    warps = re.search(r"#mma = .*warpsPerCTA = (\[\d, \d\])", ttgir)
    loop = ttgir[ttgir.index("scf.for") : ttgir.index("scf.yield")]
    sliced = len(re.findall(r"\b(?:tt\.dot|triton_nvidia_gpu\.dot_async|ttng\.warp_group_dot) ", loop)) > 1
    return {
        "warps": warps[1] if warps else None,
        "prefetch": sliced,
        "ldmatrix": ptx.count("ldmatrix"),
        "barriers": ptx.count("bar.sync"),
    }


STUDY = Study(
    issue=7096,
    title="a small matmul, slower from Triton 3.3 on than with 3.1",
    kernel=matmul_kernel,
    signature={
        **dict.fromkeys(("a_ptr", "b_ptr", "c_ptr"), "*fp16:16"),
        **dict.fromkeys(("M", "N", "K", "stride_am", "stride_bk", "stride_cm"), "i32:16"),
    },
    constexprs={
        **dict.fromkeys(("stride_ak", "stride_bn", "stride_cn"), 1),
        "BLOCK_M": BLOCK_M,
        "BLOCK_N": BLOCK_N,
        "BLOCK_K": BLOCK_K,
        "GROUP_M": GROUP_M,
    },
    options={"num_warps": 4, "num_stages": 4},
    variants=[
        *(Variant(triton, "sm_80") for triton in VERSIONS),
        *(Variant(triton, "sm_90") for triton in VERSIONS),
        # Either choice of 3.2 undone, then both, and the older choice put into 3.6.
        Variant("3.2.0", "sm_80", NO_PREFETCH),
        Variant("3.2.0", "sm_80", give_warps("[1, 4]")),
        Variant("3.6.0", "sm_80", give_warps("[2, 2]")),
        Variant("3.8.0", "sm_80", give_warps("[2, 2]")),
    ],
    facts=facts,
)


def make_work(M, N, K, device):
    a = torch.randn(M, K, device=device, dtype=torch.float16)
    b = torch.randn(K, N, device=device, dtype=torch.float16)
    c = torch.empty(M, N, device=device, dtype=torch.float16)
    strides = {"stride_am": K, "stride_bk": N, "stride_cm": N}
    values = {"a_ptr": a, "b_ptr": b, "c_ptr": c, "M": M, "N": N, "K": K, **strides}
    return Work(
        name=f"{M}x{N}x{K}",
        grid=(triton.cdiv(M, BLOCK_M) * triton.cdiv(N, BLOCK_N),),
        arguments=[values[name] for name in STUDY.signature],
        constexprs=STUDY.constexprs,
        outputs={"c": (c, (a.float() @ b.float()).half())},
        tolerance=0.25 if K > 256 else 0.0625,
        by_torch=lambda: torch.matmul(a, b, out=c),
    )


def make_works(device, on_gpu):
    sizes = (256, 512, 1024, 2048, 4096) if on_gpu else ()
    shapes = [(size, size, size) for size in sizes] or [(64, 128, 144)]
    return [make_work(*shape, device) for shape in shapes]


if __name__ == "__main__":
    main(STUDY, make_works)
