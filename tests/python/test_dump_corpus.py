"""The whole corpus at every level: asking for nothing changes no byte, asking for everything changes no result."""

import pytest
import torch
from kernels import CASES, CPU_CASES, clone, tensor_of
from kernels.plain import compile_plain, metadata_of, signature_of, write_folder

import triton_runner
from triton_runner import _C

LEVELS = ("ttir", "ttgir", "llir", "ptx")
# What a value of every program would take in all: enough for the corpus, far below what CI has.
MAX_BYTES = 2**31


def level_pairs():
    for case in CPU_CASES:
        for level in LEVELS:
            if level != "ttir" or not case.kernel.is_gluon():  # Gluon starts at TTGIR
                yield pytest.param(case, level, id=f"{case.name}-{level}")


def kernel_at(case, level, folder):
    plain = compile_plain(case, 80)
    if level == "ptx":
        return plain, triton_runner.load(
            plain.asm["ptx"], level="ptx", signature=signature_of(plain), metadata=metadata_of(plain)
        )
    path = write_folder(plain, folder, level)
    return plain, triton_runner.compile(path, signature=signature_of(plain), to="ptx", target="sm_80")


def bits(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8)


@pytest.mark.parametrize(("case", "level"), list(level_pairs()))
def test_asking_for_everything_changes_no_result(case, level, tmp_path):
    plain, kernel = kernel_at(case, level, tmp_path)
    text = kernel.artifacts[level]
    assert _C.dump_values(level, text, kernel.spec.name, []) == (text, []), "nothing asked, not a byte"
    before = case.arguments("cpu")
    alone, dumped = clone(before), clone(before)

    def runtime(arguments):
        return [value for name, value in arguments.items() if plain.src.signature[name] != "constexpr"]

    kernel[case.grid](*runtime(alone))
    dumps = kernel.dump("*", iterations=2, max_bytes=MAX_BYTES)[case.grid](*runtime(dumped))
    assert len(dumps) == len(kernel.dumpable()) > 0
    assert not case.repeatable or all(dump.exact for dump in dumps.values()), "the stores changed a rounding"
    if not case.repeatable:  # sums of atomics depend on the order in which programs come
        case.check(dumped, case.reference(before))
        return
    for name, value in dumped.items():
        if isinstance(value, torch.Tensor) or hasattr(value, "base"):
            same = torch.equal(bits(tensor_of(value)), bits(tensor_of(alone[name])))
            assert same, f"{case.name} at {level}: {name} is not what the kernel computes alone"


@pytest.mark.parametrize("name", ["vector_add", "matmul_fp16_s3"])
@pytest.mark.parametrize("level", ["ttir", "ttgir", "llir"])
def test_the_text_of_an_empty_dump_compiles_to_the_same_code(name, level, tmp_path):
    case = next(case for case in CPU_CASES if case.name == name)
    plain, kernel = kernel_at(case, level, tmp_path)
    text, _ = _C.dump_values(level, kernel.artifacts[level], kernel.spec.name, [])
    again = triton_runner.compile(
        text, level=level, signature=signature_of(plain), metadata=metadata_of(plain), to="ptx", target="sm_80"
    )
    assert again.artifacts["ptx"] == kernel.artifacts["ptx"]


def images():
    """Each kernel of the corpus at each level of each target, but for code that Triton does not repeat."""
    for case in CASES:
        for capability in (80, 90):
            if capability < case.min_capability or not case.stable_code:
                continue
            for level in LEVELS:
                if level != "ttir" or not case.kernel.is_gluon():
                    yield pytest.param(case, capability, level, id=f"{case.name}-{capability}-{level}")


@pytest.mark.exhaustive
@pytest.mark.parametrize(("case", "capability", "level"), list(images()))
def test_an_empty_dump_compiles_to_the_bytes_that_triton_makes(case, capability, level):
    plain = compile_plain(case, capability)
    text, slots = _C.dump_values(level, plain.asm[level], plain.metadata.name, [])
    assert slots == []
    again = triton_runner.compile(
        text,
        level=level,
        signature=signature_of(plain),
        metadata=metadata_of(plain),
        to="cubin",
        target=f"sm_{capability}",
    )
    assert again.artifacts["cubin"] == plain.asm["cubin"]
