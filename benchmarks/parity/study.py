"""`twins parity`: starts each implementation, climbs the ladder, writes what was found."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.display.style import save_figure
from benchmarks.display.tables import to_terminal
from benchmarks.implementations import (
    ORACLE,
    build_implementation,
    check_names_or_ports,
    title_of,
)
from benchmarks.options import Context
from benchmarks.parity.command import ParityCommand
from benchmarks.parity.evidence import RungEvidence, gather_evidence
from benchmarks.parity.figure import draw_ladder
from benchmarks.parity.ladder import climb, passed_whole_ladder
from benchmarks.parity.results import SCHEMA_VERSION, ParityReport
from benchmarks.parity.table import (
    parity_table,
    parting_sentences,
    reason_sentences,
    verdict_sentence,
)
from benchmarks.runner.drawing import draw
from benchmarks.runner.environment import describe_environment
from benchmarks.runner.output_folder import output_folder
from benchmarks.runner.processes import Report, events_side_by_side
from benchmarks.runner.progress import show_trainings
from benchmarks.runner.records import write_json
from shared.data.dataset import RawDataset, describe, split_and_scale
from shared.draws import Draws
from shared.experiment import Experiment
from shared.protocol import EpochMetrics


@dataclass(frozen=True)
class _Device:
    name: str


def run_parity(command: ParityCommand, context: Context) -> ParityReport:
    """Climbs the ladder with every implementation and the oracle.

    Raises:
        InputError: an implementation, the data or the output folder cannot be used.
        RunFailedError: an implementation failed.
    """
    names = (*check_names_or_ports(command.impl), ORACLE)
    with output_folder(command.out, "parity") as folder:
        raw = context.load_images(command.images)
        report = _climb(command, names, raw, folder, context)
        figures = folder / "figures"
        figures.mkdir()
        save_figure(draw_ladder(report.rungs), figures / "ladder.png", raw.name)
        write_json(report, folder / "parity.json")
    _conclude(context, report, folder)
    return report


def _climb(
    command: ParityCommand, names: tuple[str, ...], raw: RawDataset, folder: Path, context: Context
) -> ParityReport:
    experiment = command.experiment
    draws = draw(experiment, folder / "draws.log")
    assert draws is not None
    devices: dict[str, str] = {}
    titles = {name: title_of(name) for name in names}
    with show_trainings(context.console, titles, experiment.num_epochs) as on_epoch:
        jobs = [(name, experiment, raw, draws) for name in names]

        def evidence() -> Generator[tuple[str, RungEvidence]]:
            events = events_side_by_side(_report_evidence, jobs, log=folder / "worker.log")
            for index, event in events:
                match event:
                    case EpochMetrics():
                        on_epoch(names[index], event)
                    case _Device(name=device):
                        devices[names[index]] = device
                    case RungEvidence():
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
        environment=describe_environment(context.variables, context.words),
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


def _conclude(context: Context, report: ParityReport, folder: Path) -> None:
    context.console.print(to_terminal(parity_table(report)))
    context.say("why these tolerances:")
    for sentence in reason_sentences(report.rungs):
        context.say(f"  {sentence}")
    for sentence in parting_sentences(report.rungs):
        context.say(sentence)
    context.say(verdict_sentence(report))
    context.say(f"outputs: {folder}")
