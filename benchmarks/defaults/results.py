"""What `twins defaults` measures: typed records, and their one file, `defaults.json`."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.records import Record, check
from shared.protocol import Evaluation


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far a port is from the reference port, both trained on the reference's draws.

    num_steps: training steps of the port in each epoch.
    initial_weights, final_weights: largest absolute difference of any weight or bias.
    step_losses: the same of the losses of steps of equal number in the first epoch. A port
        that shuffles by itself has other rows there.
    epoch_loss, epoch_accuracy: absolute difference of what both report of the first epoch.
    predictions: test images for which both predict different classes.
    """

    num_steps: int
    initial_weights: float
    step_losses: float
    epoch_loss: float
    epoch_accuracy: float
    final_weights: float
    predictions: int


@dataclass(frozen=True, kw_only=True)
class SeedOutcome:
    """What a port reached on one seed, and what it said of it.

    reported: what the port's own evaluation says of the test set.
    true: the same, taken from its predictions of all test images, in float64.
    training_loss_gap: largest absolute difference, over the epochs, of the reported
        training loss and the mean over the rows that were trained on.
    """

    seed: int
    reported: Evaluation
    true: Evaluation
    training_loss_gap: float


@dataclass(frozen=True, kw_only=True)
class PortResult:
    """One port on the ladder; `habits` by name, `change` is what the rung before did otherwise."""

    name: str
    change: str
    habits: dict[str, str]
    parity: Parity
    seeds: tuple[SeedOutcome, ...]

    def __post_init__(self) -> None:
        check(bool(self.seeds), "a port without a seed")

    @property
    def test_accuracies(self) -> tuple[float, ...]:
        """The true accuracy of each seed."""
        return tuple(outcome.true.accuracy for outcome in self.seeds)

    @property
    def test_loss_gap(self) -> float:
        """Largest absolute difference of reported and true test loss."""
        return max(abs(outcome.reported.loss - outcome.true.loss) for outcome in self.seeds)

    @property
    def test_accuracy_gap(self) -> float:
        """Largest absolute difference of reported and true test accuracy."""
        return max(abs(outcome.reported.accuracy - outcome.true.accuracy) for outcome in self.seeds)

    @property
    def training_loss_gap(self) -> float:
        """The largest over the seeds."""
        return max(outcome.training_loss_gap for outcome in self.seeds)


@dataclass(frozen=True, kw_only=True)
class DefaultsResults(Record):
    """The whole ladder.

    Accuracy is measured with each of `seeds` in place of `experiment`'s, randomness `shared`.
    """

    study: Literal["defaults"] = "defaults"
    implementation: str
    seeds: tuple[int, ...]
    rungs: tuple[PortResult, ...]

    def __post_init__(self) -> None:
        check(bool(self.rungs) and self.dataset.num_test > 0, "no rung, or nothing to test on")

    def numbered_rungs(self) -> list[tuple[str, PortResult]]:
        """Each port under its number and name, `0 naive`, as tables and figures call it."""
        return [(f"{place} {rung.name}", rung) for place, rung in enumerate(self.rungs)]
