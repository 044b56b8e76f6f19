"""What each record stood on, and the command that made it."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.command_line import (
    DefaultsCommand,
    DriftCommand,
    ParityCommand,
    RunCommand,
    SeedsCommand,
    SpeedCommand,
)
from benchmarks.defaults.records import DefaultsResults
from benchmarks.implementations import title_of
from benchmarks.report.parts import Facts, Paragraph, Part
from benchmarks.report.titles import network, plural
from benchmarks.seeds.records import SweepResults
from benchmarks.speed.records import SpeedResults
from shared.data.dataset import DatasetDescription
from shared.drift_results import Drift
from shared.experiment import Experiment
from shared.parity_results import ParityReport
from shared.results import Environment, Results


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a record comes from.

    command: the words that were typed; empty in files of earlier versions.
    usual_command: the command's name, and the experiment it does unless told otherwise.
    other_options: options of the usual command that say what was measured.
    devices: what each implementation computed on, in words.
    """

    command: tuple[str, ...]
    usual_command: tuple[str, Experiment]
    other_options: tuple[str, ...]
    experiment: Experiment
    dataset: DatasetDescription
    environment: Environment
    devices: tuple[str, ...]


SUMMARY = "Experiment, data, machine and versions"


def environment_parts(record: Any, _key: str, *, is_open: bool) -> Iterator[Part]:
    """The command, the experiment and what it ran on; `is_open` shows all of it at once."""
    origin = origin_of(record)
    if not origin.command:
        yield Paragraph(
            text="The file does not hold the command it was made with; this one asks for the same "
            "experiment.",
            tone="quiet",
        )
    words = origin.command or _rebuilt_command(origin)
    yield Facts(
        command=shlex.join(words),
        summary="" if is_open else SUMMARY,
        facts=tuple(_facts(origin)),
    )


def origin_of(record: Any) -> Origin:
    """What a record says about its making."""
    environment = (
        record.environment.software if isinstance(record, SpeedResults) else record.environment
    )
    return Origin(
        command=environment.command,
        usual_command=_usual_command(record),
        other_options=_other_options(record),
        experiment=record.experiment,
        dataset=record.dataset,
        environment=environment,
        devices=tuple(_devices(record)),
    )


def _usual_command(record: Any) -> tuple[str, Experiment]:
    match record:
        case Results():
            return "run", RunCommand().experiment
        case ParityReport():
            return "parity", ParityCommand().experiment
        case Drift():
            return "drift", DriftCommand().experiment
        case SweepResults():
            return "seeds", SeedsCommand().experiment.with_seed(record.seeds[0])
        case DefaultsResults():
            return "defaults", DefaultsCommand().experiment
        case SpeedResults():
            return "speed", SpeedCommand().experiment
        case _:
            raise TypeError(f"{type(record).__name__} has no command")


def _other_options(record: Any) -> tuple[str, ...]:
    match record:
        case Results(in_bulk=True):
            return ("--in-bulk",)
        case SweepResults():
            first, count = str(record.seeds[0]), str(len(record.seeds))
            return ("--count", count, *(("--first-seed", first) if record.seeds[0] else ()))
        case DefaultsResults():
            return ("--count", str(len(record.seeds)))
        case Drift():
            return ("--runs", str(len(record.bands[0].values) if record.bands else 0))
        case SpeedResults():
            return ("--device", record.environment.device, "--rounds", str(record.num_rounds))
        case _:
            return ()


def _devices(record: Any) -> Iterator[str]:
    match record:
        case Results():
            yield from (f"{title_of(name)} on {run.device}" for name, run in record.runs.items())
        case ParityReport():
            yield from (f"{title_of(name)} on {device}" for name, device in record.devices.items())
        case SweepResults():
            first = {name: record.of(name)[0] for name in record.statistics.test_accuracy}
            yield from (f"{title_of(name)} on {each.device}" for name, each in first.items())
        case SpeedResults() if record.environment.accelerator is not None:
            accelerator = record.environment.accelerator
            yield f"{accelerator.name}, driver {accelerator.driver}"


def _rebuilt_command(origin: Origin) -> tuple[str, ...]:
    name, usual = origin.usual_command
    words = ["twins", name]
    for option, value in vars(origin.experiment).items():
        if value != getattr(usual, option):
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{option.replace('_', '-')}", *map(str, values)]
    return (*words, *origin.other_options)


def _facts(origin: Origin) -> Iterator[tuple[str, str]]:
    experiment, dataset, environment = origin.experiment, origin.dataset, origin.environment
    yield (
        "experiment",
        f"{network(experiment)}, SGD {experiment.learning_rate:g}, batches of "
        f"{experiment.batch_size}, {plural(experiment.num_epochs, 'epoch')}, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
    )
    yield "data", f"{dataset.name} ({dataset.origin}), SHA-256 {dataset.sha256}"
    if origin.devices:
        yield "devices", "; ".join(origin.devices)
    yield "processor", f"{environment.processor}, {plural(environment.num_cores, 'core')}"
    yield "system", f"{environment.platform}, Python {environment.python}"
    packages = (f"{name} {version}" for name, version in environment.packages.items())
    yield "packages", ", ".join(packages)
    yield "commit", environment.git_commit or "unknown"
    yield "variables", ", ".join(environment.flags) or "none that steer frameworks"
