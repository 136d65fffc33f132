"""The kernels that are launched: nearly no work, and as many arguments as real ones have.

Plain functions, so that Triton and triton_runner each decorate the same source.
"""

import triton.language as tl


def kernel_0():
    pass


def kernel_19(
    a_ptr, b_ptr, c_ptr, d_ptr, out_ptr, n, stride_a, stride_b, stride_c, stride_d, stride_out, first, low, high,
    BLOCK: tl.constexpr, USE_B: tl.constexpr, USE_C: tl.constexpr, USE_D: tl.constexpr, CLAMP: tl.constexpr,
):  # fmt: skip
    i = first + tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.load(a_ptr + i * stride_a, mask=i < n)
    if USE_B:
        total += tl.load(b_ptr + i * stride_b, mask=i < n)
    if USE_C:
        total += tl.load(c_ptr + i * stride_c, mask=i < n)
    if USE_D:
        total += tl.load(d_ptr + i * stride_d, mask=i < n)
    if CLAMP:
        total = tl.minimum(tl.maximum(total, low), high)
    tl.store(out_ptr + i * stride_out, total, mask=i < n)


def kernel_58(
    p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, out_ptr,
    n, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12,
    first, low, high, low2, high2, shift, w0, w1, w2, w3, w4, w5,
    BLOCK: tl.constexpr, U0: tl.constexpr, U1: tl.constexpr, U2: tl.constexpr, U3: tl.constexpr, U4: tl.constexpr,
    U5: tl.constexpr, U6: tl.constexpr, U7: tl.constexpr, U8: tl.constexpr, U9: tl.constexpr, U10: tl.constexpr,
    U11: tl.constexpr, U12: tl.constexpr, CLAMP: tl.constexpr, CLAMP2: tl.constexpr, SHIFT: tl.constexpr,
    WEIGH: tl.constexpr,
):  # fmt: skip
    i = first + tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = i < n
    total = tl.zeros((BLOCK,), tl.float32)
    if U0:
        total += tl.load(p0 + i * s0, mask=inside)
    if U1:
        total += tl.load(p1 + i * s1, mask=inside)
    if U2:
        total += tl.load(p2 + i * s2, mask=inside)
    if U3:
        total += tl.load(p3 + i * s3, mask=inside)
    if U4:
        total += tl.load(p4 + i * s4, mask=inside)
    if U5:
        total += tl.load(p5 + i * s5, mask=inside)
    if U6:
        total += tl.load(p6 + i * s6, mask=inside)
    if U7:
        total += tl.load(p7 + i * s7, mask=inside)
    if U8:
        total += tl.load(p8 + i * s8, mask=inside)
    if U9:
        total += tl.load(p9 + i * s9, mask=inside)
    if U10:
        total += tl.load(p10 + i * s10, mask=inside)
    if U11:
        total += tl.load(p11 + i * s11, mask=inside)
    if U12:
        total += tl.load(p12 + i * s12, mask=inside)
    if WEIGH:
        total = total * (w0 + w1 + w2 + w3 + w4 + w5)
    if SHIFT:
        total += shift
    if CLAMP:
        total = tl.minimum(tl.maximum(total, low), high)
    if CLAMP2:
        total = tl.minimum(tl.maximum(total, low2), high2)
    tl.store(out_ptr + i, total, mask=inside)


def kernel_descriptor(source, out_ptr, BLOCK: tl.constexpr):
    i, j = tl.arange(0, BLOCK)[:, None], tl.arange(0, BLOCK)[None, :]
    tl.store(out_ptr + i * BLOCK + j, source.load([0, 0]))
