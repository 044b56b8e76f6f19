"""`twins seeds`: its options."""

from dataclasses import asdict, dataclass, field, replace
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

    def with_seed(self, seed: int) -> Experiment:
        """The experiment of one seed, as `twins run` would train it."""
        return replace(Experiment(**asdict(self)), seed=seed)


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
    resume: Annotated[Path | None, option("DIR")] = None
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

    def execute(self, context: Context) -> int:
        """Does the whole sweep, or the rest of it.

        Raises:
            InputError: the data or the folder cannot be used, or hold another sweep.
            RunFailedError: a training failed.
        """
        from benchmarks.runner.conduct import keep, say
        from benchmarks.seeds.measure import measure_sweep
        from benchmarks.seeds.results import SweepPlan
        from benchmarks.seeds.storage import sweep_folder
        from shared.data.dataset import describe

        allow_float64(self.experiment)
        raw = context.load_images(self.images)
        seeds = tuple(range(self.first_seed, self.first_seed + self.count))
        plan = SweepPlan(
            experiment=self.experiment.with_seed(self.first_seed),
            dataset=describe(raw),
            environment=context.describe_environment(),
        )
        with sweep_folder(self.out, self.resume, plan, seeds) as folder:
            num_processes = self.processes or plan.environment.num_cores
            results = measure_sweep(plan, seeds, raw, context, folder, num_processes=num_processes)
            keep(results, folder, "seeds.json")
        say(results, context)
        context.say(f"outputs: {folder}")
        return STATUS_DONE
