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
    assert flat.offset == 2 * 16 + 32, "behind the table and three rows, padded"
    assert flat.slot.record_bytes == 16
    assert flat.bytes == 2 * (16 + 16)
    assert nested.offset == flat.offset + flat.bytes
    assert nested.slot.header_bytes == 16
    assert nested.slot.record_bytes == 32
    assert layout.bytes == nested.offset + 2 * (16 + 2 * 32)
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
