"""What the first hidden layer has learned, unit by unit, as pictures."""

from collections.abc import Iterator

from benchmarks.implementations import title_of
from benchmarks.report.parts import PageImage, Paragraph, Part, Pictures
from benchmarks.report.pictures import first_layer_images
from benchmarks.report.run_material import Missing, RunMaterial
from benchmarks.run.weights import MAXIMUM_UNITS


def weight_parts(material: RunMaterial, _key: str) -> Iterator[Part]:
    """A picture for each implementation, the same units in the same places."""
    if isinstance(material.parameters, Missing):
        yield Paragraph(text=f"Not shown: {material.parameters.reason}.", tone="quiet")
        return
    images, limit = first_layer_images(material.parameters)
    num_units = material.results.experiment.hidden_sizes[0]
    num_shown = min(num_units, MAXIMUM_UNITS)
    first = title_of(next(iter(images)))
    yield Paragraph(
        text=f"Each square holds the 28 × 28 weights of one unit: {num_shown} of {num_units}, "
        f"those with the largest weights in {first} first, the same units in every picture. Red is "
        f"positive, blue negative, white zero; colours are fullest at ±{limit:.2g}."
    )
    yield Pictures(
        pictures=tuple(
            PageImage(
                caption=title_of(name),
                source=source,
                text=f"First-layer weights of {num_shown} units in {title_of(name)}",
                width=width,
                height=height,
            )
            for name, (source, width, height) in images.items()
        )
    )
