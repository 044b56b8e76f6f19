"""`twins parity`: starts each implementation, climbs the ladder, writes what was found."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.drawing import draw
from benchmarks.environment import describe_environment
from benchmarks.implementations import ORACLE, build_implementation, title_of
from benchmarks.output_folder import output_folder
from benchmarks.parity.evidence import Evidence, gather_evidence
from benchmarks.parity.ladder import climb, passed_whole_ladder
from benchmarks.parity.table import parity_table, parting_sentences, reason_sentences
from benchmarks.processes import Report, events_side_by_side
from benchmarks.progress import show_trainings
from benchmarks.request import Request
from benchmarks.run import announce_data
from shared.data.dataset import RawDataset, describe, load_dataset, split_and_scale
from shared.draws import Draws
from shared.errors import InputError
from shared.experiment import Experiment
from shared.figures.parity import draw_ladder
from shared.figures.style import save_figure
from shared.parity_results import SCHEMA_VERSION, ParityReport
from shared.protocol import EpochMetrics
from shared.results import write_json


@dataclass(frozen=True)
class _Device:
    name: str


def run_parity(request: Request, console: Console) -> ParityReport:
    """Climbs the ladder with every implementation and the oracle.

    Raises:
        InputError: the data or the output folder cannot be used, or `native`
            randomness was asked for.
        RunFailedError: an implementation failed.
    """
    if request.experiment.randomness == "native":
        raise InputError(
            "with native randomness there is nothing to compare: each implementation draws "
            "its own weights; use --randomness published or shared"
        )
    with output_folder(request.out, "parity") as folder:
        raw = load_dataset(request.data, request.places)
        announce_data(console, raw)
        report = _climb(request, raw, folder, console)
        figures = folder / "figures"
        figures.mkdir()
        save_figure(draw_ladder(report.rungs), figures / "ladder.png", raw.name)
        write_json(report, folder / "parity.json")
    _conclude(console, report, folder)
    return report


def _climb(request: Request, raw: RawDataset, folder: Path, console: Console) -> ParityReport:
    experiment = request.experiment
    draws = draw(experiment, folder / "draws.log")
    assert draws is not None
    names = (*request.implementations, ORACLE)
    devices: dict[str, str] = {}
    titles = {name: title_of(name) for name in names}
    with show_trainings(console, titles, experiment.num_epochs) as on_epoch:
        jobs = [(name, experiment, raw, draws) for name in names]

        def evidence() -> Generator[tuple[str, Evidence]]:
            events = events_side_by_side(_report_evidence, jobs, log=folder / "worker.log")
            for index, event in events:
                match event:
                    case EpochMetrics():
                        on_epoch(names[index], event)
                    case _Device(name=device):
                        devices[names[index]] = device
                    case Evidence():
                        yield names[index], event

        with closing(evidence()) as reports:  # which ends the processes where a rung breaks
            results = tuple(climb(reports, names, experiment.dtype))
    return ParityReport(
        schema_version=SCHEMA_VERSION,
        dtype=experiment.dtype,
        passed=passed_whole_ladder(results),
        rungs=results,
        dataset=describe(raw),
        experiment=experiment,
        environment=describe_environment(request.variables, request.command),
        devices=devices,
    )


def _report_evidence(
    report: Report, name: str, experiment: Experiment, raw: RawDataset, draws: Draws
) -> None:
    """What runs in each child process."""
    implementation = build_implementation(name, experiment, "recording")
    report(_Device(implementation.device))
    dataset = split_and_scale(raw, experiment.dtype)
    for evidence in gather_evidence(implementation, experiment, dataset, draws, report):
        report(evidence)


def _conclude(console: Console, report: ParityReport, folder: Path) -> None:
    console.print(parity_table(report.rungs, f"parity, {report.dtype}"))
    console.print("why these tolerances:")
    for sentence in reason_sentences(report.rungs):
        console.print(f"  {sentence}", soft_wrap=True, markup=False)
    for sentence in parting_sentences(report.rungs):
        console.print(sentence, soft_wrap=True, markup=False)
    console.print("the ladder was climbed" if report.passed else "[red]the ladder broke[/]")
    console.print(f"outputs: {folder}", soft_wrap=True)
