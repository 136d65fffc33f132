"""Tensors, numbers and expressions of the command line."""

import numpy
import pytest
import torch

from triton_runner.cli.values import DTYPES, evaluate, evaluate_counts, is_argument, parse_value, split_named
from triton_runner.errors import ArgumentError, ArtifactNotFoundError

CPU = torch.device("cpu")


def parse(text, seed=0, **known):
    return parse_value(text, known, CPU, torch.Generator("cpu").manual_seed(seed))


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(name):
    tensor = parse(f"{name}[2,3]")
    assert (tensor.dtype, tensor.shape) == (DTYPES[name], (2, 3))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fp32[3]=zeros", [0, 0, 0]),
        ("fp32[3]=1.5", [1.5, 1.5, 1.5]),
        ("i32[2,2]=arange", [[0, 1], [2, 3]]),
        ("i8[2]=-n", [-2, -2]),
        ("i1[2]=ones", [True, True]),
        ("i64[n-1]=2**40", [2**40]),
        ("fp16[]=ones", 1),
        ("u8[2]=empty", [255, 255]),
    ],
)
def test_filled_tensors(text, expected):
    assert parse(text, n=2).tolist() == expected


def test_unwritten_elements_show():
    assert parse("bf16[4]=empty").isnan().all()


def test_random_tensors_follow_the_seed():
    assert torch.equal(parse("fp32[8]=randn"), parse("fp32[8]=randn"))
    assert not torch.equal(parse("fp32[8]=randn"), parse("fp32[8]=randn", seed=1))
    drawn = parse("i32[1000]=randint(3,6)")
    assert drawn.unique().tolist() == [3, 4, 5]
    uniform = parse("fp64[1000]=rand")
    assert 0 <= uniform.min() < 0.1
    assert 0.9 < uniform.max() < 1


def test_descriptor():
    descriptor = parse("fp16[64,32]=randn@[16,8]")
    assert (list(descriptor.shape), descriptor.block_shape) == ([64, 32], [16, 8])


def test_files(tmp_path):
    torch.save(torch.arange(3), tmp_path / "a.pt")
    numpy.save(tmp_path / "b.npy", numpy.ones(2))
    assert parse(f"@{tmp_path}/a.pt").tolist() == [0, 1, 2]
    assert parse(f"@{tmp_path}/b.npy").tolist() == [1, 1]
    with pytest.raises(ArtifactNotFoundError):
        parse("@none.pt")
    torch.save({"a": torch.ones(1)}, tmp_path / "c.pt")
    with pytest.raises(ArgumentError, match="holds a dict"):
        parse(f"@{tmp_path}/c.pt")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2*(3+4)//5", 2),
        ("1<<20", 1 << 20),
        ("-1.5e-3", -1.5e-3),
        ("cdiv(n,256)", 4),
        ("next_power_of_2(n)", 1024),
        ("max(n,3)-min(2,n)", 998),
        ("x.shape[0]*x.stride(0)+x.numel()", 30 + 12 + 6 - 30 - 12 + 6),
        ("True", True),
        ("None", None),
        ("'relu'", "relu"),
    ],
)
def test_expressions(text, value):
    assert evaluate(text, {"n": 1000, "x": torch.zeros(2, 3)}) == value


def test_types_of_triton():
    import triton.language as tl

    assert evaluate("tl.float16", {}) == tl.float16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os')", "no function here"),
        ("x.__class__", "of a tensor there are"),
        ("x.data.storage", "of a tensor there are"),
        ("[i for i in x]", "cannot stand in an expression"),
        ("lambda: 1", "cannot stand in an expression"),
        ("2**1000", "exponent"),
        ("1/0", "division by zero"),
        ("m", "'m' is not known"),
        ("fp31[4]", "dtype 'fp31'"),
        ("fp32[4]=magic", "'magic' is not known"),
        ("fp32[-1]", "not negative"),
        ("a b", "no expression"),
        ("fp32[1<<50]", "allocate"),
        ("i8[2]=4096", "tensor 'i8.2.=4096'"),
        ("tl.load", "no type of triton.language"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(ArgumentError, match=message):
        parse(text, x=torch.zeros(2))


def test_counts():
    assert evaluate_counts("2, n", {"n": 3}) == (2, 3)
    with pytest.raises(ArgumentError, match="expected integers"):
        evaluate_counts("2.5", {})


def test_files_and_arguments_are_told_apart():
    assert [is_argument(word) for word in ("a.cubin", "k.py:f", "n=3", "fp32[4]", "x=fp32[4]=randn")] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert split_named("x=fp32[4]=randn") == ("x", "fp32[4]=randn")
    assert split_named("fp32[4]=randn") == (None, "fp32[4]=randn")
