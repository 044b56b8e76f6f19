"""Live progress: bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.protocol import EpochMetrics

NUM_LINES = 10
"""Where no bar is shown, a line is printed each time another tenth is done."""


OnEpoch = Callable[[str, EpochMetrics], None]
"""Hears of each epoch of a training, by its name, as the epoch ends."""


@contextmanager
def show_trainings(
    console: Console, titles: Mapping[str, str], num_epochs: int
) -> Iterator[OnEpoch]:
    """Shows each training's epochs, validation accuracy and time left while the block runs.

    Without a terminal each epoch is one plain line. `titles` are by the trainings' names.
    """
    if not console.is_terminal:
        yield lambda name, metrics: console.print(
            _line(titles[name], metrics, num_epochs), soft_wrap=True
        )
        return
    with _bars(console, "epochs", "{task.fields[accuracy]}") as progress:
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


@contextmanager
def show_parts(
    console: Console, what: str, total: int, unit: str, num_done: int = 0
) -> Iterator[Callable[..., None]]:
    """Counts parts of a whole: calling what this gives counts one more, whatever the arguments.

    With `num=NUMBER` it counts so many more, or fewer; with `outcome=TEXT` the part is also
    given a line, which says what came of it; `state=TEXT` says how things are. Without a
    terminal there is a line for each tenth, with the time left.

    Args:
        console: where to.
        what: what is done, `runs for the bands` for instance.
        total: how many parts there are, `num_done` of them done beforehand.
        unit: what a part is, in the plural.
        num_done: see `total`.
    """
    if console.is_terminal:
        with _bars(console, unit, "{task.fields[state]}") as progress:
            task = progress.add_task(what, total=total, completed=num_done, state="")

            def advance(*_: object, num: int = 1, outcome: str = "", state: str = "") -> None:
                if outcome:
                    console.print(outcome, markup=False, soft_wrap=True)
                progress.update(task, advance=num, state=state)

            yield advance
        return
    started, num_before = time.perf_counter(), num_done

    def count(*_: object, num: int = 1, outcome: str = "", state: str = "") -> None:
        nonlocal num_done
        tenths, num_done = num_done * NUM_LINES // total, num_done + num
        if outcome or num_done * NUM_LINES // total > tenths:
            seconds_each = (time.perf_counter() - started) / max(num_done - num_before, 1)
            left = timedelta(seconds=round(seconds_each * (total - num_done)))
            line = f"{what}: {num_done} of {total} {unit}, {left} left"
            parts = (line, state, outcome)
            console.print(": ".join(filter(None, parts)), markup=False, soft_wrap=True)

    yield count


def _bars(console: Console, unit: str, *texts: str) -> Progress:
    """Bars with what is done, how much of it, any texts, and the time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        *map(TextColumn, texts),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


def _line(title: str, metrics: EpochMetrics, num_epochs: int) -> str:
    return (
        f"{title}: epoch {metrics.epoch} of {num_epochs}, "
        f"loss {metrics.loss:.4f}, accuracy {metrics.accuracy:.4f}, "
        f"validation loss {metrics.val_loss:.4f}, validation accuracy {metrics.val_accuracy:.4f}"
    )
