"""Confusion matrices: which classes an implementation takes for which."""

from collections.abc import Iterator

from benchmarks.display.tables import table_of
from benchmarks.implementations import title_of
from benchmarks.pages.chart import Chart
from benchmarks.report.parts import Part
from benchmarks.report.run_material import RunMaterial
from benchmarks.run.confusion import confusion_title, draw_confusion
from shared.data.dataset import CLASS_NAMES


def confusion_parts(material: RunMaterial, key: str) -> Iterator[Part]:
    """A matrix for each implementation, drawn and as numbers."""
    for number, (name, run) in enumerate(material.results.runs.items()):
        title = confusion_title(name)
        yield Chart(
            key=f"{key}-chart-{number}",
            title=title,
            description="Rows are true classes, columns predicted ones; the table has the numbers.",
            figure=draw_confusion(run.confusion, CLASS_NAMES, title),
        )
        yield table_of(
            f"{key}-table-{number}",
            f"{title_of(name)}: the matrix as a table",
            ("true class", *CLASS_NAMES),
            [
                (class_name, *map(str, counts))
                for class_name, counts in zip(CLASS_NAMES, run.confusion, strict=True)
            ],
            is_hidden=True,
        )
