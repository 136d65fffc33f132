"""Writes the artifacts that tests/gpu/test_artifacts.py launches: PTX, cubin and metadata of small kernels for sm_90.

    PYTHONPATH=<folder with a Triton> python tests/gpu/make_artifacts.py      (once for each version; no GPU)

``tests/gpu/artifacts/<version>/<kernel>.{ptx,cubin,json}``. The metadata is what that Triton itself writes, of which
only the entries that a launch needs are kept, with ``kernel_signature`` in addition. A kernel for which a version lacks
something is left out. ``make artifacts`` goes through all versions.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["TRITON_DISABLE_LINE_INFO"] = "1"  # halves the files, and keeps paths of this machine out of them
os.environ["TRITON_RUNNER_CACHE_DIR"] = tempfile.mkdtemp(prefix="artifacts-")
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import triton  # noqa: E402
import triton.language as tl  # noqa: E402

import triton_runner  # noqa: E402

FOLDER = Path(__file__).parent / "artifacts"
VERSION = tuple(int(part) for part in triton.__version__.split(".")[:2])
# Of Triton's metadata, what a launcher reads.
KEPT = (
    "name", "target", "num_warps", "num_ctas", "cluster_dims", "shared", "tensordesc_meta", "launch_cooperative_grid",
    "launch_pdl", "global_scratch_size", "global_scratch_align", "profile_scratch_size", "profile_scratch_align",
)  # fmt: skip
make_descriptor = getattr(tl, "make_tensor_descriptor", None) or getattr(
    tl, "_experimental_make_tensor_descriptor", None
)


@triton.jit
def plain(x_ptr, y_ptr, out_ptr, count, scale, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    x = tl.load(x_ptr + index, mask=mask)
    tl.store(out_ptr + index, x * scale + tl.load(y_ptr + index, mask=mask), mask=mask)


@triton.jit
def device_descriptors(x_ptr, out_ptr, rows, columns, BLOCK: tl.constexpr):
    source = make_descriptor(x_ptr, [rows, columns], [columns, 1], [BLOCK, BLOCK])
    target = make_descriptor(out_ptr, [rows, columns], [columns, 1], [BLOCK, BLOCK])
    corner = [tl.program_id(0) * BLOCK, tl.program_id(1) * BLOCK]
    target.store(corner, source.load(corner) * 2)


@triton.jit
def host_descriptors(source, target, BLOCK: tl.constexpr):
    corner = [tl.program_id(0) * BLOCK, tl.program_id(1) * BLOCK]
    target.store(corner, source.load(corner) * 2)


@triton.jit
def cluster(x_ptr, out_ptr, programs_ptr, COLUMNS: tl.constexpr):
    at = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    tl.store(out_ptr + at, tl.load(x_ptr + at) * 2.0 + 1.0)
    if tl.program_id(0) == 0:
        tl.store(programs_ptr, tl.num_programs(0))


@triton.jit
def half_scalars(x_ptr, out_ptr, scale, count, shift, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = index < count
    x = tl.load(x_ptr + index, mask=mask)
    tl.store(out_ptr + index, x * scale.to(tl.float32) + shift.to(tl.float32), mask=mask)


@triton.jit
def warp_specialized(a, b, c, K, BLOCK: tl.constexpr):
    row, column = tl.program_id(0) * BLOCK, tl.program_id(1) * BLOCK
    total = tl.zeros((BLOCK, BLOCK), tl.float32)
    for start in tl.range(0, K, BLOCK, warp_specialize=True):
        total = tl.dot(a.load([row, start]), b.load([start, column]), total)
    c.store([row, column], total.to(tl.float16))


def kernels():
    """(function, signature, constexprs, options, the first Triton that has what it uses)."""
    pointers = {"x_ptr": "*fp32:16", "out_ptr": "*fp32:16"}
    yield plain, {**pointers, "y_ptr": "*fp32:16", "count": "i32", "scale": "fp32"}, {"BLOCK": 256}, {}, (3, 0)
    yield device_descriptors, {**pointers, "rows": "i32", "columns": "i32:16"}, {"BLOCK": 32}, {}, (3, 3)
    tile = "tensordesc<fp32[32,32]>"
    yield host_descriptors, {"source": tile, "target": tile}, {"BLOCK": 32}, {}, (3, 4)
    yield cluster, {**pointers, "programs_ptr": "*i32"}, {"COLUMNS": 512}, {"num_ctas": 2}, (3, 0)
    scalars = {"scale": "fp16", "count": "i32", "shift": "bf16"}
    yield half_scalars, {**pointers, **scalars}, {"BLOCK": 256}, {}, (3, 0)
    tile = "tensordesc<fp16[64,64]>"
    yield warp_specialized, {"a": tile, "b": tile, "c": tile, "K": "i32"}, {"BLOCK": 64}, {"num_stages": 2}, (3, 5)


def write(function, signature, constexprs, options, folder):
    if VERSION >= (3, 9):
        options = {**options, "ptx_version": 90}  # what a driver of CUDA 13.0 can compile
    kernel = triton_runner.compile(function, signature=signature, constexprs=constexprs, target=90, options=options)
    if function is warp_specialized and kernel.spec.num_warps == 4:
        return f"{function.__name__} (no warps were added)"
    metadata = {name: value for name, value in kernel.metadata._asdict().items() if name in KEPT and value is not None}
    metadata["target"] = vars(metadata["target"])
    if VERSION >= (3, 3):
        metadata["triton_version"] = triton.__version__  # before, Triton's metadata does not have it
    metadata["kernel_signature"] = [
        [param.name, param.type, param.constant if param.kind == "constant" else "D" if param.divisible_by_16 else ""]
        for param in kernel.spec.params
    ]
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / kernel.name
    stem.with_suffix(".ptx").write_text(kernel.artifacts["ptx"])
    stem.with_suffix(".cubin").write_bytes(kernel.artifacts["cubin"])
    stem.with_suffix(".json").write_text(json.dumps(metadata, indent=1) + "\n")
    return function.__name__


def main():
    made = []
    for function, signature, constexprs, options, since in kernels():
        if since <= VERSION:
            made.append(write(function, signature, constexprs, options, FOLDER / triton.__version__))
    print(f"Triton {triton.__version__}: {', '.join(made)}")


if __name__ == "__main__":
    main()
