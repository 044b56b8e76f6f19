"""One measurement: a fresh process that builds a rung, checks it, and times its epochs."""

import math
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity.rungs import EPOCH_WEIGHTS
from benchmarks.runner.processes import Report
from benchmarks.speed.ladder import prepare
from benchmarks.speed.machine import device_memory_bytes
from benchmarks.speed.results import Omission, SpeedEnvironment
from shared.data.dataset import RawDataset, training_examples
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.parameters import Parameters, largest_difference
from shared.timing import EpochClock, SpeedRung, Trainer, Workload

WARM_UPS = {"cpu": 0, "gpu": 3}
"""Calls after the first that do not count; XLA records command buffers on a GPU's second."""
BYTES_OF_RESIDENT_UNIT = 1 if sys.platform == "darwin" else 1024
"""What the system counts resident memory in."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be measured, and how.

    omitted: rungs that cannot run here.
    by_batch_size, by_width: experiments to time every rung at besides.
    num_rounds: fresh processes for each rung.
    num_samples: epochs of a process that count, at least.
    folder: for results and logs.
    """

    rungs: tuple[SpeedRung, ...]
    omitted: tuple[Omission, ...]
    experiment: Experiment
    by_batch_size: tuple[Experiment, ...]
    by_width: tuple[Experiment, ...]
    raw: RawDataset
    environment: SpeedEnvironment
    num_rounds: int
    num_samples: int
    folder: Path


@dataclass(frozen=True, kw_only=True)
class MeasurementJob:
    """What a child process needs to measure a rung.

    parameters: initial weights, one set for each seed.
    orders: (seeds, E, n) row numbers; E of them are one call of the rung.
    expected: the weights of the first seeds after one call, by the oracle.
    """

    plan: Plan
    rung: SpeedRung
    parameters: tuple[Parameters, ...]
    orders: NDArray[np.int64]
    expected: tuple[Parameters, ...]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a fresh process took; what its values are, `RungTimes` says, which sums up several."""

    import_seconds: float
    compile_seconds: float
    first_epoch_seconds: float
    epoch_seconds: tuple[float, ...]
    peak_bytes: int
    device_bytes: int | None
    difference: float


def measure(_report: Report, job: MeasurementJob) -> Measurement:
    """Builds, checks and times.

    Raises:
        RunFailedError: the rung runs elsewhere, or trains another model than the oracle.
    """
    environment = job.plan.environment
    # This is the edge of a process of its own.
    settings = [flag.partition("=") for flag in environment.variables]
    os.environ.update({name: value for name, _, value in settings})
    os.environ.update(job.rung.variables)
    before = device_memory_bytes()
    workload = Workload(
        rung=job.rung,
        experiment=job.plan.experiment,
        training=training_examples(job.plan.raw, job.plan.experiment.dtype),
        parameters=job.parameters,
    )
    started = time.perf_counter()
    trainer = prepare(workload)
    import_seconds = time.perf_counter() - started
    if trainer.device != environment.device:
        raise RunFailedError(
            f"it runs on the {trainer.device}: its framework finds no {environment.device}"
        )
    first = EpochClock()
    trainer.train(job.orders, first)
    difference = _check_same_model(trainer, job)
    for _ in range(WARM_UPS[environment.device]):
        trainer.train(job.orders, EpochClock())
    clock = EpochClock()
    for _ in range(math.ceil(job.plan.num_samples / job.rung.epochs_per_call)):
        trainer.train(job.orders, clock)
    after = device_memory_bytes()  # frameworks keep what they took
    return Measurement(
        import_seconds=import_seconds,
        compile_seconds=first.compile_seconds,
        first_epoch_seconds=first.epoch_seconds[0],
        epoch_seconds=tuple(clock.epoch_seconds),
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_RESIDENT_UNIT,
        device_bytes=None if before is None or after is None else after - before,
        difference=difference,
    )


def _check_same_model(trainer: Trainer, job: MeasurementJob) -> float:
    """The largest difference of any weight from the oracle's.

    Raises:
        RunFailedError: it is larger than the parity ladder allows after an epoch, and
            as much again for each further one: rounding goes on growing.
    """
    differences = map(largest_difference, trainer.get_parameters(), job.expected)
    difference = float(np.max(list(differences)))  # no number wins, where there is one
    num_epochs = job.orders.shape[1]
    tolerance = num_epochs * EPOCH_WEIGHTS.tolerance(job.plan.experiment.dtype)
    if not difference <= tolerance:
        raise RunFailedError(
            f"the rung {job.rung.name} trains another model: after its first call a weight differs "
            f"by {difference:.2g} from the oracle's, {tolerance:.2g} is allowed; it was not timed"
        )
    return difference
