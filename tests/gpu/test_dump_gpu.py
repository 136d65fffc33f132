"""Dump on an NVIDIA GPU: results stay what they are, values are those of the CPU and of torch, and what it costs."""

import pytest
import torch
from kernels import CASES, case_named, clone
from kernels.plain import metadata_of, signature_of
from reference import assert_same_bits, bits, compiled, runtime_values, tensors_of

import triton_runner
from triton_runner.errors import ArgumentError, UnsupportedError

LEVELS = ("ttir", "ttgir", "llir", "ptx")
MAX_BYTES = 2**34
# A dump of everything compiles to code of several megabytes; these stand for each kind of kernel.
EVERYTHING = (
    "vector_add",
    "softmax",
    "sort",
    "histogram",
    "layer_norm_forward",
    "matmul_fp16_s3",
    "matmul_int8_s3",
    "attention_causal",
    "tma_device_matmul",
    "tma_host_matmul",
    "cluster_matmul",
    "large_shared",
    "gluon_transpose",
)


def kernel_at(case, level, capability):
    """The kernel held at one level, and the types that it was compiled for."""
    plain = compiled(case, capability)
    kernel = triton_runner.compile(
        plain.asm[level],
        level=level,
        signature=signature_of(plain),
        metadata=metadata_of(plain),
        target=f"sm_{capability}",
        to="cubin",
    )
    return plain, kernel


def level_pairs():
    for name in EVERYTHING:
        case = case_named(name)
        for level in LEVELS:
            if level != "ttir" or not (case.kernel.is_gluon() or name == "cluster_matmul"):
                yield pytest.param(case, level, id=f"{name}-{level}")


def test_tiles_that_a_cluster_shares_are_refused_at_ttir(capability):
    case = case_named("cluster_matmul")
    skip_unless_supported(case, capability)
    plain, kernel = kernel_at(case, "ttir", capability)
    values = runtime_values(case, plain, case.arguments("cuda"))
    with pytest.raises(UnsupportedError, match=r"the tiles that 2 CTAs share .* level='ttgir'"):
        kernel.dump("*", iterations=1, programs=(0, 0, 0), max_bytes=MAX_BYTES)[case.grid](*values)
    assert kernel.dump(op="tt.get_program_id")[case.grid](*values)


def skip_unless_supported(case, capability):
    if capability < case.min_capability:
        pytest.skip(f"{case.name} needs sm_{case.min_capability}, this GPU is sm_{capability}")


def test_the_corpus_still_has_them():
    assert {case.name for case in CASES} >= set(EVERYTHING)


@pytest.mark.parametrize(("case", "level"), list(level_pairs()))
def test_asking_for_everything_changes_no_result(case, level, capability):
    skip_unless_supported(case, capability)
    plain, kernel = kernel_at(case, level, capability)
    before = case.arguments("cuda")
    alone, dumped = clone(before), clone(before)
    kernel[case.grid](*runtime_values(case, plain, alone))
    dumps = kernel.dump("*", iterations=1, programs=(0, 0, 0), max_bytes=MAX_BYTES)[case.grid](
        *runtime_values(case, plain, dumped)
    )
    assert len(dumps) > 0
    if case.repeatable:
        assert_same_bits(case, dumped, tensors_of(alone))
        inexact = [name for name, dump in dumps.items() if not dump.exact]
        assert not inexact, "with the stores in it the kernel rounds something else"
    else:
        case.check(dumped, case.reference(before))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["vector_add", "softmax", "prefix", "argmax", "sort", "masked_dropout"])
def test_values_are_those_of_the_cpu(name, level, capability):
    """Integers, conditions and correctly rounded arithmetic of the same code: the executor and the GPU agree."""
    case = case_named(name)
    plain = compiled(case, 80)
    kernel = triton_runner.compile(
        plain.asm[level],
        level=level,
        signature=signature_of(plain),
        metadata=metadata_of(plain),
        target="sm_80",
        to="ptx",  # an image that both devices run
    )
    arguments = case.arguments("cpu")
    result = triton_runner.compare(
        kernel,
        kernel,
        runtime_values(case, plain, arguments),
        grid=case.grid,
        devices=("cuda", "cpu"),
        rtol=1e-5,
        atol=1e-5,
        max_bytes=MAX_BYTES,
    )
    assert result, result
    assert result.compared


