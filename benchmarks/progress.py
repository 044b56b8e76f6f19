"""Live progress: a bar for each training on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.protocol import EpochMetrics


class OnEpoch(Protocol):
    """Hears of each epoch of a training as it ends."""

    def __call__(self, metrics: EpochMetrics) -> None:
        """Shows the epoch."""
        ...


@contextmanager
def show_training(console: Console, title: str, num_epochs: int) -> Iterator[OnEpoch]:
    """Shows one training's epochs, validation accuracy and time left while the block runs."""
    if not console.is_terminal:
        yield lambda metrics: console.print(_line(title, metrics, num_epochs), soft_wrap=True)
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
        task = progress.add_task(f"{title:6}", total=num_epochs, accuracy="starting")
        yield lambda metrics: progress.update(
            task, advance=1, accuracy=f"validation accuracy {metrics.val_accuracy:.4f}"
        )


def _line(title: str, metrics: EpochMetrics, num_epochs: int) -> str:
    return (
        f"{title}: epoch {metrics.epoch} of {num_epochs}, "
        f"loss {metrics.loss:.4f}, accuracy {metrics.accuracy:.4f}, "
        f"validation loss {metrics.val_loss:.4f}, validation accuracy {metrics.val_accuracy:.4f}"
    )
