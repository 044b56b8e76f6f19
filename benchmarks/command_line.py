"""The command line, generated from dataclasses; imports nothing that takes time.

Each command's options are a dataclass; `parse` returns the one that was chosen.
"""

import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal

import tyro

from shared.errors import InputError
from shared.experiment import Experiment

DataChoice = Literal["auto", "fashion-mnist", "stand-in"]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Where the images come from."""

    data: DataChoice = "auto"
    """'auto' takes Fashion-MNIST and falls to drawn stand-in images where none can be had."""
    data_dir: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of the four Fashion-MNIST .gz files; also $FASHION_MNIST_DIR."""


@dataclass(frozen=True, kw_only=True)
class DataCommand:
    """Find or fetch the images, verify them, and say what was found and where."""

    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """Train the documented experiment in each implementation and compare the figures."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(default_factory=Experiment)
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    impl: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Implementation to train, keras or jax; repeatable. All, if not given."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""


Command = (
    Annotated[RunCommand, tyro.conf.subcommand("run")]
    | Annotated[DataCommand, tyro.conf.subcommand("data")]
)


def parse(arguments: Sequence[str]) -> RunCommand | DataCommand:
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
                Command,  # pyright: ignore[reportArgumentType]
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
    ours = re.fullmatch(r"Error parsing __tyro\S*: (.+)", text)
    if ours is not None:  # raised by a dataclass of ours, which names the remedy itself
        return ours.group(1)
    return f"{text}; `twins --help` lists commands, `twins COMMAND --help` their options"
