"""Statistics of many seeds: means with intervals, tests of equivalence, where a value lies.

A test of *difference* that finds none proves nothing: too few seeds find no
difference either. Equivalence turns the burden of proof around. The null
hypothesis says that the means differ by the margin or more, and the data must
refute it from both sides: two one-sided tests (TOST). Source: D. J. Schuirmann,
"A comparison of the two one-sided tests procedure and the power approach for
assessing the equivalence of average bioavailability", Journal of
Pharmacokinetics and Biopharmaceutics 15 (1987), 657-680.

Accuracies are shares, 0 to 1; N = number of seeds.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.runner.records import check
from shared.errors import InputError

EQUIVALENCE_MARGIN = 0.002
"""Accuracies this near count as equal: ±0.2 percentage points, fixed before any sweep was run.

Twenty test images of 10,000; the documented run's own rounding moves .0015.
"""
ALPHA = 0.05
"""Chance of calling two implementations equivalent that differ by the margin."""
ROUNDING = 1e-12
"""A spread below this is rounding of float64, not a difference between seeds."""

Design = Literal["paired", "unpaired"]
Sample = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A sample: its spread (N - 1 in the denominator), and its mean with a 95 % interval."""

    num_seeds: int
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float
    mean_low: float
    mean_high: float

    def __post_init__(self) -> None:
        check(self.mean_low <= self.mean <= self.mean_high, "a mean outside of its interval")


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """What two one-sided tests say of the difference of two means, first less second.

    low, high: the 90 % confidence interval of the difference.
    p_above_minus_margin: against "the difference is -margin or less".
    p_below_margin: against "the difference is +margin or more".
    verdict: "equivalent" where both p-values are below alpha; "not shown" proves no difference.
    """

    design: Design
    num_seeds: int
    margin: float
    alpha: float
    difference: float
    low: float
    high: float
    p_above_minus_margin: float
    p_below_margin: float
    verdict: Literal["equivalent", "not shown"]

    def __post_init__(self) -> None:
        check(self.low <= self.difference <= self.high, "a difference outside of its interval")

    @property
    def p(self) -> float:
        """The p-value of the whole: the larger of the two."""
        return max(self.p_above_minus_margin, self.p_below_margin)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a value lies in a sample.

    z: distance from the mean in standard deviations; None where the sample has no spread.
    percentile: per cent of the sample below the value, ties counted by half.
    """

    z: float | None
    percentile: float


def summarise(values: Sequence[float]) -> Summary:
    """Describes a sample, (N,); the mean's interval is Student's.

    Raises InputError for fewer than two values, or one that is not finite.
    """
    sample = _sample(values)
    mean, spread = float(sample.mean()), _standard_deviation(sample)
    low, high = mean, mean
    if spread > 0:
        error = spread / len(sample) ** 0.5
        low, high = stats.t.interval(0.95, len(sample) - 1, loc=mean, scale=error)
    return Summary(
        num_seeds=len(sample),
        mean=mean,
        standard_deviation=spread,
        minimum=float(sample.min()),
        maximum=float(sample.max()),
        mean_low=float(low),
        mean_high=float(high),
    )


def equivalence(
    design: Design,
    first: Sequence[float],
    second: Sequence[float],
    margin: float = EQUIVALENCE_MARGIN,
) -> Equivalence:
    """Tests the difference of two means, of N values each, a value a seed.

    Paired, the differences are tested, seed by seed: what a seed does to both, by shared weights
    and batch orders, cancels out, so that fewer seeds are needed. Unpaired, the samples are
    tested as independent ones by Welch's test, which lets the two spreads differ: that asks
    less of the reader's faith than pairing does, and needs more seeds.

    Raises InputError for samples that cannot be tested, or a margin that is not positive.
    """
    one, other = _sample(first), _sample(second)
    if len(one) != len(other):
        raise InputError(f"{len(one)} seeds against {len(other)}: train both on the same seeds")
    if not margin > 0:
        raise InputError(f"a margin of {margin} admits nothing: take a positive one")
    mean = float((one - other).mean())
    tested = (one - other,) if design == "paired" else (one, other)
    if any(_standard_deviation(sample) > 0 for sample in tested):
        # This interval lies within the margin exactly where both one-sided tests reject.
        low, high = _t_test(tested, 0.0, "two-sided").confidence_interval(1 - 2 * ALPHA)
        above = float(_t_test(tested, -margin, "greater").pvalue)
        below = float(_t_test(tested, margin, "less").pvalue)
    else:  # all seeds agree, so t would be 0/0 or infinite: the difference itself decides
        low, high = mean, mean
        above = float(mean <= ROUNDING - margin)
        below = float(mean >= margin - ROUNDING)
    return Equivalence(
        design=design,
        num_seeds=len(one),
        margin=margin,
        alpha=ALPHA,
        difference=mean,
        low=float(low),
        high=float(high),
        p_above_minus_margin=above,
        p_below_margin=below,
        verdict="equivalent" if max(above, below) < ALPHA else "not shown",
    )


def position_in(value: float, values: Sequence[float]) -> Position:
    """Where `value` lies among `values`, (N,); raises what `summarise` raises."""
    summary = summarise(values)
    spread = summary.standard_deviation
    z = (value - summary.mean) / spread if spread > 0 else None
    return Position(z=z, percentile=float(stats.percentileofscore(values, value, kind="mean")))


def _sample(values: Sequence[float]) -> Sample:
    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2:  # one value has no spread, and without a spread nothing can be tested
        raise InputError(f"{len(sample)} seeds have no distribution: --count takes 2 or more")
    if not np.isfinite(sample).all():
        raise InputError("a value is not finite: leave out trainings that diverged")
    return sample


def _standard_deviation(sample: Sample) -> float:
    """With N - 1; exactly 0 where the values differ by rounding only."""
    return float(sample.std(ddof=1)) if np.ptp(sample) > ROUNDING else 0.0


def _t_test(samples: tuple[Sample, ...], bound: float, alternative: str) -> Any:
    """SciPy's test of whether a mean is `bound`, or two means are `bound` apart."""
    if len(samples) == 1:
        return stats.ttest_1samp(*samples, bound, alternative=alternative)
    first, second = samples
    with warnings.catch_warnings():  # of one sample without spread, for which Welch is exact
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        return stats.ttest_ind(first - bound, second, equal_var=False, alternative=alternative)
