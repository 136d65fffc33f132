"""Compiles the kernels of the case studies with each Triton version and writes their artifacts. No GPU is needed.

    python make_artifacts.py --tritons FOLDER [--study 7096]...

FOLDER holds one Triton a folder, named by version: ``pip install --no-deps --target FOLDER/3.1.0 triton==3.1.0``. Each
variant is compiled in a process of its own that finds that Triton first. Beside an artifact lies the kernel record;
what each variant takes of a GPU is noted in ``made.json``.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STUDIES = {"7096": "matmul_7096", "7268": "attention_7268"}


def find_study(issue):
    return importlib.import_module(STUDIES[issue]).STUDY


def compile_variant(study, variant):
    """The compiled kernel: to the cubin of the target, whatever level is kept."""
    import triton_runner

    request = {
        "signature": study.signature,
        "constexprs": study.constexprs,
        "options": study.options,
        "target": variant.target,
    }
    edits = {}
    if variant.change is not None and variant.change.skip:
        edits["skip_passes"] = variant.change.skip
    if variant.change is not None and variant.change.edit is not None:
        before = triton_runner.passes(study.kernel, **request).named(variant.change.after).text
        edits["replace_after"] = {variant.change.after: variant.change.edit(before)}
    return triton_runner.compile(study.kernel, to="cubin", **request, **edits)


def write_variant(study, variant):
    """Runs in the process of the variant's Triton. Prints what made.json holds."""
    from triton_runner.compiler.resources import read_resources

    kernel = compile_variant(study, variant)
    artifacts = kernel.artifacts
    taken = read_resources(artifacts["cubin"])
    folder = study.folder / variant.name
    folder.mkdir(parents=True, exist_ok=True)
    content = artifacts[variant.level]
    path = folder / f"{study.kernel.__name__}.{variant.level}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.with_suffix(".json").write_text(json.dumps(json.loads(kernel.spec.to_json()), indent=1) + "\n")
    facts = {
        "shared": kernel.spec.shared,
        "registers": taken.registers,
        "spills": taken.spill_bytes,
        "code": taken.code_bytes,
        **study.facts(artifacts["ttgir"], artifacts["ptx"]),
    }
    print(json.dumps(facts))


def run_child(tritons, issue, variant):
    """Compile one variant elsewhere; what it printed."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE), str(tritons / variant.triton)]),
            "TRITON_CACHE_DIR": cache,
            "TRITON_RUNNER_CACHE_DIR": cache,
            "TRITON_DISABLE_LINE_INFO": "1",
        }
        command = [sys.executable, __file__, "--study", issue, "--variant", variant.name]
        finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{variant.name}: {finished.stderr.strip()}")
    return json.loads(finished.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description="Write the artifacts of the case studies.")
    parser.add_argument("--tritons", type=Path, help="the folder with a Triton for each version")
    parser.add_argument("--study", action="append", choices=list(STUDIES), default=[])
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    for issue in options.study or STUDIES:
        study = find_study(issue)
        if options.variant:
            write_variant(study, next(variant for variant in study.variants if variant.name == options.variant))
            continue
        made = {variant.name: run_child(options.tritons.resolve(), issue, variant) for variant in study.variants}
        (study.folder / "made.json").write_text(json.dumps(made, indent=1) + "\n")
        print(f"triton-lang/triton #{issue}: {len(made)} variants in {study.folder}")


if __name__ == "__main__":
    main()
