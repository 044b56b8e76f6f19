"""The command line, generated from the commands' dataclasses; imports nothing that takes time."""

import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Annotated

import tyro

from benchmarks.command_line import (
    DataCommand,
    DefaultsCommand,
    DriftCommand,
    LessonsCommand,
    ParityCommand,
    ReportCommand,
    RunCommand,
    SeedsCommand,
    SpeedCommand,
    SwapCommand,
)
from benchmarks.predict.options import PredictCommand
from shared.errors import InputError

Command = (
    DefaultsCommand
    | LessonsCommand
    | PredictCommand
    | ReportCommand
    | RunCommand
    | ParityCommand
    | DataCommand
    | SeedsCommand
    | DriftCommand
    | SwapCommand
    | SpeedCommand
)

_Subcommands = (
    Annotated[RunCommand, tyro.conf.subcommand("run")]
    | Annotated[ParityCommand, tyro.conf.subcommand("parity")]
    | Annotated[SwapCommand, tyro.conf.subcommand("swap")]
    | Annotated[PredictCommand, tyro.conf.subcommand("predict")]
    | Annotated[SeedsCommand, tyro.conf.subcommand("seeds")]
    | Annotated[DriftCommand, tyro.conf.subcommand("drift")]
    | Annotated[DefaultsCommand, tyro.conf.subcommand("defaults")]
    | Annotated[SpeedCommand, tyro.conf.subcommand("speed")]
    | Annotated[ReportCommand, tyro.conf.subcommand("report")]
    | Annotated[DataCommand, tyro.conf.subcommand("data")]
    | Annotated[LessonsCommand, tyro.conf.subcommand("lessons")]
)


def parse(arguments: Sequence[str]) -> Command:
    """The command with its options.

    Raises:
        InputError: the arguments cannot be understood, or a value is out of range.
        SystemExit: help was asked for and printed.
    """
    if not arguments:
        arguments = ["--help"]
    complaint = StringIO()
    try:
        with redirect_stderr(complaint):
            return tyro.cli(
                _Subcommands,  # pyright: ignore[reportArgumentType]
                prog="twins",
                args=arguments,
                description="One Fashion-MNIST experiment in Keras and in JAX, proven equal.",
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            sys.stderr.write(complaint.getvalue())
            raise
        raise InputError(_one_line(complaint.getvalue())) from None


def _one_line(complaint: str) -> str:
    """The first paragraph of a framed complaint, without its frame, and the remedy."""
    lines = [line.strip("│ ") for line in complaint.splitlines() if line.startswith("│")]
    is_rule = [set(line) == {"─"} for line in lines]
    paragraph = lines[: is_rule.index(True)] if True in is_rule else lines
    text = " ".join(paragraph).rstrip(".")
    ours = re.fullmatch(r"Error parsing (?:__tyro\S*|\w+Command): (.+)", text)
    if ours is not None:  # raised by a dataclass of ours, which names the remedy itself
        return ours.group(1)
    return f"{text}; `twins --help` lists commands, `twins COMMAND --help` their options"
