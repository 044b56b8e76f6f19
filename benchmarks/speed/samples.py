"""Medians of samples and of their ratios, with intervals that know where samples came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUM_RESAMPLES = 2_000
CONFIDENCE = 0.95
SEED = 0

Groups = Sequence[Sequence[float]]
"""Samples by the process they were taken in, as many of each."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate and the ends of its 95 % interval."""

    estimate: float
    low: float
    high: float


def median_with_interval(groups: Groups) -> Interval:
    """The median of all samples.

    Samples of one process resemble each other: memory lies where it lies, and a
    neighbour's work lasts for seconds. So processes are drawn first, then samples
    within them, both with replacement (two-stage bootstrap, percentile interval:
    A. C. Davison and D. V. Hinkley, *Bootstrap Methods and their Application*, 1997,
    section 3.8).
    """
    generator = np.random.default_rng(SEED)
    return _interval(_median(groups), _resampled_medians(groups, generator))


def ratio_with_interval(numerator: Groups, denominator: Groups) -> Interval:
    """The ratio of two medians. Where the interval holds 1, no difference is shown."""
    generator = np.random.default_rng(SEED)
    resampled = _resampled_medians(numerator, generator) / _resampled_medians(
        denominator, generator
    )
    return _interval(_median(numerator) / _median(denominator), resampled)


def _median(groups: Groups) -> float:
    return float(np.median(np.asarray(groups)))


def _resampled_medians(groups: Groups, generator: np.random.Generator) -> NDArray[np.float64]:
    samples = np.asarray(groups, np.float64)
    num_groups, group_size = samples.shape
    chosen = generator.integers(num_groups, size=(NUM_RESAMPLES, num_groups, 1))
    drawn = generator.integers(group_size, size=(NUM_RESAMPLES, num_groups, group_size))
    return np.median(samples[chosen, drawn].reshape(NUM_RESAMPLES, -1), axis=1)


def _interval(estimate: float, resampled: NDArray[np.float64]) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(estimate=estimate, low=float(low), high=float(high))
