"""The buffer's layout, filled by hand as csrc/ir/protocol.h says."""

import struct

import pytest
import torch

from triton_runner import _C
from triton_runner.dump import buffer as areas
from triton_runner.errors import ResourceError

TEXT = """module {
  tt.func public @k(%n: i32) {
    %h = my.op : tensor<3xbf16>
    scf.for %i = %n to %n step %n  : i32 {
      scf.for %j = %n to %n step %n  : i32 {
        %m = my.op : tensor<2x2xi1>
      }
    }
    tt.return
  }
}
"""


@pytest.fixture
def slots():
    found = {slot.name: slot for slot in _C.list_values("ttgir", TEXT)}
    return found["%h"], found["%m"]


def test_layout(slots):
    layout = areas.plan(slots, [1, 2], [0, -1, 1], 32)
    flat, nested = layout.areas
    assert flat.offset == 128, "behind the table and three rows, at a line of memory"
    assert flat.slot.record_bytes == 16
    assert flat.bytes == 2 * (16 + 16)
    assert nested.offset == 256
    assert nested.slot.header_bytes == 16
    assert nested.slot.record_bytes == 32
    assert nested.bytes == 2 * (16 + 2 * 32)
    assert layout.bytes == 512
    head = layout.allocate(torch.device("cpu"))[: 7 * 8].view(torch.int64).tolist()
    assert head == [flat.offset, 1, nested.offset, 2, 0, -1, 1]


def test_records(slots):
    layout = areas.plan(slots, [1, 2], [0, 1], 32)
    data = bytearray(layout.allocate(torch.device("cpu")).numpy().tobytes())
    flat, nested = layout.areas
    value = torch.tensor([1.5, -2.0, 3.0], dtype=torch.bfloat16)
    struct.pack_into("<q", data, flat.offset, 1)
    data[flat.offset + 16 : flat.offset + 22] = value.view(torch.uint8).numpy().tobytes()
    second = nested.offset + nested.row_bytes
    struct.pack_into("<q", data, second, 5)  # three more than there is room for
    struct.pack_into("<qq4B", data, second + 16, 0, 2, 1, 0, 0, 1)
    struct.pack_into("<qq4B", data, second + 48, 1, 0, 1, 1, 1, 1)
    buffer = torch.frombuffer(data, dtype=torch.uint8)

    tensor, valid = areas.records(buffer, flat)
    assert valid.tolist() == [[True], [False]]
    assert torch.equal(tensor[0, 0], value)
    assert tensor.dtype == torch.bfloat16
    assert not tensor[1].any()

    tensor, valid = areas.records(buffer, nested)
    assert areas.counts(buffer, nested).flatten().tolist() == [0, 5]
    assert tensor.shape == (2, 1, 2, 3, 2, 2)
    assert tensor.dtype == torch.bool
    assert valid.nonzero().tolist() == [[1, 0, 0, 2], [1, 0, 1, 0]]
    assert tensor[1, 0, 0, 2].tolist() == [[True, False], [False, True]]
    assert tensor[1, 0, 1, 0].all()


PER_THREAD = """.version 8.0
.target sm_80
.address_size 64
.visible .entry k() {
.reg .b32 %r<4>;
.reg .pred %p<2>;
mov.u32 %r1, 0;
LOOP:
add.s32 %r1, %r1, 1;
setp.lt.s32 %p1, %r1, 2;
@%p1 bra LOOP;
ret;
}
"""


def test_threads_are_the_innermost_dimension():
    slot = next(slot for slot in _C.list_values("ptx", PER_THREAD) if slot.name == "%p1")
    assert (slot.depth, slot.count_bytes, slot.header_bytes, slot.record_bytes) == (1, 8, 8, 9)
    layout = areas.plan([slot, slot], [2, 1], [-1, 0, 1], 32)
    first, second = layout.areas
    assert first.offset == 128
    assert first.row_bytes == 32 * (8 + 2 * 9)
    assert 0 <= second.offset - first.offset - 2 * first.row_bytes < 128
    data = bytearray(layout.allocate(torch.device("cpu")).numpy().tobytes())
    row = first.offset + first.row_bytes
    for thread in range(32):
        seen = thread % 4  # of which two have room
        struct.pack_into("<q", data, row + 8 * thread, seen)
        for number in range(min(seen, 2)):
            record = row + 32 * 8 + number * 32 * 9
            struct.pack_into("<q", data, record + 8 * thread, number)
            data[record + 32 * 8 + thread] = (thread + number) % 3 == 0
    tensor, valid = areas.records(torch.frombuffer(data, dtype=torch.uint8), first)
    assert tensor.shape == valid.shape == (2, 32, 2)
    assert not valid[0].any()
    assert areas.counts(torch.frombuffer(data, dtype=torch.uint8), first)[1].tolist() == [0, 1, 2, 3] * 8
    for thread in range(32):
        for number in range(2):
            assert valid[1, thread, number] == (number < thread % 4)
            assert tensor[1, thread, number] == (number < thread % 4 and (thread + number) % 3 == 0)


def test_nothing_recorded(slots):
    layout = areas.plan(slots, [1, 0], [-1], 32)
    buffer = layout.allocate(torch.device("cpu"))
    tensor, valid = areas.records(buffer, layout.areas[1])
    assert tensor.shape == (0, 1, 0, 0, 2, 2)
    assert valid.numel() == 0


def test_budget(slots):
    layout = areas.plan(slots, [1, 100], range(8), 32)
    areas.check_budget(layout, layout.bytes, "k")
    with pytest.raises(
        ResourceError, match=r"kernel 'k': the dump needs \d+ bytes \(of which %m \d+\), the budget is 3000"
    ):
        areas.check_budget(layout, 3000, "k")
