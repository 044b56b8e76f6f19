"""The statistics of many seeds, held against formulas written out by hand."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate

from benchmarks.seeds.statistics import EQUIVALENCE_MARGIN as MARGIN
from benchmarks.seeds.statistics import Equivalence, equivalence, position_in, summarise
from shared.errors import InputError

of_each_design = pytest.mark.parametrize("design", ["paired", "unpaired"])
ACCURACIES = st.integers(5_000, 10_000).map(lambda count: count / 10_000)
SAMPLES = st.integers(2, 12).flatmap(
    lambda size: st.tuples(*[st.lists(ACCURACIES, min_size=size, max_size=size)] * 2)
)


def student_above(t: float, freedom: float) -> float:
    """P(T > t) of Student's t: its density, written out and integrated numerically."""
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    scale = math.exp(log_scale) / math.sqrt(freedom * math.pi)
    power = -(freedom + 1) / 2
    half, _ = integrate.quad(lambda x: (1 + x * x / freedom) ** power, 0, abs(t), epsabs=1e-13)
    half *= scale
    return 0.5 - half if t > 0 else 0.5 + half


def made_accuracies(count: int, *, shift=0.0, noise=0.0005, seed=0) -> tuple[list, list]:
    generator = np.random.default_rng(seed)
    common = generator.normal(0.883, 0.003, count)
    second = common + generator.normal(0, noise, count)
    return list(common + shift), list(second)


def test_equal_means_are_equivalent_paired_and_with_enough_seeds_unpaired():
    assert equivalence("paired", *made_accuracies(8)).verdict == "equivalent"
    assert equivalence("unpaired", *made_accuracies(8)).verdict == "not shown"
    assert equivalence("unpaired", *made_accuracies(200)).verdict == "equivalent"


@of_each_design
@pytest.mark.parametrize("shift", [-0.003, -0.002, 0.002, 0.003])
def test_a_difference_of_the_margin_or_more_is_refused_however_many_seeds(design, shift: float):
    result = equivalence(design, *made_accuracies(500, shift=shift, noise=0.0))
    assert result.verdict == "not shown"


@of_each_design
def test_a_spread_too_large_for_the_seeds_is_refused_although_the_means_agree(design):
    result = equivalence(design, [0.87, 0.88, 0.89, 0.90], [0.90, 0.89, 0.88, 0.87])
    assert result.difference == pytest.approx(0, abs=1e-15)
    assert result.verdict == "not shown"


@pytest.mark.parametrize("seed", range(5))
def test_p_values_follow_the_written_formulas(seed: int):
    first, second = made_accuracies(9, shift=0.0007, noise=0.002, seed=seed)
    differences = np.subtract(first, second)
    error = math.sqrt(np.var(differences, ddof=1) / 9)
    check_p_values(equivalence("paired", first, second), error, freedom=8)

    # Welch: standard error and degrees of freedom of two unequal variances.
    parts = np.array([np.var(first, ddof=1), np.var(second, ddof=1)]) / 9
    freedom = parts.sum() ** 2 / (parts**2 / 8).sum()
    unpaired = equivalence("unpaired", first, second)
    check_p_values(unpaired, math.sqrt(parts.sum()), freedom=float(freedom))
    assert unpaired.difference == pytest.approx(differences.mean())


def check_p_values(result: Equivalence, error: float, freedom: float) -> None:
    difference = result.difference
    above = student_above((difference + MARGIN) / error, freedom)
    below = student_above((MARGIN - difference) / error, freedom)
    assert result.p_above_minus_margin == pytest.approx(above, rel=1e-6, abs=1e-10)
    assert result.p_below_margin == pytest.approx(below, rel=1e-6, abs=1e-10)
    # Beyond either end of a 90 % interval lie 5 %.
    assert student_above((result.high - difference) / error, freedom) == pytest.approx(0.05)
    assert student_above((difference - result.low) / error, freedom) == pytest.approx(0.05)


