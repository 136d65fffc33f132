"""register_op: a kernel as an op of a schema of its own, as torch sees it, and every refusal."""

import subprocess
import sys

import pytest
import torch
from kernels import ops
from kernels.handwritten import SCALE_ADD, scale_add_sidecar

import triton_runner
from triton_runner import errors

SOFTMAX = {"grid": "x.size(0)", "args": {"columns": "x.size(1)"}}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_RUNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        names = ("softmax", "softmax_backward", "add_scaled", "count_up", "row_sums")
        yield {name: ops.compiled(getattr(ops, name)) for name in names}


@pytest.fixture(scope="module")
def softmax(kernels):
    return triton_runner.register_op("tr_test::softmax", kernels["softmax"], "(Tensor x) -> Tensor", **SOFTMAX)


@pytest.fixture(scope="module")
def add_scaled(kernels):
    return triton_runner.register_op(
        "tr_test::add_scaled_",
        kernels["add_scaled"],
        "(Tensor(a!) x, Tensor y, float scale) -> ()",
        grid="cdiv(x.numel(), BLOCK)",
        args={"n": "x.numel()"},
    )


@pytest.fixture(scope="module")
def softmax_with_backward(kernels):
    triton_runner.register_op(
        "tr_test::softmax_grad",
        kernels["softmax_backward"],
        "(Tensor grad, Tensor out) -> Tensor grad_x",
        grid="grad.size(0)",
        args={"columns": "grad.size(1)", "y_ptr": "out", "out_ptr": "grad_x"},
    )
    return triton_runner.register_op(
        "tr_test::softmax_trained",
        kernels["softmax"],
        "(Tensor x) -> Tensor",
        backward="tr_test::softmax_grad",
        **SOFTMAX,
    )


def test_matches_torch_and_reports_its_schema(softmax):
    x = torch.randn(5, 100)
    torch.testing.assert_close(softmax(x), torch.softmax(x, dim=1))
    assert str(softmax.default._schema) == "tr_test::softmax(Tensor x) -> Tensor"


def test_opcheck(softmax, add_scaled, softmax_with_backward):
    calls = [
        (softmax, (torch.randn(4, 60),)),
        (add_scaled, (torch.randn(300), torch.randn(300), 0.5)),
        (softmax_with_backward, (torch.randn(4, 60, requires_grad=True),)),
    ]
    for op, args in calls:
        report = torch.library.opcheck(op.default, args)
        assert set(report.values()) == {"SUCCESS"}, (op, report)


def test_mutation_moves_the_version_and_is_functionalized(add_scaled):
    x, y = torch.randn(300), torch.randn(300)
    expected, version = x + 2 * y, x._version
    add_scaled(x, y, 2.0)
    torch.testing.assert_close(x, expected)
    assert x._version == version + 1

    def model(x, y):
        z = x * 1.0
        add_scaled(z, y, 2.0)
        return z + x

    compiled = torch.compile(model, fullgraph=True, backend="inductor")
    torch.testing.assert_close(compiled(x, y), 2 * x + 2 * y)


def test_dynamic_shapes_do_not_recompile(softmax):
    compiles = []

    def count(graph, example_inputs):
        compiles.append(graph)
        return graph.forward

    model = torch.compile(lambda x: softmax(x * 2) + 1, fullgraph=True, dynamic=True, backend=count)
    for shape in ((3, 20), (7, 60), (11, 100)):
        x = torch.randn(shape)
        torch.testing.assert_close(model(x), torch.softmax(x * 2, dim=1) + 1)
    assert len(compiles) == 1


def test_several_outputs_strides_and_dtypes(kernels):
    op = triton_runner.register_op(
        "tr_test::row_sums",
        kernels["row_sums"],
        "(Tensor x) -> (Tensor sum, Tensor half)",
        grid="x.size(0)",
        args={"columns": "x.size(-1)", "row_stride": "x.stride(0)", "column_stride": "x.stride(1)"},
        outputs={"sum": ["x.size(0)"], "half": {"shape": ["x.shape[0]", 1]}},
    )
    x = torch.randn(60, 9).t()
    total, half = op(x)
    torch.testing.assert_close(total, x.sum(1), rtol=1e-5, atol=1e-5)
    assert (half.dtype, half.shape) == (torch.float16, (9, 1))
    assert torch.equal(half[:, 0], total.half())
    report = torch.library.opcheck(op.default, (x,))
    assert set(report.values()) == {"SUCCESS"}


