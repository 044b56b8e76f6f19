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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from shared.errors import InputError

EQUIVALENCE_MARGIN = 0.002
"""Accuracies this near count as equal: ±0.2 percentage points, fixed before any sweep was run.

Twenty test images of 10,000; the documented run's own rounding moves .0015.
"""
ALPHA = 0.05
"""Chance of calling two implementations equivalent that differ by the margin."""
MEAN_CONFIDENCE = 0.95
EQUIVALENCE_CONFIDENCE = 1 - 2 * ALPHA
"""This interval lies within the margin exactly where both one-sided tests reject."""
MINIMUM_NUM_SEEDS = 2
"""One value has no spread, and without a spread nothing can be tested."""
ROUNDING = 1e-12
"""A spread below this is rounding of float64, not a difference between seeds."""

Design = Literal["paired", "unpaired"]
EquivalenceVerdict = Literal["equivalent", "not shown"]


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


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """What two one-sided tests say of the difference of two means, first less second.

    low, high: the 90 % confidence interval of the difference.
    p_above_minus_margin: against "the difference is -margin or less".
    p_below_margin: against "the difference is +margin or more".
    verdict: "equivalent" where both p-values are below alpha, else "not shown",
        which does not mean that a difference was shown.
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
    verdict: EquivalenceVerdict

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

    Raises:
        InputError: fewer than two values, or one that is not finite.
    """
    sample = _sample(values)
    mean = float(sample.mean())
    spread = _standard_deviation(sample)
    low, high = mean, mean
    if spread > 0:
        low, high = stats.t.interval(
            MEAN_CONFIDENCE, len(sample) - 1, loc=mean, scale=spread / len(sample) ** 0.5
        )
    return Summary(
        num_seeds=len(sample),
        mean=mean,
        standard_deviation=spread,
        minimum=float(sample.min()),
        maximum=float(sample.max()),
        mean_low=float(low),
        mean_high=float(high),
    )


def equivalence_paired(
    first: Sequence[float], second: Sequence[float], margin: float = EQUIVALENCE_MARGIN
) -> Equivalence:
    """Tests the mean of the N differences, seed by seed; both samples are (N,).

    What a seed does to both, by shared weights and batch orders, cancels out,
    so that fewer seeds are needed.

    Raises:
        InputError: samples that cannot be paired or tested, or a margin that is not positive.
    """
    one, other = _sample(first), _sample(second)
    if len(one) != len(other):
        raise InputError(
            f"{len(one)} values cannot be paired with {len(other)}: give one of each seed"
        )
    differences = one - other
    if _standard_deviation(differences) == 0:
        return _without_spread("paired", differences, margin)
    above = stats.ttest_1samp(differences, -margin, alternative="greater")
    below = stats.ttest_1samp(differences, margin, alternative="less")
    two_sided = stats.ttest_1samp(differences, 0.0)
    return _equivalence("paired", differences, margin, (above, below, two_sided))


def equivalence_unpaired(
    first: Sequence[float], second: Sequence[float], margin: float = EQUIVALENCE_MARGIN
) -> Equivalence:
    """Tests the difference of two means, (N,) each, as of independent samples.

    Welch's test, which lets the two spreads differ. It asks less of the reader's
    faith than pairing does, and needs more seeds.

    Raises:
        InputError: samples that cannot be tested, or a margin that is not positive.
    """
    one, other = _sample(first), _sample(second)
    if len(one) != len(other):
        raise InputError(f"{len(one)} seeds against {len(other)}: train both on the same number")
    if _standard_deviation(one) == 0 and _standard_deviation(other) == 0:
        return _without_spread("unpaired", one - other, margin)
    with _one_constant_sample_allowed():
        above = stats.ttest_ind(one + margin, other, equal_var=False, alternative="greater")
        below = stats.ttest_ind(one - margin, other, equal_var=False, alternative="less")
        two_sided = stats.ttest_ind(one, other, equal_var=False)
    return _equivalence("unpaired", one - other, margin, (above, below, two_sided))


def position_in(value: float, values: Sequence[float]) -> Position:
    """Where `value` lies among `values`, (N,).

    Raises:
        InputError: fewer than two values, or one that is not finite.
    """
    sample = _sample(values)
    spread = _standard_deviation(sample)
    return Position(
        z=float((value - sample.mean()) / spread) if spread > 0 else None,
        percentile=float(stats.percentileofscore(sample, value, kind="mean")),
    )


def _sample(values: Sequence[float]) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < MINIMUM_NUM_SEEDS:
        raise InputError(
            f"{sample.size} seeds have no distribution: --count takes {MINIMUM_NUM_SEEDS} or more"
        )
    if not np.isfinite(sample).all():
        raise InputError("a value is not finite: leave out trainings that diverged")
    return sample


def _standard_deviation(sample: NDArray[np.float64]) -> float:
    """With N - 1; exactly 0 where the values differ by rounding only."""
    return float(sample.std(ddof=1)) if np.ptp(sample) > ROUNDING else 0.0


def _equivalence(
    design: Design, differences: NDArray[np.float64], margin: float, tests: tuple
) -> Equivalence:
    above, below, two_sided = tests
    interval = two_sided.confidence_interval(EQUIVALENCE_CONFIDENCE)
    return _judged(
        design,
        differences,
        margin,
        interval=(float(interval.low), float(interval.high)),
        p_values=(float(above.pvalue), float(below.pvalue)),
    )


def _without_spread(design: Design, differences: NDArray[np.float64], margin: float) -> Equivalence:
    """All seeds agree, so t would be 0/0 or infinite: the difference itself decides."""
    mean = float(differences.mean())
    inside = margin - ROUNDING
    return _judged(
        design,
        differences,
        margin,
        interval=(mean, mean),
        p_values=(0.0 if mean > -inside else 1.0, 0.0 if mean < inside else 1.0),
    )


def _judged(
    design: Design,
    differences: NDArray[np.float64],
    margin: float,
    *,
    interval: tuple[float, float],
    p_values: tuple[float, float],
) -> Equivalence:
    if not margin > 0:
        raise InputError(f"a margin of {margin} admits nothing: take a positive one")
    return Equivalence(
        design=design,
        num_seeds=len(differences),
        margin=margin,
        alpha=ALPHA,
        difference=float(differences.mean()),
        low=interval[0],
        high=interval[1],
        p_above_minus_margin=p_values[0],
        p_below_margin=p_values[1],
        verdict="equivalent" if max(p_values) < ALPHA else "not shown",
    )


@contextmanager
def _one_constant_sample_allowed() -> Iterator[None]:
    """SciPy warns of a sample without spread, for which Welch's formula is still exact."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        yield
