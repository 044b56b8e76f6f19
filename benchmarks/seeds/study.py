"""`twins seeds`: trains each implementation on many seeds and compares the distributions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from benchmarks.environment import describe_environment
from benchmarks.implementations import implementation_names
from benchmarks.output_folder import output_folder, resumed_folder
from benchmarks.run import announce_data
from benchmarks.seeds.analysis import accuracies_of, analyse, documented_test_accuracy
from benchmarks.seeds.records import (
    SEEDS_SCHEMA_VERSION,
    SeedTraining,
    SweepPlan,
    SweepResults,
)
from benchmarks.seeds.storage import check_resumable, store_plan
from benchmarks.seeds.sweep import train_missing
from benchmarks.seeds.table import accuracy_table, documented_table, equivalence_table
from benchmarks.seeds.training import SeedJob
from shared.data.dataset import DataChoice, RawDataset, describe, load_dataset
from shared.data.fashion_mnist import DataPlaces
from shared.experiment import Experiment
from shared.figures.seeds import DocumentedDistance, draw_seeds
from shared.figures.style import save_figure
from shared.results import write_json


@dataclass(frozen=True, kw_only=True)
class SeedsRequest:
    """What `twins seeds` was asked to do.

    experiment: that of the first seed.
    seeds: consecutive, two or more.
    num_processes: trainings at a time; None for one on each core.
    out: the output folder; None for a new one under `runs/`.
    resume: the folder of a sweep to go on with; `out` is None then.
    variables: the process environment, as the edge of the program read it.
    command: the words of the command that was typed.
    """

    experiment: Experiment
    seeds: tuple[int, ...]
    num_processes: int | None
    data: DataChoice
    places: DataPlaces
    out: Path | None
    resume: Path | None
    variables: Mapping[str, str]
    command: tuple[str, ...] = ()


def run_seeds(request: SeedsRequest, console: Console) -> SweepResults:
    """Does the whole sweep, or the rest of it, and writes its outputs.

    Raises:
        InputError: the data or the folder cannot be used, or hold another sweep.
        RunFailedError: a training failed.
    """
    raw = load_dataset(request.data, request.places)
    plan = SweepPlan(
        schema_version=SEEDS_SCHEMA_VERSION,
        experiment=request.experiment,
        dataset=describe(raw),
        environment=describe_environment(request.variables, request.command),
    )
    with _folder_of(request, plan) as folder:
        announce_data(console, raw)
        trainings = train_missing(
            _jobs(request, raw, plan.environment.git_commit),
            folder,
            request.num_processes or plan.environment.num_cores,
            console,
        )
        results = _assemble(request, plan, trainings)
        figures = folder / "figures"
        figures.mkdir(exist_ok=True)
        _draw(results, figures / "seeds.png")
        write_json(results, folder / "seeds.json")
    _conclude(console, results, folder)
    return results


@contextmanager
def _folder_of(request: SeedsRequest, plan: SweepPlan) -> Iterator[Path]:
    """The folder to work in: a fresh one with the plan in it, or one that was checked against it.

    A folder that is refused is left as it was, its marker included.
    """
    if request.resume is None:
        with output_folder(request.out, "seeds") as folder:
            store_plan(plan, folder)
            yield folder
        return
    check_resumable(request.resume, plan, request.seeds, implementation_names())
    with resumed_folder(request.resume, "seeds") as folder:
        yield folder


def _jobs(request: SeedsRequest, raw: RawDataset, git_commit: str) -> list[SeedJob]:
    """By seed, then by implementation: a sweep that is broken off has whole pairs."""
    return [
        SeedJob(
            implementation=name,
            experiment=replace(request.experiment, seed=seed),
            raw=raw,
            git_commit=git_commit,
        )
        for seed in request.seeds
        for name in implementation_names()
    ]


def _assemble(
    request: SeedsRequest, plan: SweepPlan, trainings: tuple[SeedTraining, ...]
) -> SweepResults:
    by_name = {
        name: tuple(each for each in trainings if each.implementation == name)
        for name in implementation_names()
    }
    return SweepResults(
        schema_version=SEEDS_SCHEMA_VERSION,
        experiment=plan.experiment,
        environment=plan.environment,
        dataset=plan.dataset,
        seeds=request.seeds,
        trainings=tuple(each for of_one in by_name.values() for each in of_one),
        statistics=analyse(by_name, plan.experiment, plan.dataset),
    )


def _draw(results: SweepResults, path: Path) -> None:
    statistics = results.statistics
    figure = draw_seeds(
        results.seeds,
        {
            name: accuracies_of(results.of(name), results.dataset.num_test)
            for name in statistics.test_accuracy
        },
        statistics.test_accuracy,
        {
            f"{pair.other} − {pair.reference}": (pair.paired, pair.unpaired)
            for pair in statistics.equivalence
        },
        documented_accuracy=documented_test_accuracy(results.experiment, results.dataset.name),
        distances=tuple(
            DocumentedDistance(
                figure=each.figure, implementation=each.implementation, z=each.position.z
            )
            for each in statistics.documented
            if each.position.z is not None
        ),
    )
    save_figure(figure, path, results.dataset.name)


def _conclude(console: Console, results: SweepResults, folder: Path) -> None:
    console.print(accuracy_table(results))
    console.print(equivalence_table(results))
    if results.statistics.documented:
        console.print(documented_table(results))
    else:
        reason = results.statistics.why_not_applicable
        console.print(f"documented figures: not applicable, {reason}", soft_wrap=True)
    console.print(f"outputs: {folder}", soft_wrap=True)
