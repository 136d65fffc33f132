"""tools/environment.py: what it says is missing, and what it would install."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "environment.py"


@pytest.fixture
def environment():
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ((3, 9, 18), False),
        ((3, 10, 0), True),
        ((3, 11, 7), True),
        ((3, 13, 0), True),
        ((3, 14, 0), False),
        ((2, 7), False),
    ],
)
def test_python_versions(environment, version, supported):
    assert environment.is_supported(version) is supported


def test_nothing_is_missing_here(environment):
    assert environment.find_problems() == []


def test_an_old_python_is_named_first(environment, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    ((what, package),) = environment.find_problems()
    assert "is Python 3.9; 3.10 to 3.13 is needed" in what
    assert package == "python3"


def test_missing_venv_headers_and_compiler(environment, monkeypatch):
    monkeypatch.setattr(environment, "has_module", lambda name: name != "ensurepip")
    monkeypatch.setattr(environment, "inherits_torch", lambda: False)
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/nowhere")
    monkeypatch.setenv("CXX", "no-such-g++")
    problems = environment.find_problems()
    assert [package for _, package in problems] == ["python3-venv", "python3-dev", "g++"]
    assert "/nowhere/Python.h" in problems[1][0]
    assert "no-such-g++" in problems[2][0]


def test_an_inherited_pip_stands_in_for_ensurepip(environment, monkeypatch):
    monkeypatch.setattr(environment, "has_module", lambda name: name != "ensurepip")
    monkeypatch.setattr(environment, "inherits_torch", lambda: True)
    assert environment.find_problems() == []


def test_an_old_compiler_is_named(environment, tmp_path):
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\necho 9\n")
    compiler.chmod(0o755)
    assert "is version 9; C++20 needs 11 or newer" in environment.compiler_problem(str(compiler))


@pytest.mark.parametrize(
    ("version", "inherited"),
    [("2.10.0", False), ("2.11.0+cu130", True), ("2.13.0+cpu", True), ("2.14.0", False), (None, False)],
)
def test_which_torch_is_inherited(environment, monkeypatch, version, inherited):
    monkeypatch.setattr(environment, "installed_version", lambda package: version)
    assert environment.inherits_torch() is inherited


def test_requirements_are_pinned(environment):
    for name in ("test.txt", "amd.txt", "lint.txt", "bench.txt"):
        entries = environment.read_requirements(ROOT / "requirements" / name)
        assert entries
        assert all("==" in requirement for requirement, _ in entries)


@pytest.fixture
def offline_pip(environment, monkeypatch):
    calls = []
    monkeypatch.setattr(environment, "pip_install", lambda arguments: calls.append(arguments) or False)
    return calls


def test_what_is_inherited_is_not_installed_again(environment, monkeypatch, tmp_path, offline_pip):
    (tmp_path / environment.INHERIT_MARK).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(environment, "installed_version", lambda package: None if package == "rich" else "1")
    with pytest.raises(SystemExit):
        environment.install(str(ROOT / "requirements" / "test.txt"))
    assert offline_pip == [["rich==15.0.0"]]


def test_what_only_one_purpose_needs_is_done_without_offline(environment, monkeypatch, tmp_path, capsys, offline_pip):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(environment, "installed_version", lambda package: None)
    amd = str(ROOT / "requirements" / "amd.txt")
    with pytest.raises(SystemExit):
        environment.install(amd, "reading AMD code objects")
    (tmp_path / environment.INHERIT_MARK).touch()
    environment.install(amd, "reading AMD code objects")
    assert "reading AMD code objects: not in this environment" in capsys.readouterr().out
    assert len(offline_pip) == 2


def test_a_failed_install_names_the_pins_and_the_way_out(environment, monkeypatch, tmp_path, capsys, offline_pip):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        environment.install(str(ROOT / "requirements" / "lint.txt"))
    assert stop.value.code == 1
    assert "ruff==" in capsys.readouterr().out
    assert len(offline_pip) == 1


def test_created_environment_sees_inherited_packages(environment, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "inherits_torch", lambda: True)
    folder = tmp_path / "venv"
    environment.create(str(folder))
    probe = "import sys, torch, pip; print(sys.prefix)"
    done = subprocess.run([folder / "bin" / "python", "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder)


def test_wrong_usage_prints_the_help():
    done = subprocess.run([sys.executable, SCRIPT, "make-coffee"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "check          names what this machine lacks" in done.stderr
