"""From what a user says of the arguments to Triton's source object and to the parameters of the kernel record.

Three spellings of one thing meet here: Triton's (``signature``, ``constexprs`` and ``attrs`` by path into nested
tuples), the user's (a dict or list of type texts such as ``"*fp16:16"``), and the record's (a flat list, one entry for
each leaf). Tested in tests/python/test_compile.py and test_recover.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from triton_runner.compiler.recover_ir import TENSOR_MAP, AbiParam
from triton_runner.compiler.versions import number_of
from triton_runner.errors import ArgumentError, MetadataError

Path = tuple[int, ...]
RecordParam = dict[str, Any]

DIVISIBLE = [["tt.divisibility", 16]]


def normalize(
    arg_names: Sequence[str], signature: Mapping[str, Any] | Sequence[Any] | None, constexprs: Mapping[Any, Any] | None
) -> tuple[dict[str, Any], dict[Path, Any], dict[Path, Any]]:
    """Triton's ``signature``, ``constexprs`` and ``attrs`` for a function with these argument names."""
    types = _by_name(arg_names, signature or {})
    values = {_path(arg_names, key): value for key, value in (constexprs or {}).items()}
    attrs: dict[Path, Any] = {}
    out: dict[str, Any] = {}
    for index, name in enumerate(arg_names):
        if (index,) in values:
            out[name] = "constexpr"
        elif name in types:
            out[name] = _strip(types[name], (index,), values, attrs)
        else:
            raise ArgumentError(
                f"argument {name!r} has neither a type in signature nor a value in constexprs; "
                f"given are {', '.join(map(repr, types)) or 'no types'}"
            )
    for path, type_name in leaves(list(out.values())):
        if type_name == "constexpr" and path not in values:
            raise ArgumentError(
                f"argument {_leaf_name(arg_names, path)!r} is a constexpr: give its value in constexprs"
            )
    return out, values, attrs


def record_params(
    arg_names: Sequence[str], signature: Mapping[str, Any], constexprs: Mapping[Path, Any], attrs: Mapping[Path, Any]
) -> list[RecordParam]:
    """The record's parameters: one for each leaf of the signature, in order."""
    params: list[RecordParam] = []
    for path, type_name in leaves([signature[name] for name in arg_names]):
        param: RecordParam = {"name": _leaf_name(arg_names, path), "type": record_type(type_name)}
        if type_name == "constexpr":
            param["constant"] = json_constant(constexprs.get(path))
        else:
            stated = {entry[0]: entry[1] for entry in attrs.get(path, ())}
            param = _with_assumptions(param, stated.get("tt.divisibility", 1) % 16 == 0, stated.get("tt.pointer_range"))
        params.append(param)
    return params


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The leaves of nested lists and tuples, each with its path."""
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def record_type(type_name: str) -> str:
    """Triton's type text as the record spells it: no const mark, no layout of a descriptor."""
    if type_name.startswith("*k"):
        return "*" + type_name[2:]
    descriptor = re.match(r"tensordesc<([^\[]*\[[^\]]*\])", type_name)
    return f"tensordesc<{descriptor[1].replace(' ', '')}>" if descriptor else type_name


def json_constant(value: Any) -> Any:
    """A compile-time value as the record keeps it; what JSON cannot hold is kept as text."""
    value = getattr(value, "value", value) if type(value).__name__ == "constexpr" else value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, (list, tuple)):
        return [json_constant(item) for item in value]
    return str(value)


def attach(params: Sequence[RecordParam], abi: Sequence[AbiParam], where: str) -> list[RecordParam]:
    """Check the record's parameters against the interface that an artifact declares; take what that knows better."""
    out, position = [], 0
    for param in params:
        if param["type"] == "constexpr":
            out.append(param)
            continue
        expected = next((form for form in expansions(param["type"]) if _matches(form, abi[position:])), None)
        if expected is None:
            found = abi[position].type if position < len(abi) else "nothing"
            raise MetadataError(
                f"{where}: argument {param['name']!r} is {param['type']}, "
                f"but the artifact's parameter {position} is {found}"
            )
        first = abi[position]
        stated = first.divisible_by_16
        out.append(param if stated is None else _with_assumptions(param, stated, first.pointer_range))
        position += len(expected)
    if position < len(abi):
        raise MetadataError(
            f"{where}: the artifact has {len(abi)} parameters, but the signature accounts for {position}; "
            f"the next one is {abi[position].type} {abi[position].name}"
        )
    return out


def adapt(params: Sequence[RecordParam], abi: Sequence[AbiParam], where: str) -> list[RecordParam]:
    """Parameters as a launch specialized them, made to fit the specialization that an artifact was compiled with.

    Only an artifact that names its parameters can tell which arguments it takes; any other must fit as it is.
    """
    stated = {param.name: param for param in abi if param.name}
    if not any(_argument(param) in stated for param in params):
        return attach(params, abi, where)
    out = []
    for param in params:
        name = param["name"]
        if name in stated and param["type"] == "constexpr":
            param = {"name": name, "type": stated[name].type}  # compiled for any value, and this launch has 1
        elif _argument(param) not in stated and param["type"] != "constexpr":
            raise ArgumentError(
                f"{where}: argument {name!r} is a {param['type']} here, but the artifact was compiled with a constant "
                "in its place (a constexpr, 1 or None): launch it with that value, or compile it again"
            )
        out.append(param)
    return attach(out, abi, where)


