"""One measurement: a fresh process that builds a rung, checks it, and times its epochs."""

import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity.rungs import EPOCH_WEIGHTS
from benchmarks.runner.processes import Report
from benchmarks.speed.ladder import prepare
from benchmarks.speed.machine import device_memory_bytes
from shared.data.dataset import RawDataset, training_examples
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.parameters import Parameters, largest_difference
from shared.timing import Device, EpochClock, SpeedRung, Trainer, Workload

KIBIBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class MeasurementJob:
    """What a child process needs to measure a rung.

    parameters: initial weights, one set for each seed.
    orders: (seeds, E, n) row numbers; E of them are one call of the rung.
    expected: the weights of the first seeds after one call, by the oracle.
    num_warm_ups: calls after the first that do not count.
    num_samples: calls that count.
    variables: set before the framework is imported.
    """

    rung: SpeedRung
    experiment: Experiment
    raw: RawDataset
    parameters: tuple[Parameters, ...]
    orders: NDArray[np.int64]
    expected: tuple[Parameters, ...]
    device: Device
    num_warm_ups: int
    num_samples: int
    variables: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a fresh process took, in seconds of wall-clock time.

    import_seconds: importing the framework and building the model.
    compile_seconds: tracing and compiling.
    first_epoch_seconds: an epoch of the first call, without compilation.
    epoch_seconds: an epoch of each call that counts, on one seed's account.
    peak_bytes: largest resident memory of the process.
    device_bytes: memory taken on a GPU since the process began; None where there is none.
    difference: the largest difference of any weight from the oracle's, after one call.
    """

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
    os.environ.update(job.variables)  # this is the edge of a process of its own
    device_bytes_before = device_memory_bytes()
    training = training_examples(job.raw, job.experiment.dtype)
    started = time.perf_counter()
    trainer = prepare(
        Workload(
            rung=job.rung,
            experiment=job.experiment,
            training=training,
            parameters=job.parameters,
        )
    )
    import_seconds = time.perf_counter() - started
    if trainer.device != job.device:
        raise RunFailedError(
            f"it runs on the {trainer.device}: its framework finds no {job.device}"
        )
    first = EpochClock()
    trainer.train(job.orders, first)
    difference = check_same_model(trainer, job)
    for _ in range(job.num_warm_ups):
        trainer.train(job.orders, EpochClock())
    clock = EpochClock()
    for _ in range(job.num_samples):
        trainer.train(job.orders, clock)
    return Measurement(
        import_seconds=import_seconds,
        compile_seconds=first.compile_seconds,
        first_epoch_seconds=first.epoch_seconds[0],
        epoch_seconds=tuple(clock.epoch_seconds),
        peak_bytes=_peak_bytes(),
        device_bytes=_taken_since(device_bytes_before),
        difference=difference,
    )


def check_same_model(trainer: Trainer, job: MeasurementJob) -> float:
    """The largest difference of any weight from the oracle's.

    Raises:
        RunFailedError: it is larger than the parity ladder allows after an epoch, and
            as much again for each further one: rounding goes on growing.
    """
    trained = trainer.get_parameters()
    difference = max(map(largest_difference, trained, job.expected))
    num_epochs = job.orders.shape[1]
    tolerance = num_epochs * EPOCH_WEIGHTS.tolerance(job.experiment.dtype)
    if not difference <= tolerance:
        raise RunFailedError(
            f"the rung {job.rung.name} trains another model: after its first call a weight differs "
            f"by {difference:.2g} from the oracle's, {tolerance:.2g} is allowed; it was not timed"
        )
    return difference


def _taken_since(before: int | None) -> int | None:
    """Memory on the GPU that was taken meanwhile; frameworks keep what they took."""
    after = device_memory_bytes()
    return None if before is None or after is None else after - before


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIBIBYTE
