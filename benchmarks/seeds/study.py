"""`twins seeds`: trains each implementation on many seeds and compares the distributions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.implementations import implementation_names
from benchmarks.options import Context
from benchmarks.runner.conduct import keep, say
from benchmarks.runner.output_folder import output_folder, resumed_folder
from benchmarks.seeds.analysis import analyse
from benchmarks.seeds.command import SeedsCommand
from benchmarks.seeds.results import (
    SeedTraining,
    SweepPlan,
    SweepResults,
)
from benchmarks.seeds.storage import check_resumable, store_plan
from benchmarks.seeds.sweep import train_missing
from benchmarks.seeds.training import SeedJob
from shared.data.dataset import RawDataset, describe


def run_seeds(command: SeedsCommand, context: Context) -> SweepResults:
    """Does the whole sweep, or the rest of it, and writes its outputs.

    Raises:
        InputError: the data or the folder cannot be used, or hold another sweep.
        RunFailedError: a training failed.
    """
    raw = context.load_images(command.images)
    plan = SweepPlan(
        experiment=command.first_experiment,
        dataset=describe(raw),
        environment=context.describe_environment(),
    )
    with _folder_of(command, plan) as folder:
        trainings = train_missing(
            _jobs(command, raw, plan.environment.git_commit),
            folder,
            command.processes or plan.environment.num_cores,
            context.console,
        )
        results = _assemble(command, plan, trainings)
        keep(results, folder, "seeds.json")
    say(results, context)
    context.say(f"outputs: {folder}")
    return results


@contextmanager
def _folder_of(command: SeedsCommand, plan: SweepPlan) -> Iterator[Path]:
    """The folder to work in: a fresh one with the plan in it, or one that was checked against it.

    A folder that is refused is left as it was, its marker included.
    """
    if command.resume is None:
        with output_folder(command.out, "seeds") as folder:
            store_plan(plan, folder)
            yield folder
        return
    check_resumable(command.resume, plan, command.seeds, implementation_names())
    with resumed_folder(command.resume, "seeds") as folder:
        yield folder


def _jobs(command: SeedsCommand, raw: RawDataset, git_commit: str) -> list[SeedJob]:
    """By seed, then by implementation: a sweep that is broken off has whole pairs."""
    return [
        SeedJob(
            implementation=name,
            experiment=replace(command.first_experiment, seed=seed),
            raw=raw,
            git_commit=git_commit,
        )
        for seed in command.seeds
        for name in implementation_names()
    ]


def _assemble(
    command: SeedsCommand, plan: SweepPlan, trainings: tuple[SeedTraining, ...]
) -> SweepResults:
    by_name = {
        name: tuple(each for each in trainings if each.implementation == name)
        for name in implementation_names()
    }
    return SweepResults(
        experiment=plan.experiment,
        environment=plan.environment,
        dataset=plan.dataset,
        seeds=command.seeds,
        trainings=tuple(each for of_one in by_name.values() for each in of_one),
        statistics=analyse(by_name, plan.experiment, plan.dataset),
    )
