"""Results on disk: found again by content, device and versions, never by path or time.

They lie in the compile cache and are published as its entries are (cache.py): whole or not at all, by any number of
processes. Tested in tests/python/test_autotune_store.py.
"""

from __future__ import annotations

import logging
import types
from collections.abc import Sequence
from typing import Any

import torch

from triton_runner import cache
from triton_runner.compiler.pipeline import common_key_parts
from triton_runner.compiler.target import Target
from triton_runner.compiler.versions import adapter, make_backend
from triton_runner.tuning.config import Candidate
from triton_runner.tuning.result import Key, Outcome, Result

logger = logging.getLogger(__name__)

_ENTRY = "autotune"


def content_key(
    function: Any, heuristics: Sequence[Any], candidates: Sequence[Candidate], key: Key, target: Target, how: Any
) -> str:
    """Hashes all that decides on a result. ``how`` says what was measured and against what it was checked."""
    triton = adapter()
    backend = make_backend(triton, target)
    configs = [[*candidate.content(), identity(candidate.pre_hook)] for candidate in candidates]
    functions = [{name: identity(value) for name, value in values.items()} for values in heuristics]
    parts = {
        "kind": _ENTRY,
        "function": [function.cache_key, function.arg_names],
        "heuristics": functions,
        "configs": configs,
        "key": key.to_json(),
        "how": how,
        "torch": torch.__version__,
        **common_key_parts(triton, backend, target, triton.environment()),
    }
    return cache.content_key(parts)


def load(content: str, name: str, key: Key, configs: int) -> Result | None:
    """The result that a search of the same content has left."""
    entry = cache.load(content, _stem(name))
    if entry is None:
        return None
    try:
        saved = entry.sidecar[_ENTRY]
        outcomes = [Outcome.of(outcome) for outcome in saved["outcomes"]]
        result = Result(key, outcomes, int(saved["winner"]), float(saved["seconds"]), from_cache=True)
        if len(outcomes) != configs or result.best.times is None:
            raise ValueError(f"it is about {len(outcomes)} configs, expected {configs}")
    except (KeyError, TypeError, ValueError, IndexError) as error:
        logger.warning("kernel %s: the autotune result %s cannot be used: %s", name, entry.folder, error)
        return None
    return result


def save(content: str, name: str, result: Result) -> None:
    outcomes = [outcome.to_json() for outcome in result.outcomes]
    saved = {"key": result.key.to_json(), "outcomes": outcomes, "winner": result.winner, "seconds": result.seconds}
    cache.publish(content, _stem(name), {}, {_ENTRY: saved})


def _stem(name: str) -> str:
    return f"{cache.file_stem(name)}.autotune"


def identity(function: Any) -> Any:
    """What tells a function of the user apart, across processes: its code, and the values that it closes over."""
    code = code_of(function)
    if not isinstance(code, list):
        return code
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return [code, repr(function.__defaults__), [identity(c) if callable(c) else repr(c) for c in cells]]


def code_of(function: Any) -> Any:
    """The code alone, where the values are what is being worked with."""
    code = getattr(function, "__code__", None)
    return _of_code(code) if code is not None else function and repr(function)


def _of_code(code: types.CodeType) -> list[Any]:
    constants = [_of_code(value) if isinstance(value, types.CodeType) else repr(value) for value in code.co_consts]
    return [code.co_code.hex(), list(code.co_names), constants]
