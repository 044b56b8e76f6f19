"""Charts of pages: the values beside a figure are those of its curves, at their places in it."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.display.parts import Chart
from benchmarks.display.style import new_figure
from benchmarks.report.chart import Drawing, draw_on_page

HEIGHT = 288.0
"""In points, which the drawing counts in."""
VALUES = st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=1, max_size=8)


def drawing_of(
    *values: float, label: str = "a curve", scale: str = "linear", title: str = "a panel"
) -> Drawing:
    figure = new_figure(6.0, HEIGHT / 72)
    axes = figure.subplots()
    axes.set_yscale(scale)
    axes.plot(range(1, len(values) + 1), values, color="#0072B2", label=label)
    axes.plot([1, 2], [3, 4])  # has no label
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.fmt_ydata = "{:.2f}".format
    chart = Chart(
        key="chart",
        title="a chart",
        description="What is seen.",
        figure=figure,
        is_readable=True,
        switch=("curve", "line"),
    )
    return draw_on_page(chart, "chart")


@settings(max_examples=30)
@given(VALUES)
def test_each_value_has_its_text_and_a_place_within_its_panel(values: list[float]):
    (panel,) = drawing_of(*values).panels
    (curve,) = panel.curves
    assert panel.values.columns == ("epoch", "a curve")
    assert list(panel.values.rows) == [
        (str(place), "–" if math.isnan(y) else f"{y:.2f}")
        for place, y in enumerate(values, start=1)
    ]
    for value, height in zip(values, curve.heights, strict=True):
        assert math.isnan(height) == math.isnan(value)
        assert math.isnan(height) or panel.bottom - 0.01 <= height <= panel.top + 0.01
    assert list(panel.places) == sorted(panel.places)


def test_places_are_those_of_the_drawing():
    drawing = drawing_of(0.0, 10.0, 5.0)
    (curve,) = drawing.panels[0].curves
    path = re.search(r'data-group="curve">\s*<path d="(.*?)"', drawing.svg, re.DOTALL)
    assert path is not None
    corners = [tuple(map(float, each)) for each in re.findall(r"([\d.]+) ([\d.]+)", path[1])]
    assert [x for x, _ in corners] == pytest.approx(drawing.panels[0].places, abs=0.01)
    assert [HEIGHT - y for _, y in corners] == pytest.approx(curve.heights, abs=0.01)


def test_a_zero_on_a_logarithmic_axis_is_written_but_has_no_place():
    (panel,) = drawing_of(0.0, 10.0, scale="log").panels
    assert [text for _, text in panel.values.rows] == ["0.00", "10.00"]
    assert [math.isnan(height) for height in panel.curves[0].heights] == [True, False]


def test_who_cannot_see_a_chart_hears_where_its_curves_begin_and_end():
    spoken = drawing_of(math.nan, 1.0, 2.0, math.nan).spoken
    assert spoken == "What is seen. a panel, a curve: 1.00 at epoch 2, 2.00 at 3."
    assert drawing_of(math.nan).spoken == "What is seen."


@pytest.mark.parametrize(("label", "group"), [("a curve", "curve"), ("a line", "line"), ("x", "")])
def test_a_label_ends_with_the_group_of_its_curve(label: str, group: str):
    drawing = drawing_of(1.0, label=label)
    assert drawing.panels[0].curves[0].group == group
    assert f'data-group="{group}"' in drawing.svg


def test_texts_of_a_figure_are_never_markup():
    svg = drawing_of(1.0, title="<script>alert(1)</script> $\\frac \x1f 名").svg
    assert "<script" not in svg
    assert "&lt;script" in svg


def test_equal_figures_are_drawn_alike_without_an_address():
    assert drawing_of(1.0, 2.0).svg == drawing_of(1.0, 2.0).svg
    assert "http" not in drawing_of(1.0, 2.0).svg
