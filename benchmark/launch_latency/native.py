"""The C++ rows: cuLaunchKernelEx alone (floor.cc), and the op called from C++ (op_loop.cc)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from common.build import build

HERE = Path(__file__).parent
SCRATCH_SLOTS = 2  # that Triton appends to the parameters of a kernel


class Launch(ctypes.Structure):
    """`Launch` of floor.cc."""

    _fields_ = (
        ("function", ctypes.c_void_p),
        ("grid", ctypes.c_uint * 3),
        ("threads", ctypes.c_uint),
        ("shared_bytes", ctypes.c_uint),
        ("stream", ctypes.c_void_p),
        ("params", ctypes.c_void_p),
    )


class TensorMap(ctypes.Structure):
    """`TensorMap` of floor.cc."""

    _fields_ = (
        ("map", ctypes.c_void_p),
        ("base", ctypes.c_void_p),
        ("base_count", ctypes.c_uint64),
        ("type", ctypes.c_int32),
        ("swizzle", ctypes.c_int32),
        ("rank", ctypes.c_uint32),
        ("box", ctypes.c_uint32 * 5),
        ("dims", ctypes.c_uint64 * 5),
        ("strides", ctypes.c_uint64 * 5),
    )


@cache
def library() -> Any:
    """floor.cc with the driver open; RuntimeError where there is none."""
    loaded = ctypes.CDLL(str(build(HERE / "floor.cc")))
    loaded.floor_loop.restype = loaded.floor_first_launch.restype = ctypes.c_double
    loaded.floor_loop.argtypes = (ctypes.POINTER(Launch), ctypes.POINTER(TensorMap), ctypes.c_int)
    loaded.floor_load.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p))
    loaded.floor_encode.argtypes = (ctypes.POINTER(TensorMap), ctypes.c_uint64)
    loaded.floor_first_launch.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(Launch))
    if loaded.floor_open() != 0:
        raise RuntimeError("libcuda.so.1 cannot be opened, or is older than CUDA 12")
    return loaded


class Floor:
    """A kernel with its parameters packed, launched by nothing but the driver."""

    def __init__(self, metadata: Any, grid: tuple[int, int, int], args: list[Any], stream: int) -> None:
        """``metadata`` is Triton's for the kernel; ``args`` what its binary takes, tensor descriptors included."""
        self._kept: list[Any] = []
        self._map: TensorMap | None = None
        descriptors = iter(getattr(metadata, "tensordesc_meta", None) or ())
        fields = [field for arg in args for field in self._fields(arg, descriptors)]
        fields += [ctypes.c_uint64(0) for _ in range(SCRATCH_SLOTS)]
        addresses = (ctypes.c_void_p * len(fields))(*map(ctypes.addressof, fields))
        self._kept += [fields, addresses]
        threads = 32 * metadata.num_warps
        self.launch = Launch(None, grid, threads, metadata.shared, stream, ctypes.addressof(addresses))

    def load(self, image: bytes, name: str) -> Floor:
        function = ctypes.c_void_p()
        _raise_for(library().floor_load(image, name.encode(), ctypes.byref(function)), "cuModuleLoadData")
        self.launch.function = function
        return self

    def run(self, count: int, *, encode: bool = False) -> float:
        """The seconds of ``count`` launches. With ``encode`` the tensor map is made anew before each of them."""
        seconds = library().floor_loop(self.launch, self._map if encode else None, count)
        _raise_for(int(-seconds) if seconds < 0 else 0, "cuLaunchKernelEx")
        return float(seconds)

    def first_launch(self, path: Path, name: str) -> float:
        """The seconds from a cubin or PTX file to the result of its first launch."""
        seconds = library().floor_first_launch(str(path).encode(), name.encode(), self.launch)
        _raise_for(int(-seconds) if seconds < 0 else 0, f"loading and launching {path}")
        return float(seconds)

    def turn(self, bases: list[torch.Tensor]) -> None:
        """Let the tensor map be of each of these in turn."""
        assert self._map is not None
        addresses = (ctypes.c_void_p * len(bases))(*(tensor.data_ptr() for tensor in bases))
        self._kept.append(addresses)
        self._map.base, self._map.base_count = ctypes.addressof(addresses), len(bases)

    def _fields(self, arg: Any, descriptors: Any) -> list[Any]:
        if not hasattr(arg, "block_shape"):
            return [parameter(arg)]
        self._map = self._tensor_map(arg, next(descriptors))
        _raise_for(library().floor_encode(self._map, 0), "cuTensorMapEncodeTiled")
        encoded = (ctypes.c_byte * 128).from_address(self._map.map)
        return [encoded, *map(ctypes.c_int32, arg.shape), *map(ctypes.c_int64, arg.strides)]

    def _tensor_map(self, descriptor: Any, meta: dict[str, Any]) -> TensorMap:
        memory = ctypes.create_string_buffer(128 + 64)
        base = (ctypes.c_void_p * 1)(descriptor.base.data_ptr())
        self._kept += [memory, base]
        made = TensorMap((ctypes.addressof(memory) + 63) // 64 * 64, ctypes.addressof(base), 1)
        # The metadata numbers element types as the device does; the driver's numbers differ for wide floats.
        made.type = {8: 10, 9: 8, 10: 9}.get(meta["elem_type"], meta["elem_type"])
        made.swizzle, made.rank = meta["swizzle"], len(descriptor.shape)
        for index in range(made.rank):
            made.box[index] = meta["block_size"][made.rank - 1 - index]
            made.dims[index] = descriptor.shape[made.rank - 1 - index]
        for index in range(made.rank - 1):
            made.strides[index] = descriptor.strides[made.rank - 2 - index] * meta["elem_size"]
        return made


def parameter(value: Any) -> Any:
    """A tensor's address, an i32 or an fp32 as the binary takes it."""
    if isinstance(value, torch.Tensor):
        return ctypes.c_uint64(value.data_ptr())
    return ctypes.c_float(value) if isinstance(value, float) else ctypes.c_int32(value)


def _raise_for(code: int, operation: str) -> None:
    if code != 0:
        raise RuntimeError(f"{operation} failed: CUDA error {code}")


@cache
def _op_loop() -> Any:
    torch.ops.load_library(str(build(HERE / "op_loop.cc", with_torch=True)))
    return torch.ops.triton_runner_benchmark.launch_loop.default


def op_from_cpp(key: str, op_args: Any, grid: tuple[int, int, int]) -> Callable[[int], float]:
    """A ``Row.run`` that calls the op in a C++ loop."""
    loop = _op_loop()
    inputs, outputs, ints, floats = op_args
    return lambda count: loop(key, inputs, outputs, ints, floats, list(grid), count)
