"""The parser of the command line: what its commands share.

Each command is a module with ``NAME``, ``HELP``, ``DESCRIPTION``, ``EXAMPLES``, ``add_arguments`` and ``run``. Tested
in tests/python/test_cli.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

from triton_runner.cli.answer import MEANINGS, Answer, UsageError
from triton_runner.version import __version__


class Command(Protocol):
    """A module of this package."""

    NAME: str
    HELP: str  # one line
    DESCRIPTION: str
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, options: argparse.Namespace) -> Answer: ...


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are exceptions, so that they are printed as all others are."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


class CommandParser(Parser):
    """The parser of one command, which lets options stand between the positional words too."""

    _inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._inside:
            return super().parse_known_args(args, namespace)
        self._inside = True  # parse_known_intermixed_args comes back here
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


def make_parser(commands: Sequence[Command]) -> Parser:
    statuses = "\n".join(f"  {status:<4} {meaning}" for status, meaning in MEANINGS)
    parser = Parser(
        prog="triton-runner",
        description="Runs, compiles and looks into Triton kernels at any level, on a GPU or without one.",
        epilog=f"exit status:\n{statuses}\n\n`triton-runner COMMAND --help` shows examples.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"triton_runner {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", parser_class=CommandParser)
    for command in commands:
        add_command(subparsers, command)
    return parser


def add_command(subparsers: argparse._SubParsersAction[CommandParser], command: Command) -> None:
    parser = subparsers.add_parser(
        command.NAME,
        help=command.HELP,
        description=command.DESCRIPTION,
        epilog=f"examples:\n{command.EXAMPLES.rstrip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    output.add_argument("--traceback", action="store_true", help="show where an error was raised")
    parser.set_defaults(run=command.run)


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """What says which kernel is meant and how it is compiled."""
    group = parser.add_argument_group("the kernel and its compilation")
    group.add_argument("--target", help="sm_90, gfx942, ...; without it the GPU of this machine, else sm_80")
    group.add_argument(
        "--signature",
        metavar="TYPES",
        help="types of the arguments, x=*fp16:16,n=i32 or in order *fp16:16,i32; :16 says divisible by 16",
    )
    group.add_argument(
        "-C", "--constexpr", metavar="NAME=VALUE", action="append", default=[], help="a compile-time value (repeatable)"
    )
    add_compile_options(group)
    group.add_argument("--name", help="the kernel that is meant, where an artifact holds several")
    group.add_argument("--level", help="what FILE holds, where neither its suffix nor its content says so")
    group.add_argument(
        "--metadata", metavar="JSON", help="the metadata of an artifact, where it does not lie beside it"
    )


def add_compile_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-O", "--option", metavar="NAME=VALUE", action="append", default=[], help="an option of Triton's (repeatable)"
    )
    group.add_argument("--num-warps", type=int, help="short for -O num_warps=...")
    group.add_argument("--num-stages", type=int, help="short for -O num_stages=...")
    group.add_argument(
        "--config", type=int, default=0, metavar="INDEX", help="which config of an autotuned function (first)"
    )
