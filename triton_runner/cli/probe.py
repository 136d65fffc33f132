"""The small kernel that ``doctor`` compiles and launches: out[i] = 3 * in[i], for one block of 128 threads.

Tested in tests/python/test_cli.py.
"""

from __future__ import annotations

COUNT = 128

PTX = """\
.version 7.0
.target sm_52
.address_size 64
.visible .entry doctor_probe(.param .u64 in, .param .u64 out)
.reqntid 128, 1, 1
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<6>;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 4;
  add.s64 %rd4, %rd1, %rd3;
  add.s64 %rd5, %rd2, %rd3;
  ld.global.u32 %r2, [%rd4];
  mul.lo.s32 %r3, %r2, 3;
  st.global.u32 [%rd5], %r3;
  ret;
}
"""

TTIR = """\
module {
  tt.func public @doctor_probe(%in: !tt.ptr<i32>, %out: !tt.ptr<i32>) {
    %c = arith.constant dense<3> : tensor<128xi32>
    %i = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32>
    %a = tt.splat %in : !tt.ptr<i32> -> tensor<128x!tt.ptr<i32>>
    %b = tt.addptr %a, %i : tensor<128x!tt.ptr<i32>>, tensor<128xi32>
    %x = tt.load %b : tensor<128x!tt.ptr<i32>>
    %y = arith.muli %x, %c : tensor<128xi32>
    %d = tt.splat %out : !tt.ptr<i32> -> tensor<128x!tt.ptr<i32>>
    %e = tt.addptr %d, %i : tensor<128x!tt.ptr<i32>>, tensor<128xi32>
    tt.store %e, %y : tensor<128x!tt.ptr<i32>>
    tt.return
  }
}
"""


def launch_probe(device: str, level: str = "ptx") -> None:
    """Launch the PTX, or the TTIR, on ``device``; raises where that fails or the result is wrong."""
    import torch

    from triton_runner import load

    if level == "ptx":
        metadata = {"triton_version": "3.0.0", "num_warps": COUNT // 32, "shared": 0}  # 3.0 has no hidden parameters
        kernel = load(PTX, level="ptx", metadata=metadata, signature={"in": "*i32", "out": "*i32"})
    else:
        kernel = load(TTIR, level=level)
    values = torch.arange(COUNT, dtype=torch.int32, device=device)
    out = torch.zeros_like(values)
    kernel[(1,)](values, out)
    if not torch.equal(out, 3 * values):
        raise AssertionError("the kernel ran, but its result is wrong")


def compile_probe(target: str) -> int:
    """Compile the TTIR for ``target`` with the installed Triton; the size of the machine code."""
    import triton_runner

    return len(triton_runner.compile(TTIR, level="ttir", target=target, to="cubin").artifacts["cubin"])
