"""Live progress: a bar for each training on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.protocol import EpochMetrics


class OnEpoch(Protocol):
    """Hears of each epoch of a training, by its name, as the epoch ends."""

    def __call__(self, name: str, metrics: EpochMetrics) -> None:
        """Shows the epoch."""
        ...


@contextmanager
def show_trainings(
    console: Console, titles: Mapping[str, str], num_epochs: int
) -> Iterator[OnEpoch]:
    """Shows each training's epochs, validation accuracy and time left while the block runs.

    Args:
        console: where to; without a terminal each epoch is one plain line.
        titles: the trainings' names, and how people call them.
        num_epochs: how many each of them has.
    """
    if not console.is_terminal:
        yield lambda name, metrics: console.print(
            _line(titles[name], metrics, num_epochs), soft_wrap=True
        )
        return
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[accuracy]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
    with progress:
        width = max(map(len, titles.values()))
        tasks = {
            name: progress.add_task(f"{title:{width}}", total=num_epochs, accuracy="starting")
            for name, title in titles.items()
        }
        yield lambda name, metrics: progress.update(
            tasks[name],
            completed=metrics.epoch,
            accuracy=f"validation accuracy {metrics.val_accuracy:.4f}",
        )


def _line(title: str, metrics: EpochMetrics, num_epochs: int) -> str:
    return (
        f"{title}: epoch {metrics.epoch} of {num_epochs}, "
        f"loss {metrics.loss:.4f}, accuracy {metrics.accuracy:.4f}, "
        f"validation loss {metrics.val_loss:.4f}, validation accuracy {metrics.val_accuracy:.4f}"
    )