def group(abi: Sequence[AbiParam], where: str) -> list[RecordParam]:
    """The record's parameters where only the artifact is known. A descriptor takes its shape and strides along."""
    out: list[RecordParam] = []
    names: dict[str, int] = {}
    position = 0
    while position < len(abi):
        param = abi[position]
        if param.type == TENSOR_MAP:
            raise MetadataError(
                f"{where}: parameter {position} is a TMA descriptor, whose 'tensordesc_meta' and rank this level "
                "does not state: put the kernel's JSON beside the artifact, or pass metadata={...} and signature={...}"
            )
        count = names.get(param.name, 0)
        names[param.name] = count + 1
        name = param.name or f"arg{position}"
        entry: RecordParam = {"name": f"{name}.{count}" if count and param.name else name, "type": param.type}
        out.append(_with_assumptions(entry, bool(param.divisible_by_16), param.pointer_range))
        position += len(expansions(param.type)[0])
    return out


def expansions(type_name: str) -> list[list[str]]:
    """The binary interfaces that a parameter of this type can have: of a descriptor, as a TMA map and decomposed."""
    if not type_name.startswith("tensordesc<"):
        return [[type_name]]
    return [_with_map(type_name), *(_decomposed(type_name, flags) for flags in range(3))]


def expansion(type_name: str, with_map: bool, triton_version: str) -> list[str]:
    """The one of ``expansions`` that Triton of this version makes."""
    if not type_name.startswith("tensordesc<"):
        return [type_name]
    number = number_of(triton_version)
    flags = 1 if number == (0, 0) else (number >= (3, 5)) + (number >= (3, 7))
    return _with_map(type_name) if with_map else _decomposed(type_name, flags)


def _with_map(type_name: str) -> list[str]:
    rank = type_name.count(",") + 1
    return [type_name, *["i32"] * rank, *["i64"] * rank]


def _decomposed(type_name: str, flags: int) -> list[str]:
    """As a pointer. The flags are NaN padding, and rounding to tf32."""
    element = type_name[len("tensordesc<") : type_name.index("[")]
    rank = type_name.count(",") + 1
    return [f"*{element}", *["i64"] * (2 * rank), *["i1"] * flags, *_with_map(type_name)[1:]]


def _argument(param: RecordParam) -> str:
    return str(param["name"]).split(".")[0]


def _with_assumptions(param: RecordParam, divisible: bool, pointer_range: int | None) -> RecordParam:
    out = {key: value for key, value in param.items() if key not in ("divisible_by_16", "pointer_range")}
    if divisible:
        out["divisible_by_16"] = True
    if pointer_range is not None:
        out["pointer_range"] = pointer_range
    return out


def _matches(form: Sequence[str], abi: Sequence[AbiParam]) -> bool:
    return len(abi) >= len(form) and all(_same(wanted, found.type) for wanted, found in zip(form, abi, strict=False))


def _same(wanted: str, found: str) -> bool:
    if found == TENSOR_MAP:
        return wanted.startswith("tensordesc<") or wanted == "nvTmaDesc"
    if found.startswith("any"):  # a cubin states the size only
        return int(found[3:]) == (8 if wanted.startswith("*") else max(1, int(re.sub(r"\D", "", wanted) or 0) // 8))
    if wanted.startswith("*") and found.startswith("*"):
        return "opaque" in (wanted[1:], found[1:]) or _unsigned(wanted[1:]) == _unsigned(found[1:])
    return _unsigned(wanted) == _unsigned(found)


def _unsigned(type_name: str) -> str:
    # IR types carry no sign, and a bool is an i1 or, once stored, an i8.
    return "i" + type_name[1:] if re.fullmatch(r"u\d+", type_name) else type_name


def _by_name(arg_names: Sequence[str], signature: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    if isinstance(signature, str):
        signature = [part.strip() for part in signature.split(",")]
    if not isinstance(signature, Mapping):
        if len(signature) > len(arg_names):
            raise ArgumentError(f"signature has {len(signature)} types, but the kernel has {len(arg_names)} arguments")
        return dict(zip(arg_names, signature, strict=False))
    named = {
        arg_names[key] if isinstance(key, int) and key < len(arg_names) else key: value
        for key, value in signature.items()
    }
    unknown = [key for key in named if key not in arg_names]
    if unknown:
        raise ArgumentError(
            f"signature names {unknown[0]!r}, which is no argument of the kernel: {', '.join(arg_names)}"
        )
    return named


def _path(arg_names: Sequence[str], key: Any) -> Path:
    if isinstance(key, tuple):
        return key
    if isinstance(key, int) and 0 <= key < len(arg_names):
        return (key,)
    if key not in arg_names:
        raise ArgumentError(f"constexprs names {key!r}, which is no argument of the kernel: {', '.join(arg_names)}")
    return (arg_names.index(key),)


def _strip(type_name: Any, path: Path, values: dict[Path, Any], attrs: dict[Path, Any]) -> Any:
    """Take the suffixes off a type text and note what they say."""
    if isinstance(type_name, (list, tuple)):
        return tuple(_strip(item, (*path, index), values, attrs) for index, item in enumerate(type_name))
    if not isinstance(type_name, str):
        values[path] = type_name  # a bare value in a list is a constant, as in Triton's ahead-of-time compiler
        return "constexpr"
    base, colon, suffix = type_name.strip().partition(":")
    if suffix == "16":
        attrs[path] = DIVISIBLE
    elif suffix == "1":
        values[path] = 1
        return "constexpr"
    elif colon:
        raise ArgumentError(
            f"type {type_name!r} ends in ':{suffix}', expected ':16' (divisible by 16) or ':1' (the constant 1)"
        )
    return base


def _leaf_name(arg_names: Sequence[str], path: Path) -> str:
    return ".".join([arg_names[path[0]], *map(str, path[1:])])
