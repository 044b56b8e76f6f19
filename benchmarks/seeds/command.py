"""`twins seeds`: its options."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import (
    STATUS_DONE,
    Context,
    NumProcesses,
    TrainingOptions,
    allow_float64,
    check_num_processes,
)
from benchmarks.seeds.options import ManySeedsExperiment
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED, Experiment


@dataclass(frozen=True, kw_only=True)
class SeedsCommand(TrainingOptions):
    """Train many seeds and test whether the implementations are equally accurate."""

    experiment: tyro.conf.OmitArgPrefixes[ManySeedsExperiment] = field(
        default_factory=ManySeedsExperiment
    )
    count: int = 20
    """Number of seeds, 2 or more; each implementation trains on each of them."""
    first_seed: int = 0
    """The lowest seed; the others follow."""
    processes: NumProcesses = None
    resume: Annotated[Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="")] = None
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
        check_num_processes(self.processes)
        if self.out is not None and self.resume is not None:
            raise InputError(
                "--out names a new folder and --resume an old one: give one of the two"
            )

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds, rising."""
        return tuple(range(self.first_seed, self.first_seed + self.count))

    @property
    def first_experiment(self) -> Experiment:
        """The experiment of the first seed; the others differ in their seed only."""
        return self.experiment.with_seed(self.first_seed)

    def execute(self, context: Context) -> int:
        """Does the whole sweep, or the rest of it.

        Raises:
            InputError: the data or the folder cannot be used, or hold another sweep.
            RunFailedError: a training failed.
        """
        from benchmarks.seeds.study import run_seeds

        allow_float64(self.experiment)
        run_seeds(self, context)
        return STATUS_DONE
