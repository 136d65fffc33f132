"""torch.ops.triton_runner.launch as torch sees it: schema, opcheck, torch.compile, fake tensors, autograd, keys."""

import threading

import pytest
import torch
from kernels.handwritten import BLOCK, SCALE_ADD, scale_add_record, scale_add_sidecar

import triton_runner
from triton_runner import _C, errors

launch = torch.ops.triton_runner.launch
SIZE = 300
GRID = [-(-SIZE // BLOCK), 1, 1]


@pytest.fixture(scope="module")
def key():
    return _C.register_kernel(_C.KernelSpec.from_json(scale_add_record()), {"ptx": SCALE_ADD.encode()})


def tensors(seed=0, size=SIZE):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(size, generator=generator) for _ in range(2))
    return x, y, torch.full((size,), 77.0)


def reference(x, y, scale):
    return torch.addcmul(y.double(), x.double(), torch.full_like(x, scale).double()).float()


class ScaleAdd(torch.nn.Module):
    """What a user's model does: allocates the output, launches, and goes on computing with it."""

    def __init__(self, key):
        super().__init__()
        self.key = key

    def forward(self, x, y, scale: float):
        out = torch.empty_like(x)
        launch(self.key, [x * 2, y], [out], [x.shape[0]], [scale], [(x.shape[0] + BLOCK - 1) // BLOCK, 1, 1])
        return out + 1


def test_schema():
    schema = str(launch.default._schema)
    assert schema == (
        "triton_runner::launch(str key, Tensor[] inputs, Tensor(a!)[] outputs, SymInt[] ints, float[] floats, "
        "SymInt[] grid) -> ()"
    )


def test_matches_torch(key):
    x, y, out = tensors()
    assert launch(key, [x, y], [out], [SIZE], [0.5], GRID) is None
    torch.testing.assert_close(out, reference(x, y, 0.5))


def test_opcheck_every_utility(key):
    x, y, out = tensors()
    report = torch.library.opcheck(launch.default, (key, [x, y], [out], [SIZE], [0.5], GRID))
    assert set(report) == {"test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic"}
    assert set(report.values()) == {"SUCCESS"}


def test_opcheck_with_gradients_asked_for(key):
    x, y, out = tensors()
    arguments = (key, [x.requires_grad_(), y], [out], [SIZE], [0.5], GRID)
    utilities = ("test_schema", "test_autograd_registration", "test_faketensor")
    report = torch.library.opcheck(launch.default, arguments, test_utils=utilities)
    assert set(report.values()) == {"SUCCESS"}


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_compile_without_graph_break(key, backend):
    model = ScaleAdd(key)
    x, y, _ = tensors()
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    torch.testing.assert_close(compiled(x, y, 0.5), model(x, y, 0.5))
    explanation = torch._dynamo.explain(model)(x, y, 0.5)
    assert explanation.graph_break_count == 0
    assert explanation.graph_count == 1


def test_compile_with_dynamic_shapes(key):
    compiled = torch.compile(ScaleAdd(key), fullgraph=True, dynamic=True, backend="aot_eager")
    for size in (300, 301, 1000):
        x, y, _ = tensors(size=size)
        torch.testing.assert_close(compiled(x, y, 0.25), reference(x * 2, y, 0.25) + 1)


def test_compiled_graph_mutates_exactly_the_outputs(key):
    graphs = []

    def keep_graph(graph, example_inputs):
        graphs.append(graph)
        return graph.forward

    def call(x, y, out):
        launch(key, [x, y], [out], [SIZE], [0.5], GRID)

    x, y, out = tensors()
    before = x.clone(), y.clone()
    torch.compile(call, fullgraph=True, backend=keep_graph)(x, y, out)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])
    torch.testing.assert_close(out, reference(x, y, 0.5))
    assert sum(node.target is launch or node.target is launch.default for node in graphs[0].graph.nodes) == 1
    mutated = [argument.name for argument in launch.default._schema.arguments if argument.is_write]
    assert mutated == ["outputs"]


def test_an_unused_output_is_still_written(key):
    """Functionalization must not drop the launch although the op returns nothing."""

    def call(x, y, out):
        launch(key, [x, y], [out], [SIZE], [3.0], GRID)
        return x + 1

    x, y, out = tensors()
    torch.compile(call, fullgraph=True, backend="inductor")(x, y, out)
    torch.testing.assert_close(out, reference(x, y, 3.0))


def test_export_keeps_the_key(key):
    x, y, _ = tensors()
    program = torch.export.export(ScaleAdd(key), (x, y, 0.5))
    assert key in str(program.graph)
    torch.testing.assert_close(program.module()(x, y, 0.5), reference(x * 2, y, 0.5) + 1)


def test_meta_tensors_compute_nothing(key):
    x, y, out = (tensor.to("meta") for tensor in tensors())
    assert launch(key, [x, y], [out], [SIZE], [0.5], GRID) is None


def test_fake_tensors_compute_nothing(key):
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode() as mode:
        x, y, out = (mode.from_tensor(tensor) for tensor in tensors())
        assert launch(key, [x, y], [out], [SIZE], [0.5], GRID) is None


def test_backward_says_that_there_is_none(key):
    x, y, out = tensors()
    x.requires_grad_()
    launch(key, [x, y], [out], [SIZE], [0.5], GRID)
    torch.testing.assert_close(out.detach(), reference(x.detach(), y, 0.5))
    assert out.requires_grad, "the output must know that its gradient is missing, not silently be a constant"
    with pytest.raises(RuntimeError, match="triton_runner::launch"):
        out.sum().backward()


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_compiled_model_in_training_mode_runs_forward_and_refuses_backward(key, backend):
    """Tracing the backward pass must not raise: only a backward pass that is really run does."""
    layer = torch.nn.Linear(SIZE, SIZE)

    def model(x):
        hidden = layer(x)
        out = torch.empty_like(hidden)
        launch(key, [hidden, x], [out], [SIZE], [0.5], GRID)
        return out + 1

    x = torch.ones(SIZE)
    got = torch.compile(model, fullgraph=True, backend=backend)(x)
    torch.testing.assert_close(got, reference(layer(x), x, 0.5) + 1)
    with pytest.raises(RuntimeError, match=r"'scale_add' has no derivative.*no_grad"):
        got.sum().backward()


def test_a_leaf_that_requires_grad_is_no_output(key):
    x, y, out = tensors()
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        launch(key, [x, y], [out.requires_grad_()], [SIZE], [0.5], GRID)


def test_overwriting_a_saved_tensor_is_found(key):
    x, y, out = tensors()
    weight = torch.ones(SIZE, requires_grad=True)
    product = weight * out  # saves `out` for its backward
    launch(key, [x, y], [out], [SIZE], [0.5], GRID)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()


def test_forward_needs_no_grad_mode(key):
    x, y, out = tensors()
    with torch.no_grad():
        launch(key, [x.requires_grad_(), y], [out], [SIZE], [0.5], GRID)
    assert not out.requires_grad


def test_version_counter_of_outputs_moves(key):
    x, y, out = tensors()
    versions = x._version, out._version
    launch(key, [x, y], [out], [SIZE], [0.5], GRID)
    assert (x._version, out._version) == (versions[0], versions[1] + 1)


def test_non_contiguous_tensors_are_allowed(key):
    x, y, out = tensors()
    wide = torch.zeros(SIZE, 2)
    launch(key, [x, y], [wide.view(-1)[:SIZE]], [SIZE], [0.5], GRID)
    torch.testing.assert_close(wide.view(-1)[:SIZE], reference(x, y, 0.5))
    strided = torch.randn(SIZE, 2)[:, 0]  # the kernel walks storage, not the view: strides are its business
    launch(key, [strided, y], [out], [SIZE // 2], [1.0], GRID)
    storage = strided.as_strided((SIZE // 2,), (1,))
    torch.testing.assert_close(out[: SIZE // 2], reference(storage, y[: SIZE // 2], 1.0))


def test_threads_share_one_kernel(key):
    failures = []

    def work(seed):
        try:
            for round_number in range(5):
                x, y, out = tensors(seed * 100 + round_number)
                launch(key, [x, y], [out], [SIZE], [float(seed)], GRID)
                torch.testing.assert_close(out, reference(x, y, float(seed)), rtol=1e-5, atol=1e-5)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_key_is_the_content(key):
    spec = _C.KernelSpec.from_json(scale_add_record())
    assert isinstance(key, str)
    assert _C.register_kernel(spec, {"ptx": SCALE_ADD.encode()}) == key
    assert _C.register_kernel(spec, {"ptx": SCALE_ADD.encode() + b"\n"}) != key
    other = _C.KernelSpec.from_json(scale_add_record(shared=1024))
    assert _C.register_kernel(other, {"ptx": SCALE_ADD.encode()}) != key


@pytest.mark.parametrize("wrong", ["", "no such key", "0" * 64])
def test_wrong_key(wrong):
    x, y, out = tensors()
    with pytest.raises(errors.ArgumentError, match="no kernel is registered under the key"):
        launch(wrong, [x, y], [out], [SIZE], [0.5], GRID)
    assert (out == 77).all()


def test_kernel_object_and_op_agree():
    kernel = triton_runner.load(SCALE_ADD, metadata=scale_add_sidecar())
    x, y, out = tensors()
    kernel[tuple(GRID)](x, y, out, SIZE, 0.5)
    through_op = torch.full_like(out, 77)
    launch(kernel.key, [x, y], [through_op], [SIZE], [0.5], GRID)
    assert torch.equal(out, through_op)


def test_a_key_may_be_read_for_the_first_time_in_what_is_traced():
    kernel = triton_runner.load(f"{SCALE_ADD}// not registered yet\n", metadata=scale_add_sidecar())

    def call(x, y):
        out = torch.empty_like(x)
        launch(kernel.key, [x, y], [out], [SIZE], [0.5], GRID)
        return out

    x, y, _ = tensors()
    torch.testing.assert_close(torch.compile(call, fullgraph=True, backend="eager")(x, y), reference(x, y, 0.5))
