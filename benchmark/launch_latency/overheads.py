"""Calls to hold the launches against: Python itself, an operator of torch, and code that inductor made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from cases import Case
from common.timing import statement

NO_OP = "a Python function that does nothing"


def no_op(case: Case) -> Callable[[int], float]:
    """Handing over the arguments and nothing else."""
    return statement(f"f({case.call()})", {**case.names(), "f": lambda *args, **kwargs: None})


def torch_calls(device: torch.device) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and maker of each row's ``run``."""
    x, y = (torch.ones(128, device=device) for _ in range(2))
    names = {"x": x, "y": y, "out": torch.empty_like(x), "add": torch.add}
    yield "torch.add(x, y, out=out)", lambda: statement("add(x, y, out=out)", names)
    yield "inductor: returns its input", lambda: _compiled(lambda x: x, x)
    yield "inductor: one kernel, x + 1", lambda: _compiled(lambda x: x + 1, x)


def _compiled(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> Callable[[int], float]:
    compiled = torch.compile(function)
    compiled(x)
    return statement("f(x)", {"f": compiled, "x": x})
