"""Gluon kernels: the layouts are written out, and shared memory is allocated by hand."""

import torch
from triton.experimental import gluon
from triton.experimental.gluon import language as gl

from .case import AMPERE_ON, Case

SIDE = 32


@gluon.jit
def gluon_scale_kernel(x_ptr, out_ptr, count, factor, BLOCK: gl.constexpr):
    layout: gl.constexpr = gl.BlockedLayout([2], [32], [4], [0])
    index = gl.program_id(0) * BLOCK + gl.arange(0, BLOCK, layout=layout)
    inside = index < count
    gl.store(out_ptr + index, gl.load(x_ptr + index, mask=inside) * factor, mask=inside)


@gluon.jit
def gluon_transpose_kernel(x_ptr, out_ptr, SIDE: gl.constexpr):
    """One tile goes through shared memory and is read back across."""
    by_row: gl.constexpr = gl.BlockedLayout([1, 4], [4, 8], [4, 1], [1, 0])
    shared: gl.constexpr = gl.SwizzledSharedLayout(vec=4, per_phase=1, max_phase=8, order=[1, 0])
    row = gl.arange(0, SIDE, layout=gl.SliceLayout(1, by_row))[:, None]
    column = gl.arange(0, SIDE, layout=gl.SliceLayout(0, by_row))[None, :]
    base = gl.program_id(0) * SIDE * SIDE
    tile = gl.allocate_shared_memory(gl.float32, [SIDE, SIDE], shared)
    tile.store(gl.load(x_ptr + base + row * SIDE + column))
    gl.store(out_ptr + base + row * SIDE + column, tile.permute([1, 0]).load(by_row))


def _scale_arguments(make):
    return {"x_ptr": make.normal(700), "out_ptr": make.empty(700), "count": 700, "factor": 0.5}


def _transpose_arguments(make):
    return {"x_ptr": make.normal(3, SIDE, SIDE), "out_ptr": make.empty(3, SIDE, SIDE)}


def _transpose_reference(args):
    return {"out_ptr": args["x_ptr"].transpose(1, 2).contiguous()}


CASES = [
    Case(
        "gluon_scale",
        gluon_scale_kernel,
        _scale_arguments,
        (3,),
        lambda a: {"out_ptr": a["x_ptr"] * torch.tensor(0.5)},
        {"BLOCK": 256},
        {"num_warps": 4},
        exact=True,
    ),
    Case(
        "gluon_transpose",
        gluon_transpose_kernel,
        _transpose_arguments,
        (3,),
        _transpose_reference,
        {"SIDE": SIDE},
        {"num_warps": 4},
        targets=AMPERE_ON,
        exact=True,
        since=(3, 6),  # the front end of 3.5 crashes on the permuted shared memory
    ),
]
