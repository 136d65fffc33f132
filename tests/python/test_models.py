"""The examples of models: each runs alone; the package also runs from a C++ program in which there is no Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "examples" / "models"


def run(command, folder):
    search = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "PYTHONPATH": search,
        "TRITON_RUNNER_CACHE_DIR": str(folder / "cache"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),
    }
    finished = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout.splitlines()


@pytest.mark.parametrize("name", sorted(path.stem for path in MODELS.glob("*.py") if path.stem != "package"))
def test_runs_alone(name, tmp_path):
    assert "torch" in run([sys.executable, str(MODELS / f"{name}.py")], tmp_path)[-1]


@pytest.mark.exhaustive
def test_package_runs_in_a_fresh_process_and_from_cpp_without_python(tmp_path):
    made = tmp_path / "made"
    assert "agrees with torch" in run([sys.executable, str(MODELS / "package.py"), str(made)], tmp_path)[-1]

    build = tmp_path / "build"
    prefix = f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}"
    run(["cmake", "-S", str(MODELS / "cpp"), "-B", str(build), prefix], tmp_path)
    run(["cmake", "--build", str(build)], tmp_path)
    program = build / "run_package"
    libraries = [line.split()[0] for line in run(["ldd", str(program)], tmp_path)]
    assert "libtriton_runner.so" in " ".join(libraries)
    assert not [library for library in libraries if "python" in Path(library).name]
    lines = run([str(program), str(made / "kernels"), str(made / "package.pt2"), "9", "77"], tmp_path)
    assert "registered models::softmax" in lines
    assert lines[-1].startswith("softmax of 9 x 77 on")
