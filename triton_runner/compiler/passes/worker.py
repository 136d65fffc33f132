"""Reads a job of pipeline runs and writes what they made; called by stage_worker.py in the isolated process.

``job["runs"]`` are done in order, each in its folder ``run-<k>``, whose ``result.json`` is written last: where a pass
ends the process, the caller sees which run it was, and from ``at.txt`` which pass. ``plan.json`` has the pipeline.
Tested in tests/python/test_passes.py.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from .planning import PlannedPass, names_of, plan
from .recorder import bindings
from .selection import SelectionError, Selector
from .stepping import Stepper


def run_job(job: Mapping[str, Any], adapter: Any) -> None:
    """Do all runs of ``job``."""
    backend = adapter.make_backend(*job["target"])
    adapter.init_llvm(backend)
    options = adapter.parse_options(backend, job["options"])
    stages = adapter.make_stages(backend, options, job["gluon"])
    passes = plan(adapter, backend, stages)
    selector = Selector(passes, bindings(names_of(backend)), job["pipeline"])
    _write_json("plan.json", [_describe(selector, index, planned) for index, planned in enumerate(passes)])
    for number, run in enumerate(job["runs"]):
        folder = f"run-{number}"
        if not os.path.exists(os.path.join(folder, "result.json")):
            _write_json(os.path.join(folder, "result.json"), _run(job, run, folder, adapter, backend, passes, selector))


def _describe(selector: Selector, index: int, planned: PlannedPass) -> dict[str, Any]:
    return {
        "name": planned.step.name,
        "label": selector.label(index),
        "path": planned.step.path,
        "stage": planned.stage,
        "mlir_name": planned.mlir_name,
        "argument": planned.argument,
        "arguments": [repr(value) for value in planned.step.arguments],
    }


def _run(
    job: Mapping[str, Any],
    run: Mapping[str, Any],
    folder: str,
    adapter: Any,
    backend: Any,
    passes: Sequence[PlannedPass],
    selector: Selector,
) -> dict[str, Any]:
    def note(where: str) -> None:
        with open(os.path.join(folder, "at.txt"), "w", encoding="utf-8") as file:
            file.write(where)

    stepper: Stepper | None = None
    try:
        options, extra = _options_for(job, run, adapter, backend)
        program = selector.program(run["edits"], run["level"])
        stages = adapter.make_stages(backend, options, job["gluon"])
        stepper = Stepper(adapter, backend, stages, list(passes), program, record=run["record"], note=note)
        stepper.run(run["source"], run["to"], extra)
    except SelectionError as error:
        return {"refused": str(error)}
    except Exception as error:
        stage = (stepper.metadata.get("stage") if stepper else None) or run["level"] or "the source"
        return {
            "error": f"{type(error).__name__}: {error}",
            "stage": stage,
            "traceback": traceback.format_exc(),
            **(_write_texts(folder, stepper) if stepper else {}),
        }
    for level, content in stepper.artifacts.items():
        data = content if isinstance(content, bytes) else content.encode()
        with open(os.path.join(folder, f"out.{level}"), "wb") as file:
            file.write(data)
    stepper.metadata.pop("stage", None)
    return {"metadata": stepper.metadata, "levels": list(stepper.artifacts), **_write_texts(folder, stepper)}


def _options_for(
    job: Mapping[str, Any], run: Mapping[str, Any], adapter: Any, backend: Any
) -> tuple[Any, dict[str, Any]]:
    """The options of a run, and its metadata as it begins: a module below TTIR has fixed some of them."""
    requested = {**job["options"], **adapter.module_options(adapter.parse_ir(run["source"], backend))}
    options = adapter.parse_options(backend, requested)
    return options, dict(options.__dict__)


def _write_texts(folder: str, stepper: Stepper) -> dict[str, Any]:
    for number, text in enumerate(stepper.texts):
        with open(os.path.join(folder, f"module-{number}.mlir"), "wb") as file:
            file.write(text.encode())
    return {"records": stepper.records}


def _write_json(path: str, value: Any) -> None:
    # Under its name only once it is whole: its presence says that the run has ended.
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(value, file, default=vars)
    os.replace(path + ".part", path)
