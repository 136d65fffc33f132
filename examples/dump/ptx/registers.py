"""Registers of PTX written by hand, thread by thread: a loop, a predicate, and a load that few threads execute."""

import torch

import triton_runner
from triton_runner.torch_utils import get_active_torch_device

# out[t] = 1 + 2 + ... + t, the terms added one by one; threads below 8 then add bonus[t].
TEXT = """\
.version 8.0
.target sm_75
.address_size 64
.visible .entry sums(.param .u64 .ptr .global .align 4 bonus, .param .u64 .ptr .global .align 4 out)
.reqntid 32
{
    .reg .pred %p<3>; .reg .b32 %r<6>; .reg .b64 %rd<6>;
    ld.param.b64 %rd1, [bonus];
    ld.param.b64 %rd2, [out];
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd3, %r1, 4;
    add.s64 %rd4, %rd1, %rd3;
    add.s64 %rd5, %rd2, %rd3;
    mov.b32 %r2, 0;
    mov.b32 %r3, 0;
LOOP:
    add.s32 %r3, %r3, %r2;
    add.s32 %r2, %r2, 1;
    setp.le.u32 %p1, %r2, %r1;
    @%p1 bra LOOP;
    setp.lt.u32 %p2, %r1, 8;
    @%p2 ld.global.b32 %r4, [%rd4];
    @%p2 add.s32 %r3, %r3, %r4;
    st.global.b32 [%rd5], %r3;
    ret;
}
"""


def main():
    device = get_active_torch_device()
    kernel = triton_runner.load(TEXT, level="ptx", signature={"bonus": "*i32", "out": "*i32"})
    bonus = torch.arange(100, 132, dtype=torch.int32, device=device)
    out = torch.zeros_like(bonus)
    thread = torch.arange(32, device=device)

    # %r3 is written in three places, so each is a value of its own: %r3#0 sets it, %r3#1 adds in the loop.
    dumps = kernel.dump("%p2", "%r3#1", "%r4")[(1,)](bonus, out)
    for dump in dumps.values():
        print(dump)

    assert torch.equal(dumps["%p2"].tensor[0, 0, 0], thread < 8)

    # [z, y, x, threads, iterations]; thread t goes round t + 1 times, and valid is False where a thread was done.
    rounds = torch.arange(32, device=device)
    partial = dumps["%r3#1"]
    assert torch.equal(partial.valid[0, 0, 0], rounds[None, :] <= thread[:, None])
    want = rounds.cumsum(0).int().expand(32, 32)
    assert torch.equal(partial.values(), want[partial.valid[0, 0, 0]])

    # A predicated instruction is recorded where it was executed.
    assert torch.equal(dumps["%r4"].valid[0, 0, 0], thread < 8)
    assert torch.equal(dumps["%r4"].values(), bonus[:8])

    assert torch.equal(out, rounds.cumsum(0).int() + torch.where(thread < 8, bonus, 0))
    print(f"registers on {device}: equal to torch")


if __name__ == "__main__":
    main()
