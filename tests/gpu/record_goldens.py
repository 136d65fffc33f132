"""Records what this machine's GPU answers for every instruction form, as tests/golden/*.npz and recorded.json.

    python tests/gpu/record_goldens.py [--only TEXT] [--into FOLDER]

A form that does not load or launch is named, with its error, and the others go on; the exit status is then 1.
With --only, forms whose name does not contain TEXT keep the goldens that they have.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from instructions import FORMS, Form
from instructions.goldens import FOLDER, Goldens
from instructions.run import run


def record(goldens: Goldens, only: str) -> list[str]:
    """Runs the forms; returns one line for each that failed."""
    failures = [_record_one(goldens, form) for form in FORMS if only in form.name]
    return [failure for failure in failures if failure]


def _record_one(goldens: Goldens, form: Form) -> str:
    """An empty string, or what went wrong."""
    try:
        goldens.put(form, run(form, "cuda"))
    except Exception as error:  # a fault of one form, whatever its kind, must not lose the others
        failure = f"{form.name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        print(f"FAILED {failure}", flush=True)
        return failure
    return ""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default="", metavar="TEXT", help="only forms whose name contains TEXT")
    arguments.add_argument("--into", default=FOLDER, type=Path, metavar="FOLDER", help="where to write (tests/golden)")
    options = arguments.parse_args()
    if not torch.cuda.is_available():
        print("record_goldens: no CUDA device; goldens can only be recorded on a GPU", file=sys.stderr)
        return 2

    start = time.monotonic()
    goldens = Goldens(options.into)
    failures = record(goldens, options.only)
    device = torch.cuda.get_device_properties(0)
    goldens.save(
        device=device.name,
        capability=f"{device.major}.{device.minor}",
        torch=torch.__version__,
        cuda=str(torch.version.cuda),
        driver=_driver_version(),
        date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    )
    count = sum(options.only in form.name for form in FORMS)
    print(f"recorded {count - len(failures)} of {count} forms on {device.name} in {time.monotonic() - start:.0f} s")
    return 1 if failures else 0


def _driver_version() -> str:
    version = Path("/proc/driver/nvidia/version")
    return version.read_text().splitlines()[0] if version.exists() else "unknown"


if __name__ == "__main__":
    sys.exit(main())
