"""Shows measurements as they end, and how long the rest will take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from benchmarks.speed.sweep import Step

SECONDS_PER_MINUTE = 60


@contextmanager
def show_steps(console: Console, what: str) -> Iterator[Callable[[Step], None]]:
    """A line for each measurement; on a terminal a bar below them."""
    if not console.is_terminal:
        yield lambda step: console.print(f"{what}: {_line(step)}", soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[left]}"), console=console) as progress:
        task = progress.add_task(what, total=None, left="")

        def show(step: Step) -> None:
            console.print(_line(step), soft_wrap=True)
            left = _duration(step.seconds_left)
            progress.update(task, completed=step.num_done, total=step.num_all, left=left)

        yield show


def _line(step: Step) -> str:
    return (
        f"{step.num_done} of {step.num_all}, {_duration(step.seconds_left)}: "
        f"{step.rung} {step.outcome}"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), SECONDS_PER_MINUTE)
    return f"{minutes}:{rest:02} left"