@of_each_design
@given(samples=SAMPLES, margin=st.floats(1e-4, 0.5), factor=st.floats(1, 10))
def test_any_result_has_its_mirror_and_agrees_with_its_interval_and_a_wider_margin(
    design, samples, margin: float, factor: float
):
    result = equivalence(design, *samples, margin=margin)
    mirrored = equivalence(design, *samples[::-1], margin=margin)
    assert result.verdict == mirrored.verdict
    assert result.difference == pytest.approx(-mirrored.difference, abs=1e-12)
    assert result.low == pytest.approx(-mirrored.high, abs=1e-9)
    assert result.p_above_minus_margin == pytest.approx(mirrored.p_below_margin, abs=1e-9)

    wide = equivalence(design, *samples, margin=margin * factor)
    assert wide.p <= result.p + 1e-12
    assert wide.verdict == "equivalent" or result.verdict == "not shown"

    reach = max(-result.low, result.high)
    assume(abs(reach - margin) > 1e-9)
    assert (result.verdict == "equivalent") == (reach < margin)


@of_each_design
@pytest.mark.parametrize(
    ("first", "verdict"),
    [
        *((0.88, "equivalent"), (0.8819, "equivalent")),
        *((0.882, "not shown"), (0.878, "not shown"), (0.8821, "not shown")),
    ],
)
def test_without_any_spread_the_difference_decides(design, first: float, verdict: str):
    result = equivalence(design, [first] * 3, [0.88] * 3)
    assert result.verdict == verdict
    assert result.low == result.high == result.difference
    assert result.p in (0, 1)


def test_one_constant_sample_is_tested_by_the_spread_of_the_other():
    constant, other = [0.88] * 4, [0.8801, 0.8799, 0.8802, 0.8798]
    paired, unpaired = (equivalence(each, constant, other) for each in ("paired", "unpaired"))
    assert paired.p == pytest.approx(unpaired.p)
    assert unpaired.verdict == "equivalent"


@of_each_design
@pytest.mark.parametrize(
    ("first", "second", "margin"),
    [
        ([0.88], [0.88], MARGIN),
        ([0.88, 0.89], [0.88, 0.89, 0.9], MARGIN),
        ([0.88, math.nan], [0.88, 0.89], MARGIN),
        ([0.88, 0.89], [0.88, math.inf], MARGIN),
        ([0.88, 0.89], [0.87, 0.89], 0.0),
        ([0.88, 0.89], [0.87, 0.89], math.nan),
    ],
)
def test_what_cannot_be_tested_is_refused(design, first, second, margin: float):
    with pytest.raises(InputError):
        equivalence(design, first, second, margin)


def test_a_summary_by_hand():
    # Three values about 2: sd 1, standard error 1/sqrt(3); t of 2 degrees of freedom at 97.5 %
    # is 0.95 sqrt(2 / (1 - 0.95²)).
    summary = summarise([1.0, 2.0, 3.0])
    reach = 0.95 * math.sqrt(2 / (1 - 0.95**2)) / math.sqrt(3)
    assert (summary.num_seeds, summary.mean, summary.standard_deviation) == (3, 2, 1)
    assert (summary.minimum, summary.maximum) == (1, 3)
    assert summary.mean_low == pytest.approx(2 - reach)
    assert summary.mean_high == pytest.approx(2 + reach)
    # Without any spread it is a point.
    summary = summarise([0.1 + 0.2, 0.3])  # they differ by rounding only
    assert summary.standard_deviation == 0
    assert summary.mean_low == summary.mean_high == summary.mean


def test_a_position_by_hand():
    position = position_in(3.0, [1.0, 2.0, 3.0, 4.0])
    assert position.z == pytest.approx(0.5 / math.sqrt(5 / 3))
    assert position.percentile == pytest.approx(62.5)  # two below, half of the tie
    assert position_in(9.0, [1.0, 2.0]).percentile == 100
    assert position_in(0.0, [1.0, 2.0]).percentile == 0
    assert position_in(2.0, [1.0, 1.0]).z is None
