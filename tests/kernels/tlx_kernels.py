"""Kernels written with TLX, each around one of its features. Importing them needs the plugin; tlx_cases.py does not."""

import triton.language as tl
import utlx_plugin as tlx

import triton_runner


@triton_runner.jit
def async_add_kernel(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    """Asynchronous copies into local buffers."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    buffers = tlx.local_alloc((BLOCK,), tl.float32, 2)
    x_buffer, y_buffer = tlx.local_view(buffers, 0), tlx.local_view(buffers, 1)
    x_token = tlx.async_load(x_ptr + i, x_buffer, mask=i < n)
    y_token = tlx.async_load(y_ptr + i, y_buffer, mask=i < n)
    tlx.async_load_commit_group([x_token, y_token])
    tlx.async_load_wait_group(0)
    tl.store(out_ptr + i, tlx.local_load(x_buffer) + tlx.local_load(y_buffer), mask=i < n)


@triton_runner.jit
def transpose_kernel(x_ptr, out_ptr, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """A view that turns a local buffer."""
    row, column = tl.arange(0, ROWS), tl.arange(0, COLUMNS)
    buffer = tlx.local_alloc((ROWS, COLUMNS), tl.float16, 1)[0]
    tlx.local_store(buffer, tl.load(x_ptr + row[:, None] * COLUMNS + column[None, :]))
    turned = tlx.local_load(tlx.local_trans(buffer))
    tl.store(out_ptr + column[:, None] * ROWS + row[None, :], turned)


@triton_runner.jit
def relay_kernel(x_ptr, out_ptr, BLOCK: tl.constexpr, STEPS: tl.constexpr):
    """Two tasks that hand buffers on through barriers."""
    buffers = tlx.local_alloc((BLOCK,), tl.float32, 2)
    full, empty = tlx.alloc_barriers(2), tlx.alloc_barriers(2)
    first = tl.program_id(0) * BLOCK * STEPS
    with tlx.async_tasks():
        with tlx.async_task("default"):
            for step in range(STEPS):
                slot, phase = step % 2, (step // 2) & 1
                tlx.barrier_wait(empty[slot], phase ^ 1)
                x = tl.load(x_ptr + first + step * BLOCK + tl.arange(0, BLOCK))
                tlx.local_store(buffers[slot], 2 * x)
                tlx.barrier_arrive(full[slot])
        with tlx.async_task(num_warps=4):
            for step in range(STEPS):
                slot, phase = step % 2, (step // 2) & 1
                tlx.barrier_wait(full[slot], phase)
                doubled = tlx.local_load(buffers[slot])
                tlx.barrier_arrive(empty[slot])
                tl.store(out_ptr + first + step * BLOCK + tl.arange(0, BLOCK), doubled + 1)


@triton_runner.jit
def pipelined_matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """A pipeline by hand: asynchronous copies ahead of wgmma. M and N are multiples of the blocks."""
    row = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    a_tile = a_ptr + row[:, None] * K + inner[None, :]
    b_tile = b_ptr + inner[:, None] * N + column[None, :]
    a_buffers = tlx.local_alloc((BLOCK_M, BLOCK_K), tl.float16, STAGES)
    b_buffers = tlx.local_alloc((BLOCK_K, BLOCK_N), tl.float16, STAGES)
    for ahead in tl.static_range(STAGES - 1):
        left = K - ahead * BLOCK_K
        a_token = tlx.async_load(a_tile + ahead * BLOCK_K, a_buffers[ahead], mask=inner[None, :] < left)
        b_token = tlx.async_load(b_tile + ahead * BLOCK_K * N, b_buffers[ahead], mask=inner[:, None] < left)
        tlx.async_load_commit_group([a_token, b_token])
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for step in tl.range(0, tl.cdiv(K, BLOCK_K), num_stages=0):
        tlx.async_load_wait_group(STAGES - 2)
        total = tlx.async_dot(a_buffers[step % STAGES], b_buffers[step % STAGES], total)
        total = tlx.async_dot_wait(0, total)
        later = step + STAGES - 1
        left = K - later * BLOCK_K
        a_token = tlx.async_load(a_tile + later * BLOCK_K, a_buffers[later % STAGES], mask=inner[None, :] < left)
        b_token = tlx.async_load(b_tile + later * BLOCK_K * N, b_buffers[later % STAGES], mask=inner[:, None] < left)
        tlx.async_load_commit_group([a_token, b_token])
    tl.store(c_ptr + row[:, None] * N + column[None, :], total.to(tl.float16))


@triton_runner.jit
def specialized_matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """One task copies by TMA, another multiplies, and stores by TMA."""
    a_desc = tl.make_tensor_descriptor(a_ptr, [M, K], [K, 1], [BLOCK_M, BLOCK_K])
    b_desc = tl.make_tensor_descriptor(b_ptr, [K, N], [N, 1], [BLOCK_K, BLOCK_N])
    c_desc = tl.make_tensor_descriptor(c_ptr, [M, N], [N, 1], [BLOCK_M, BLOCK_N])
    a_buffers = tlx.local_alloc((BLOCK_M, BLOCK_K), tl.float16, STAGES)
    b_buffers = tlx.local_alloc((BLOCK_K, BLOCK_N), tl.float16, STAGES)
    c_buffer = tlx.local_alloc((BLOCK_M, BLOCK_N), tl.float16, 1)[0]
    full, empty = tlx.alloc_barriers(STAGES), tlx.alloc_barriers(STAGES)
    first_row, first_column = tl.program_id(0) * BLOCK_M, tl.program_id(1) * BLOCK_N
    with tlx.async_tasks():
        with tlx.async_task("default"):
            for step in range(tl.cdiv(K, BLOCK_K)):
                slot, phase = step % STAGES, (step // STAGES) & 1
                tlx.barrier_wait(empty[slot], phase ^ 1)
                tlx.barrier_expect_bytes(full[slot], 2 * BLOCK_K * (BLOCK_M + BLOCK_N))
                tlx.async_descriptor_load(a_desc, a_buffers[slot], [first_row, step * BLOCK_K], full[slot])
                tlx.async_descriptor_load(b_desc, b_buffers[slot], [step * BLOCK_K, first_column], full[slot])
        with tlx.async_task(num_warps=4, registers=232):
            total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
            for step in range(tl.cdiv(K, BLOCK_K)):
                slot, phase = step % STAGES, (step // STAGES) & 1
                tlx.barrier_wait(full[slot], phase)
                total = tlx.async_dot(a_buffers[slot], b_buffers[slot], total)
                total = tlx.async_dot_wait(0, total)
                tlx.barrier_arrive(empty[slot])
            tlx.local_store(c_buffer, total.to(tl.float16))
            tlx.fence_async_shared()
            tlx.async_descriptor_store(c_desc, c_buffer, [first_row, first_column])
            tlx.async_descriptor_store_wait(0)
