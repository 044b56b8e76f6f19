"""What a run says: the documented figures, learning curves, confusion matrices."""

from collections.abc import Iterator

import numpy as np

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Outcome, Table
from benchmarks.display.words import joined, network, plural, small
from benchmarks.implementations import title_of
from benchmarks.run.figure import draw_confusion, draw_learning_curves
from benchmarks.run.results import Comparison, Results
from shared.data.dataset import CLASS_NAMES
from shared.documented import Verdict

TITLE = "The run"
_OUTCOMES: dict[Verdict, Outcome] = {"met": "good", "missed": "bad", "not applicable": "plain"}


def findings(results: Results) -> Iterator[Finding]:
    """Whether each implementation reached the documented figures, and which it missed."""
    judged = [each for each in results.documented if "not applicable" not in each.verdicts.values()]
    if results.why_not_applicable is not None:
        text, outcome = f"Not comparable: {results.why_not_applicable}", "plain"
    elif missed := "; ".join(_missed(results, judged)):
        text, outcome = missed, "bad"
    else:
        verb = {1: "meets", 2: "both meet"}.get(len(results.runs), "all meet")
        which = f"the {len(judged)} of {len(results.documented)} documented figures that apply"
        if len(judged) == len(results.documented):
            which = f"all {len(judged)} documented figures"
        text, outcome = f"{joined(map(title_of, results.runs))} {verb} {which}", "good"
    accuracies = joined(f"{title_of(n)} {run.test.accuracy:.2%}" for n, run in results.runs.items())
    yield Finding(text=f"{text}. Test accuracy: {accuracies}.", outcome=outcome)


def parts(results: Results) -> Iterator[Part]:
    """The table of documented figures, the curves, and which classes are taken for which."""
    yield documented_table(results)
    if results.why_not_applicable is not None:
        yield Notes(items=(f"documented figures: not applicable, {results.why_not_applicable}",))
    yield Chart(
        key="learning-curves",
        title="Accuracy and loss after each epoch",
        description="In training and in validation.",
        figure=draw_learning_curves(
            {title_of(name): run.history for name, run in results.runs.items()},
            published=results.why_not_applicable is None,
        ),
        is_readable=True,
        switch=("training", "validation"),
    )
    if len(results.runs) > 1:
        yield Paragraph(text=_distance_sentence(results))
    for name, run in results.runs.items():
        title = f"{title_of(name)}: test images by true and predicted class"
        yield Chart(
            key=f"confusion-{name}",
            title=title,
            description="Rows are true classes, columns predicted ones; the table has the numbers.",
            figure=draw_confusion(run.confusion, title),
        )
        yield Table(
            f"confusion-{name}-table",
            f"{title_of(name)}: the matrix as a table",
            ("true class", *CLASS_NAMES),
            [
                (class_name, *map(str, counts))
                for class_name, counts in zip(CLASS_NAMES, run.confusion, strict=True)
            ],
            is_hidden=True,
        )


def documented_table(results: Results) -> Table:
    """One row a figure, one column an implementation; ✓ within the tolerance, ✗ beyond it."""
    experiment = results.experiment
    rows: list[tuple[str | Cell, ...]] = []
    for each in results.documented:
        tolerance = "" if each.tolerance is None else f" ± {each.tolerance:.3f}"
        documented = f"{_figure_text(each.documented)}{tolerance}"
        rows.append((each.name, documented, *(_measured(each, name) for name in results.runs)))
    in_bulk = ", in bulk" if results.in_bulk else ""
    seconds = (f"{sum(run.seconds.epochs):.1f} s" for run in results.runs.values())
    rows.append((f"training time, all epochs{in_bulk}", "", *seconds))
    return Table(
        "documented",
        f"{results.dataset.name}, {network(experiment)}, {plural(experiment.num_epochs, 'epoch')}, "
        f"{experiment.dtype}, randomness {experiment.randomness}, seed {experiment.seed}",
        ("figure", "documented", *map(title_of, results.runs)),
        rows,
    )


def _figure_text(value: float | tuple[int, ...] | None) -> str:
    """A documented figure, or what was measured of it: `0.8824`, `9, 2, 1`, `–`."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return NO_VALUE if value is None else f"{value:.4f}"


def _measured(comparison: Comparison, name: str) -> Cell:
    verdict, text = comparison.verdicts[name], _figure_text(comparison.measured[name])
    return Cell(text=text, outcome=_OUTCOMES[verdict], verdict=verdict)


def _missed(results: Results, judged: list[Comparison]) -> Iterator[str]:
    """For each implementation that missed figures, which."""
    for name in results.runs:
        missed = [
            f"{each.name} ({_figure_text(each.measured[name])})"
            for each in judged
            if each.verdicts[name] == "missed"
        ]
        if missed:
            share = f"{len(missed)} of {len(judged)} documented figures"
            yield f"{title_of(name)} misses {share}: {joined(missed)}"


def _distance_sentence(results: Results) -> str:
    def largest(column: str) -> str:
        histories = (run.history for run in results.runs.values())
        epochs = zip(*histories, strict=False)
        return small(max(np.ptp([getattr(each, column) for each in epoch]) for epoch in epochs))

    return (
        f"At no epoch are {joined(map(title_of, results.runs))} more than "
        f"{largest('val_accuracy')} apart in validation accuracy, nor more than "
        f"{largest('val_loss')} in validation loss."
    )
