"""Names and numbers as people write them."""

from collections.abc import Iterable

from shared.experiment import Experiment
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH, NUM_CLASSES


def joined(names: Iterable[str]) -> str:
    """`Keras`, `Keras and JAX`, `Keras, JAX and PyTorch`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def network(experiment: Experiment) -> str:
    """`784→300→100→10`."""
    sizes = (IMAGE_HEIGHT * IMAGE_WIDTH, *experiment.hidden_sizes, NUM_CLASSES)
    return "→".join(map(str, sizes))


def plural(count: int, noun: str) -> str:
    """`1 epoch`, `30 epochs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def small(value: float) -> str:
    """A difference with two digits: `0`, `0.076`, `5.3e−15`; no line breaks at its sign."""
    return f"{value:.2g}".replace("-", "−")
