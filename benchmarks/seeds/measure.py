"""Trains what a sweep still lacks, some trainings at a time, and stores each as it ends."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

from benchmarks.implementations import implementation_names, title_of
from benchmarks.options import Context
from benchmarks.runner.processes import Report, run_side_by_side
from benchmarks.runner.progress import show_parts
from benchmarks.runner.training import ImplementationRun, TrainingJob, train
from benchmarks.seeds.analysis import analyse
from benchmarks.seeds.results import SeedTraining, SweepPlan, SweepResults
from benchmarks.seeds.storage import Key, store_training, stored_trainings
from shared.data.dataset import RawDataset
from shared.draws import draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment


def measure_sweep(
    plan: SweepPlan,
    seeds: tuple[int, ...],
    raw: RawDataset,
    context: Context,
    folder: Path,
    *,
    num_processes: int,
) -> SweepResults:
    """Trains every implementation on every seed, where that is not stored in `folder` already.

    Raises:
        InputError: a stored training cannot be read.
        RunFailedError: a training failed; those that had ended are stored.
    """
    names = implementation_names()
    # By seed, then by implementation: a sweep that is broken off has whole pairs.
    jobs = {
        (name, seed): (name, replace(plan.experiment, seed=seed), raw)
        for seed in seeds
        for name in names
    }
    trained = _train_missing(jobs, plan, context, folder, num_processes)
    if len({training.data_sha256 for training in trained.values()}) > 1:
        raise RunFailedError("the trainings received different data; please report this")
    by_name = {name: tuple(trained[name, seed] for seed in seeds) for name in names}
    return SweepResults(
        **vars(plan),
        seeds=seeds,
        trainings=tuple(chain.from_iterable(by_name.values())),
        statistics=analyse(by_name, plan.experiment, plan.dataset),
    )


def _train_missing(
    jobs: Mapping[Key, tuple], plan: SweepPlan, context: Context, folder: Path, num_processes: int
) -> dict[Key, SeedTraining]:
    """All trainings in the folder, after those that were missing."""
    done = stored_trainings(folder)
    missing = [key for key in jobs if key not in done]
    if done:
        context.say(f"resuming: {len(done)} of {len(jobs)} trainings are stored")
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    title, num_epochs = "epochs of all trainings", plan.experiment.num_epochs
    num_done, total = len(done) * num_epochs, len(jobs) * num_epochs
    with show_parts(context.console, title, total, "epochs", num_done) as show:
        runs = run_side_by_side(
            train_seed,
            [jobs[key] for key in missing],
            log=logs / "training.log",
            num_processes=num_processes,
            on_event=show,
            one_core_each=True,
        )
        # Closed at once when anything fails here, so that no child trains on in vain.
        with closing(runs):  # pyright: ignore[reportArgumentType]
            for index, run in runs:
                key = missing[index]
                done[key] = SeedTraining.of(run, *key, plan.environment.git_commit)
                store_training(done[key], folder)
                context.say(
                    f"{len(done)} of {len(jobs)}: {_title(*key)}, "
                    f"test accuracy {run.test.accuracy:.4f}, {sum(run.seconds.epochs):.1f} s"
                )
    return done


def train_seed(
    report: Report, name: str, experiment: Experiment, raw: RawDataset
) -> ImplementationRun:
    """What runs in each child: draws, trains and evaluates; reports each epoch's `EpochMetrics`.

    Raises:
        RunFailedError: the training diverged; the message says which.
    """
    title = _title(name, experiment.seed)
    print(title, flush=True)  # heads its log
    # Drawn here, not by the parent, which would hold the orders of all seeds at
    # once. Equal seeds draw equal numbers in every process.
    is_shared = experiment.randomness == "shared"
    job = TrainingJob(
        implementation=name,
        experiment=experiment,
        raw=raw,
        draws=draw_shared(experiment) if is_shared else None,
        folder=None,
        in_bulk=True,
    )
    try:
        return train(report, job).run
    except RunFailedError as error:
        raise RunFailedError(f"{title}: {error}") from error


def _title(name: str, seed: int) -> str:
    return f"{title_of(name)}, seed {seed}"
