"""`twins defaults`: climbs the ladder of defaults and says what each rung costs."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.defaults.ladder import Ladder
from benchmarks.defaults.measure import OnTrained, measure_parity, measure_seeds, rung_results
from benchmarks.defaults.records import DEFAULTS_SCHEMA_VERSION, DefaultsResults, RungResult
from benchmarks.defaults.table import accuracy_table, parity_table
from benchmarks.defaults.training import PortJob, Trajectory
from benchmarks.drawing import draw
from benchmarks.environment import describe_environment
from benchmarks.implementations import defaults_of
from benchmarks.output_folder import output_folder
from benchmarks.request import Request
from benchmarks.run import announce_data
from shared.data.dataset import RawDataset, describe, load_dataset
from shared.errors import InputError
from shared.figures.defaults import RungPoints, draw_defaults
from shared.figures.style import save_figure
from shared.results import write_json


@dataclass(frozen=True, kw_only=True)
class DefaultsOptions:
    """What `twins defaults` was asked besides.

    implementation: whose defaults are looked at.
    count: number of seeds of the accuracy measurements, from 0 on.
    num_processes: trainings at a time; None for one on each core.
    """

    implementation: str
    count: int
    num_processes: int | None


def run_defaults(request: Request, options: DefaultsOptions, console: Console) -> DefaultsResults:
    """Measures every rung and writes the outputs; the parity is that of `request.experiment`.

    Raises:
        InputError: the implementation has no ladder, the data or the output folder
            cannot be used, or `native` randomness was asked for.
        RunFailedError: a training failed, or the ladder does not end at the reference port.
    """
    if request.experiment.randomness == "native":
        raise InputError(
            "with native randomness there are no draws that a port could take over: "
            "use --randomness published or shared"
        )
    defaults_of(options.implementation)  # complains before anything is written
    with output_folder(request.out, "defaults") as folder:
        raw = load_dataset(request.data, request.places)
        announce_data(console, raw)
        results = _measure(request, options, raw, folder, console)
        figures = folder / "figures"
        figures.mkdir()
        figure = draw_defaults(tuple(map(_points, results.rungs)))
        save_figure(figure, figures / "defaults.png", raw.name)
        write_json(results, folder / "defaults.json")
    _conclude(console, results, folder)
    return results


def _measure(
    request: Request, options: DefaultsOptions, raw: RawDataset, folder: Path, console: Console
) -> DefaultsResults:
    ladder: Ladder = defaults_of(options.implementation)
    environment = describe_environment(request.variables, request.command)
    seeds = tuple(range(options.count))
    reference = PortJob(
        implementation=options.implementation,
        rung=None,
        experiment=request.experiment,
        raw=raw,
        draws=draw(request.experiment, folder / "draws.log"),
    )
    logs = folder / "logs"
    logs.mkdir()
    num_processes = options.num_processes or environment.num_cores
    num_trainings = 1 + len(ladder.LADDER) * (1 + len(seeds))
    on_trained = _saying(console, num_trainings)
    parities = measure_parity(
        reference,
        ladder.LADDER,
        log=logs / "parity.log",
        num_processes=num_processes,
        on_trained=on_trained,
    )
    outcomes = measure_seeds(
        reference,
        ladder.LADDER,
        seeds,
        log=logs / "seeds.log",
        num_processes=num_processes,
        on_trained=on_trained,
    )
    return DefaultsResults(
        schema_version=DEFAULTS_SCHEMA_VERSION,
        dataset=describe(raw),
        experiment=request.experiment,
        environment=environment,
        implementation=options.implementation,
        seeds=seeds,
        rungs=rung_results(ladder.LADDER, parities, outcomes),
    )


def _saying(console: Console, num_trainings: int) -> OnTrained:
    """Prints a line for each training that ends."""
    titles: list[str] = []

    def on_trained(job: PortJob, trajectory: Trajectory) -> None:
        titles.append(job.title)
        console.print(
            f"{len(titles)} of {num_trainings}: {job.title}, "
            f"test accuracy {trajectory.true.accuracy:.4f}",
            soft_wrap=True,
        )

    return on_trained


def _points(rung: RungResult) -> RungPoints:
    return RungPoints(
        name=rung.name,
        initial_weights=rung.parity.initial_weights,
        step_losses=rung.parity.step_losses,
        final_weights=rung.parity.final_weights,
        predictions=rung.parity.predictions,
        test_accuracy_gap=rung.test_accuracy_gap,
        test_loss_gap=rung.test_loss_gap,
        training_loss_gap=rung.training_loss_gap,
        test_accuracies=rung.test_accuracies,
    )


def _conclude(console: Console, results: DefaultsResults, folder: Path) -> None:
    for index, rung in enumerate(results.rungs):
        console.print(f"{index} {rung.name}: {rung.change}", soft_wrap=True, highlight=False)
    console.print(parity_table(results))
    console.print(accuracy_table(results))
    console.print(f"outputs: {folder}", soft_wrap=True)
