"""PTX written by hand, with its record: what tests of the op and of packing launch without a compiler in between."""

from __future__ import annotations

import json
from typing import Any

SCALE_ADD = """\
.version 8.0
.target sm_75
.address_size 64

// out[i] = x[i] * scale + y[i] for i < count, one element a thread
.visible .entry scale_add(
    .param .u64 x_ptr, .param .u64 y_ptr, .param .u64 out_ptr, .param .u32 count, .param .f32 scale
)
.reqntid 128
{
    .reg .pred %p<2>;
    .reg .b32 %r<6>;
    .reg .f32 %f<5>;
    .reg .b64 %rd<8>;
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %tid.x;
    mad.lo.s32 %r3, %r1, 128, %r2;
    ld.param.u32 %r4, [count];
    setp.ge.s32 %p1, %r3, %r4;
    @%p1 bra DONE;
    ld.param.u64 %rd1, [x_ptr];
    ld.param.u64 %rd2, [y_ptr];
    ld.param.u64 %rd3, [out_ptr];
    ld.param.f32 %f1, [scale];
    mul.wide.s32 %rd4, %r3, 4;
    add.s64 %rd5, %rd1, %rd4;
    add.s64 %rd6, %rd2, %rd4;
    add.s64 %rd7, %rd3, %rd4;
    ld.global.f32 %f2, [%rd5];
    ld.global.f32 %f3, [%rd6];
    fma.rn.f32 %f4, %f2, %f1, %f3;
    st.global.f32 [%rd7], %f4;
DONE:
    ret;
}
"""
BLOCK = 128


def parameter(name: str, kind: str, **assumed: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **assumed}


def record_json(name: str, params: list[dict[str, Any]], /, **changed: Any) -> str:
    """A kernel record as JSON, for one warp and sm_75 unless told otherwise."""
    record = {
        "version": 1,
        "name": name,
        "params": params,
        "num_warps": 1,
        "num_ctas": 1,
        "shared": 0,
        "cooperative": False,
        "pdl": False,
        "global_scratch": None,
        "profile_scratch": None,
        "target": {"backend": "cuda", "arch": "75", "warp_size": 32},
        "triton_version": "",
    }
    return json.dumps({**record, **changed})


def scale_add_sidecar(**changed: Any) -> dict[str, Any]:
    """The record as it lies in a sidecar."""
    return {"name": "scale_add", "triton_runner": json.loads(scale_add_record(**changed))}


def scale_add_record(**changed: Any) -> str:
    params = [
        parameter("x_ptr", "*fp32", access="read"),
        parameter("y_ptr", "*fp32", access="read"),
        parameter("out_ptr", "*fp32", access="write"),
        parameter("count", "i32"),
        parameter("scale", "fp32"),
    ]
    return record_json("scale_add", params, **{"num_warps": BLOCK // 32, **changed})
