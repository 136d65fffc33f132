"""Tensors and the grids over them: which device to use, how many blocks, how many elements once padded to whole blocks.

All arithmetic is on shapes; no function here launches a kernel, and only `pad_2d_to_block_shape` allocates.
Tested in tests/python/test_torch_utils.py.
"""

import math
from collections.abc import Sequence

import torch

from triton_runner.errors import ArgumentError


def get_active_torch_device() -> torch.device:
    """The current CUDA (or ROCm) device where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def get_grid_dim(numel: int | Sequence[int], block: int | Sequence[int]) -> int | tuple[int, ...]:
    """Number of blocks that cover `numel` elements: ceil(numel / block).

    With a shape and a block shape of the same rank, the number along each axis, as a tuple. A size of 0 needs 0 blocks.

    Raises:
        ArgumentError: ranks differ, a number meets a shape, a size is negative, or a block is not positive.
    """
    if isinstance(numel, int) and isinstance(block, int):
        return _count_blocks((numel,), (block,))[0]
    if isinstance(numel, int) or isinstance(block, int):
        raise ArgumentError(
            f"get_grid_dim: {numel!r} and {block!r} must both be numbers, or both shapes of the same rank"
        )
    return _count_blocks(numel, block)


def get_pad_n_elements(tensor: torch.Tensor, block_shape: int | Sequence[int]) -> int:
    """Number of elements of `tensor` (any dtype) once each of its dimensions is padded up to a multiple of the block's.

    Raises:
        ArgumentError: the rank of `block_shape` is not that of the tensor, or a block size is not positive.
    """
    block = _as_shape(block_shape)
    return get_n_elements_with_grid(block, _count_blocks(tensor.shape, block))


def get_n_elements_with_grid(block_shape: int | Sequence[int], grid: int | Sequence[int]) -> int:
    """Number of elements that `grid` blocks of `block_shape` hold: the product of grid × block over all axes.

    A grid may have trailing axes of size 1 that the block lacks, since a launch grid always has three.

    Raises:
        ArgumentError: ranks differ otherwise, a block size is not positive, or a grid size is negative.
    """
    block, blocks = _as_shape(block_shape), _as_shape(grid)
    if len(blocks) > len(block) and all(size == 1 for size in blocks[len(block) :]):
        blocks = blocks[: len(block)]
    _check_ranks("grid", blocks, block)
    _check_sizes(blocks, block)
    return math.prod(count * size for count, size in zip(blocks, block, strict=True))


def pad_2d_to_block_shape(tensor: torch.Tensor, block_shape: Sequence[int]) -> torch.Tensor:
    """`tensor` (rows, columns) of any dtype, padded with zeros below and to the right up to whole blocks.

    Returns the tensor itself where nothing is to be padded, else a new contiguous tensor on the same device.

    Raises:
        ArgumentError: the tensor or the block is not two-dimensional, or a block size is not positive.
    """
    if tensor.dim() != 2:
        raise ArgumentError(f"pad_2d_to_block_shape: the tensor has {tensor.dim()} dimensions, expected 2")
    counts = _count_blocks(tensor.shape, block_shape)
    rows, columns = (count * size for count, size in zip(counts, block_shape, strict=True))
    if (rows, columns) == tuple(tensor.shape):
        return tensor
    padded = tensor.new_zeros(rows, columns)
    padded[: tensor.shape[0], : tensor.shape[1]] = tensor
    return padded


def _as_shape(sizes: int | Sequence[int]) -> tuple[int, ...]:
    return (sizes,) if isinstance(sizes, int) else tuple(sizes)


def _count_blocks(shape: Sequence[int], block: Sequence[int]) -> tuple[int, ...]:
    _check_ranks("shape", shape, block)
    _check_sizes(shape, block)
    return tuple(-(-size // step) for size, step in zip(shape, block, strict=True))


def _check_ranks(what: str, sizes: Sequence[int], block: Sequence[int]) -> None:
    if len(sizes) != len(block):
        raise ArgumentError(
            f"{what} {tuple(sizes)} has rank {len(sizes)}, block shape {tuple(block)} has rank {len(block)}; "
            "give a block size for each axis"
        )


def _check_sizes(sizes: Sequence[int], block: Sequence[int]) -> None:
    if any(size < 0 for size in sizes):
        raise ArgumentError(f"sizes {tuple(sizes)} must not be negative")
    if any(step <= 0 for step in block):
        raise ArgumentError(f"block shape {tuple(block)} must be positive on each axis")
