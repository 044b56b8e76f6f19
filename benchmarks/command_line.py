"""The command line: generated from the commands' dataclasses, which are named in the registry."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from functools import reduce
from importlib import metadata
from io import StringIO
from operator import or_
from pkgutil import resolve_name
from typing import Annotated

import tyro

from benchmarks.options import Command
from benchmarks.registry import COMMANDS
from shared.errors import InputError

PROGRAM = "twins"
DESCRIPTION = "One Fashion-MNIST experiment in Keras and in JAX, proven equal."


def parse(arguments: Sequence[str]) -> Command:
    """The command with its options.

    Raises:
        InputError: the arguments cannot be understood, or a value is out of range.
        SystemExit: help or the version was asked for and printed.
    """
    if list(arguments) == ["--version"]:
        print(f"{PROGRAM} {metadata.version('fashion-twins')}")
        raise SystemExit(0)
    complaint = StringIO()
    try:
        with redirect_stderr(complaint):
            return tyro.cli(
                _any_command(),
                prog=PROGRAM,
                args=arguments or ["--help"],
                description=DESCRIPTION,
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            sys.stderr.write(complaint.getvalue())
            raise
        raise InputError(_one_line(complaint.getvalue())) from None


def _any_command() -> type[Command]:
    """The union of all commands, each under its name; imported only now."""
    commands = (
        Annotated[resolve_name(place), tyro.conf.subcommand(name)]
        for name, place in COMMANDS.items()
    )
    return reduce(or_, commands)  # pyright: ignore[reportReturnType]


def _one_line(complaint: str) -> str:
    """Tyro's complaint without title and frame, which may be ASCII; one line, with suggestions."""
    lines = [line.strip("│ ") for line in complaint.splitlines()[1:]]
    text = "\n".join(line if line.strip("╰─╯-") else "" for line in lines)
    problem = " ".join(text.strip().partition("\n\n")[0].split()).rstrip(". ")
    options = [line.split()[0] for line in text.splitlines() if line.startswith("--")]
    if "Perhaps you meant:" in complaint:
        return f"{problem}; perhaps you meant {' or '.join(dict.fromkeys(options))}"
    if "Available subcommands:" in complaint:
        return f"{problem}; commands are {', '.join(COMMANDS)}"
    return f"{problem}; `{PROGRAM} COMMAND --help` lists the options of a command"
