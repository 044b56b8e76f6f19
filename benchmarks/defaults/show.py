"""What `twins defaults` says: what each default costs in parity, and in accuracy."""

from collections.abc import Iterator

from benchmarks.defaults.figure import draw_defaults
from benchmarks.defaults.results import DefaultsResults, PortResult
from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import Table, table_of
from benchmarks.implementations import title_of
from benchmarks.seeds.statistics import MINIMUM_NUM_SEEDS, summarise

TITLE = "Cost of defaults"


def parity_table(results: DefaultsResults) -> Table:
    """One row a rung: how far it is from the reference port on the same draws."""
    experiment = results.experiment
    rows = []
    for index, rung in enumerate(results.rungs):
        parity = rung.parity
        differences = (
            *(parity.initial_weights, parity.step_losses),
            *(parity.epoch_loss, parity.final_weights),
        )
        rows.append(
            (
                f"{index} {rung.name}",
                str(parity.num_steps),
                *map(_difference, differences),
                f"{parity.predictions:,}",
            )
        )
    return table_of(
        "parity",
        f"Largest difference from the {title_of(results.implementation)} reference port: "
        f"{results.dataset.name}, {experiment.num_epochs} epochs, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
        (
            *("port", "steps", "initial weights", "step's loss", "epoch 1, loss"),
            *("final weights", "test images"),
        ),
        rows,
    )


def accuracy_table(results: DefaultsResults) -> Table:
    """One row a rung: the accuracy it reaches, and how far its own report is off."""
    return table_of(
        "accuracy",
        f"Test accuracy, number of seeds {len(results.seeds)}; "
        "largest error of what the port reports",
        ("port", "test accuracy", "error, accuracy", "error, test loss", "error, training loss"),
        [
            (
                f"{index} {rung.name}",
                accuracy_text(rung),
                *map(
                    _difference,
                    (rung.test_accuracy_gap, rung.test_loss_gap, rung.training_loss_gap),
                ),
            )
            for index, rung in enumerate(results.rungs)
        ],
    )


def accuracy_text(rung: PortResult) -> str:
    """Mean and standard deviation of the true test accuracy; one seed has no deviation."""
    accuracies = rung.test_accuracies
    if len(accuracies) < MINIMUM_NUM_SEEDS:
        return f"{accuracies[0]:.4f}"
    summary = summarise(accuracies)
    return f"{summary.mean:.4f} ± {summary.standard_deviation:.4f}"


def _difference(value: float) -> str:
    return "0" if value == 0 else f"{value:.2g}"


def findings(results: DefaultsResults) -> Iterator[Finding]:
    """What a port with every default still in place costs."""
    first = results.rungs[0]
    yield Finding(
        text=f"A {title_of(results.implementation)} port with every default left in place "
        f"classifies {first.parity.predictions:,} of {results.dataset.num_test:,} test images "
        "otherwise than the reference port.",
    )


def parts(results: DefaultsResults) -> Iterator[Part]:
    """A row for each port, and what each gives up."""
    yield Paragraph(
        text="From a port that leaves every default in place, one is given up at a time, until "
        f"the port is the reference. Accuracies are of {len(results.seeds)} seeds."
    )
    yield Notes(
        items=tuple(
            f"{place} {rung.name}: {rung.change}" for place, rung in enumerate(results.rungs)
        )
    )
    yield parity_table(results)
    yield accuracy_table(results)
    yield Chart(
        key="defaults",
        title="What each port leaves of parity, of its own report, and of accuracy",
        description="A row for each port; the tables have the numbers.",
        figure=draw_defaults(results.rungs),
    )
