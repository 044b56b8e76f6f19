"""Predictions of a user's own pictures: what table and figure show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUM_SHOWN = 3
"""Classes shown of each prediction, the most probable ones."""


@dataclass(frozen=True, kw_only=True)
class RankedClass:
    """A class with its probability."""

    label: int
    probability: float


@dataclass(frozen=True, kw_only=True)
class PredictedPicture:
    """A picture, and what each implementation takes it for.

    name: what to call it.
    preview: the picture as given, small, (height, width, 3) uint8; None where no figure
        shows it, since thousands would fill the memory.
    garment: as the network sees it, (28, 28) uint8, light on black.
    probabilities: by implementation, of the ten classes, (10,).
    """

    name: str
    preview: NDArray[np.uint8] | None
    garment: NDArray[np.uint8]
    probabilities: dict[str, NDArray[np.floating]]

    def top_classes(self, implementation: str) -> tuple[RankedClass, ...]:
        """Its most probable classes, the most probable first; of equal ones the lower label."""
        probabilities = self.probabilities[implementation]
        labels = np.argsort(-probabilities, kind="stable")[:NUM_SHOWN]
        return tuple(
            RankedClass(label=int(label), probability=float(probabilities[label]))
            for label in labels
        )

    @property
    def is_agreed(self) -> bool:
        """Whether all implementations hold the same class for the most probable."""
        return len({self.top_classes(name)[0].label for name in self.probabilities}) == 1

    @property
    def surest_probability(self) -> float:
        """The largest probability that any implementation gives to any class."""
        return max(float(each.max()) for each in self.probabilities.values())

    @property
    def largest_difference(self) -> float:
        """The largest difference of any class's probability between any two implementations."""
        all_probabilities = np.stack(list(self.probabilities.values())).astype(np.float64)
        return float(np.ptp(all_probabilities, axis=0).max())
