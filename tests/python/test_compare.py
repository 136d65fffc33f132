"""compare: two kernels that agree, and faults that were put in on purpose, found where they are."""

import pytest
import torch
import triton
import triton.language as tl
from kernels import case_named
from kernels.plain import compile_plain, metadata_of, signature_of

import triton_runner
from triton_runner.errors import ArgumentError

N, BLOCK = 200, 128


@triton_runner.jit
def scaled_sum(x_ptr, y_ptr, out_ptr, n, steps, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + i, mask=i < n, other=0.0)
    total = tl.zeros([BLOCK], dtype=tl.float32)
    for step in range(steps):
        scale = step.to(tl.float32) + 1.0
        total += x * scale
    product = total * tl.load(y_ptr + i, mask=i < n, other=0.0)
    tl.store(out_ptr + i, product, mask=i < n)


SIGNATURE = {"x_ptr": "*fp32", "y_ptr": "*fp32", "out_ptr": "*fp32", "n": "i32", "steps": "i32"}
GRID = (triton.cdiv(N, BLOCK),)


def arguments():
    torch.manual_seed(0)
    return torch.randn(N), torch.randn(N), torch.zeros(N), N, 3


@pytest.fixture(scope="module")
def made():
    return triton_runner.compile(scaled_sum, signature=SIGNATURE, constexprs={"BLOCK": BLOCK}, target="sm_80", to="ptx")


def at(made, level, text=None):
    """The kernel from one of its levels, or from an edited text of that level."""
    text = made.artifacts[level] if text is None else text
    return triton_runner.compile(
        text, level=level, metadata=made.folder.joinpath("scaled_sum.json").read_text(), target="sm_80", to="ptx"
    )


def edited(made, level, old, new, count=1):
    text = made.artifacts[level]
    assert text.count(old) >= 1, f"the {level} has no {old!r}"
    return at(made, level, text.replace(old, new, count))


def test_a_kernel_agrees_with_itself_at_two_levels(made):
    args = arguments()
    result = triton_runner.compare(at(made, "ttir"), at(made, "ttgir"), args, grid=GRID)
    assert result, result
    assert result.first is None
    assert len(result.compared) > 15
    assert {"tt.load", "arith.mulf"} <= {slot.op for slot in at(made, "ttir").dumpable()}
    assert torch.equal(args[2], torch.zeros(N)), "the arguments are as they were"
    assert str(result).startswith("no divergence")


def test_a_jit_function_at_two_levels():
    result = triton_runner.compare(
        scaled_sum, scaled_sum, arguments(), kwargs={"BLOCK": BLOCK}, grid=GRID, levels=("ttir", "ttgir")
    )
    assert result, result
    assert len(result.compared) > 15


def test_llvm_ir_and_ptx_register_by_register(made):
    result = triton_runner.compare(at(made, "llir"), at(made, "ptx"), arguments(), grid=GRID, op="fmul")
    assert result, result
    assert len(result.compared) > 0


def test_a_fault_behind_a_loop_is_found(made):
    wrong = edited(made, "ttir", "arith.mulf %total", "arith.mulf %x_8")
    result = triton_runner.compare(wrong, at(made, "ttir"), arguments(), grid=GRID)
    x, y, *_ = arguments()
    first = result.first
    assert first is not None
    assert first.source.op == "arith.mulf"
    assert first.program == (0, 0, 0)
    assert first.iteration == ()
    assert first.element == (0,)
    assert first.found == pytest.approx(float(x[0] * y[0]))
    assert first.expected == pytest.approx(float(6 * x[0] * y[0]), rel=1e-6)
    assert first.source.python[-1][0].endswith("test_compare.py")
    assert "first divergence at %product_11 = arith.mulf" in str(result)
    assert "element [0]" in str(result)


def test_a_fault_in_a_loop_is_found_in_its_first_iteration(made):
    # The second iteration is the first whose scale is not 1: 1 + 1 against 1 * 1.
    text = made.artifacts["ttir"]
    line = next(line for line in text.splitlines() if "arith.addf" in line and "cst" in line and "tensor" not in line)
    wrong = at(made, "ttir", text.replace(line, line.replace("arith.addf", "arith.maximumf"), 1))
    result = triton_runner.compare(wrong, at(made, "ttir"), arguments(), grid=GRID, values=["arith.mulf"])
    first = result.first
    assert first is not None
    assert first.iteration == (1,), "max(0, 1) is 0 + 1, max(1, 1) is not 1 + 1"
    x = arguments()[0]
    assert first.found == pytest.approx(float(x[0]))
    assert first.expected == pytest.approx(float(2 * x[0]))
    assert first.differing == 2 * N


def test_an_operation_that_only_one_side_has_is_told(made):
    result = triton_runner.compare(
        edited(made, "ttir", "arith.mulf %total", "arith.addf %total"), at(made, "ttir"), arguments(), grid=GRID
    )
    assert "%product_11" in result.unmatched


