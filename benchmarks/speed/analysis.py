"""From measurements to results: medians, rates, shares of the limit, and whether to trust them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.speed.measure import Measurement
from benchmarks.speed.results import Limits, MachineState, RungTimes
from benchmarks.speed.samples import Groups, Interval, median_with_interval, ratio_with_interval
from shared.experiment import NUM_TRAINING_ROWS, Experiment
from shared.operations import operations_per_row
from shared.timing import SpeedRung

BILLION = 1e9
BUSY = 0.5
"""Load per core, of others, from which on a machine is noisy."""
UNSTEADY = 0.10
"""Median spread of a rung's samples over their median, from which on a machine is noisy."""


def rung_result(
    rung: SpeedRung,
    measurements: Sequence[tuple[int, Measurement]],
    *,
    experiment: Experiment,
    num_seeds: int,
    limits: Limits,
    device: str,
) -> RungTimes:
    """Puts together what all processes of a rung measured, each with its round."""
    interval = median_with_interval([m.epoch_seconds for _, m in measurements])
    operations = NUM_TRAINING_ROWS * operations_per_row(experiment)
    gflops = operations / interval.estimate / BILLION
    result = RungTimes(
        name=rung.name,
        framework=rung.framework,
        idea=rung.idea,
        measure=rung.measure,
        num_seeds=num_seeds,
        epoch_seconds=tuple(s for _, m in measurements for s in m.epoch_seconds),
        rounds=tuple(number for number, m in measurements for _ in m.epoch_seconds),
        import_seconds=_median(m.import_seconds for _, m in measurements),
        compile_seconds=_median(m.compile_seconds for _, m in measurements),
        first_epoch_seconds=_median(m.first_epoch_seconds for _, m in measurements),
        median=interval.estimate,
        low=interval.low,
        high=interval.high,
        operations=operations,
        gflops=gflops,
        share_of_one_core=None,
        share_of_machine=None,
        peak_bytes=max(m.peak_bytes for _, m in measurements),
        device_bytes=_largest(m.device_bytes for _, m in measurements),
        difference=max(m.difference for _, m in measurements),
    )
    return with_shares(result, limits, device)


def with_shares(result: RungTimes, limits: Limits, device: str) -> RungTimes:
    """The result with its shares of these limits, which are the processor's: none on a GPU."""
    if device != "cpu":
        return result
    return replace(
        result,
        share_of_one_core=result.gflops / limits.one_core.large_product,
        share_of_machine=result.gflops / limits.machine.large_product,
    )


def groups_of(result: RungTimes) -> Groups:
    """The samples by the process they were taken in."""
    return [
        [s for s, own in zip(result.epoch_seconds, result.rounds, strict=True) if own == number]
        for number in dict.fromkeys(result.rounds)
    ]


def speedup(result: RungTimes, base: RungTimes) -> Interval:
    """How many times as fast as the base a rung is."""
    return ratio_with_interval(groups_of(base), groups_of(result))


def differ(one: RungTimes, other: RungTimes) -> bool:
    """Whether the samples show any difference at all between two rungs."""
    interval = speedup(one, other)
    return not interval.low <= 1 <= interval.high


def neighbours_alike(
    results: Sequence[RungTimes],
) -> Iterator[tuple[RungTimes, RungTimes]]:
    """Pairs of rungs that follow each other on the ladder, of which the samples tell no difference.

    Rungs measured as throughput are left out: they never compare with latencies.
    """
    latencies = [result for result in results if result.measure == "latency"]
    for result, following in pairwise(latencies):
        if not differ(result, following):
            yield result, following


def reasons_for_noise(before: MachineState, results: Sequence[RungTimes]) -> tuple[str, ...]:
    """What speaks against trusting the times, in words."""
    reasons = []
    num_cores = max(1, len(before.affinity))
    if before.load is not None and before.load > BUSY * num_cores:
        reasons.append(f"load {before.load:.1f} on {num_cores} cores before the first measurement")
    spread = float(np.median([_spread(result) for result in results])) if results else 0.0
    if spread > UNSTEADY:
        reasons.append(
            f"samples of a rung spread over {spread:.0%} of their median (quartiles, median rung)"
        )
    return tuple(reasons)


def _spread(result: RungTimes) -> float:
    lower, middle, upper = np.quantile(result.epoch_seconds, [0.25, 0.5, 0.75])
    return float((upper - lower) / middle)


def _median(values) -> float:
    return float(np.median(list(values)))


def _largest(values) -> int | None:
    known = [value for value in values if value is not None]
    return max(known, default=None)
