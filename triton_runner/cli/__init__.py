"""``python -m triton_runner`` and ``triton-runner``: one module for each command.

Nothing heavy is imported before a command is known. Tested in tests/python/test_cli.py.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import cast

from triton_runner.cli import answer as answers
from triton_runner.cli.parsing import Command, make_parser
from triton_runner.messages import silence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json, show_traceback = "--json" in arguments, "--traceback" in arguments
    program = "triton-runner"
    try:
        parser = make_parser(_commands())
        options = parser.parse_args(arguments)
        if options.command is None:
            parser.print_help()
            return answers.USAGE
        program = f"triton-runner {options.command}"
        with silence():
            answer = options.run(options)
        answers.print_answer(answer, as_json)
        sys.stdout.flush()
        return int(answer.status)
    except BrokenPipeError:
        # The reader of the output has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return answers.OK
    except (Exception, KeyboardInterrupt) as error:
        if show_traceback:
            traceback.print_exc()
        return answers.print_error(error, program, as_json)


def _commands() -> list[Command]:
    from triton_runner.cli import artifacts, bench, bisect, compile, doctor, inspect, passes, run

    return [cast(Command, module) for module in (run, compile, artifacts, inspect, passes, bisect, bench, doctor)]
