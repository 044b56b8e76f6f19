"""Takes all measurements of one experiment, round by round, each in a fresh process."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.runner.processes import run_in_process
from benchmarks.speed.measure import Measurement, MeasurementJob, measure
from benchmarks.speed.schedule import interleaved
from shared.errors import RunFailedError

Measure = Callable[[MeasurementJob, Path], Measurement]


@dataclass
class Samples:
    """What has been measured so far: for each rung its measurements, each with its round.

    failures: rungs that failed, with the reason; they are not tried again.
    """

    by_rung: dict[str, list[tuple[int, Measurement]]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One measurement that has just ended: how many of all are done, and seconds to go."""

    rung: str
    num_done: int
    num_all: int
    seconds_left: float
    outcome: str


def measure_in_process(job: MeasurementJob, log: Path) -> Measurement:
    """A fresh process for one measurement."""
    return run_in_process(measure, job, log=log)


def take_samples(
    jobs: Sequence[MeasurementJob],
    num_rounds: int,
    samples: Samples,
    *,
    log: Path,
    measure_one: Measure = measure_in_process,
) -> Iterator[Step]:
    """Measures every job once a round, and adds to `samples` before it yields.

    A rung that fails, or trains another model, is left out from then on: what it
    took before is dropped, since a rung that fails now and then says nothing.
    """
    started = time.perf_counter()
    num_all = len(jobs) * num_rounds
    for num_done, (number, job) in enumerate(interleaved(jobs, num_rounds), 1):
        outcome = _take(job, number, samples, log, measure_one)
        elapsed = time.perf_counter() - started
        yield Step(
            rung=job.rung.name,
            num_done=num_done,
            num_all=num_all,
            seconds_left=elapsed / num_done * (num_all - num_done),
            outcome=outcome,
        )


def _take(
    job: MeasurementJob, number: int, samples: Samples, log: Path, measure_one: Measure
) -> str:
    name = job.rung.name
    if name in samples.failures:
        return "left out"
    try:
        measurement = measure_one(job, log.with_stem(f"{name}-{number}"))
    except RunFailedError as error:
        samples.by_rung.pop(name, None)
        samples.failures[name] = str(error).partition("\n")[0]
        return f"failed: {samples.failures[name]}"
    samples.by_rung.setdefault(name, []).append((number, measurement))
    return " ".join(f"{seconds:.3f}" for seconds in measurement.epoch_seconds) + " s an epoch"
