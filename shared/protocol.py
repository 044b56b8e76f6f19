"""The protocol: what an implementation of the experiment can be asked to do.

An implementation is a package with a module `implementation` whose function
`build(experiment)` returns an object of the class below. Everything else in this
project speaks to implementations through these verbs only, in NumPy arrays.

Symbols in shapes: n = number of rows, C = 10 classes, E = epochs, S = steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shared.experiment import Experiment
from shared.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Images, float of the experiment's dtype in [0, 1], (n, 28, 28); labels, int32, (n,)."""

    images: NDArray[np.floating]
    labels: NDArray[np.int32]

    def rows(self, chosen: slice | NDArray[np.integer]) -> "Examples":
        """The rows of these numbers, in this order."""
        return Examples(images=self.images[chosen], labels=self.labels[chosen])


@dataclass(frozen=True)
class EpochMetrics:
    """What an epoch achieved, as Keras' `fit` reports it.

    Loss and accuracy of training are means over its rows, taken while the weights
    moved; those of validation are taken after the epoch's last step.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Mean cross-entropy per row and share of rows predicted correctly."""

    loss: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Scores before softmax and probabilities after it, both (n, C)."""

    logits: NDArray[np.floating]
    probabilities: NDArray[np.floating]

    @property
    def classes(self) -> NDArray[np.intp]:
        """The most probable class of each row, (n,)."""
        return self.probabilities.argmax(axis=1)


@dataclass(frozen=True, kw_only=True)
class LossAndGradients:
    """Mean loss of a batch and its gradient by each parameter."""

    loss: float
    gradients: Parameters


@dataclass(frozen=True, kw_only=True)
class FitReport:
    """What a training did, and how long it took, in seconds of wall-clock time.

    step_losses: the mean loss of every step's batch, before that step moved the
        weights, (S,) float64; empty where the implementation was not built to record it.
    compile_seconds: tracing and compilation, before the first step could run.
    epoch_seconds: each epoch with its validation, without compilation, (E,); or none.
    """

    history: tuple[EpochMetrics, ...]
    step_losses: NDArray[np.float64]
    compile_seconds: float = 0.0
    epoch_seconds: tuple[float, ...] = ()


Orders = NDArray[np.int64]
"""Row numbers in the order in which to train on them, one row for each epoch, (E, n)."""
OnEpoch = Callable[[EpochMetrics], None]
"""Hears of each epoch as it ends."""


class Implementation(Protocol):
    """The experiment's network in one framework, with its weights."""

    @property
    def device(self) -> str:
        """What the arithmetic runs on, for people to read."""
        ...

    def set_parameters(self, parameters: Parameters) -> None:
        """Takes over the given weights."""
        ...

    def get_parameters(self) -> Parameters:
        """The weights as they are now; in `on_epoch`, those after that epoch."""
        ...

    def fit(
        self, training: Examples, *, validation: Examples, orders: Orders | None, on_epoch: OnEpoch
    ) -> FitReport:
        """Trains by SGD, an epoch for each row of `orders`, which may name only some rows.

        Batches of `experiment.batch_size` are taken in that order; a last, smaller one is
        averaged over the rows it has. With `orders=None` the implementation shuffles as
        its users would, for `experiment.num_epochs`.
        """
        ...

    def evaluate(self, examples: Examples) -> Evaluation:
        """Loss and accuracy on the given rows."""
        ...

    def predict(self, images: NDArray[np.floating]) -> Predictions:
        """Logits and probabilities of the given images, (n, 28, 28)."""
        ...

    def loss_and_gradients(self, examples: Examples) -> LossAndGradients:
        """Mean loss of one batch and its gradients; the weights stay as they are."""
        ...

    def save(self, folder: Path) -> None:
        """Writes the trained model in the framework's own format, where it has one."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """What an implementation may have beside, to go on with what another process trained.

    With given orders nothing is needed: `fit` trains the weights on by those that are left.

    num_skipped: epochs that `fit` with `orders=None` leaves out; it shuffles the others as it
        would have after them, and they keep their numbers.
    """

    num_skipped: int


Builder = Callable[[Experiment], Implementation]
"""Each implementation's `build`.

Where a framework cannot have both at once, its module also offers `build_recording`,
which reports the loss of every step, and `build_in_bulk`, which runs many steps at a
time: the same numbers sooner, for sweeps in which nobody looks at the clock.
"""