@pytest.mark.parametrize("name", ["tma_host_matmul", "tma_device_matmul", "matmul_fp16_s3"])
def test_accumulators_of_the_tensor_cores_behind_their_wait(name, capability):
    """The last sum that the loop carries is the product, whichever generation of mma made it."""
    case = case_named(name)
    skip_unless_supported(case, capability)
    plain, kernel = kernel_at(case, "ttgir", capability)
    arguments = case.arguments("cuda")
    waits = [slot.name for slot in kernel.dumpable() if slot.op in ("ttng.warp_group_dot_wait", "tt.dot")]
    assert waits, "no accumulator can be named"
    dumps = kernel.dump(*waits, max_bytes=MAX_BYTES)[case.grid](*runtime_values(case, plain, arguments))
    finals = [dump for dump in dumps.values() if dump.tensor.is_floating_point()]
    assert finals
    expected = next(iter(case.reference(case.arguments("cuda")).values())).float()
    largest = max(float(dump.values().float().abs().max()) for dump in finals)
    assert largest == pytest.approx(float(expected.abs().max()), rel=1e-2)


def test_the_ctas_of_a_cluster_are_one_program(capability):
    case = case_named("cluster")
    skip_unless_supported(case, capability)
    plain, kernel = kernel_at(case, "ptx", capability)
    assert kernel.spec.num_ctas == 2
    slot = next(slot for slot in kernel.dumpable() if slot.op.startswith("mov.u32") and slot.element == "i32")
    dump = kernel.dump(slot.name)[case.grid](*runtime_values(case, plain, case.arguments("cuda")))[slot.name]
    programs = 1
    for count in case.grid:
        programs *= count
    assert dump.valid.numel() == programs * kernel.spec.num_warps * 32 * 2
    assert dump.valid.all()


def test_bit_for_bit_the_same_twice(capability):
    case = case_named("softmax")
    plain, kernel = kernel_at(case, "ptx", capability)
    first, second = (
        kernel.dump("ex2")[case.grid](*runtime_values(case, plain, case.arguments("cuda"))) for _ in range(2)
    )
    for name, dump in first.items():
        assert torch.equal(bits(dump.tensor), bits(second[name].tensor))


def test_a_user_stream(capability):
    case = case_named("vector_add")
    plain, kernel = kernel_at(case, "ptx", capability)
    stream = torch.cuda.Stream()
    arguments = case.arguments("cuda")
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        dumps = kernel.dump("add.f32")[case.grid](*runtime_values(case, plain, arguments))
    stream.synchronize()
    sums = torch.cat([dump.tensor.flatten() for dump in dumps.values()])
    assert torch.equal(sums[sums != 0].sort().values, arguments["out_ptr"][arguments["out_ptr"] != 0].sort().values)


def test_unknown_names_leave_the_gpu_alone(capability):
    case = case_named("vector_add")
    plain, kernel = kernel_at(case, "ptx", capability)
    arguments = case.arguments("cuda")
    with pytest.raises(ArgumentError, match="there is no value %nothing"):
        kernel.dump("%nothing")[case.grid](*runtime_values(case, plain, arguments))
    torch.cuda.synchronize()
    assert (arguments["out_ptr"] == 77).all()


def milliseconds(run, repeat=20):
    run()
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    best = float("inf")
    for _ in range(repeat):
        start.record()
        run()
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end))
    return best


@pytest.mark.parametrize("level", ["ttgir", "llir", "ptx"])
def test_the_stores_cost_at_most_twice_what_writing_their_bytes_takes(level, capability, record_property):
    """A vector addition over 16 million elements, with its sums stored, against the kernel alone and a plain write."""
    from triton_runner.dump import buffer as areas
    from triton_runner.dump.bind import bind_kernel
    from triton_runner.dump.edited import edit
    from triton_runner.dump.run import Request, three
    from triton_runner.dump.selection import select

    case = case_named("vector_add")
    _, kernel = kernel_at(case, level, capability)
    n, block = 2**24, 256
    x, y, out = (torch.randn(n, device="cuda") for _ in range(3))
    values = [x, y, out, n]
    grid = three((n // block,), "vector_add")
    op = {"ttgir": "arith.addf", "llir": "fadd", "ptx": "add.f32"}[level]
    call = bind_kernel(kernel, values, {}, Request((op,)))
    chosen = select(call.source.slots(), [op])
    edited, slots = edit(call.source, chosen, call.device())
    threads = edited.spec.num_warps * 32 * edited.spec.num_ctas
    layout = areas.plan(slots, [1] * len(slots), list(range(n // block)), threads)
    buffer = layout.allocate(torch.device("cuda"))

    plain_time = milliseconds(lambda: kernel[grid](*values))
    dump_time = milliseconds(lambda: call.launch_stored(edited, grid, buffer))
    write_time = milliseconds(lambda: buffer.fill_(1))
    record_property("milliseconds", {"plain": plain_time, "dump": dump_time, "write": write_time})
    print(
        f"{level}: {plain_time:.3f} ms alone, {dump_time:.3f} with dump, {write_time:.3f} to write {layout.bytes} bytes"
    )
    assert dump_time - plain_time <= 2 * write_time
