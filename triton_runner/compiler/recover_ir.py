"""Reads a kernel's binary interface out of IR text: ``tt.func`` of TTIR and TTGIR, ``define`` of LLVM IR, the entry of
PTX.

What an IR states is the interface after lowering: constexpr arguments are gone, tuples and tensor descriptors are
already taken apart. ``signature.py`` matches it with what the user wrote. Tested in tests/python/test_recover.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from triton_runner.errors import ArtifactError, MetadataError

_MLIR_TYPES = {
    "f16": "fp16",
    "bf16": "bf16",
    "f32": "fp32",
    "f64": "fp64",
    "f8E4M3FN": "fp8e4nv",
    "f8E5M2": "fp8e5",
    "f8E4M3FNUZ": "fp8e4b8",
    "f8E5M2FNUZ": "fp8e5b16",
    "f8E4M3B11FNUZ": "fp8e4b15",
    **{f"i{bits}": f"i{bits}" for bits in (1, 8, 16, 32, 64)},
}
_LLVM_TYPES = {
    "half": "fp16",
    "bfloat": "bf16",
    "float": "fp32",
    "double": "fp64",
    **{f"i{bits}": f"i{bits}" for bits in (1, 8, 16, 32, 64)},
}
_LLVM_ACCESS = {"readnone": "none", "readonly": "read", "writeonly": "write"}
TENSOR_MAP = "tensor_map"
_TTG = r"\"?(?:ttg|triton_gpu)\."  # the second up to Triton 3.2


@dataclass(frozen=True)
class AbiParam:
    """One parameter of the binary interface.

    ``type`` is ``*fp16``, ``i32``, ``tensordesc<fp16[64,64]>``, ``tensor_map``, or ``any4`` where only the size is
    known.
    """

    type: str
    name: str = (
        ""  # the Python name where the IR kept it; several parameters share it where one argument was taken apart
    )
    divisible_by_16: bool | None = None  # None where the level does not say
    pointer_range: int | None = None  # bits of an offset that reaches all of the memory; None where nothing is assumed
    access: str | None = None  # what the kernel does with the memory, where the level says; "none" is never

    @property
    def unused(self) -> bool:
        """Certainly never dereferenced."""
        return self.access == "none"


@dataclass(frozen=True)
class Interface:
    """A kernel as its IR declares it. Fields that the IR does not state are None."""

    name: str
    params: tuple[AbiParam, ...]
    num_warps: int | None = None
    num_ctas: int | None = None
    in_cluster: bool = False  # the code asks for its place in a cluster, whose size nothing states
    arch: int | str | None = None  # 80, or "gfx942"
    shared: int | None = None
    threads: int | None = None  # of a block, where the warps follow from the target
    attributes: dict[str, int] = field(default_factory=dict)

    def on(self, warp_size: int) -> Interface:
        """The same with the warps counted, of so many lanes each."""
        if self.num_warps is not None or self.threads is None:
            return self
        return replace(self, num_warps=self.threads // warp_size)


def read_mlir(text: str, name: str | None = None) -> Interface:
    """The public ``tt.func`` of a TTIR or TTGIR module, or the ``llvm.func`` that it has become."""
    heads = list(re.finditer(r"^\s*tt\.func\s+(?:public\s+)?@(?:\"([^\"]+)\"|([\w.$]+))\s*\(", text, re.MULTILINE))
    public = [head for head in heads if re.search(r"tt\.func\s+public", head[0])] or heads or _lowered_kernels(text)
    head = _choose({head[1] or head[2]: head for head in public}, name, "tt.func")
    names = dict(re.findall(r"^(#loc\d*)\s*=\s*loc\(\"((?:[^\"\\]|\\.)*)\"\(", text, re.MULTILINE))
    inside = _balanced(text, text.index("(", head.end(2) if head[2] else head.end(1)))
    params = tuple(_mlir_param(part, names, index) for index, part in enumerate(_split(inside)))
    attributes = {
        f"ttg.{key}": int(value)
        for key, value in re.findall(rf"{_TTG}([\w-]+)\"?\s*=\s*(-?\d+)\s*:\s*i32", _module_line(text))
    }
    arch = re.search(rf"{_TTG}target\"?\s*=\s*\"(?:cuda:(\d+)|hip:(\w+))", _module_line(text))
    return Interface(
        name=head[1] or head[2],
        params=params,
        num_warps=attributes.get("ttg.total-num-warps", attributes.get("ttg.num-warps")),
        num_ctas=attributes.get("ttg.num-ctas"),
        arch=(arch[2] or int(arch[1])) if arch else None,
        shared=attributes.get("ttg.shared"),
        attributes=attributes,
    )


def _lowered_kernels(text: str) -> list[re.Match[str]]:
    """The ``llvm.func`` of MLIR that are defined for use from outside; those marked as kernels where any is."""
    heads = re.finditer(r"^\s*llvm\.func\s+@(?:\"([^\"]+)\"|([\w.$]+))\s*\(.*$", text, re.MULTILINE)
    defined = [head for head in heads if re.search(r"\{\s*(?:loc\(.*\))?$", head[0])]
    return [head for head in defined if "nvvm.kernel" in head[0] or "rocdl.kernel" in head[0]] or defined


def read_llvm(text: str, name: str | None = None) -> Interface:
    """The kernel that an LLVM module defines.

    It has calling convention ``ptx_kernel`` or ``amdgpu_kernel``, or stands in ``!nvvm.annotations``.
    """
    pattern = r"^define\s+(?P<head>[^@\n]*)@(?:\"(?P<quoted>[^\"]+)\"|(?P<name>[\w.$-]+))\s*\("
    functions = {match["quoted"] or match["name"]: match for match in re.finditer(pattern, text, re.MULTILINE)}
    annotated = set(re.findall(r"!\{(?:ptr|void[^@]*) @\"?([\w.$-]+)\"?, !\"kernel\", i32 1", text))
    kernels = {
        key: match
        for key, match in functions.items()
        if re.search(r"\b(?:ptx|amdgpu)_kernel\b", match["head"]) or key in annotated
    }
    chosen = _choose(kernels, name, "define ptx_kernel` or `define amdgpu_kernel")
    inside = _balanced(text, chosen.end() - 1)
    rest = text[chosen.end() + len(inside) :].split("{", 1)[0]
    name = chosen["quoted"] or chosen["name"]
    attributes = _function_attributes(text, rest)
    threads = attributes.get("nvvm.reqntid") or _annotated_threads(text, name)
    clusters = attributes.get("nvvm.cluster_dim")
    block = attributes.get("amdgpu-flat-work-group-size")  # smallest, largest
    rows = clusters or attributes.get("amdgpu-cluster-dims")
    in_cluster = not rows and _asks_for_cluster(text)
    return Interface(
        name=name,
        params=tuple(_llvm_param(part, index) for index, part in enumerate(_split(inside))),
        num_warps=_product(threads) // 32 if threads else None,
        num_ctas=_product(rows) if rows else None if in_cluster else 1,
        in_cluster=in_cluster,
        threads=int(block.split(",")[1]) if block else None,
        shared=None if re.search(r"^[^;\n]*@global_smem(?!\s*=\s*external)", text, re.MULTILINE) else 0,
    )


def _annotated_threads(text: str, name: str) -> str | None:
    """The threads of a block in ``!nvvm.annotations``, where Triton kept them up to 3.3; up to 3.1 as their maximum."""
    found = re.search(rf"!\{{ptr @\"?{re.escape(name)}\"?, !\"(?:req|max)ntidx\", i32 (\d+)\}}", text)
    return found[1] if found else None


def _asks_for_cluster(text: str) -> bool:
    # Up to Triton 3.5 nothing states the size of a cluster, but a kernel for one asks for its place in it.
    return re.search(r"%cluster(?:id|_ctaid)|sreg\.cluster", text) is not None


def _choose(found: dict[str, re.Match[str]], name: str | None, kind: str) -> re.Match[str]:
    if not found:
        raise ArtifactError(f"the text has no `{kind}`: it defines no kernel")
    if name is not None:
        if name not in found:
            raise MetadataError(f"expected kernel {name!r}, but the text defines {', '.join(map(repr, found))}")
        return found[name]
    if len(found) > 1:
        raise MetadataError(f"the text defines {len(found)} kernels ({', '.join(found)}): give the one meant as name=")
    return next(iter(found.values()))


def _module_line(text: str) -> str:
    match = re.search(r"^module\b.*$", text, re.MULTILINE)
    return match[0] if match else ""


def _balanced(text: str, start: int) -> str:
    """What the bracket at ``start`` encloses. Strings are skipped, and so is the ``>`` of an arrow."""
    depth, index = 0, start
    while index < len(text):
        char = text[index]
        if char == '"':
            index = _end_of_string(text, index)
        elif char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and text[index - 1] != "-"):
            depth -= 1
            if depth == 0:
                return text[start + 1 : index]
        index += 1
    raise ArtifactError("the text ends inside the parameters of the kernel: it is truncated")


def _end_of_string(text: str, start: int) -> int:
    index = start + 1
    while index < len(text) and text[index] != '"':
        index += 2 if text[index] == "\\" else 1
    return index


def _split(text: str) -> list[str]:
    """Split at the commas that lie outside of brackets and strings."""
    parts, depth, begin, index = [], 0, 0, 0
    while index < len(text):
        char = text[index]
        if char == '"':
            index = _end_of_string(text, index)
        elif char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and text[index - 1] != "-"):
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[begin:index])
            begin = index + 1
        index += 1
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]


def _mlir_param(text: str, names: dict[str, str], index: int) -> AbiParam:
    match = re.match(r"%([\w$.-]+)\s*:\s*(.*)$", text, re.DOTALL)
    if match is None:
        raise ArtifactError(f"parameter {index} of the tt.func reads {text[:80]!r}, expected `%name: type`")
    location = re.search(r"loc\((?:\"((?:[^\"\\]|\\.)*)\"\(|(#loc\d*)\))", match[2])
    name = (location[1] or names.get(location[2] or "")) if location else None
    divisible = re.search(r"tt\.divisibility\s*=\s*(\d+)", match[2])
    reach = re.search(r"tt\.pointer_range\s*=\s*(\d+)", match[2])
    return AbiParam(
        type=_mlir_type(match[2], index),
        name=name or match[1],
        divisible_by_16=divisible is not None and int(divisible[1]) % 16 == 0,
        pointer_range=int(reach[1]) if reach else None,
    )


def _mlir_type(text: str, index: int) -> str:
    if pointer := re.match(r"!tt\.ptr<", text):
        element = _balanced(text, pointer.end() - 1).split(",")[0].strip()
        return "*i64" if element.startswith("!tt.ptr") else "*" + _MLIR_TYPES.get(element, "opaque")
    if text.startswith("!llvm.ptr"):
        return TENSOR_MAP if "llvm.byval" in text else "*opaque"
    if descriptor := re.match(r"!tt(?:ng)?\.tensordesc<", text):
        inside = _balanced(text, descriptor.end() - 1)
        tensor = re.match(r"(?:tensor<)?((?:\d+x)+)(\w+)", inside)  # without the word from 3.9 on
        if tensor is None:
            raise ArtifactError(
                f"parameter {index} of the tt.func has type {text[:80]!r}, expected tensordesc<tensor<...>>"
            )
        return f"tensordesc<{_MLIR_TYPES.get(tensor[2], 'opaque')}[{tensor[1].rstrip('x').replace('x', ',')}]>"
    scalar = re.match(r"[\w]+", text)
    if scalar is None or scalar[0] not in _MLIR_TYPES:
        raise ArtifactError(f"parameter {index} of the tt.func has type {text[:80]!r}, which no launcher can pass")
    return _MLIR_TYPES[scalar[0]]


def _llvm_param(text: str, index: int) -> AbiParam:
    if re.search(r"\bbyval\(\[128 x i8\]\)", text):
        return AbiParam(TENSOR_MAP)
    if re.match(r"ptr\b|[\w.%]+\s*(?:addrspace\(\d\))?\s*\*", text):
        attribute = re.search(r"\bread(?:none|only)\b|\bwriteonly\b", text)
        return AbiParam("*opaque", access=_LLVM_ACCESS[attribute[0]] if attribute else None)
    scalar = re.match(r"\w+", text)
    if scalar is None or scalar[0] not in _LLVM_TYPES:
        raise ArtifactError(f"parameter {index} of the kernel has LLVM type {text[:80]!r}, which no launcher can pass")
    return AbiParam(_LLVM_TYPES[scalar[0]])


def _function_attributes(text: str, rest: str) -> dict[str, str]:
    """String attributes of a function: those written inline, and those of its groups ``#0``."""
    found = dict(re.findall(r"\"([\w.-]+)\"=\"([^\"]*)\"", rest))
    for group in re.findall(r"#(\d+)\b", rest):
        body = re.search(rf"^attributes #{group} = \{{(.*)\}}", text, re.MULTILINE)
        if body:
            found.update(re.findall(r"\"([\w.-]+)\"=\"([^\"]*)\"", body[1]))
    return found


