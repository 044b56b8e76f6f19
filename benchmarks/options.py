"""The commands and their options, a dataclass each; imports nothing that takes time.

`benchmarks/parsing.py` makes the command line of them.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from benchmarks.seeds.options import ManySeedsExperiment
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED, Experiment

DataChoice = Literal["auto", "fashion-mnist", "stand-in"]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Where the images come from."""

    data: DataChoice = "auto"
    """'auto' takes Fashion-MNIST and falls to stand-in images where none can be had."""
    data_dir: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of the four Fashion-MNIST .gz files; also $FASHION_MNIST_DIR."""

    def __post_init__(self) -> None:
        if self.data == "stand-in" and self.data_dir is not None:
            raise InputError("--data stand-in makes its images: leave out --data-dir, or --data")


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
    in_bulk: bool = False
    """Let each framework run many steps at a time where it can: the same numbers sooner, but
    not in the seconds that the documented way to train takes."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""


@dataclass(frozen=True, kw_only=True)
class ParityCommand:
    """Prove, rung by rung, that the implementations are the same program."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(default_factory=Experiment)
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    impl: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Implementation to compare with the oracle and the others; repeatable. Also a port of
    yours, as MODULE:BUILDER. All of this project's, if not given."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""


@dataclass(frozen=True, kw_only=True)
class SeedsCommand:
    """Train many seeds and test whether the implementations are equally accurate."""

    experiment: tyro.conf.OmitArgPrefixes[ManySeedsExperiment] = field(
        default_factory=ManySeedsExperiment
    )
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    count: int = 20
    """Number of seeds, 2 or more; each implementation trains on each of them."""
    first_seed: int = 0
    """The lowest seed; the others follow."""
    processes: int | None = None
    """Trainings at a time; one on each core, if not given. On a GPU, which they would
    have to share, take 1."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""
    resume: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of an earlier sweep to go on with, in place of --out. Give the options it was
    started with; a larger --count adds seeds."""

    def __post_init__(self) -> None:
        if self.count < 2:
            raise InputError(
                f"{self.count} seeds have no distribution: --count takes a whole number from 2"
            )
        if not 0 <= self.first_seed <= MAXIMUM_SEED - self.count + 1:
            raise InputError(
                f"seeds {self.first_seed} to {self.first_seed + self.count - 1} are out of range: "
                f"--first-seed takes a whole number from 0 to {MAXIMUM_SEED - self.count + 1}"
            )
        _check_processes(self.processes)
        if self.out is not None and self.resume is not None:
            raise InputError(
                "--out names a new folder and --resume an old one: give one of the two"
            )


@dataclass(frozen=True, kw_only=True)
class DriftCommand:
    """Explain the float32 drift: divergence curves, a noise floor, bands of the figures."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(default_factory=Experiment)
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    impl: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Implementation to follow, keras or jax; repeatable. All, if not given."""
    runs: int = 16
    """Full runs from other last bits, for the band of each documented figure; 0 for none."""
    band_impl: str = "jax"
    """Implementation that does these runs."""
    processes: int | None = None
    """Trainings at a time; one on each core, if not given. On a GPU, which they would
    have to share, take 1."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""

    def __post_init__(self) -> None:
        if self.runs < 0 or self.runs == 1:
            raise InputError(
                f"{self.runs} runs make no band: --runs takes 2 or more, or 0 for no bands"
            )
        _check_processes(self.processes)


@dataclass(frozen=True, kw_only=True)
class DefaultsCommand:
    """Climb from a port with every default in place to the reference port; price each rung."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(default_factory=Experiment)
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    impl: str = "jax"
    """Implementation whose defaults are looked at."""
    count: int = 5
    """Number of seeds that each rung's accuracy is measured on, from 0 on; --seed is that
    of the parity measurements."""
    processes: int | None = None
    """Trainings at a time; one on each core, if not given. On a GPU, which they would
    have to share, take 1."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAXIMUM_SEED:
            raise InputError(
                f"{self.count} seeds measure nothing: --count takes a whole number from 1"
            )
        _check_processes(self.processes)


@dataclass(frozen=True, kw_only=True)
class SpeedCommand:
    """Time each way to train, from Keras' fit to a compiled epoch, against the machine's limit."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(
        default_factory=lambda: Experiment(randomness="shared")
    )
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    device: Literal["cpu", "gpu"] = "cpu"
    """What to run on; each rung names what it can run on."""
    rungs: tuple[str, ...] = ()
    """Names of the rungs to time. All that can run here, if not given."""
    rounds: int = 2
    """Fresh processes for each rung, taken in turns."""
    epochs_per_process: int = 2
    """Epochs that count, at least, in each process, after the first, which does not."""
    batch_sizes: tuple[int, ...] = ()
    """Batch sizes to time besides, 32 128 512 2048 for instance: the same rows in fewer steps."""
    widths: tuple[int, ...] = ()
    """Units of the first hidden layer to time besides, 100 300 1000 for instance."""
    tf32: bool = False
    """Let a GPU round the factors of float32 products, as frameworks do unless told otherwise."""
    against: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """An earlier speed.json to compare with; refused if it is of another environment."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""

    def __post_init__(self) -> None:
        if self.rounds < 2:
            raise InputError(
                f"{self.rounds} rounds show no spread between processes: --rounds takes 2 or more"
            )
        if self.epochs_per_process < 1:
            raise InputError(
                f"{self.epochs_per_process} epochs give no sample: --epochs-per-process takes 1 "
                "or more"
            )
        for size in self.batch_sizes:
            replace(self.experiment, batch_size=size)  # complains of what is out of range
        for width in self.widths:
            replace(self.experiment, hidden_sizes=(width,))


@dataclass(frozen=True, kw_only=True)
class SwapCommand:
    """Evaluate the weights that each implementation of a run trained in the others."""

    run: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Output folder of a finished `twins run` of two implementations."""
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""


@dataclass(frozen=True, kw_only=True)
class LessonsCommand:
    """List the lessons, or run some: each one difference between Keras and JAX, proven."""

    numbers: tyro.conf.Positional[tuple[int, ...]] = ()
    """Lessons to run. Lists them all, if not given."""
    answer: bool = False
    """Show the answer of the exercise, and run it too."""


@dataclass(frozen=True, kw_only=True)
class ReportCommand:
    """Read what was measured as one HTML page, which needs neither network nor program."""

    paths: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PATH...")] = ()
    """Output folders of run, parity, swap, drift, seeds, defaults or speed, or single .json
    files in them."""
    data_dir: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of the four Fashion-MNIST .gz files, for the images on the page; also
    $FASHION_MNIST_DIR."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Output folder, new or empty. A new one under runs/, if not given."""

    def __post_init__(self) -> None:
        if not self.paths:
            raise InputError(
                "nothing to report on: name output folders of `twins run` or other commands, "
                "benchmarks/results for instance"
            )


def _check_processes(processes: int | None) -> None:
    if processes is not None and processes < 1:
        raise InputError(f"{processes} processes train nothing: --processes takes 1 or more")
