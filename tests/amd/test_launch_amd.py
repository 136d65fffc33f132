"""The corpus on an AMD GPU: from Python, from every level and through the op, against torch; graphs, streams, refusals.

`make amd-test` runs this; docs/amd.md has what it prints where all is well.
"""

import pytest
import torch
from kernels import CASES, case_named, clone

import triton_runner
from triton_runner import errors
from triton_runner.compiler.levels import HIP_LEVELS

# What asks for NVIDIA: PTX in the kernel, clusters, programmatic dependent launch, layouts for warps of 32.
ELSEWHERE = {"inline_asm", "dependent_launch", "cluster", "cluster_matmul", "gluon_scale", "gluon_transpose"}
HERE = [case for case in CASES if case.name not in ELSEWHERE]
LEVELS = HIP_LEVELS[1:]


def close(case, arguments, expected):
    # Matrix units of another make add in another order.
    for name, want in expected.items():
        got = getattr(arguments[name], "base", arguments[name])
        torch.testing.assert_close(got, want, rtol=max(case.rtol, 1e-3), atol=max(case.atol, 1e-3), equal_nan=True)


@pytest.mark.parametrize("case", HERE, ids=lambda case: case.name)
def test_from_python(case):
    arguments = case.arguments("cuda")
    expected = case.reference(clone(arguments))
    case.launch(triton_runner.jit(case.kernel), arguments)
    close(case, arguments, expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "name", ["vector_add", "softmax", "matmul_fp16_s3", "attention_causal", "scalars", "tma_host_matmul"]
)
def test_from_each_level(name, level):
    case = case_named(name)
    arguments = case.arguments("cuda")
    expected = case.reference(clone(arguments))
    kernel = triton_runner.jit(case.kernel).warmup(**arguments, **case.keywords(), grid=case.grid)
    loaded = triton_runner.load(kernel.artifacts[level], level=level, metadata=kernel.sidecar)
    loaded[case.grid](**arguments)
    close(case, arguments, expected)


def test_the_op_in_a_graph_and_on_a_stream():
    case = case_named("vector_add")
    arguments = case.arguments("cuda")
    expected = case.reference(clone(arguments))
    kernel = triton_runner.jit(case.kernel).warmup(**arguments, **case.keywords(), grid=case.grid).preload()
    lists = kernel.op_args(**arguments)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.ops.triton_runner.launch(kernel.key, *lists, list(case.grid))
    stream.synchronize()
    close(case, arguments, expected)
    arguments["out_ptr"].fill_(0)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        torch.ops.triton_runner.launch(kernel.key, *lists, list(case.grid))
    graph.replay()
    torch.cuda.synchronize()
    close(case, arguments, expected)


def test_a_code_object_of_another_gpu_is_refused():
    here = torch.cuda.get_device_properties(0).gcnArchName.split(":")[0]
    other = "gfx90a" if here != "gfx90a" else "gfx942"
    case = case_named("vector_add")
    signature = ["*fp32:16", "*fp32:16", "*fp32:16", "i32"]
    kernel = triton_runner.compile(case.kernel, signature=signature, constexprs=dict(case.constexprs), target=other)
    with pytest.raises(errors.ArtifactError, match=rf"compiled for {other}, but the device is {here}"):
        kernel[case.grid](*case.arguments("cuda").values())
