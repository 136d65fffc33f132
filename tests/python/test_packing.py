"""Argument packing against the layout that PTX declares.

Hypothesis draws a parameter list. A PTX kernel with exactly those `.param` declarations copies each parameter into a
16-byte slot of an output tensor. What arrives in the slots must be what Python's struct module makes of the values.
"""

import math
import struct

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernels.handwritten import parameter, record_json

triton_runner = pytest.importorskip("triton_runner", reason="the extension is not built")
from triton_runner import _C  # noqa: E402

SLOT = 16
INTEGERS = {
    "i1": "B",
    "i8": "b",
    "i16": "h",
    "i32": "i",
    "i64": "q",
    "u1": "B",
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "u64": "Q",
}
FLOATS = {"fp16": "e", "bf16": None, "fp32": "f", "fp64": "d"}
POINTEES = {"*fp32": torch.float32, "*fp16": torch.float16, "*i64": torch.int64, "*i8": torch.int8}


def bounds(kind: str) -> tuple[int, int]:
    bits = int(kind[1:])
    if bits == 1:
        return 0, 1
    low, high = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return low, min(high, 2**63 - 1)  # the op's integers are signed and 64 bits wide


def float_bytes(kind: str, value: float) -> bytes:
    if kind == "bf16":
        return struct.pack("<f", value)[2:]  # the upper half of the fp32, as Triton's launcher packs it
    return struct.pack("<" + FLOATS[kind], value)


integer_parameters = st.sampled_from(sorted(INTEGERS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.integers(*bounds(kind)))
)
float_parameters = st.tuples(st.sampled_from(sorted(FLOATS)), st.floats(-60_000, 60_000, width=16))
pointer_parameters = st.tuples(st.sampled_from(sorted(POINTEES)), st.integers(1, 9))
constants = st.tuples(st.just("constexpr"), st.sampled_from([1, 64, "relu", None, True]))
descriptors = st.tuples(st.sampled_from(["tensordesc<fp16[8,16]>", "tensordesc<fp16[4,8,16]>"]), st.booleans())
parameter_lists = st.lists(
    st.one_of(integer_parameters, float_parameters, pointer_parameters, constants, descriptors), max_size=12
)
scratch_slots = st.sampled_from([0, 1, 2])