def test_a_schema_is_inferred_from_the_code(kernels):
    op = triton_runner.register_op("tr_test::count_up", kernels["count_up"], grid="cdiv(n, BLOCK)")
    assert str(op.default._schema) == "tr_test::count_up(Tensor(a0!) counter, Tensor x, SymInt n) -> ()"
    counter, x = torch.zeros(1), torch.randn(300)
    op(counter, x, 300)
    torch.testing.assert_close(counter[0], x.sum(), rtol=1e-4, atol=1e-4)


def test_float_expressions_and_numbers(kernels):
    op = triton_runner.register_op(
        "tr_test::add_mean",
        kernels["add_scaled"],
        "(Tensor(a!) x, Tensor y) -> ()",
        grid=["cdiv(x.numel(), 128)"],
        args={"n": "x.numel()", "scale": "1 / sqrt(x.size(0))"},
    )
    x, y = torch.zeros(64), torch.randn(64)
    op(x, y)
    torch.testing.assert_close(x, y / 8)


def test_descriptors_take_shape_and_strides_of_their_tensor():
    op = triton_runner.register_op(
        "tr_test::double_tiles",
        ops.compiled(ops.double_tiles, block=16),
        "(Tensor x) -> Tensor",
        grid=["cdiv(x.size(0), BLOCK)", "cdiv(x.size(1), BLOCK)"],
    )
    x = torch.randn(40, 24)
    torch.testing.assert_close(op(x), 2 * x)
    torch.testing.assert_close(op(x[4:30, :20]), 2 * x[4:30, :20])  # of other strides: a descriptor has them
    with pytest.raises(errors.ArgumentError, match="has 1 dimensions, expected 2 for its descriptor"):
        op(torch.randn(40))


# ---- autograd ----


def test_backward_of_a_registered_op(softmax_with_backward):
    x, weight = torch.randn(4, 60, requires_grad=True), torch.randn(4, 60)
    (softmax_with_backward(x) * weight).sum().backward()
    got = x.grad
    x.grad = None
    (torch.softmax(x, dim=1) * weight).sum().backward()
    torch.testing.assert_close(got, x.grad)
    with torch.no_grad():
        assert not softmax_with_backward(x).requires_grad


def test_backward_under_compile(softmax_with_backward):
    layer = torch.nn.Linear(40, 60)

    def loss(function, x):
        return (function(layer(x)) ** 2).sum()

    x = torch.randn(4, 40)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    got = torch.autograd.grad(compiled(softmax_with_backward, x), list(layer.parameters()))
    expected = torch.autograd.grad(loss(lambda y: torch.softmax(y, dim=1), x), list(layer.parameters()))
    for ours, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_without_a_backward_training_says_so(softmax):
    layer = torch.nn.Linear(40, 60)
    for function in (softmax, torch.compile(lambda x: softmax(x), fullgraph=True, backend="aot_eager")):
        out = function(layer(torch.randn(4, 40)))
        assert out.requires_grad
        with pytest.raises(RuntimeError, match=r"op tr_test::softmax has no derivative: register it with backward"):
            out.sum().backward()


def test_backward_of_a_function(kernels):
    def setup(ctx, inputs, output):
        ctx.save_for_backward(output)

    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return out * (grad - (grad * out).sum(1, keepdim=True))

    op = triton_runner.register_op(
        "tr_test::softmax_python",
        kernels["softmax"],
        "(Tensor x) -> Tensor",
        backward=backward,
        setup_context=setup,
        **SOFTMAX,
    )
    x = torch.randn(4, 60, requires_grad=True)
    got = torch.autograd.grad(op(x).square().sum(), x)[0]
    torch.testing.assert_close(got, torch.autograd.grad(torch.softmax(x, 1).square().sum(), x)[0])


