"""What each record stood on, and the command that made it."""

import shlex
from collections.abc import Iterator
from typing import Any

from benchmarks.display.words import network, plural
from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport
from benchmarks.report.parts import Facts, Part
from benchmarks.run.results import Results
from benchmarks.runner.environment import Environment
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.results import SpeedResults

SUMMARY = "Experiment, data, machine and versions"


def environment_parts(record: Any, _key: str, *, is_open: bool) -> Iterator[Part]:
    """The command, the experiment and what it ran on; `is_open` shows all of it at once."""
    environment = environment_of(record)
    yield Facts(
        command=shlex.join(environment.command),
        summary="" if is_open else SUMMARY,
        facts=tuple(_facts(record, environment)),
    )


def environment_of(record: Any) -> Environment:
    """What a record says about its making."""
    if isinstance(record, SpeedResults):
        return record.environment.software
    return record.environment


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


def _facts(record: Any, environment: Environment) -> Iterator[tuple[str, str]]:
    experiment, dataset, devices = record.experiment, record.dataset, tuple(_devices(record))
    yield (
        "experiment",
        f"{network(experiment)}, SGD {experiment.learning_rate:g}, batches of "
        f"{experiment.batch_size}, {plural(experiment.num_epochs, 'epoch')}, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
    )
    yield "data", f"{dataset.name} ({dataset.origin}), SHA-256 {dataset.sha256}"
    if devices:
        yield "devices", "; ".join(devices)
    yield "processor", f"{environment.processor}, {plural(environment.num_cores, 'core')}"
    yield "system", f"{environment.platform}, Python {environment.python}"
    packages = (f"{name} {version}" for name, version in environment.packages.items())
    yield "packages", ", ".join(packages)
    yield "commit", environment.git_commit or "unknown"
    yield "variables", ", ".join(environment.flags) or "none that steer frameworks"
