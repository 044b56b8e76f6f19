"""Trains what a sweep still lacks, some trainings at a time, and stores each as it ends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.runner.processes import run_side_by_side
from benchmarks.seeds.results import SeedTraining
from benchmarks.seeds.storage import store_training, stored_trainings
from benchmarks.seeds.training import SeedJob, train_seed
from shared.errors import RunFailedError

LOGS_FOLDER = "logs"


class OnTrained(Protocol):
    """Hears of each training as it ends; `num_done` of all are then finished."""

    def __call__(self, job: SeedJob, training: SeedTraining, num_done: int) -> None:
        """Shows the training."""
        ...


class OnSeedEpoch(Protocol):
    """Hears of the end of one more epoch of any training."""

    def __call__(self) -> None:
        """Moves the bar."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Display:
    on_epoch: OnSeedEpoch
    on_trained: OnTrained


def train_missing(
    jobs: list[SeedJob], folder: Path, num_processes: int, console: Console
) -> tuple[SeedTraining, ...]:
    """Trains every job that is not stored in `folder`; returns the trainings of all, in order.

    Raises:
        InputError: a stored training cannot be read.
        RunFailedError: a training failed; those that had ended are stored.
    """
    done = stored_trainings(folder)
    missing = [job for job in jobs if _key(job) not in done]
    if done:
        console.print(f"resuming: {len(done)} of {len(jobs)} trainings are stored")
    logs = folder / LOGS_FOLDER
    logs.mkdir(exist_ok=True)
    with _show(console, jobs, num_done=len(done)) as display:
        results = run_side_by_side(
            train_seed,
            [(job,) for job in missing],
            log=logs / "training.log",
            num_processes=num_processes,
            on_event=lambda _index, _metrics: display.on_epoch(),
            one_core_each=True,
        )
        # Closed at once when anything fails here, so that no child trains on in vain.
        with closing(results):  # pyright: ignore[reportArgumentType]
            for index, training in results:
                store_training(training, folder)
                done[_key(missing[index])] = training
                display.on_trained(missing[index], training, len(done))
    _check_same_data(list(done.values()))
    return tuple(done[_key(job)] for job in jobs)


def _key(job: SeedJob) -> tuple[str, int]:
    return job.implementation, job.experiment.seed


def _check_same_data(trainings: list[SeedTraining]) -> None:
    if len({training.data_sha256 for training in trainings}) > 1:
        raise RunFailedError("the trainings received different data; please report this")


@contextmanager
def _show(console: Console, jobs: list[SeedJob], num_done: int) -> Iterator[_Display]:
    """A line for each training that ends; on a terminal a bar of all epochs below them."""

    def on_trained(job: SeedJob, training: SeedTraining, num_done: int) -> None:
        console.print(
            f"{num_done} of {len(jobs)}: {job.title}, "
            f"test accuracy {training.test.accuracy:.4f}, "
            f"{sum(training.seconds.epochs):.1f} s",
            soft_wrap=True,
        )

    if not console.is_terminal:
        yield _Display(on_epoch=lambda: None, on_trained=on_trained)
        return
    progress = Progress(
        TextColumn("epochs of all trainings"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
    num_epochs = jobs[0].experiment.num_epochs
    with progress:
        task = progress.add_task("", total=len(jobs) * num_epochs, completed=num_done * num_epochs)
        yield _Display(on_epoch=lambda: progress.advance(task), on_trained=on_trained)
