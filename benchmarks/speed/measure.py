"""One measurement: a fresh process that builds a rung, checks it, and times its epochs."""

import math
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pkgutil import resolve_name

import numpy as np

from benchmarks.runner.processes import Report
from benchmarks.speed.machine import device_memory_bytes
from benchmarks.speed.plan import Plan
from shared.data.dataset import training_examples
from shared.draws import Draws
from shared.errors import RunFailedError
from shared.parameters import Parameters, largest_difference
from shared.timing import EpochClock, SpeedRung, Trainer, Workload

WARM_UPS = {"cpu": 0, "gpu": 3}
"""Calls after the first that do not count; XLA records command buffers on a GPU's second."""
LARGEST_DIFFERENCE = {"float64": 1e-13, "float32": 0.02}
"""Of a weight, that rounding makes in an epoch; float32 parts visibly, mistakes by more."""


@dataclass(frozen=True, kw_only=True)
class MeasurementJob:
    """A rung to be measured.

    draws: one for each seed, with as many orders as one call of the rung takes, at least.
    expected: the weights of the first seeds after one call, by the oracle.
    """

    plan: Plan
    rung: SpeedRung
    draws: Sequence[Draws]
    expected: tuple[Parameters, ...]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one process took, as `RungTimes` explains, which sums up several."""

    import_seconds: float
    compile_seconds: float
    first_epoch_seconds: float
    epoch_seconds: tuple[float, ...]
    peak_bytes: int
    device_bytes: int | None
    difference: float


def measure(_report: Report, job: MeasurementJob) -> Measurement:
    """Builds, checks and times; `RunFailedError` on another device, or of another model."""
    plan, rung, device = job.plan, job.rung, job.plan.environment.device
    # This is the edge of a process of its own.
    os.environ.update(dict(flag.split("=", 1) for flag in plan.environment.variables))
    os.environ.update(rung.variables)
    before = device_memory_bytes()
    workload = Workload(
        rung=rung,
        experiment=plan.experiment,
        training=training_examples(plan.raw, plan.experiment.dtype),
        parameters=tuple(draws.parameters for draws in job.draws),
    )
    orders = np.stack([draws.orders[: rung.epochs_per_call] for draws in job.draws])
    started = time.perf_counter()
    trainer: Trainer = resolve_name(rung.trainer)(workload)  # imports the rung's framework
    import_seconds = time.perf_counter() - started
    if trainer.device != device:
        raise RunFailedError(f"it runs on the {trainer.device}: its framework finds no {device}")
    first, clock = EpochClock(), EpochClock()
    trainer.train(orders, first)
    difference = _check_same_model(trainer, job)
    for _ in range(WARM_UPS[device]):
        trainer.train(orders, EpochClock())
    for _ in range(math.ceil(plan.num_samples / rung.epochs_per_call)):
        trainer.train(orders, clock)
    after = device_memory_bytes()  # frameworks keep what they took
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return Measurement(
        import_seconds=import_seconds,
        compile_seconds=first.compile_seconds,
        first_epoch_seconds=first.epoch_seconds[0],
        epoch_seconds=tuple(clock.epoch_seconds),
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        device_bytes=None if before is None or after is None else after - before,
        difference=difference,
    )


def _check_same_model(trainer: Trainer, job: MeasurementJob) -> float:
    """The largest difference of any weight from the oracle's, if it is small enough.

    What is allowed after an epoch is allowed again for each further one, since rounding goes
    on growing.
    """
    differences = map(largest_difference, trainer.get_parameters(), job.expected)
    difference = float(np.max(list(differences)))  # no number wins, where there is one
    tolerance = job.rung.epochs_per_call * LARGEST_DIFFERENCE[job.plan.experiment.dtype]
    if not difference <= tolerance:
        raise RunFailedError(
            f"the rung {job.rung.name} trains another model: after its first call a weight differs "
            f"by {difference:.2g} from the oracle's, {tolerance:.2g} is allowed; it was not timed"
        )
    return difference
