"""What samples say: medians, rates, shares of the limit, differences, and whether to trust them.

Samples are (processes, samples): those of one process together, as many of each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.measure import Measurement, MeasurementJob
from benchmarks.speed.results import MachineState, RungTimes, SpeedResults
from shared.experiment import NUM_TRAINING_ROWS
from shared.network import operations_per_row

NUM_RESAMPLES = 2_000
SEED = 0
BUSY = 0.5
"""Load per core, of others, from which on a machine is noisy."""
UNSTEADY = 0.10
"""Median spread of a rung's samples over their median, from which on a machine is noisy."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95 % interval."""

    estimate: float
    low: float
    high: float


def median_with_interval(samples: Sequence[Sequence[float]]) -> Interval:
    """The median of all samples.

    Samples of one process resemble each other: memory lies where it lies, and a
    neighbour's work lasts for seconds. So processes are drawn first, then samples
    within them, both with replacement (two-stage bootstrap, percentile interval:
    A. C. Davison and D. V. Hinkley, *Bootstrap Methods and their Application*, 1997,
    section 3.8).
    """
    generator = np.random.default_rng(SEED)
    return _interval(float(np.median(samples)), _resampled_medians(samples, generator))


def speedup(rung: RungTimes, base: RungTimes) -> Interval:
    """How many times as fast as the base a rung is; where the interval holds 1, no difference."""
    generator = np.random.default_rng(SEED)
    before, after = (_resampled_medians(each.epoch_seconds, generator) for each in (base, rung))
    return _interval(base.median / rung.median, before / after)


def _resampled_medians(
    samples: Sequence[Sequence[float]], generator: np.random.Generator
) -> NDArray[np.float64]:
    values = np.asarray(samples, np.float64)
    num_processes, num_samples = values.shape
    chosen = generator.integers(num_processes, size=(NUM_RESAMPLES, num_processes, 1))
    drawn = generator.integers(num_samples, size=(NUM_RESAMPLES, *values.shape))
    return np.median(values[chosen, drawn].reshape(NUM_RESAMPLES, -1), axis=1)


def _interval(estimate: float, resampled: NDArray[np.float64]) -> Interval:
    return Interval(estimate, *np.quantile(resampled, [0.025, 0.975]).tolist())


def rung_times(job: MeasurementJob, measurements: Sequence[Measurement]) -> RungTimes:
    """Puts together what the processes of a rung measured; the limits' shares are to come."""
    rung = job.rung
    epoch_seconds = tuple(each.epoch_seconds for each in measurements)
    interval = median_with_interval(epoch_seconds)
    operations = NUM_TRAINING_ROWS * operations_per_row(job.plan.experiment)
    device_bytes = [each.device_bytes for each in measurements if each.device_bytes is not None]
    return RungTimes(
        name=rung.name,
        framework=rung.framework,
        idea=rung.idea,
        measure=rung.measure,
        num_seeds=len(job.draws),
        epoch_seconds=epoch_seconds,
        import_seconds=median(each.import_seconds for each in measurements),
        compile_seconds=median(each.compile_seconds for each in measurements),
        first_epoch_seconds=median(each.first_epoch_seconds for each in measurements),
        median=interval.estimate,
        low=interval.low,
        high=interval.high,
        operations=operations,
        gflops=operations / interval.estimate / 1e9,
        share_of_one_core=None,
        share_of_machine=None,
        peak_bytes=max(each.peak_bytes for each in measurements),
        device_bytes=max(device_bytes, default=None),
        difference=max(each.difference for each in measurements),
    )


def with_shares(rungs: tuple[RungTimes, ...], ladder: SpeedResults) -> tuple[RungTimes, ...]:
    """The rungs with their shares of the processor's limits, which say nothing of a GPU."""
    if ladder.environment.device == "gpu":
        return rungs
    return tuple(
        replace(
            rung,
            share_of_one_core=rung.gflops / ladder.limits.one_core.large_product,
            share_of_machine=rung.gflops / ladder.limits.machine.large_product,
        )
        for rung in rungs
    )


def neighbours_alike(rungs: Sequence[RungTimes]) -> Iterator[tuple[RungTimes, RungTimes]]:
    """Pairs of latencies, one rung after the other, of which the samples tell no difference."""
    latencies = [rung for rung in rungs if rung.measure == "latency"]
    for rung, following in pairwise(latencies):
        interval = speedup(rung, following)
        if interval.low <= 1 <= interval.high:
            yield rung, following


def reasons_for_noise(before: MachineState, rungs: Sequence[RungTimes]) -> Iterator[str]:
    """What speaks against trusting the times, in words."""
    num_cores = len(before.affinity) or 1
    if before.load > BUSY * num_cores:
        yield f"load {before.load:.1f} on {num_cores} cores before the first measurement"
    quartiles = [np.quantile(rung.epoch_seconds, [0.25, 0.5, 0.75]) for rung in rungs]
    spread = median([(upper - lower) / middle for lower, middle, upper in quartiles] or [0.0])
    if spread > UNSTEADY:
        yield f"samples of a rung spread over {spread:.0%} of their median (quartiles, median rung)"
