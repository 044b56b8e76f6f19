"""The options that commands share, and what the edge of the program hands to a command.

Imports nothing that takes time: `--help` answers at once.
"""

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import tyro

from shared.errors import InputError
from shared.experiment import Experiment

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.runner.environment import Environment
    from shared.data.dataset import RawDataset
    from shared.data.fashion_mnist import DataPlaces

STATUS_DONE = 0
STATUS_FAILED = 1
STATUS_BAD_INPUT = 2


def option(metavar: str, text: str | None = None) -> Any:
    """How an option's value is called in the help, and what it is; without a hint at its default.

    text: None where the dataclass says it below the field.
    """
    return tyro.conf.arg(metavar=metavar, help=text, help_behavior_hint="")


OutputFolder = Annotated[
    Path | None, option("DIR", "Output folder, new or empty. A new one under runs/, if not given.")
]
DataFolder = Annotated[
    Path | None,
    option("DIR", "Folder of the four Fashion-MNIST .gz files; also $FASHION_MNIST_DIR."),
]
NumProcesses = Annotated[
    int | None,
    option(
        "INT",
        "Trainings at a time; one on each core, if not given. On a GPU, which they would "
        "have to share, take 1.",
    ),
]
ClusterAddress = Annotated[
    str | None,
    option(
        "ADDRESS",
        "Train on a Dask cluster, tcp://HOST:8786 or its scheduler file, and not on this "
        "machine; see docs/cluster.md.",
    ),
]
ResumedFolder = Annotated[
    Path | None,
    option(
        "DIR",
        "Folder of an earlier, broken run to go on with, in place of --out. Give the options "
        "it was started with.",
    ),
]
Implementations = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]],
    option(
        "NAME",
        "Implementation to take: keras, jax or torch; repeatable. keras and jax, if not given.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Where the images come from."""

    data: Literal["auto", "fashion-mnist", "stand-in"] = "auto"
    """'auto' takes Fashion-MNIST, and stand-in images made by rule where it cannot be had."""
    data_dir: DataFolder = None

    def __post_init__(self) -> None:
        if self.data == "stand-in" and self.data_dir is not None:
            raise InputError("--data stand-in makes its images: leave out --data-dir, or --data")


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What every command takes that trains."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(default_factory=Experiment)
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    out: OutputFolder = None


@dataclass(frozen=True, kw_only=True)
class ResumeOptions(TrainingOptions):
    """What every command takes that goes on where it was broken off."""

    resume: ResumedFolder = None

    def __post_init__(self) -> None:
        if self.out is not None and self.resume is not None:
            raise InputError(
                "--out names a new folder and --resume an old one: give one of the two"
            )


@dataclass(frozen=True, kw_only=True)
class SweepOptions(ResumeOptions):
    """What every command takes that trains many networks of a kind."""

    processes: NumProcesses = None
    cluster: ClusterAddress = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.processes is not None and self.processes < 1:
            raise InputError(
                f"{self.processes} processes train nothing: --processes takes 1 or more"
            )
        if self.processes is not None and self.cluster is not None:
            raise InputError(
                "--processes is of this machine, and --cluster of others: give one of the two"
            )


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the edge of the program read.

    console: where to print.
    variables: the process environment.
    words: the command as it was typed.
    home: the user's home folder.
    cache: this program's own folder for downloads.
    """

    console: "Console"
    variables: Mapping[str, str]
    words: tuple[str, ...]
    home: Path
    cache: Path

    def places(self, data_dir: Path | None) -> "DataPlaces":
        """Where Fashion-MNIST may be: the folder that was named, caches, mirrors."""
        return data_places(data_dir, self.variables, home=self.home, cache=self.cache)

    def load_images(self, options: DataOptions) -> "RawDataset":
        """Finds or fetches the images, and says which; the stand-in never passes unnoticed.

        Raises:
            InputError: they cannot be had.
        """
        from shared.data.dataset import load_dataset

        raw = load_dataset(options.data, self.places(options.data_dir))
        if raw.name == "stand-in":
            self.console.rule("[bold red]stand-in images, not Fashion-MNIST", characters="=")
            if raw.note:
                self.say(raw.note)
        self.say(f"data: {raw.name} ({raw.origin})")
        return raw

    def describe_environment(self) -> "Environment":
        """What a record says of its making: versions, processor, flags, and this command."""
        from benchmarks.runner.environment import describe_environment

        return describe_environment(self.variables, self.words)

    def say(self, text: str) -> None:
        """Prints a line, never wrapped and never read as markup: a path may hold brackets."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def data_places(
    data_dir: Path | None, variables: Mapping[str, str], *, home: Path, cache: Path
) -> "DataPlaces":
    """Where Fashion-MNIST may be; see `Context` for what is read at the edge of the program."""
    from shared.data.fashion_mnist import DataPlaces

    named, named_by = data_dir, "--data-dir"
    if named is None and variables.get("FASHION_MNIST_DIR"):
        named, named_by = Path(variables["FASHION_MNIST_DIR"]), "FASHION_MNIST_DIR"
    keras_home = Path(variables.get("KERAS_HOME") or home / ".keras")
    return DataPlaces(
        named_directory=named,
        named_by=named_by,
        cache=cache,
        keras_cache=keras_home / "datasets" / "fashion-mnist",
        remedy="name a folder that holds the four .gz files with --data-dir, "
        "or take --data stand-in, images made by this program",
    )


class Command(Protocol):
    """A command: a frozen dataclass of its options, whose docstring is its help."""

    def execute(self, context: Context) -> int:
        """Does it; returns the exit status.

        Raises:
            InputError: what the user gave cannot be used.
            RunFailedError: the work was started and could not be finished.
        """
        ...


def allow_float64(experiment: Experiment, variables: MutableMapping[str, str] = os.environ) -> None:
    """Lets child processes with these variables compute in float64, where that is asked for.

    Keras on its JAX backend computes in 32 bits unless this variable is set when
    JAX is imported; Keras has no switch of its own for it.
    """
    if experiment.dtype == "float64":
        variables.setdefault("JAX_ENABLE_X64", "1")
