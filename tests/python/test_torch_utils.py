"""triton_runner/torch_utils.py: shapes, grids and padding."""

import pytest
import torch

from triton_runner.errors import ArgumentError
from triton_runner.torch_utils import (
    get_active_torch_device,
    get_grid_dim,
    get_n_elements_with_grid,
    get_pad_n_elements,
    pad_2d_to_block_shape,
)


def test_active_device_is_one_that_tensors_can_live_on():
    device = get_active_torch_device()
    assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert torch.ones(3, device=device).sum().item() == 3


@pytest.mark.parametrize(
    ("numel", "block", "expected"),
    [
        (0, 128, 0),
        (1, 128, 1),
        (128, 128, 1),
        (129, 128, 2),
        ((5, 7), (2, 4), (3, 2)),
        ([5], [5], (1,)),
        (torch.Size([9, 0, 4]), (4, 4, 4), (3, 0, 1)),
    ],
)
def test_grid_dim(numel, block, expected):
    assert get_grid_dim(numel, block) == expected


@pytest.mark.parametrize(
    ("numel", "block"),
    [(4, (2, 2)), ((4, 4), 2), ((4, 4), (2,)), (4, 0), (4, -1), (-1, 4), ((4, -4), (2, 2)), ((4, 4), (2, 0))],
)
def test_grid_dim_refuses(numel, block):
    with pytest.raises(ArgumentError):
        get_grid_dim(numel, block)


@pytest.mark.parametrize(
    ("shape", "block", "expected"),
    [
        ((100,), 64, 128),
        ((100,), (64,), 128),
        ((128,), (64,), 128),
        ((5, 7), (4, 8), 8 * 8),
        ((3, 5, 9), (2, 5, 4), 4 * 5 * 12),
        ((0, 5), (4, 4), 0),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.int64])
def test_pad_n_elements(shape, block, expected, dtype):
    assert get_pad_n_elements(torch.empty(shape, dtype=dtype), block) == expected


@pytest.mark.parametrize(("shape", "block"), [((4, 4), (2,)), ((4,), (2, 2)), ((), (2,)), ((4, 4), 2), ((4,), (0,))])
def test_pad_n_elements_refuses(shape, block):
    with pytest.raises(ArgumentError):
        get_pad_n_elements(torch.empty(shape), block)


@pytest.mark.parametrize(
    ("block", "grid", "expected"),
    [
        (128, 3, 384),
        ((128,), (3, 1, 1), 384),
        ((16, 32), (2, 3), 16 * 2 * 32 * 3),
        ((16, 32), (2, 3, 1), 16 * 2 * 32 * 3),
        ((2, 4, 8), (3, 1, 2), 6 * 4 * 16),
        ((16, 32), (0, 3), 0),
    ],
)
def test_n_elements_with_grid(block, grid, expected):
    assert get_n_elements_with_grid(block, grid) == expected


@pytest.mark.parametrize(
    ("block", "grid"), [((128,), (3, 2)), ((16, 32), (2,)), ((16, 32), (2, 3, 4)), ((16, 0), (2, 3)), ((16,), (-1,))]
)
def test_n_elements_with_grid_refuses(block, grid):
    with pytest.raises(ArgumentError):
        get_n_elements_with_grid(block, grid)


def test_padding_agrees_with_the_grid_over_it():
    tensor, block = torch.empty(33, 65), (16, 32)
    grid = get_grid_dim(tensor.shape, block)
    assert get_pad_n_elements(tensor, block) == get_n_elements_with_grid(block, grid) == 48 * 96


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8, torch.bool])
def test_pad_2d_keeps_the_values_and_adds_zeros(dtype):
    tensor = torch.ones(3, 5, dtype=dtype)
    padded = pad_2d_to_block_shape(tensor, (4, 4))
    assert padded.shape == (4, 8)
    assert padded.dtype == dtype
    assert torch.equal(padded[:3, :5], tensor)
    assert int(padded.sum(dtype=torch.int64)) == 15


def test_pad_2d_reads_a_transposed_tensor():
    tensor = torch.arange(6).reshape(2, 3).t()
    assert torch.equal(pad_2d_to_block_shape(tensor, (4, 2)), torch.tensor([[0, 3], [1, 4], [2, 5], [0, 0]]))


def test_pad_2d_returns_whole_blocks_as_they_are():
    tensor = torch.ones(8, 4)
    assert pad_2d_to_block_shape(tensor, (4, 4)) is tensor


@pytest.mark.parametrize(("shape", "block"), [((4,), (2, 2)), ((4, 4, 4), (2, 2)), ((4, 4), (2,)), ((4, 4), (2, -2))])
def test_pad_2d_refuses(shape, block):
    with pytest.raises(ArgumentError):
        pad_2d_to_block_shape(torch.ones(shape), block)
