"""Loss and accuracy of a run, epoch by epoch, over the points of the published run."""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.display.words import joined, small
from benchmarks.implementations import title_of
from benchmarks.pages.chart import Chart
from benchmarks.report.parts import Paragraph, Part
from benchmarks.report.run_material import RunMaterial
from benchmarks.run.curves import draw_learning_curves
from benchmarks.run.results import Results
from benchmarks.runner.training import ImplementationRun
from shared.protocol import EpochMetrics

GROUPS = ("training", "validation")


def curve_parts(material: RunMaterial, key: str) -> Iterator[Part]:
    """The curves, and how far apart the implementations are."""
    results = material.results
    histories = {title_of(name): run.history for name, run in results.runs.items()}
    yield Chart(
        key=f"{key}-chart",
        title="Accuracy and loss after each epoch",
        description="In training and in validation.",
        figure=draw_learning_curves(histories, published=results.why_not_applicable is None),
        is_readable=True,
        switch=GROUPS,
    )
    if len(results.runs) > 1:
        yield Paragraph(text=_distance_sentence(results))
    yield Paragraph(text=_seconds_sentence(results), tone="quiet")


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
