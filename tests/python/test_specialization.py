"""What the door of a jit function makes of its arguments: the specialization is Triton's, and no key stands for two."""

import functools
import inspect
import itertools
import math
from collections import namedtuple

import pytest
import torch
import triton
import triton.language as tl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from kernels.handwritten import parameter, record_json
from triton.experimental.gluon.language import NVMMASharedLayout
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor as GluonTensorDescriptor
from triton.runtime.jit import create_function_from_signature
from triton.tools.tensor_descriptor import TensorDescriptor

import triton_runner
from triton_runner import _C
from triton_runner.compiler.versions import adapter

THOROUGH = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
BACKEND = adapter().make_backend("cuda", 80, 32)
Point = namedtuple("Point", "x y")
Pair = namedtuple("Pair", "x y")  # the fields of Point, and another type
DTYPES = [
    torch.bool, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32,
    torch.uint64, torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
]  # fmt: skip
MEMORY = torch.zeros(64, dtype=torch.uint8)
TENSORS = [
    *(MEMORY.view(dtype) for dtype in DTYPES),
    *(MEMORY.view(dtype)[1:] for dtype in DTYPES),
    *(MEMORY.view(torch.float32)[start:] for start in (2, 4, 16)),
    torch.empty(0),
    torch.zeros(()),
    MEMORY.view(torch.float32)[::2],
    torch.nn.Parameter(torch.zeros(8), requires_grad=False),
    torch.nn.Buffer(torch.zeros(8)),
]
LAYOUTS = [NVMMASharedLayout(swizzle, 16, 2) for swizzle in (64, 128)]
HALVES = [torch.zeros(64, 64, dtype=dtype) for dtype in (torch.float16, torch.bfloat16)]
DESCRIPTORS = [
    *(TensorDescriptor.from_tensor(base, [32, columns], pad) for base in HALVES for columns in (32, 64) for pad in
      ("zero", "nan")),
    TensorDescriptor.from_tensor(torch.zeros(64, dtype=torch.int32), [16]),
    *(GluonTensorDescriptor.from_tensor(base, [32, 64], layout) for base in HALVES for layout in LAYOUTS),
]  # fmt: skip
BORDERS = [0, 1, 2, 15, 16, 17, 32, 127, 128, 255, 256, 2**31, 2**32, 2**62, 2**63, 2**64]
INTEGERS = sorted({sign * border + near for border in BORDERS for sign in (1, -1) for near in (-1, 0, 1)})
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.1, 16.0, 3.4e38, 1e-45, math.inf, -math.inf, math.nan]

integers = st.sampled_from(INTEGERS) | st.integers(-(2**63), 2**64 - 1)
floats = st.sampled_from(FLOATS) | st.floats(width=32)
tensors = st.sampled_from(TENSORS)
descriptors = st.sampled_from(DESCRIPTORS)
constants = st.recursive(
    st.sampled_from([None, tl.float32, torch.float16, "text", "", b"text", 10**30, frozenset((1,)), range(3), math.sin])
    | st.booleans()
    | integers
    | st.floats(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.tuples(inner, inner).map(lambda two: Point(*two)),
    max_leaves=5,
)
wrapped = constants.map(tl.constexpr)


def fits(integer):
    return -(2**63) <= integer < 2**64


leaves = st.one_of(integers.filter(fits), st.booleans(), floats, st.none(), tensors, descriptors)


def tuples_of(inner):
    plain = st.lists(inner, max_size=4).map(tuple)
    named = st.tuples(st.sampled_from([Point, Pair]), inner, inner).map(lambda parts: parts[0](*parts[1:]))
    return plain | named | st.lists(st.integers(0, 2**40), max_size=4).map(torch.Size)


plain_values = st.recursive(leaves | wrapped, tuples_of, max_leaves=6)
odd_values = st.one_of(
    integers,
    st.sampled_from([1e300, "text", tl.float32, torch.float32, object(), [1], {}, slice(3), 1j, math]),
    st.sampled_from([torch.nn.Parameter(torch.zeros(4)), torch.zeros(4, device="meta"), torch.zeros(2, 2).to_sparse()]),
    st.tuples(integers, st.sampled_from(["text", 1e300, [2]])),
)

# What an annotation takes past Triton: everything, where it says no type.
signed, unsigned = st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)
narrow_floats = floats | st.integers(-(2**40), 2**40)
ANNOTATIONS = {
    "": plain_values,
    "tl.constexpr": constants | wrapped,
    "tl.const": plain_values,
    "'constexpr'": constants,
    "'*fp32'": tensors,
    "'const *fp16'": tensors,
    "'*i8'": tensors,
    "tl.int32": signed | st.sampled_from([0, 1, 16]),
    "'i64'": signed | st.sampled_from([0, 1, 16]),
    "int": signed,
    "tl.uint8": unsigned,
    "'u64'": unsigned | st.sampled_from([1, 16, 2**63]),
    "tl.float32": narrow_floats,
    "'fp64'": narrow_floats,
    "float": narrow_floats,
    "tl.bfloat16": narrow_floats,
    "tl.int1": st.booleans(),
    "bool": st.booleans(),
    "torch.Tensor": plain_values,
    "object": plain_values,
}
DEFAULTS = st.sampled_from([0, 1, 16, -3, 2**40, 0.5, -0.0, True, None, "text", (1, 2.0), (), tl.constexpr(1)])


