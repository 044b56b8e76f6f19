"""Charts of pages: the values beside a figure are those of its curves, at their places in it."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.display.style import new_figure
from benchmarks.pages.chart import Chart

HEIGHT = 4.0
VALUES = st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=1, max_size=8)


def chart_of(*values: float, label: str = "a curve", scale: str = "linear") -> Chart:
    figure = new_figure(6.0, HEIGHT)
    axes = figure.subplots()
    axes.set_yscale(scale)
    axes.plot(range(1, len(values) + 1), values, color="#0072B2", label=label)
    axes.plot([1, 2], [3, 4])  # has no label
    axes.set_title("a panel")
    axes.set_xlabel("epoch")
    axes.fmt_ydata = "{:.2f}".format
    return Chart(
        key="chart",
        title="a chart",
        description="What is seen.",
        figure=figure,
        is_readable=True,
        switch=("curve", "line"),
    )


@given(VALUES)
def test_each_value_has_its_text_and_a_place_within_its_panel(values: list[float]):
    (panel,) = chart_of(*values).panels
    (curve,) = panel.curves
    assert panel.positions == tuple(str(place) for place in range(1, len(values) + 1))
    assert curve.texts == tuple("–" if math.isnan(y) else f"{y:.2f}" for y in values)
    for value, height in zip(values, curve.heights, strict=True):
        assert math.isnan(height) == math.isnan(value)
        assert math.isnan(height) or panel.top <= height <= panel.bottom
    assert list(panel.places) == sorted(panel.places)


def test_places_are_those_of_the_drawing():
    chart = chart_of(0.0, 10.0, 5.0)
    (curve,) = chart.panels[0].curves
    path = re.search(r'data-group="curve">\s*<path d="(.*?)"', chart.svg, re.DOTALL)
    assert path is not None
    corners = [tuple(map(float, each)) for each in re.findall(r"([\d.]+) ([\d.]+)", path[1])]
    assert [x for x, _ in corners] == pytest.approx(chart.panels[0].places, abs=0.01)
    assert [y for _, y in corners] == pytest.approx(curve.heights, abs=0.01)


def test_a_zero_on_a_logarithmic_axis_is_written_but_has_no_place():
    (curve,) = chart_of(0.0, 10.0, scale="log").panels[0].curves
    assert curve.texts == ("0.00", "10.00")
    assert [math.isnan(height) for height in curve.heights] == [True, False]


def test_who_cannot_see_a_chart_hears_where_its_curves_begin_and_end():
    spoken = chart_of(math.nan, 1.0, 2.0, math.nan).spoken()
    assert spoken == "What is seen. a panel, a curve: 1.00 at epoch 2, 2.00 at 3."
    assert chart_of(math.nan).spoken() == "What is seen."


@pytest.mark.parametrize(("label", "group"), [("a curve", "curve"), ("a line", "line"), ("x", "")])
def test_a_label_ends_with_the_group_of_its_curve(label: str, group: str):
    chart = chart_of(1.0, label=label)
    assert chart.panels[0].curves[0].group == group
    assert f'data-group="{group}"' in chart.svg


def test_texts_of_a_figure_are_never_markup():
    chart = chart_of(1.0)
    chart.figure.axes[0].set_title("<script>alert(1)</script> $\\frac \x1f 名")
    assert "<script" not in chart.svg
    assert "&lt;script" in chart.svg


def test_equal_figures_are_drawn_alike_without_an_address():
    assert chart_of(1.0, 2.0).svg == chart_of(1.0, 2.0).svg
    assert "http" not in chart_of(1.0, 2.0).svg
