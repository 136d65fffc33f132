"""Records how the code objects of one Triton lay out a kernel's arguments; no GPU is needed.

    PYTHONPATH=$PWD:FOLDER_OF_A_TRITON python tests/amd/record_kernarg.py >> records

Prints one line of JSON: version, and for each architecture the wave size and [offset, size] of every argument. All
lines together are tests/amd/data/kernarg.json, which tests/python/test_amd_recover.py holds our layout to. Up to 3.4
Triton links with a ROCm that is not here, so the AMDGCN is read in place of the hsaco.
"""

import inspect
import json

import triton
import triton.language as tl
from triton.backends import backends
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from triton_runner.compiler.code_object import read_code_object, read_directives

TYPES = dict(zip("pabcdefghq", ["*fp32", "i8", "i16", "i1", "i32", "i64", "fp16", "bf16", "fp32", "fp64"], strict=True))
ARCHITECTURES = {"gfx90a": 64, "gfx942": 64, "gfx950": 64, "gfx1100": 32, "gfx1201": 32}


@triton.jit
def k(p, a, b, c, d, e, f, g, h, q, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    integers = i * a + b + c + d + e
    tl.store(p + i, integers + f.to(tl.float32) + g.to(tl.float32) + h + q.to(tl.float32))


def source():
    if "constants" in inspect.signature(ASTSource.__init__).parameters:
        numbered = triton.__version__ < "3.2"
        signature = dict(enumerate(TYPES.values())) if numbered else {**TYPES, "BLOCK": "constexpr"}
        return ASTSource(fn=k, signature=signature, constants={10 if numbered else "BLOCK": 64})
    return ASTSource(k, {**TYPES, "BLOCK": "constexpr"}, {"BLOCK": 64})


def main():
    backend = backends["amd"].compiler
    if hasattr(backend, "path_to_rocm_lld"):
        backend.make_hsaco = staticmethod(lambda text, *_: text.encode())
        backend.path_to_rocm_lld = staticmethod(lambda: "/bin/echo")
    found = {}
    for arch, wave_size in ARCHITECTURES.items():
        try:
            asm = triton.compile(source(), target=GPUTarget("hip", arch, wave_size)).asm
        except RuntimeError:  # an architecture that this version does not know
            continue
        image = asm["hsaco"]
        kernel = read_code_object(image) if image[:4] == b"\x7fELF" else read_directives(asm["amdgcn"])
        found[arch] = {"wave_size": wave_size, "arguments": [[a.offset, a.size] for a in kernel.arguments]}
    print(json.dumps({triton.__version__: found}))


if __name__ == "__main__":
    main()