@st.composite
def declarations(draw):
    """Parameters as (annotation, default or inspect.Parameter.empty), and the names for the decorator."""
    annotations = draw(st.lists(st.sampled_from(list(ANNOTATIONS)), min_size=1, max_size=6))
    given_defaults = draw(st.integers(0, len(annotations)))
    empty = [inspect.Parameter.empty] * (len(annotations) - given_defaults)
    defaults = (*empty, *(draw(DEFAULTS) for _ in range(given_defaults)))
    names = st.lists(st.sampled_from([f"p{i}" for i in range(len(annotations))]), unique=True, max_size=3)
    return tuple(annotations), defaults, tuple(draw(names)), tuple(draw(names))


_serial = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("functions")


def declare(folder, declaration):
    """A jit function, made of a file, since Triton reads the source."""
    annotations, defaults, unspecialized, unaligned = declaration
    parameters = []
    for i, (annotation, default) in enumerate(zip(annotations, defaults, strict=True)):
        text = f"p{i}: {annotation}" if annotation else f"p{i}"
        parameters.append(text if default is inspect.Parameter.empty else f"{text} = DEFAULTS[{i}]")
    path = folder / f"function_{next(_serial)}.py"
    path.write_text(f"def function({', '.join(parameters)}):\n    pass\n")
    names = {"tl": tl, "torch": torch, "DEFAULTS": defaults, "__name__": path.stem}
    exec(compile(path.read_text(), path, "exec"), names)
    return triton_runner.jit(
        names["function"], do_not_specialize=unspecialized, do_not_specialize_on_alignment=unaligned
    )


@functools.cache
def declare_without_defaults(folder, annotations):
    return declare(folder, (annotations, (inspect.Parameter.empty,) * len(annotations), (), ()))


def arguments_for(draw, declaration, values_of):
    """Some by position, the others by name in any order, and the rest by default."""
    annotations, defaults, *_ = declaration
    values = [draw(values_of(annotation)) for annotation in annotations]
    left_out = draw(st.integers(0, sum(default is not inspect.Parameter.empty for default in defaults)))
    by_position = draw(st.integers(0, len(values) - left_out))
    named = [(f"p{i}", values[i]) for i in range(by_position, len(values) - left_out)]
    options = {"num_warps": 8} if draw(st.booleans()) else {}
    return tuple(values[:by_position]), dict(draw(st.permutations(named))) | options


def specialization_of_triton(function, args, kwargs):
    """None where Triton takes no such argument."""
    binder = create_function_from_signature(function.signature, function.params, BACKEND)
    try:
        return binder(*args, **kwargs)[1]
    except (TypeError, OverflowError, KeyError, AttributeError, ValueError, RuntimeError):
        return None


def same(ours, theirs):
    """Equal and of the same types all the way down; a NaN is itself, and torch.Size no other kind of tuple."""
    kinds = {tuple if isinstance(value, torch.Size) else type(value) for value in (ours, theirs)}
    if len(kinds) > 1:
        return False
    if isinstance(ours, (tuple, list)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, tl.constexpr):
        return same(ours.value, theirs.value)
    if isinstance(ours, float):
        both_nan = math.isnan(ours) and math.isnan(theirs)
        return math.copysign(1, ours) == math.copysign(1, theirs) and (both_nan or ours == theirs)
    return ours is theirs or bool(ours == theirs)


@settings(THOROUGH, max_examples=700)
@given(data=st.data(), declaration=declarations())
def test_arguments_that_fit_are_specialized_as_triton_does(folder, data, declaration):
    function = declare(folder, declaration)
    for _ in range(3):
        args, kwargs = arguments_for(data.draw, declaration, ANNOTATIONS.get)
        ours, theirs = function.door.specialization(args, kwargs), specialization_of_triton(function, args, kwargs)
        assume(theirs is not None)
        if len(args) + len(kwargs) - ("num_warps" in kwargs) == len(declaration[0]):
            assert ours is not None, "only what is odd is left to Triton"
        if ours is not None:  # a default may not fit its annotation
            assert same(ours, theirs), f"{args} {kwargs}: {ours} is not {theirs}"


@settings(THOROUGH, max_examples=700)
@given(data=st.data(), declaration=declarations())
def test_any_arguments_are_specialized_as_triton_does_or_left_to_it(folder, data, declaration):
    function = declare(folder, declaration)
    for _ in range(3):
        args, kwargs = arguments_for(data.draw, declaration, lambda _: plain_values | odd_values)
        ours, theirs = function.door.specialization(args, kwargs), specialization_of_triton(function, args, kwargs)
        if ours is not None and theirs is not None:
            assert same(ours, theirs), f"{args} {kwargs}: {ours} is not {theirs}"


