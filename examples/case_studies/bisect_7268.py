"""Finds the pass behind triton-lang/triton #7268: this Triton against another, by shared memory, without a GPU.

    python bisect_7268.py FOLDER [--json OUT]

FOLDER holds the other Triton (``pip install --no-deps --target FOLDER triton==3.3.1``). The committed result is that of
3.2.0 against 3.3.1; the other way round the search ends early, since 3.2 cannot read the layouts that 3.3 writes.
"""

import argparse
import json
from pathlib import Path

import torch
from attention_7268 import STUDY, make_work

import triton_runner


def find_pass(other):
    work = make_work(1, 16, 16, torch.device("cpu"))
    arguments = {**dict(zip(STUDY.signature, work.arguments, strict=True)), **work.constexprs}
    kernel = triton_runner.jit(STUDY.kernel)
    return triton_runner.bisect(
        kernel, arguments, grid=work.grid, metric="shared", target="sm_89", options=STUDY.options, triton=other
    )


def main():
    parser = argparse.ArgumentParser(description="Find the pass behind #7268.")
    parser.add_argument("other", type=Path, help="the folder with the other Triton")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = find_pass(options.other)
    print(found)
    if options.json:
        points = [{"what": point.what, "shared": point.value} for point in found.points]
        report = {
            "suspect": found.suspect,
            "trusted": found.trusted,
            "all": found.baseline.value,
            "culprit": found.culprit.label if found.culprit else None,
            "conclusion": found.conclusion,
            "points": points,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
