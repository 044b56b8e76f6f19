"""Trains every implementation on every seed, and says what that makes together."""

from dataclasses import replace
from itertools import chain

from benchmarks.implementations import implementation_names, title_of
from benchmarks.registry import MANY_SEEDS
from benchmarks.runner.processes import Report
from benchmarks.seeds.results import SweepResults, analyse
from benchmarks.sweeps.sweep import Sweep, SweepPlan, Wanted
from benchmarks.sweeps.trainer import SeedTraining, SweepTrainer, describe_training
from shared.data.dataset import RawDataset
from shared.draws import draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment


def wanted_trainings(
    experiment: Experiment, seeds: tuple[int, ...], num_at_once: int
) -> tuple[Wanted, ...]:
    """Each implementation on each seed, so many at once where it can."""
    return tuple(
        Wanted(
            title=f"{title_of(name)}, seed {seed}",
            key=(name, seed),
            implementation=name,
            experiment=replace(experiment, seed=seed),
            variant=f"{num_at_once} at once" if num_at_once > 1 and name in MANY_SEEDS else "",
            num_at_once=num_at_once if name in MANY_SEEDS else 1,
        )
        for name in implementation_names()
        for seed in seeds
    )


def measure_seeds(sweep: Sweep) -> SweepResults:
    """Trains what is not stored; seeds without a training, as its worker was lost, are left out.

    Raises:
        RunFailedError: what `Sweep.train` raises, or fewer than two seeds are left.
    """
    wanted = sweep.wanted
    settings = (sweep.plan, max(each.num_at_once for each in wanted))
    trained = sweep.train(SeedTrainer, settings, wanted, SeedTraining, describe_training)
    if len({training.data_sha256 for training in trained.values()}) > 1:
        raise RunFailedError("the trainings received different data; please report this")
    names, asked = implementation_names(), tuple(dict.fromkeys(each.key[1] for each in wanted))
    seeds = tuple(seed for seed in asked if all((name, seed) in trained for name in names))
    if len(seeds) < 2:
        raise RunFailedError("fewer than two seeds were trained by all; --resume tries again")
    by_name = {name: tuple(trained[name, seed] for seed in seeds) for name in names}
    return SweepResults(
        **vars(sweep.plan),
        seeds=seeds,
        trainings=tuple(chain.from_iterable(by_name.values())),
        statistics=analyse(by_name, sweep.plan),
        lost=tuple(seed for seed in asked if seed not in seeds),
    )


class SeedTrainer(SweepTrainer):
    """What runs in a worker process: draws, trains and evaluates, seed by seed or many at once."""

    def __init__(self, raw: RawDataset, name: str, plan: SweepPlan, num_at_once: int) -> None:
        super().__init__(raw, name, plan)
        self.num_at_once = num_at_once

    def __call__(self, report: Report, *keys: tuple[str, int]) -> tuple[SeedTraining, ...]:
        """Trains the seed of each key."""
        experiments = [replace(self.plan.experiment, seed=seed) for _, seed in keys]
        if self.num_at_once > 1 and self.name in MANY_SEEDS:
            return self.train_many(report, experiments, self.num_at_once)
        return tuple(self._train_seed(report, experiment) for experiment in experiments)

    def _train_seed(self, report: Report, experiment: Experiment) -> SeedTraining:
        # Drawn here, not by the parent, which would hold the orders of all seeds at once.
        draws = draw_shared(experiment) if experiment.randomness == "shared" else None
        return self.train(report, experiment, draws, f"seed {experiment.seed}")
