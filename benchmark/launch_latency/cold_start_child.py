"""One cold start: the process that cold_start.py starts. Prints milliseconds by measure as JSON.

    python cold_start_child.py SCENARIO JOB.json

torch is imported, the tensors are made and the device is awake before the clock starts. The job is written by
cold_start.py.
"""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.extend(str(Path(__file__).parents[up]) for up in (1, 2))

import torch
from cases import case_19


def driver(case, job, level):
    """The driver alone, in C++."""
    from native import Floor, library

    library()  # built and opened before the clock starts
    metadata = SimpleNamespace(num_warps=job["num_warps"], shared=job["shared"])
    floor = Floor(metadata, case.grid, list(case.args.values()), torch.cuda.current_stream().cuda_stream)
    return {"first launch": floor.first_launch(Path(job[level]), job["name"]) * 1e3}


def artifact(case, job, level):
    """triton_runner from a file, and from a second one once it is warm."""
    clock = Clock()
    import triton_runner

    measured = {"import": clock.lap()}
    triton_runner.load(job[level])[case.grid](*case.args.values())
    measured["first launch"] = clock.lap()
    triton_runner.load(job[f"second {level}"])[case.grid](*case.args.values())
    measured["second kernel"] = clock.lap()
    return measured


def function(case, job, module):
    """A function in Python, of triton_runner or of Triton, both imported: the kernel's own file needs Triton."""
    source, package = case.function, __import__(module)
    clock = Clock()
    package.jit(source)[case.grid](*case.args.values(), **case.constexprs)
    return {"first launch": clock.lap()}


class Clock:
    """Milliseconds from one lap to the next, the device's work included."""

    def __init__(self):
        self.start = time.perf_counter()

    def lap(self):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        took, self.start = now - self.start, now
        return took * 1e3


SCENARIOS = {"driver": driver, "artifact": artifact, "function": function}


def main():
    kind, detail, job = sys.argv[1:]
    device = torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
    case = case_19(device)
    case.out.fill_(float("nan"))
    if device.type == "cuda":
        torch.cuda.synchronize()
    measured = SCENARIOS[kind](case, json.loads(Path(job).read_text()), detail)
    torch.testing.assert_close(case.out, case.expected)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
