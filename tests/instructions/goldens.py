"""Golden files: the results of every form on a GPU.

One compressed .npz for each family, and recorded.json with the device, the driver, the date, and a digest of each
form's PTX and inputs, which tells a stale golden from a valid one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from . import FAMILIES, Form
from .values import Bits

FOLDER = Path(__file__).parents[1] / "golden"


class Goldens:
    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        header = folder / "recorded.json"
        self.header: dict[str, Any] = json.loads(header.read_text()) if header.exists() else {"digests": {}}
        self.results: dict[str, Bits] = {}
        for family in FAMILIES:
            path = folder / f"{family}.npz"
            if path.exists():
                with np.load(path) as stored:
                    self.results.update({name: stored[name].astype(np.uint64) for name in stored.files})

    def find(self, form: Form) -> Bits:
        """The results of a form; LookupError where none were recorded, or for other PTX or inputs."""
        if form.name not in self.results:
            raise LookupError(f"no golden for {form.name}: run tests/gpu/record_goldens.py on a GPU")
        if self.header["digests"].get(form.name) != form.digest():
            raise LookupError(f"the golden for {form.name} belongs to other PTX or inputs: record it again")
        return self.results[form.name]

    def put(self, form: Form, results: Bits) -> None:
        self.results[form.name] = results
        self.header["digests"][form.name] = form.digest()

    def save(self, **header: str) -> None:
        """Writes all that belongs to a form that still exists."""
        self.folder.mkdir(parents=True, exist_ok=True)
        known = {form.name for forms in FAMILIES.values() for form in forms}
        digests = {name: digest for name, digest in sorted(self.header["digests"].items()) if name in known}
        self.header = {**self.header, **header, "digests": digests}
        (self.folder / "recorded.json").write_text(json.dumps(self.header, indent=1) + "\n")
        for family, forms in FAMILIES.items():
            stored = {form.name: _narrowed(self.results[form.name]) for form in forms if form.name in self.results}
            np.savez_compressed(self.folder / f"{family}.npz", allow_pickle=False, **stored)


def _narrowed(results: Bits) -> np.ndarray:
    """The narrowest unsigned type that holds all results: half the file."""
    return results.astype(np.min_scalar_type(int(results.max(initial=0))))
