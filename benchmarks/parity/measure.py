"""Climbs the ladder: every implementation computes its evidence in a process of its own."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from benchmarks.implementations import build_implementation, title_of
from benchmarks.options import Context, TrainingOptions
from benchmarks.parity.evidence import RungEvidence, gather_evidence
from benchmarks.parity.ladder import climb, passed_whole_ladder
from benchmarks.parity.results import ParityReport
from benchmarks.runner.processes import Report, events_side_by_side
from benchmarks.runner.progress import show_trainings
from benchmarks.runner.training import draw
from shared.data.dataset import RawDataset, describe, split_and_scale
from shared.draws import Draws
from shared.experiment import Experiment
from shared.protocol import EpochMetrics


def measure_parity(
    names: tuple[str, ...], options: TrainingOptions, context: Context, folder: Path
) -> ParityReport:
    """Compares implementations, the oracle among them, rung by rung; logs go into `folder`."""
    raw, experiment = context.load_images(options.images), options.experiment
    draws = draw(experiment, folder / "draws.log")
    assert draws is not None  # only native randomness draws nothing
    devices: dict[str, str] = {}
    titles = {name: title_of(name) for name in names}
    jobs = [(name, experiment, raw, draws) for name in names]
    with show_trainings(context.console, titles, experiment.num_epochs) as on_epoch:

        def evidence() -> Generator[tuple[str, RungEvidence]]:
            events = events_side_by_side(report_evidence, jobs, log=folder / "worker.log")
            for index, event in events:
                match event:
                    case EpochMetrics():
                        on_epoch(names[index], event)
                    case str():  # the first of all: what the implementation runs on
                        devices[names[index]] = event
                    case RungEvidence():
                        yield names[index], event

        with closing(evidence()) as reports:  # which ends the processes where a rung breaks
            rungs = tuple(climb(reports, names, experiment.dtype))
    return ParityReport(
        dataset=describe(raw),
        experiment=experiment,
        environment=context.describe_environment(),
        dtype=experiment.dtype,
        passed=passed_whole_ladder(rungs),
        rungs=rungs,
        devices=devices,
    )


def report_evidence(
    report: Report, name: str, experiment: Experiment, raw: RawDataset, draws: Draws
) -> None:
    """What runs in each child process."""
    implementation = build_implementation(name, experiment, "build_recording")
    report(implementation.device)
    dataset = split_and_scale(raw, experiment.dtype)
    for evidence in gather_evidence(implementation, experiment, dataset, draws, report):
        report(evidence)
