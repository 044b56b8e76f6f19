"""The tables at the end of `twins defaults`: parity and accuracy, and what each rung changes."""

from rich.table import Table

from benchmarks.defaults.results import DefaultsResults, RungResult
from benchmarks.implementations import title_of
from benchmarks.seeds.statistics import MINIMUM_NUM_SEEDS, summarise


def parity_table(results: DefaultsResults) -> Table:
    """One row a rung: how far it is from the reference port on the same draws."""
    experiment = results.experiment
    table = _table(
        f"largest difference from the {title_of(results.implementation)} reference port: "
        f"{results.dataset.name}, {experiment.num_epochs} epochs, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
        (
            "steps",
            "initial weights",
            "step's loss",
            "epoch 1, loss",
            "final weights",
            "test images",
        ),
    )
    for index, rung in enumerate(results.rungs):
        parity = rung.parity
        table.add_row(
            f"{index} {rung.name}",
            str(parity.num_steps),
            *map(_difference, (parity.initial_weights, parity.step_losses)),
            *map(_difference, (parity.epoch_loss, parity.final_weights)),
            str(parity.predictions),
        )
    return table


def accuracy_table(results: DefaultsResults) -> Table:
    """One row a rung: the accuracy it reaches, and how far its own report is off."""
    table = _table(
        f"test accuracy, number of seeds {len(results.seeds)}; largest error of what is reported",
        ("test accuracy", "error, accuracy", "error, test loss", "error, training loss"),
    )
    for index, rung in enumerate(results.rungs):
        gaps = (rung.test_accuracy_gap, rung.test_loss_gap, rung.training_loss_gap)
        table.add_row(f"{index} {rung.name}", accuracy_text(rung), *map(_difference, gaps))
    return table


def accuracy_text(rung: RungResult) -> str:
    """Mean and standard deviation of the true test accuracy; one seed has no deviation."""
    accuracies = rung.test_accuracies
    if len(accuracies) < MINIMUM_NUM_SEEDS:
        return f"{accuracies[0]:.4f}"
    summary = summarise(accuracies)
    return f"{summary.mean:.4f} ± {summary.standard_deviation:.4f}"


def _difference(value: float) -> str:
    return "0" if value == 0 else f"{value:.2g}"


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("rung", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table