def test_the_iteration_comes_before_the_order_of_operations(made):
    """In a loop the last operation of one iteration comes before the first of the next."""
    x = arguments()[0]
    scaled = torch.stack([x * (step + 1) for step in range(3)])
    sums = scaled.cumsum(0)

    def blocks(value):
        return torch.nn.functional.pad(value, (0, 2 * BLOCK - N)).view(3, 2, BLOCK).transpose(0, 1)

    late, early = blocks(scaled).clone(), blocks(sums).clone()
    late[0, 2, 0] += 1  # the product, in iteration 2
    early[1, 1, 7] += 1  # the sum behind it, in iteration 1
    references = {"%total_15": late, "%total_16": early}
    result = triton_runner.compare(at(made, "ttir"), references, arguments(), grid=GRID, rtol=1e-6, atol=1e-6)
    assert result.first.source.name == "%total_16"
    assert (result.first.program, result.first.iteration, result.first.element) == ((1, 0, 0), (1,), (7,))
    assert [name for name, _ in result.differing] == ["%total_15", "%total_16"]


def test_against_references_by_name(made):
    x, y, *_ = arguments()

    def blocks(value):
        return torch.nn.functional.pad(value, (0, 2 * BLOCK - N)).view(2, BLOCK)

    kernel = at(made, "ttir")
    good = {"%x_8": blocks(x), "%product_11": lambda x, y, *rest: blocks(6 * x * y)}
    result = triton_runner.compare(kernel, good, arguments(), grid=GRID, rtol=1e-6)
    assert result, result
    assert result.compared == (("%x_8", "%x_8"), ("%product_11", "%product_11"))
    wrong = blocks(6 * x * y)
    wrong[1, 5] += 1
    result = triton_runner.compare(kernel, {"%product_11": wrong}, arguments(), grid=GRID, rtol=1e-5, atol=1e-6)
    assert result.first.program == (1, 0, 0)
    assert result.first.element == (5,)
    assert result.first.differing == 1
    assert "as in the reference" in str(result)


def test_tolerance(made):
    x, y, *_ = arguments()
    wanted = torch.nn.functional.pad(6 * x.double() * y.double(), (0, 2 * BLOCK - N)).view(2, BLOCK)
    kernel = at(made, "ttir")
    assert not triton_runner.compare(kernel, {"%product_11": wanted}, arguments(), grid=GRID)
    assert triton_runner.compare(kernel, {"%product_11": wanted}, arguments(), grid=GRID, rtol=1e-5)


def test_targets(made):
    """sm_80 against sm_90, whose passes differ: what both have agrees."""
    case = case_named("matmul_fp16_s3")
    sides = []
    for capability in (80, 90):
        plain = compile_plain(case, capability)
        sides.append(
            triton_runner.compile(
                plain.asm["ttgir"],
                level="ttgir",
                signature=signature_of(plain),
                metadata=metadata_of(plain),
                target=f"sm_{capability}",
                to="ptx",
            )
        )
    values = case.arguments("cpu")
    args = [value for name, value in values.items() if plain.src.signature[name] != "constexpr"]
    result = triton_runner.compare(*sides, args, grid=case.grid, rtol=1e-3, atol=1e-3)
    assert result, result
    assert result.compared


def test_two_passes(made):
    """The module behind one pass against the module behind another, and a pass that broke something."""
    passes = triton_runner.passes(scaled_sum, signature=SIGNATURE, constexprs={"BLOCK": BLOCK}, target="sm_80")
    behind = {record.name: record for record in passes if record.changed and record.stage == "ttgir"}
    early, late = behind["coalesce"], behind["sccp"]
    result = triton_runner.compare(
        at(made, "ttgir", late.text), at(made, "ttgir", early.text), arguments(), grid=GRID, rtol=1e-6
    )
    assert result, result
    assert len(result.compared) > 15
    broken = late.text.replace("arith.mulf %total", "arith.mulf %x_8", 1)
    assert broken != late.text
    result = triton_runner.compare(
        at(made, "ttgir", broken), at(made, "ttgir", early.text), arguments(), grid=GRID, rtol=1e-6
    )
    assert result.first.source.op == "arith.mulf"
    assert result.first.source.variable == "product"


def test_addresses_stay_out_of_it_on_two_devices(made):
    """What is an address, or computed from one, is known at every level; a product of floats is not."""
    for level in ("ttir", "ttgir", "llir", "ptx"):
        slots = at(made, level).dumpable()
        assert any(slot.address for slot in slots), level
        assert not any(slot.address for slot in slots if slot.element.startswith("fp")), level
        assert all(slot.address for slot in slots if slot.element == "ptr"), level


def test_nothing_in_common(made):
    with pytest.raises(ArgumentError, match="no value in common"):
        triton_runner.compare(at(made, "ttir"), at(made, "ptx"), arguments(), grid=GRID, op="arith.mulf")


def test_a_reference_of_another_shape(made):
    with pytest.raises(ArgumentError, match=r"has shape \[7\], but the value has \[1, 1, 2, 128\]"):
        triton_runner.compare(at(made, "ttir"), {"%product_11": torch.zeros(7)}, arguments(), grid=GRID)
    with pytest.raises(ArgumentError, match="found int"):
        triton_runner.compare(at(made, "ttir"), {"%product_11": 7}, arguments(), grid=GRID)
    with pytest.raises(ArgumentError, match="no reference"):
        triton_runner.compare(at(made, "ttir"), {}, arguments(), grid=GRID)
    with pytest.raises(ArgumentError, match=r"did you mean .*%product"):
        triton_runner.compare(at(made, "ttir"), {"%prodct_11": torch.zeros(7)}, arguments(), grid=GRID)
