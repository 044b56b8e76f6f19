"""What the first hidden layer has learned, unit by unit, as pictures."""

from collections.abc import Iterator

from benchmarks.implementations import title_of
from benchmarks.pages.chart import Chart
from benchmarks.report.parts import Paragraph, Part
from benchmarks.report.run_material import Missing, RunMaterial
from benchmarks.run.weights import draw_first_layer_weights


def weight_parts(material: RunMaterial, key: str) -> Iterator[Part]:
    """The same units in the same places, implementation beside implementation."""
    if isinstance(material.parameters, Missing):
        yield Paragraph(text=f"Not shown: {material.parameters.reason}.", tone="quiet")
        return
    parameters = {title_of(name): own for name, own in material.parameters.items()}
    yield Chart(
        key=f"{key}-chart",
        title="Weights of the first hidden layer",
        description="Each square holds the 28 × 28 weights of one unit, the same units in each "
        "picture; the colour bar says which colour is which weight.",
        figure=draw_first_layer_weights(parameters),
    )
