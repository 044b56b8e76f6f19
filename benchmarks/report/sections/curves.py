"""Loss and accuracy of a run, epoch by epoch, over the points of the published run."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from benchmarks.display.words import colour, joined, small
from benchmarks.implementations import title_of
from benchmarks.pages.line_charts import Line, LineChart, LineCharts
from benchmarks.pages.scales import linear_scale
from benchmarks.report.parts import Paragraph, Part
from benchmarks.report.run_material import RunMaterial
from benchmarks.run.results import Results
from benchmarks.runner.training import ImplementationRun
from shared.documented import PUBLISHED_VALIDATION
from shared.protocol import EpochMetrics

Quantity = Literal["loss", "accuracy"]
WIDEST_LINE, THINNEST_LINE = 5.0, 1.7
"""In CSS pixels. Twins lie upon each other: the thin curve shows inside the wide one."""
MEASURES: Mapping[Quantity, str] = {
    "loss": "mean cross-entropy of an image",
    "accuracy": "share of images classified correctly",
}
GROUPS = ("training", "validation")
PUBLISHED_LABEL = "published run, validation"


def curve_parts(material: RunMaterial, key: str) -> Iterator[Part]:
    """A chart of the loss and one of the accuracy, and how far apart the implementations are."""
    results = material.results
    quantities: tuple[Quantity, ...] = ("loss", "accuracy")
    yield LineCharts(
        charts=tuple(_chart(results, quantity, key) for quantity in quantities),
        switch=GROUPS,
        switch_label="Show",
    )
    if len(results.runs) > 1:
        yield Paragraph(text=_distance_sentence(results))
    yield Paragraph(text=_seconds_sentence(results), tone="quiet")


def _chart(results: Results, quantity: Quantity, key: str) -> LineChart:
    num_epochs = max(len(run.history) for run in results.runs.values())
    lines = (
        *_lines(results, quantity, num_epochs),
        *_published_lines(results, quantity, num_epochs),
    )
    values = [value for line in lines for value in line.values]
    return LineChart(
        key=f"{key}-{quantity}",
        title=quantity.capitalize(),
        description=f"{quantity.capitalize()} after each epoch, in training and in validation.",
        x=linear_scale([1, num_epochs], "epoch", whole_numbers=True),
        y=linear_scale(values, MEASURES[quantity]),
        position_name="epoch",
        positions=tuple(range(1, num_epochs + 1)),
        lines=lines,
    )


def _lines(results: Results, quantity: Quantity, num_epochs: int) -> Iterator[Line]:
    widths = np.geomspace(WIDEST_LINE, THINNEST_LINE, len(results.runs))
    for index, (name, run) in enumerate(results.runs.items()):
        for group, column in zip(GROUPS, (quantity, f"val_{quantity}"), strict=True):
            yield Line(
                label=f"{title_of(name)}, {group}",
                values=_padded([getattr(epoch, column) for epoch in run.history], num_epochs),
                colour=colour(index),
                width=round(float(widths[index]), 2),
                style="dashed" if group == "training" else "solid",
                group=group,
            )


def _published_lines(results: Results, quantity: Quantity, num_epochs: int) -> Iterator[Line]:
    """The published run, where it is of the same experiment."""
    if results.why_not_applicable is None:
        place = ("loss", "accuracy").index(quantity)
        points = [point[place] for point in PUBLISHED_VALIDATION[:num_epochs]]
        yield Line(
            label=PUBLISHED_LABEL,
            values=_padded(points, num_epochs),
            colour="var(--ink)",
            style="diamonds",
            group="validation",
        )


def _padded(values: list[float], length: int) -> tuple[float, ...]:
    return (*values, *[math.nan] * (length - len(values)))


def _distance_sentence(results: Results) -> str:
    names = joined(map(title_of, results.runs))
    histories = {name: run.history for name, run in results.runs.items()}
    accuracy = _largest_distance(histories, "val_accuracy")
    loss = _largest_distance(histories, "val_loss")
    return (
        f"At no epoch are {names} more than {small(accuracy)} apart in validation accuracy, "
        f"nor more than {small(loss)} in validation loss."
    )


def _largest_distance(histories: Mapping[str, tuple[EpochMetrics, ...]], column: str) -> float:
    epochs = zip(*histories.values(), strict=False)
    return max(float(np.ptp([getattr(each, column) for each in epoch])) for epoch in epochs)


def _seconds_sentence(results: Results) -> str:
    times = joined(f"{_seconds(run)} in {title_of(name)}" for name, run in results.runs.items())
    if results.in_bulk:
        return f"All epochs, with validation, took {times}, many steps at a time."
    return f"All epochs, with validation, took {times}."


def _seconds(run: ImplementationRun) -> str:
    return f"{sum(run.seconds.epochs):.1f} s"