def _product(text: str) -> int:
    result = 1
    for factor in text.split(","):
        result *= int(factor)
    return result


def read_ptx(text: str, name: str | None = None) -> Interface:
    """Name, target and block of a PTX entry. Its parameters take an analysis of the code: ``_C.recover_ptx``."""
    heads = {match[1]: match for match in re.finditer(r"\.entry\s+([\w$%]+)\s*\(?", text)}
    head = _choose(heads, name, ".entry")
    body = text[head.end() : text.find("{", head.end())]
    threads = re.search(r"\.(?:req|max)ntid\s+([\d, ]+)", body)  # the maximum up to Triton 3.1
    clusters = re.search(r"\.reqnctapercluster\s+([\d, ]+)", body)
    in_cluster = not clusters and _asks_for_cluster(text)
    arch = re.search(r"^\s*\.target\s+sm_(\d+)", text, re.MULTILINE)
    uses_shared = re.search(r"\.extern\s+\.shared\b[^;]*?([\w$]+)\s*\[\s*\]\s*;", text)
    return Interface(
        name=head[1],
        params=(),
        num_warps=_product(threads[1]) // 32 if threads else None,
        num_ctas=_product(clusters[1]) if clusters else None if in_cluster else 1,
        in_cluster=in_cluster,
        arch=int(arch[1]) if arch else None,
        shared=None if uses_shared and len(re.findall(rf"\b{re.escape(uses_shared[1])}\b", text)) > 1 else 0,
    )
