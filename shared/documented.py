"""The documented figures: what was published about this experiment, and how near is near.

Sources. `Documented` figures: the write-ups of chapter 10's first network of
A. Géron, *Hands-On Machine Learning* (2nd edition). `PUBLISHED_VALIDATION`: the
notebook of that chapter as its author published it (TensorFlow 2.4); only its
validation columns, since that version printed wrong training columns.
"""

from dataclasses import asdict, dataclass
from typing import Literal

from shared.experiment import Experiment
from shared.protocol import EpochMetrics, Evaluation

Verdict = Literal["met", "missed", "not applicable"]

FIRST_PREDICTIONS = (9, 2, 1)
"""Documented classes of the first three test images: Ankle boot, Pullover, Trouser."""
NUM_PARAMETERS = 266_610
"""Documented number of weights and biases."""

PUBLISHED_VALIDATION: tuple[tuple[float, float], ...] = (
    *((0.5207, 0.8234), (0.4345, 0.8538), (0.5334, 0.7982), (0.3916, 0.8652), (0.3750, 0.8686)),
    *((0.3709, 0.8718), (0.3618, 0.8722), (0.3862, 0.8618), (0.3604, 0.8696), (0.3430, 0.8772)),
    *((0.3439, 0.8772), (0.3310, 0.8832), (0.3263, 0.8878), (0.3412, 0.8782), (0.3218, 0.8848)),
    *((0.3095, 0.8898), (0.3572, 0.8736), (0.3138, 0.8898), (0.3130, 0.8894), (0.3252, 0.8824)),
    *((0.3049, 0.8930), (0.2976, 0.8976), (0.2983, 0.8930), (0.3079, 0.8892), (0.2975, 0.8956)),
    *((0.3068, 0.8888), (0.3023, 0.8938), (0.2992, 0.8930), (0.3053, 0.8896), (0.3004, 0.8920)),
)
"""Validation loss and accuracy of the published run after epochs 1 to 30."""


@dataclass(frozen=True)
class DocumentedFigure:
    """A published figure and the distance from it that still counts as the same run.

    epoch: the epoch it belongs to; None for figures of the trained network's test.
    """

    name: str
    metric: Literal["accuracy", "val_accuracy", "loss"]
    epoch: int | None
    value: float
    tolerance: float

    def measured(self, history: tuple[EpochMetrics, ...], test: Evaluation) -> float | None:
        """This figure in another run; None where that run has no such epoch."""
        if self.epoch is not None and self.epoch > len(history):
            return None
        place = test if self.epoch is None else history[self.epoch - 1]
        return float(getattr(place, self.metric))

    def verdict(self, measured: float | None, *, applicable: bool) -> Verdict:
        """Whether a measured value lies within the tolerance."""
        if measured is None or not applicable:
            return "not applicable"
        return "met" if abs(measured - self.value) <= self.tolerance else "missed"


# The tolerances allow for what float32 rounding alone does to this run: ten
# replays whose initial weights differed in the last bit only spread over .0015
# in test accuracy, .0026 in final validation accuracy and .0024 in validation
# accuracy after the first epoch.
DOCUMENTED_FIGURES = (
    DocumentedFigure("accuracy, epoch 1", "accuracy", 1, 0.7644, tolerance=0.003),
    DocumentedFigure("validation accuracy, epoch 1", "val_accuracy", 1, 0.8234, tolerance=0.003),
    DocumentedFigure("accuracy, epoch 30", "accuracy", 30, 0.9191, tolerance=0.003),
    DocumentedFigure("validation accuracy, epoch 30", "val_accuracy", 30, 0.8942, tolerance=0.008),
    DocumentedFigure("test loss", "loss", None, 0.336, tolerance=0.012),
    DocumentedFigure("test accuracy", "accuracy", None, 0.8824, tolerance=0.006),
)


def why_not_applicable(experiment: Experiment, dataset_name: str) -> str | None:
    """Why the documented figures say nothing about a run; None where they do.

    The type of numbers may differ (the figures hold in float64 too), and the number of
    epochs, where only the figures of the first are asked.
    """
    if dataset_name != "fashion-mnist":
        return f"the documented figures are of Fashion-MNIST, this run's of the {dataset_name}"
    documented = asdict(Experiment(dtype=experiment.dtype, num_epochs=experiment.num_epochs))
    differing = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in asdict(experiment).items()
        if value != documented[name]
    ]
    return f"this run is not the documented one: {', '.join(differing)}" if differing else None


def is_applicable(figure: DocumentedFigure, experiment: Experiment, dataset_name: str) -> bool:
    """Whether a run of this experiment can meet or miss the figure."""
    complete = figure.epoch == 1 or experiment.num_epochs == Experiment().num_epochs
    return complete and why_not_applicable(experiment, dataset_name) is None
