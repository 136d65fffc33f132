"""The doors of triton_runner."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import cycle
from typing import Any

import native
import torch
from cases import Case
from common.signature import signature
from common.timing import statement

import triton_runner

JIT = "@triton_runner.jit"
TUNED = "@triton_runner.autotune"
KERNEL = "triton_runner Kernel[grid](...)"
BOUND = "triton_runner kernel.bind(...)()"
REPLACED = "triton_runner bound.replace(one); bound()"
OP = "torch.ops.triton_runner.launch"
OP_CPP = "torch.ops.triton_runner.launch from C++"


def compile_case(case: Case, device: torch.device) -> Any:
    """The case's kernel, compiled for ``device``."""
    function = triton_runner.jit(case.function)
    to = "cubin" if device.type == "cuda" else "ptx"
    return triton_runner.compile(function, signature=signature(case.args), constexprs=case.constexprs, to=to)


def doors(case: Case, device: torch.device) -> Iterator[tuple[str, Any]]:
    """Name and maker of each row's ``run``."""
    kernel = cache(lambda: compile_case(case, device))  # fails in the row that needs it
    jit = cache(lambda: triton_runner.jit(case.function))
    args = case.args.values()
    yield JIT, lambda: statement(f"jit[grid]({case.call()})", {**case.names(), "jit": jit()})
    yield TUNED, lambda: _tuned(case, jit())
    yield KERNEL, lambda: statement(f"kernel[grid]({case.positional()})", {**case.names(), "kernel": kernel()})
    if not case.changing:  # what is bound does not change
        yield BOUND, lambda: statement("bound()", {"bound": kernel().bind(case.grid, *args)})
    if case.args:
        yield REPLACED, lambda: _replaced(case, kernel())
    yield OP, lambda: _op(case, kernel())
    if not case.changing:
        yield OP_CPP, lambda: native.op_from_cpp(kernel().key, kernel().op_args(*args), case.grid)


def _tuned(case: Case, jit: Any) -> Any:
    tuned = case.tuned(partial(triton_runner.autotune, cache_results=False, check=False), jit)
    return statement(f"tuned[grid]({case.call()})", {**case.names(), "tuned": tuned})


def _replaced(case: Case, kernel: Any) -> Any:
    """The first argument handed over anew, the others as they were bound."""
    name, value = next(iter(case.args)), case.positional().split(", ")[0]
    names = {**case.names(), "bound": kernel.bind(case.grid, *case.args.values())}
    return statement(f"bound.replace({name}={value}); bound()", names)


def _op(case: Case, kernel: Any) -> Any:
    """The call of the op with its lists built anew, as code that holds the arguments one by one does."""
    names: dict[str, Any] = {"op": torch.ops.triton_runner.launch.default, "key": kernel.key}
    lists = []
    for prefix, values in zip(("input", "output", "int", "float"), kernel.op_args(*case.args.values()), strict=True):
        fields = {f"{prefix}{index}": value for index, value in enumerate(values)}
        names |= fields
        lists.append(list(fields))
    for descriptors in case.changing.values():
        names["turns"] = cycle([descriptor.base for descriptor in descriptors])
        lists[0][0] = "next(turns)"
    grid = ", ".join(map(str, case.grid))
    code = ", ".join(f"[{', '.join(fields)}]" for fields in lists)
    return statement(f"op(key, {code}, [{grid}])", names)
