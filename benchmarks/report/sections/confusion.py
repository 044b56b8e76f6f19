"""Confusion matrices: which classes an implementation takes for which."""

from collections.abc import Iterator

from benchmarks.implementations import title_of
from benchmarks.report.parts import Matrices, Matrix, MatrixCell, Paragraph, Part
from benchmarks.report.run_material import RunMaterial
from benchmarks.runner.training import ImplementationRun
from shared.data.dataset import CLASS_NAMES

SHADE_EXPONENT = 0.4
"""Counts to this power are shaded, so that 20 confused images show beside 900 right ones."""
STRONGEST_SHADE = 60
"""Per cent of the colour in the fullest cell: text upon it stays readable."""


def confusion_parts(material: RunMaterial, _key: str) -> Iterator[Part]:
    """A matrix for each implementation."""
    yield Paragraph(text="Rows are true classes, columns predicted ones; numbers are test images.")
    runs = material.results.runs
    yield Matrices(matrices=tuple(_matrix(title_of(name), run) for name, run in runs.items()))


def _matrix(name: str, run: ImplementationRun) -> Matrix:
    largest = max(1, *(count for row in run.confusion for count in row))
    return Matrix(
        caption=f"{name}: test images by true and predicted class",
        class_names=CLASS_NAMES,
        rows=tuple(
            tuple(
                MatrixCell(
                    count=count,
                    shade=round(STRONGEST_SHADE * (max(0, count) / largest) ** SHADE_EXPONENT),
                    is_right=row == column,
                )
                for column, count in enumerate(counts)
            )
            for row, counts in enumerate(run.confusion)
        ),
    )