def test_an_inplace_op_keeps_the_graph_and_refuses_backward(add_scaled):
    x = torch.randn(300, requires_grad=True)
    z = x * 1.0
    add_scaled(z, torch.randn(300), 1.0)
    assert z.requires_grad
    with pytest.raises(RuntimeError, match="op tr_test::add_scaled_ has no derivative"):
        z.sum().backward()


# ---- what is refused ----

ADD = {"grid": "cdiv(n, BLOCK)"}


@pytest.mark.parametrize(
    ("kernel", "schema", "options", "message"),
    [
        ("add_scaled", "(Tensor x, Tensor y, int n, float scale) -> ()", ADD, r"argument 'x': the kernel writes to it"),
        (
            "add_scaled",
            "(Tensor(a!) x, Tensor(b!) y, int n, float scale) -> ()",
            ADD,
            r"argument 'y': the schema says that it is written.*only reads it: write 'Tensor y'",
        ),
        ("count_up", "(Tensor counter, Tensor x, int n) -> ()", ADD, r"argument 'counter': the kernel writes to it"),
        ("add_scaled", "(Tensor(a!) x, Tensor y, int n) -> ()", ADD, r"parameter 'scale' \(fp32\): nothing says"),
        (
            "add_scaled",
            "(Tensor(a!) x, Tensor y, Tensor z, int n, float scale) -> ()",
            ADD,
            r"argument 'z': no parameter of the kernel is bound to it",
        ),
        (
            "add_scaled",
            "(Tensor(a!) x, Tensor y, int n, float scale) -> ()",
            {**ADD, "args": {"m": "n"}},
            r"args: 'm' is no parameter",
        ),
        (
            "add_scaled",
            "(Tensor(a!) x, Tensor y, int n, float scale) -> ()",
            {"grid": "cdiv(x.size, 4)"},
            r"grid 'cdiv\(x.size, 4\)', column 12: found ', 4\)', expected '\('",
        ),
        (
            "add_scaled",
            "(Tensor(a!) x, Tensor y, int n, float scale) -> ()",
            {"grid": ["n"] * 4},
            r"grid has 4 dimensions",
        ),
        ("add_scaled", "(Tensor(a!) x, Tensor y, int n, str scale) -> ()", ADD, r"argument 'scale': its type is str"),
        (
            "add_scaled",
            "(Tensor(a!) x, Tensor y, int n, float scale) -> Tensor(a!)",
            ADD,
            r"return 0.*is an argument, Tensor\(a!\), and is not returned",
        ),
        ("softmax", "(Tensor x) -> Tensor", {"grid": 1, "args": {"columns": "x"}}, r"since it is a tensor"),
        ("softmax", "(Tensor x -> Tensor", {"grid": 1}, r"is none that torch reads"),
        (
            "softmax",
            "(Tensor x) -> Tensor",
            {**SOFTMAX, "outputs": "like y"},
            r"output 'out': it is like 'y', expected the name of a Tensor argument",
        ),
        ("softmax", "(Tensor x) -> Tensor", {**SOFTMAX, "outputs": 3}, r"an output is 3, expected 'like x'"),
        (
            "softmax",
            "(Tensor x) -> Tensor",
            {**SOFTMAX, "backward": "tr_test::none"},
            r"its backward is tr_test::none, which is no op",
        ),
    ],
)
def test_refusals(kernels, kernel, schema, options, message):
    with pytest.raises(errors.ArgumentError, match=message):
        triton_runner.register_op("tr_test::refused", kernels[kernel], schema, **options)
    assert not hasattr(torch.ops.tr_test, "refused")


