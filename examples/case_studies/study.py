"""What the case studies share: a kernel as several Triton versions compile it, its artifacts on disk, and its times.

A variant is a Triton version, a target, and where the study asks for it a change to the pipeline. ``make_artifacts.py``
writes the artifacts; ``run`` launches those that fit the device, beside the installed Triton's own. Tested in
tests/python/test_case_studies.py.
"""

import argparse
import datetime
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import triton_runner
from triton_runner.timing import measure_device
from triton_runner.torch_utils import get_active_torch_device

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Change:
    """What a variant does otherwise than its Triton: passes left out, or the module after a pass edited."""

    name: str
    skip: Sequence[str] = ()
    after: str = ""
    edit: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Variant:
    triton: str
    target: str
    change: Change | None = None

    @property
    def name(self) -> str:
        return "-".join([self.triton, self.target, *([self.change.name] if self.change else [])])

    @property
    def level(self) -> str:
        """A cubin runs on its own architecture alone; the driver compiles PTX for newer ones too."""
        return "cubin" if self.target == "sm_90" else "ptx"


@dataclass(frozen=True)
class Work:
    """One launch: the tensors that the kernel writes, what they must hold, and the same work by torch."""

    name: str
    grid: tuple[int, ...]
    arguments: Sequence[Any]  # of the compiled kernel
    constexprs: Mapping[str, Any]
    outputs: Mapping[str, tuple[torch.Tensor, torch.Tensor]]  # name: (written, expected)
    tolerance: float
    by_torch: Callable[[], object]


@dataclass(frozen=True)
class Study:
    issue: int
    title: str
    kernel: Any
    signature: Mapping[str, str]
    constexprs: Mapping[str, Any]
    options: Mapping[str, Any]
    variants: Sequence[Variant]
    facts: Callable[[str, str], dict[str, Any]]  # of TTGIR and PTX, for the table of artifacts

    @property
    def folder(self) -> Path:
        return HERE / "artifacts" / f"triton_{self.issue}"

    def made(self) -> dict[str, dict[str, Any]]:
        """What make_artifacts.py noted of each variant."""
        return json.loads((self.folder / "made.json").read_text())

    def load(self, variant: Variant) -> Any:
        """The kernel from its artifact; the record lies beside it. No Triton is used."""
        return triton_runner.load(self.folder / variant.name / f"{self.kernel.__name__}.{variant.level}")


def show_artifacts(study: Study) -> None:
    """The table of what each version made, read from the artifacts' own records."""
    made = study.made()
    columns = [name for name in next(iter(made.values())) if name != "ptxas"]
    print(f"triton-lang/triton #{study.issue}: {study.title}")
    print(" | ".join(["variant", *columns]))
    for variant in study.variants:
        facts = made[variant.name]
        assert study.load(variant).spec.shared == facts["shared"], "the record and made.json differ"
        print(" | ".join([variant.name, *(str(facts[column]) for column in columns)]))


def launches(study: Study, work: Work, device: torch.device) -> dict[str, Callable[[], object]]:
    """What runs on ``device``: torch, the installed Triton, and every artifact that fits. On the CPU, PTX alone."""
    found: dict[str, Callable[[], object]] = {}
    on_gpu = device.type == "cuda"
    if on_gpu:
        found["torch"] = work.by_torch
        installed = study.kernel[work.grid]
        by_name = dict(zip(study.signature, work.arguments, strict=True))
        found[f"installed Triton {version('triton')}"] = lambda: installed(
            **by_name, **work.constexprs, **study.options
        )
    for variant in study.variants:
        if on_gpu or variant.level == "ptx":
            kernel = study.load(variant)
            found[variant.name] = lambda kernel=kernel: kernel[work.grid](*work.arguments)
    return found


def check(work: Work, launch: Callable[[], object]) -> float:
    """Launch once. The largest error of the outputs, which must lie within the tolerance."""
    worst = 0.0
    for written, _ in work.outputs.values():
        written.zero_()
    launch()
    for name, (written, expected) in work.outputs.items():
        error = float((written.float() - expected.float()).abs().max())
        assert error <= work.tolerance, f"{name} is off by {error}"
        worst = max(worst, error)
    return worst


def measure(study: Study, works: Sequence[Work], rounds: int, device: torch.device) -> list[dict[str, Any]]:
    """Every launch of every work, checked, then timed in turns."""
    groups = []
    for work in works:
        found = launches(study, work, device)
        errors = {name: check(work, launch) for name, launch in found.items() if name != "torch"}
        samples = measure_device(found, rounds, device)
        rows = {name: _row(times, errors.get(name)) for name, times in samples.items()}
        groups.append({"work": work.name, "microseconds": rows})
        print(f"\n{work.name}")
        for name, row in rows.items():
            print(f"  {name:34} {row['median']:10.2f} µs  {row['low']:.2f} to {row['high']:.2f}")
    return groups


def _row(times: Sequence[float], error: float | None) -> dict[str, Any]:
    low, middle, high = statistics.quantiles(times, n=4)
    row = {"median": round(middle, 3), "low": round(low, 3), "high": round(high, 3), "samples": len(times)}
    return row if error is None else {**row, "largest_error": error}


def main(study: Study, make_works: Callable[[torch.device, bool], Sequence[Work]]) -> None:
    """The command line of a study."""
    parser = argparse.ArgumentParser(description=study.title)
    parser.add_argument("--rounds", type=int, default=200, help="samples of each launch")
    parser.add_argument("--json", type=Path, help="where to write the times")
    options = parser.parse_args()
    show_artifacts(study)
    device = get_active_torch_device()
    torch.manual_seed(0)
    works = make_works(device, device.type == "cuda")
    if device.type == "cuda":
        groups = measure(study, works, options.rounds, device)
        if options.json:
            _write(options.json, study, groups)
    else:
        for work in works:
            for name, launch in launches(study, work, device).items():
                print(f"{work.name}, {name}: largest error {check(work, launch):.2g}")
    print(f"triton-lang/triton #{study.issue}: every launch on {device} agrees with torch")


def _write(path: Path, study: Study, groups: Sequence[Mapping[str, Any]]) -> None:
    from triton_runner import _C

    report = {
        "issue": f"triton-lang/triton #{study.issue}",
        "gpu": torch.cuda.get_device_name(),
        "capability": list(torch.cuda.get_device_capability()),
        "packages": {name: version(name) for name in ("torch", "triton")},
        "cuda": torch.version.cuda,
        "triton_runner": getattr(_C, "__version__", triton_runner.__version__),
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "groups": groups,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")