ALIKE = [
    1, True, 1.0, tl.constexpr(1), tl.constexpr(True), "1", (1,), (True,), (1.0,), ((1,),), (tl.constexpr(1),),
    0, False, 0.0, -0.0, None, "None", "", (), ((),), (None,), (0.0,), (-0.0,), math.nan, -math.nan, (1, 1), (1, True),
    Point(1, 1), Pair(1, 1), Point(1, True), torch.Size((1, 1)), 2**63, 2.0**63, -(2**63), 2**64, float(2**64), "a",
    b"a", tl.float32, torch.float32, "fp32", 2, 16, 32, 2**31, 2**31 - 1, 3, MEMORY, MEMORY[1:], MEMORY[16:],
    MEMORY.view(torch.int8), MEMORY.view(torch.bool), DESCRIPTORS[0], DESCRIPTORS[1], DESCRIPTORS[2], *DESCRIPTORS[-4:],
]  # fmt: skip


@functools.cache
def kernel_with(tensors, ints, floats):
    """The key of a kernel that takes so many; nothing launches it."""
    kinds = [("*fp32", {"access": "read"})] * tensors + [("i32", {})] * ints + [("fp32", {})] * floats
    params = [parameter(f"p{i}", kind, **more) for i, (kind, more) in enumerate(kinds)]
    return _C.register_kernel(_C.KernelSpec.from_json(record_json("nothing", params)), {"ptx": b"none"})


def counts_of(type_name):
    """How many tensors, ints and floats an argument of this type puts into a launch."""
    if isinstance(type_name, tuple):
        return tuple(map(sum, zip((0, 0, 0), *map(counts_of, type_name), strict=True)))
    if type_name == "constexpr":
        return 0, 0, 0
    if type_name.startswith("tensordesc"):
        rank = type_name[: type_name.index("]")].count(",") + 1
        return 1, 2 * rank + 1, 0
    return (type_name[0] == "*", type_name[0] in "iu", type_name[0] in "fb")


def remember(function, args):
    """Whether the door takes the call for one that it does not know yet; None where it leaves it to Triton."""
    found = function.door.specialization(args, {})
    if found is None:
        return None
    key = kernel_with(*counts_of(tuple(entry[0] for entry in found)))
    return function.door.add(function, args, {}, found, None, key, {})


@settings(THOROUGH, max_examples=1500)
@given(
    data=st.data(), declaration=st.lists(st.sampled_from(["tl.constexpr", "tl.constexpr", ""]), min_size=1, max_size=3)
)
def test_equal_keys_are_of_equal_specializations(folder, data, declaration):
    function = declare_without_defaults(folder, tuple(declaration))
    function.close_door()  # which forgets what the last example left
    alike = st.tuples(*[st.sampled_from(ALIKE)] * len(declaration))
    first, second = data.draw(alike), data.draw(alike)
    taken = remember(function, first)
    assume(taken is not None)
    assert taken, "the door knows no kernel yet"
    assert not remember(function, first), "a call finds its own kernel"
    if remember(function, second) is False:
        assert same(*(function.door.specialization(args, {}) for args in (first, second)))


def test_every_two_constants_that_python_takes_for_equal_have_their_own_key(folder):
    hashable = [value for value in ALIKE if not isinstance(value, (torch.Tensor, torch.Size, *map(type, DESCRIPTORS)))]
    function = declare_without_defaults(folder, ("tl.constexpr",))
    for first, second in itertools.product(hashable, repeat=2):
        function.close_door()
        assert remember(function, (first,))
        assert remember(function, (second,)) is not same(first, second), f"{first!r} and {second!r}"


@triton_runner.jit
def store_one(out_ptr, VALUE: tl.constexpr):
    tl.store(out_ptr, 1.0)


@pytest.mark.parametrize(
    "values",
    [(1, True, 1.0, tl.constexpr(1), tl.constexpr(True), "1"), (0.0, -0.0, 0, False, None), ((1,), (True,), (1.0,))],
)
def test_constants_that_are_alike_never_launch_the_kernel_of_another(values, tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path))
    function, out = triton_runner.jit(store_one.fn), torch.zeros(1)
    kernels = [function[(1,)](out, value) for value in values]
    assert len(set(map(id, kernels))) == len(values)
    for order in (values, values[::-1]):
        for value in order:
            index = next(i for i, known in enumerate(values) if known is value)
            assert function[(1,)](out, VALUE=value) is kernels[index]
            assert function.warmup(out, value, grid=(1,)) is kernels[index]


def test_arguments_that_do_not_bind_are_left_to_python(folder):
    function = declare_without_defaults(folder, ("", "tl.constexpr"))
    for args, kwargs in [((), {}), ((1,), {}), ((1, 2, 3), {}), ((1, 2), {"p0": 1}), ((1,), {"p": 2})]:
        assert function.door.specialization(args, kwargs) is None
    assert function.door.specialization((1,), {"p1": 2, "num_warps": 1}) == [("constexpr", 1), ("constexpr", 2)]
    assert triton.__version__.startswith("3.6"), "the generated binder above is that of Triton 3.6"
