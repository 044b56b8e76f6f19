"""`twins seeds`: its options."""

from dataclasses import asdict, dataclass, replace
from functools import partial
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
    option,
)
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED, Experiment, Randomness


@dataclass(frozen=True, kw_only=True)
class ManySeedsExperiment(Experiment):
    """The experiment without its seed: `--seed` is no option here, as the seeds are counted."""

    seed: tyro.conf.Suppress[tyro.conf.Fixed[int]] = 0
    randomness: Randomness = "shared"
    """Who draws initial weights and batch orders of each seed: 'shared' NumPy for both,
    'native' each framework its own. 'published' is one run's and has no seeds to vary."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.randomness == "published":
            raise InputError(
                "the published draws belong to one run, so they have no distribution over seeds: "
                "--randomness takes shared or native here"
            )


@dataclass(frozen=True, kw_only=True)
class SeedsCommand(TrainingOptions):
    """Train many seeds and test whether the implementations are equally accurate."""

    experiment: tyro.conf.OmitArgPrefixes[ManySeedsExperiment] = ManySeedsExperiment()
    count: int = 20
    """Number of seeds, 2 or more; each implementation trains on each of them."""
    first_seed: int = 0
    """The lowest seed; the others follow."""
    processes: NumProcesses = None
    resume: Annotated[Path | None, option("DIR")] = None
    """Folder of an earlier sweep to go on with, in place of --out. Give the options it was
    started with; a larger --count adds seeds."""

    def __post_init__(self) -> None:
        if self.count < 2:
            raise InputError(
                f"{self.count} seeds have no distribution: --count takes a whole number from 2"
            )
        last_seed = self.seeds[-1]
        if not 0 <= self.first_seed <= last_seed <= MAXIMUM_SEED:
            raise InputError(
                f"seeds {self.first_seed} to {last_seed} are out of range: "
                f"--first-seed takes a whole number from 0 to {MAXIMUM_SEED - self.count + 1}"
            )
        check_num_processes(self.processes)
        if self.out is not None and self.resume is not None:
            raise InputError(
                "--out names a new folder and --resume an old one: give one of the two"
            )

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds of the sweep, rising."""
        return tuple(range(self.first_seed, self.first_seed + self.count))

    def execute(self, context: Context) -> int:
        """Does the whole sweep, or the rest of it."""
        from benchmarks.runner.conduct import conduct
        from benchmarks.seeds.measure import check_resumable, measure_sweep
        from benchmarks.seeds.results import SweepPlan
        from shared.data.dataset import describe

        allow_float64(self.experiment)
        raw = context.load_images(self.images)
        plan = SweepPlan(
            experiment=Experiment(**asdict(replace(self.experiment, seed=self.first_seed))),
            dataset=describe(raw),
            environment=context.describe_environment(),
        )
        if self.resume is not None:
            check_resumable(self.resume, plan, self.seeds)
        measure = partial(measure_sweep, self, plan, raw, context)
        conduct(context, "seeds", self.out, measure, self.resume)
        return STATUS_DONE
