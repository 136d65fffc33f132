"""The command line as a whole: help, JSON, exit statuses, errors in one line, doctor."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_support import cli, compiled, folder  # noqa: F401

from triton_runner import errors
from triton_runner.cli import answer, checks
from triton_runner.cli import main as run_main

# ruff: noqa: F811

COMMANDS = ("run", "compile", "artifacts", "inspect", "passes", "bisect", "bench", "doctor")
ROOT = Path(__file__).parents[2]


def test_as_a_module_of_python(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "triton_runner", "inspect", "missing.cubin", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == answer.UNREADABLE
    assert json.loads(done.stdout)["error"]["kind"] == "ArtifactNotFoundError"
    assert done.stderr == ""


def test_help_lists_commands_and_exit_statuses(capsys):
    with pytest.raises(SystemExit) as ended:
        run_main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"^    {command}\b", text, re.M) for command in COMMANDS)
    assert all(meaning in text for _, meaning in answer.MEANINGS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_examples_that_parse(command, capsys):
    with pytest.raises(SystemExit):
        run_main([command, "--help"])
    text = capsys.readouterr().out
    examples = text.split("examples:\n")[1].replace("\\\n", " ").splitlines()
    assert examples
    from shlex import split

    from triton_runner.cli import _commands
    from triton_runner.cli.parsing import make_parser

    for line in examples:
        words = split(line)
        assert words[0] == "triton-runner"
        assert make_parser(_commands()).parse_args(words[1:]).command == command


def test_no_command_is_a_usage_error(capsys):
    assert run_main([]) == answer.USAGE
    assert "commands" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run",), answer.USAGE, "required"),
        (("fly",), answer.USAGE, "invalid choice: 'fly'"),
        (("inspect", "."), answer.UNREADABLE, "is a folder"),
        (("inspect", "none.cubin"), answer.UNREADABLE, "none.cubin: no such file"),
        (("inspect", "cli_kernels.py:nothing"), answer.USAGE, "its kernels are scale, tuned"),
        (("inspect", "cli_kernels.py"), answer.USAGE, "say which kernel is meant"),
        (
            ("inspect", "cli_kernels.py:not_a_kernel"),
            answer.USAGE,
            "of type int, expected a jit",
        ),
        (("inspect", "cli_broken.py:f"), answer.UNREADABLE, "cannot be imported at line 3: OSError: no such device"),
        (("compile", "cli_kernels.py:scale", "--target", "sm_12"), answer.UNSUPPORTED, "expected one of sm_75"),
        (("compile", "cli_kernels.py:scale", "-O", "num_warp=4"), answer.UNSUPPORTED, "did you mean 'num_warps'?"),
        (("compile", "cli_kernels.py:scale", "-O", "num_warps"), answer.USAGE, "expected NAME=VALUE"),
        (("compile", "cli_kernels.py:tuned", "--config", "2"), answer.USAGE, "has 2 configs"),
        (("run", "cli_kernels.py:scale", "--grid", "1", "--device", "moon"), answer.USAGE, "--device moon"),
        (("run", "cli_kernels.py:scale", "--grid", "1", "--device", "meta"), answer.UNSUPPORTED, "--device meta"),
        (
            ("run", "cli_kernels.py:scale", "n=1", "--grid", "m", "--device", "cpu"),
            answer.USAGE,
            "'m' is not known here",
        ),
    ],
)
def test_an_error_is_one_line_with_a_status(cli, arguments, status, message):
    done = cli(*arguments)
    lines = [line for line in done.err.splitlines() if line != "this module prints"]
    assert (done.status, done.out) == (status, "")
    assert len(lines) == 1
    assert message in lines[0]
    as_json = cli(*arguments, "--json")
    assert as_json.status == as_json.data["status"] == status


def test_traceback_when_asked(cli):
    done = cli("inspect", "none.cubin", "--traceback")
    assert done.err.startswith("Traceback")
    assert done.status == answer.UNREADABLE


def test_a_long_message_is_cut(capsys):
    long = errors.CompileError("failed at " + "x " * 5000 + "end")
    assert answer.print_error(long, "triton-runner", False) == answer.COMPILE_FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 800
    assert line.endswith("shows all of it)")
    answer.print_error(long, "triton-runner", True)
    assert json.loads(capsys.readouterr().out)["error"]["message"].endswith("end")


def test_every_error_class_has_a_status():
    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    assert {answer.status_of(kind("x")) for kind in kinds} == {2, 3, 4, 5, 6, 70}
    assert answer.status_of(ZeroDivisionError()) == answer.INTERNAL
    assert answer.status_of(KeyboardInterrupt()) == answer.INTERRUPTED


def test_json_holds_no_number_that_json_lacks(capsys):
    answer.print_answer(answer.Answer({"a": float("nan"), "b": [float("inf")]}, lambda console: None), True)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"a": "nan", "b": ["inf"]}


def test_doctor_launches_and_compiles(cli):
    done = cli("doctor", "--json")
    assert done.status == answer.OK
    assert done.data["works"]
    states = {check["name"]: check["state"] for check in done.data["checks"]}
    assert states["cpu"] == states["Triton"] == states["to a cubin"] == states["torch"] == "ok"
    told = cli("doctor")
    assert "✓  cpu" in told.out
    assert all(name in told.out for name in states)


@pytest.mark.parametrize("level", ["ptx", "ttir"])
def test_the_kernel_that_doctor_launches(level):
    from triton_runner.cli.probe import launch_probe

    launch_probe("cpu", level)


def test_doctor_says_what_will_not_work(cli, monkeypatch):
    def refuse(*arguments):
        raise RuntimeError("the probe is broken")

    monkeypatch.setattr("triton_runner.cli.probe.launch_probe", refuse)
    monkeypatch.setattr("triton_runner.disassembly.find_tool", lambda name: None)
    done = cli("doctor")
    assert done.status == answer.NO
    assert "the probe is broken" in done.out
    assert "nvdisasm: SASS" in done.out


def test_doctor_reads_the_range_of_torch():
    assert "2.11.0" in checks._requirement("torch")
    assert "1.13.0" not in checks._requirement("torch")


def test_the_installed_program_and_what_the_page_is_made_of():
    project = (ROOT / "pyproject.toml").read_text()
    assert 'triton-runner = "triton_runner.cli:main"' in project
    packaged = set(re.search(r'"triton_runner.report" = \[(.*)\]', project)[1].replace('"', "").split(", "))
    files = {f"*{path.suffix}" for path in (ROOT / "triton_runner" / "report").iterdir() if path.is_file()}
    assert files - {"*.py"} == packaged
