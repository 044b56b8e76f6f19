"""Shows how far a group of processes has come: a bar on a terminal, a few lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

NUM_LINES = 10


@contextmanager
def show_parts(
    console: Console, what: str, total: int, unit: str
) -> Iterator[Callable[[int, object], None]]:
    """Counts the parts that any process reports as done while the block runs."""
    if not console.is_terminal:
        yield _line_printer(console, what, total, unit)
        return
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
    with progress:
        task = progress.add_task(what, total=total)
        yield lambda _index, _event: progress.advance(task)


def _line_printer(
    console: Console, what: str, total: int, unit: str
) -> Callable[[int, object], None]:
    num_done = 0

    def show(_index: int, _event: object) -> None:
        nonlocal num_done
        num_done += 1
        # A line each time another tenth is full.
        if num_done * NUM_LINES // total > (num_done - 1) * NUM_LINES // total:
            console.print(f"{what}: {num_done} of {total} {unit}", soft_wrap=True)

    return show
