"""Charts of pages: scales hold their values, paths go where the values are, gaps stay gaps."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pages.line_charts import Area, Line, LineChart
from benchmarks.pages.scales import AxisScale, linear_scale, logarithmic_scale

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)
POSITIVE = st.floats(1e-18, 1e9)
ZERO_TO_TEN = AxisScale(label="", low=0.0, high=10.0, logarithmic=False, ticks=())


def chart_of(*values: float, y: AxisScale = ZERO_TO_TEN, area: Area | None = None) -> LineChart:
    return LineChart(
        key="chart",
        title="a title",
        description="What is seen.",
        x=AxisScale(label="", low=0.0, high=4.0, logarithmic=False, ticks=()),
        y=y,
        position_name="epoch",
        positions=tuple(range(len(values))),
        lines=(Line(label="a line", values=values, colour="red"),),
        areas=() if area is None else (area,),
    )


def assert_holds(scale: AxisScale, values: list[float]) -> None:
    places = [scale.percent(value) for value in sorted(values)]
    assert 0 <= places[0] <= places[-1] <= 100
    assert places == sorted(places)
    assert all(scale.low <= tick.value <= scale.high for tick in scale.ticks)
    assert all(one.value < other.value for one, other in pairwise(scale.ticks))
    texts = [tick.text for tick in scale.ticks]
    assert len(texts) == len(set(texts))


@given(st.lists(NUMBERS, min_size=1, max_size=9))
def test_a_linear_scale_holds_its_values(values: list[float]):
    assert_holds(linear_scale(values, "label"), values)


@given(st.lists(POSITIVE, min_size=1, max_size=9))
def test_a_logarithmic_scale_holds_its_values(values: list[float]):
    assert_holds(logarithmic_scale(values, "label"), values)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_what_has_no_logarithm_has_no_place(value: float):
    scale = logarithmic_scale([1.0, 100.0, value], "label")
    assert math.isnan(scale.percent(value))
    assert scale.high < 1_000


def test_no_value_at_all_makes_a_scale_all_the_same():
    assert linear_scale([], "label").percent(0.5) == pytest.approx(50)
    assert logarithmic_scale([0.0], "label").percent(10**0.5) == pytest.approx(50)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1e-17, 0.1], ["10⁻¹⁵", "10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³"]),
        ([1, 50_000], ["1", "10", "100", "1,000", "10,000"]),
        ([0.55, 7], ["0.5", "1", "2", "5"]),
        ([0.004, 0.06], ["0.005", "0.01", "0.02", "0.05"]),
    ],
)
def test_logarithmic_ticks_are_round(values: list[float], texts: list[str]):
    assert [tick.text for tick in logarithmic_scale(values, "label").ticks] == texts


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.76, 0.92], ["0.80", "0.85", "0.90"]),
        ([-0.2, 0.2], ["−0.2", "−0.1", "0.0", "0.1", "0.2"]),
        ([0, 1_500], ["0", "500", "1,000", "1,500"]),
    ],
)
def test_linear_ticks_are_round(values: list[float], texts: list[str]):
    assert [tick.text for tick in linear_scale(values, "label").ticks] == texts


@pytest.mark.parametrize(
    ("last", "texts"), [(1, ["1"]), (3, ["1", "2", "3"]), (30, ["1", "10", "20", "30"])]
)
def test_counted_things_begin_at_the_first(last: int, texts: list[str]):
    scale = linear_scale([1, last], "epoch", whole_numbers=True)
    assert [tick.text for tick in scale.ticks] == texts


def test_a_path_goes_through_its_values():
    chart = chart_of(0.0, 10.0, 5.0)
    assert chart.path(chart.lines[0]) == "M0.00 100.00L25.00 0.00L50.00 50.00"


def test_a_gap_is_not_bridged_and_a_lonely_value_is_a_dot():
    chart = chart_of(0.0, 10.0, math.nan, 5.0)
    assert chart.path(chart.lines[0]) == "M0.00 100.00L25.00 0.00M75.00 50.00h0"
    assert len(chart.dots(chart.lines[0])) == 3
    assert chart.lines[0].text(2) == "–"
    assert chart.spoken() == "What is seen. a line: 0.0000 at epoch 0, 5.0000 at 3."


@given(st.lists(st.floats(0, 10) | st.just(math.nan), max_size=8))
def test_any_values_make_a_path_of_numbers(values: list[float]):
    chart = chart_of(*values)
    path = chart.path(chart.lines[0])
    assert re.fullmatch(r"[ML0-9.h ]*", path)
    assert len(re.findall(r"[ML]", path)) == sum(not math.isnan(value) for value in values)


def test_an_area_goes_along_the_top_and_back_along_the_bottom():
    area = Area(label="floor", low=(0.0, 1.0, math.nan), high=(5.0, 6.0, 7.0))
    chart = chart_of(0.0, 1.0, 2.0, area=area)
    outline = "M0.00 50.00L25.00 40.00L25.00 90.00L0.00 100.00Z"
    assert chart.outline(area) == outline
