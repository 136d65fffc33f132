"""Matrix multiplication c = a @ bᵀ, a and b with the reduced axis last, as fp8 tensor cores want it.

Once over pointers and once over TMA descriptors made on the host. Plain functions, so that Triton and triton_runner
each decorate the same source.
"""

import triton
import triton.language as tl


@triton.jit
def place_of(M, N, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, GROUP_M: tl.constexpr):
    """Block row and column of this program: programs that run together share rows of a and columns of b."""
    program = tl.program_id(0)
    columns = tl.cdiv(N, BLOCK_N)
    first = program // (GROUP_M * columns) * GROUP_M
    height = tl.minimum(tl.cdiv(M, BLOCK_M) - first, GROUP_M)
    inside = program % (GROUP_M * columns)
    return first + inside % height, inside // height


def matmul_dot(
    a_ptr, b_ptr, c_ptr, M, N, K, stride_a, stride_b, stride_c,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    block_row, block_column = place_of(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    row = block_row * BLOCK_M + tl.arange(0, BLOCK_M)
    column = block_column * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    a_tile = a_ptr + (row % M)[:, None] * stride_a + inner[None, :]
    b_tile = b_ptr + inner[:, None] + (column % N)[None, :] * stride_b
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        a = tl.load(a_tile, mask=inner[None, :] < K - start, other=0.0)
        b = tl.load(b_tile, mask=inner[:, None] < K - start, other=0.0)
        total = tl.dot(a, b, total)
        a_tile += BLOCK_K
        b_tile += BLOCK_K
    inside = (row < M)[:, None] & (column < N)[None, :]
    tl.store(c_ptr + row[:, None] * stride_c + column[None, :], total.to(tl.float16), mask=inside)


def matmul_tma(
    a, b, c, M, N, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr
):
    block_row, block_column = place_of(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    row, column = block_row * BLOCK_M, block_column * BLOCK_N
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(0, K, BLOCK_K):
        total = tl.dot(a.load([row, start]), b.load([column, start]).T, total)
    c.store([row, column], total.to(tl.float16))