def test_a_name_stands_for_one_kernel(kernels, softmax):
    again = triton_runner.register_op("tr_test::softmax", kernels["softmax"], "(Tensor x) -> Tensor", **SOFTMAX)
    assert again is softmax
    with pytest.raises(errors.ArgumentError, match="there is an op tr_test::softmax already, with another definition"):
        triton_runner.register_op(
            "tr_test::softmax", kernels["softmax"], "(Tensor x) -> Tensor", any_strides=True, **SOFTMAX
        )
    with pytest.raises(errors.ArgumentError, match="there is an op aten::relu already"):
        triton_runner.register_op("aten::relu", kernels["softmax"], "(Tensor x) -> Tensor", **SOFTMAX)
    with pytest.raises(errors.ArgumentError, match="expected a namespace"):
        triton_runner.register_op("softmax", kernels["softmax"], "(Tensor x) -> Tensor", **SOFTMAX)


def test_what_is_no_kernel_is_refused():
    with pytest.raises(errors.ArgumentError, match=r"expected a Kernel: triton_runner\.compile"):
        triton_runner.register_op("tr_test::refused", ops.softmax, "(Tensor x) -> Tensor", **SOFTMAX)


def test_a_call_that_does_not_fit_is_refused(softmax):
    with pytest.raises(errors.ArgumentError, match="argument 'x': it is not contiguous"):
        softmax(torch.randn(60, 4).t())
    with pytest.raises(errors.ArgumentError, match=r"'x_ptr'.*fp32"):
        softmax(torch.randn(4, 60, dtype=torch.float64))
    with pytest.raises(IndexError):
        softmax(torch.randn(60))


def test_an_empty_tensor_launches_nothing(softmax):
    assert softmax(torch.empty(0, 60)).shape == (0, 60)


# ---- another process ----


class Exported(torch.nn.Module):
    """A named op and a plain launch: softmax(x) * 2 + x"""

    def __init__(self, key):
        super().__init__()
        self.key = key

    def forward(self, x):
        out = torch.empty_like(x)
        n = x.numel()
        launch_args = [torch.ops.tr_test.softmax_trained(x), x], [out], [n], [2.0], [(n + 127) // 128]
        torch.ops.triton_runner.launch(self.key, *launch_args)
        return out


def test_an_exported_model_and_its_ops_are_loaded_in_another_process_without_triton(
    kernels, softmax_with_backward, tmp_path
):
    plain = triton_runner.load(SCALE_ADD, metadata=scale_add_sidecar())
    triton_runner.save_ops(tmp_path, ["tr_test::softmax_grad", softmax_with_backward, plain])
    rows = {0: torch.export.Dim("rows", min=2, max=100)}
    with torch.no_grad():
        program = torch.export.export(Exported(plain.key), (torch.randn(4, 60),), dynamic_shapes=(rows,))
    torch.export.save(program, tmp_path / "model.pt2")
    program = f"""
import sys, torch, triton_runner
names = triton_runner.load_ops({str(tmp_path)!r})
assert sorted(names) == sorted([{plain.key!r}, "tr_test::softmax_grad", "tr_test::softmax_trained"]), names
x = torch.randn(4, 60, requires_grad=True)
got, = torch.autograd.grad(torch.ops.tr_test.softmax_trained(x).square().sum(), x)
expected, = torch.autograd.grad(torch.softmax(x, 1).square().sum(), x)
torch.testing.assert_close(got, expected)
assert "triton" not in sys.modules  # torch.export imports it
model = torch.export.load({str(tmp_path / "model.pt2")!r}).module()
for rows in (4, 7):
    x = torch.randn(rows, 60)
    torch.testing.assert_close(model(x), torch.softmax(x, 1) * 2 + x)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


def test_folders_that_hold_no_kernels_are_refused(tmp_path, softmax):
    with pytest.raises(errors.ArtifactError, match="is no folder"):
        triton_runner.load_ops(tmp_path / "missing")
    with pytest.raises(errors.ArtifactError, match=r"has no \.json file"):
        triton_runner.load_ops(tmp_path)
    triton_runner.save_ops(tmp_path, [softmax])
    (tmp_path / "tr_test.softmax.ptx").unlink()
    with pytest.raises(errors.ArtifactError, match=r"there is no tr_test\.softmax\.ptx, \.cubin or \.hsaco"):
        triton_runner.load_ops(tmp_path)
    with pytest.raises(errors.ArgumentError, match="is no op that register_op made"):
        triton_runner.save_ops(tmp_path, ["tr_test::unknown"])
