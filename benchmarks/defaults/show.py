"""What `twins defaults` says: what each default costs in parity, and in accuracy."""

from collections.abc import Iterator

import numpy as np

from benchmarks.defaults.figure import draw_defaults
from benchmarks.defaults.results import DefaultsResults
from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import Table
from benchmarks.implementations import title_of

TITLE = "Cost of defaults"


def findings(results: DefaultsResults) -> Iterator[Finding]:
    """What a port with every default still in place costs."""
    first = results.rungs[0]
    yield Finding(
        text=f"A {title_of(results.implementation)} port with every default left in place "
        f"classifies {first.parity.predictions:,} of {results.dataset.num_test:,} test images "
        "otherwise than the reference port."
    )


def parts(results: DefaultsResults) -> Iterator[Part]:
    """What each port changes, and a row for each of them."""
    yield Paragraph(
        text="From a port that leaves every default in place, one is given up at a time, until "
        f"the port is the reference. Accuracies are of {len(results.seeds)} seeds."
    )
    yield Notes(items=tuple(f"{port}: {rung.change}" for port, rung in results.numbered_rungs()))
    yield parity_table(results)
    yield accuracy_table(results)
    yield Chart(
        key="defaults",
        title="What each port leaves of parity, of its own report, and of accuracy",
        description="A row for each port; the tables have the numbers.",
        figure=draw_defaults(results),
    )


def parity_table(results: DefaultsResults) -> Table:
    """One row a rung: how far it is from the reference port on the same draws."""
    experiment = results.experiment
    return Table(
        "parity",
        f"Largest difference from the {title_of(results.implementation)} reference port: "
        f"{results.dataset.name}, {experiment.num_epochs} epochs, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
        (
            *("port", "steps", "initial weights", "step's loss", "epoch 1, loss"),
            *("final weights", "test images"),
        ),
        [
            (
                port,
                str(rung.parity.num_steps),
                f"{rung.parity.initial_weights:.2g}",
                f"{rung.parity.step_losses:.2g}",
                f"{rung.parity.epoch_loss:.2g}",
                f"{rung.parity.final_weights:.2g}",
                f"{rung.parity.predictions:,}",
            )
            for port, rung in results.numbered_rungs()
        ],
    )


def accuracy_table(results: DefaultsResults) -> Table:
    """One row a rung: the accuracy it reaches, and how far its own report is off."""
    return Table(
        "accuracy",
        f"Test accuracy, number of seeds {len(results.seeds)}; "
        "largest error of what the port reports",
        ("port", "test accuracy", "error, accuracy", "error, test loss", "error, training loss"),
        [
            (
                port,
                _mean_and_spread(rung.test_accuracies),
                f"{rung.test_accuracy_gap:.2g}",
                f"{rung.test_loss_gap:.2g}",
                f"{rung.training_loss_gap:.2g}",
            )
            for port, rung in results.numbered_rungs()
        ],
    )


def _mean_and_spread(accuracies: tuple[float, ...]) -> str:
    """Mean and standard deviation, N − 1 in the denominator; one seed has no deviation."""
    if len(accuracies) == 1:
        return f"{accuracies[0]:.4f}"
    return f"{np.mean(accuracies):.4f} ± {np.std(accuracies, ddof=1):.4f}"