class CopyKernel:
    """Builds, field by field, the record, the PTX, the op's lists and the bytes that each slot must hold."""

    def __init__(self, values: list[tuple[str, object]], scratch: int):
        self.params = [parameter("slots", "*i8", access="write")]
        self.declared = [".param .u64 slots"]
        self.body: list[str] = []
        self.want: list[bytes] = []
        self.layout = [(0, 0, 8)]  # (parameter, or -1 for scratch; offset; bytes): natural alignment, in order
        self.inputs: list[torch.Tensor] = []
        self.ints: list[int] = []
        self.floats: list[float] = []
        for index, (kind, value) in enumerate(values):
            self.layout_index = index + 1
            self.add(f"p{index}", kind, value)
        for _ in range(scratch):
            self.layout_index = -1
            self.field(".param .u64", 8, bytes(8))
        self.scratch = scratch

    def field(self, declaration: str, size: int, want: bytes) -> None:
        """One binary parameter: its declaration and the instructions that copy it into the next slot."""
        name, slot = f"field{len(self.want)}", len(self.want) * SLOT
        array = f"[{size}]" if ".b8" in declaration else ""
        self.declared.append(f"{declaration} {name}{array}")
        register = f"%v{size}"
        bits = f"b{8 * size}"
        self.body += [f"ld.param.{bits} {register}, [{name}];", f"st.global.{bits} [%slots+{slot}], {register};"]
        self.want.append(want)
        _, last_offset, last_size = self.layout[-1]
        self.layout.append((self.layout_index, -(-(last_offset + last_size) // size) * size, size))

    def integer(self, kind: str, value: int) -> None:
        want = struct.pack("<" + INTEGERS[kind], value)
        self.field(f".param .u{8 * len(want)}", len(want), want)

    def add(self, name: str, kind: str, value) -> None:
        if kind == "constexpr":
            self.params.append(parameter(name, kind, constant=value))
        elif kind in INTEGERS:
            self.params.append(parameter(name, kind))
            self.ints.append(value)
            self.integer(kind, value)
        elif kind in FLOATS:
            self.params.append(parameter(name, kind))
            self.floats.append(value)
            want = float_bytes(kind, value)
            declaration = {2: ".param .align 2 .b8", 4: ".param .f32", 8: ".param .f64"}[len(want)]
            self.field(declaration, len(want), want)
        elif kind in POINTEES:
            self.params.append(parameter(name, kind, access="read"))
            self.inputs.append(torch.zeros(value, dtype=POINTEES[kind]))
            self.field(".param .u64", 8, struct.pack("<Q", self.inputs[-1].data_ptr()))
        else:
            self.descriptor(name, kind, nan_padding=value)

    def descriptor(self, name: str, kind: str, nan_padding: bool) -> None:
        block = [int(side) for side in kind[kind.index("[") + 1 : kind.index("]")].split(",")]
        shape = [2 * side for side in block]
        strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        self.params.append(parameter(name, kind, access="read", block_shape=block))
        self.inputs.append(torch.zeros(shape, dtype=torch.float16))
        self.ints += [*shape, *strides, int(nan_padding)]
        self.field(".param .u64", 8, struct.pack("<Q", self.inputs[-1].data_ptr()))
        for extent in (*shape, *strides):
            self.integer("i64", extent)
        self.integer("i1", int(nan_padding))
        for extent in shape:
            self.integer("i32", extent)
        for extent in strides:
            self.integer("i64", extent)

    def ptx(self) -> str:
        lines = [
            ".version 8.0",
            ".target sm_75",
            ".address_size 64",
            f".visible .entry copy_params({', '.join(self.declared)})",
            ".reqntid 32",
            "{",
            ".reg .b16 %v1;",
            ".reg .b16 %v2;",
            ".reg .b32 %v4;",
            ".reg .b64 %v8;",
            ".reg .b64 %slots;",
            "ld.param.u64 %slots, [slots];",
            *self.body,
            "ret;",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def record(self) -> str:
        slot = {"size": 0, "align": 1}
        return record_json(
            "copy_params",
            self.params,
            global_scratch=slot if self.scratch > 0 else None,
            profile_scratch=slot if self.scratch > 1 else None,
            triton_version="3.6.0",
        )

    def run(self) -> list[bytes]:
        spec = _C.KernelSpec.from_json(self.record())
        key = _C.register_kernel(spec, {"ptx": self.ptx().encode()})
        slots = torch.zeros(max(1, len(self.want)) * SLOT, dtype=torch.int8)
        torch.ops.triton_runner.launch(key, self.inputs, [slots], self.ints, self.floats, [1, 1, 1])
        raw = slots.numpy().tobytes()
        return [raw[index * SLOT : index * SLOT + len(want)] for index, want in enumerate(self.want)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parameter_lists, scratch_slots)
def test_every_parameter_arrives_where_ptx_declares_it(values, scratch):
    kernel = CopyKernel(values, scratch)
    assert kernel.run() == kernel.want


@settings(max_examples=200, deadline=None)
@given(parameter_lists, scratch_slots)
def test_layout_has_natural_alignment(values, scratch):
    kernel = CopyKernel(values, scratch)
    assert _C.layout(_C.KernelSpec.from_json(kernel.record())) == kernel.layout


@pytest.mark.parametrize("kind", sorted(INTEGERS))
def test_integer_limits_survive(kind):
    low, high = bounds(kind)
    kernel = CopyKernel([(kind, low), ("i8", -1), (kind, high)], 0)
    assert kernel.run() == kernel.want


@pytest.mark.parametrize("kind", sorted(FLOATS))
@pytest.mark.parametrize("value", [0.0, -0.0, math.inf, -math.inf, math.nan, 2.0**-24])
def test_special_floats_survive(kind, value):
    kernel = CopyKernel([("i8", 3), (kind, value)], 0)
    arrived, want = kernel.run(), kernel.want
    if math.isnan(value):
        code = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32, "fp64": torch.float64}[kind]
        assert torch.frombuffer(bytearray(arrived[1]), dtype=code).isnan().all()
    else:
        assert arrived == want


def test_rounding_is_that_of_tritons_launcher():
    """fp16 rounds to nearest even, bf16 drops the lower bits."""
    values = [("fp16", 1 + 2**-11), ("fp16", 1 + 3 * 2**-11), ("bf16", 1 + 2**-8), ("bf16", 1 + 3 * 2**-8)]
    kernel = CopyKernel(values, 0)
    assert kernel.run() == kernel.want == [bytes.fromhex(text) for text in ("003c", "023c", "803f", "813f")]


@settings(max_examples=50, deadline=None)
@given(parameter_lists)
def test_record_survives_json(values):
    text = CopyKernel(values, 2).record()
    spec = _C.KernelSpec.from_json(text)
    assert _C.KernelSpec.from_json(spec.to_json()).to_json() == spec.to_json()
    assert [param.type for param in spec.params if param.kind != "descriptor"] == [
        "*i8", *(kind for kind, _ in values if not kind.startswith("tensordesc"))
    ]  # fmt: skip
