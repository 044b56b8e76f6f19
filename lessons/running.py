"""Running a lesson in a process of its own: frameworks write to its log, not to the reader."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from benchmarks.runner.processes import Report, run_in_process
from lessons.catalogue import Entry, load_lesson
from lessons.lesson import Evidence
from shared.errors import RunFailedError

DOTS_PER_INCH = 110


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What running a lesson gave.

    solution_evidence: of the exercise's answer; empty where that was not run.
    figure: a PNG file's bytes; None where there is no figure, or none was asked for.
    """

    evidence: tuple[Evidence, ...]
    solution_evidence: tuple[Evidence, ...] = ()
    figure: bytes | None = None

    @property
    def holds(self) -> bool:
        """Whether everything is as the lesson says."""
        return all(item.holds for item in (*self.evidence, *self.solution_evidence))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What to run of a lesson besides its evidence."""

    solution: bool = False
    figure: bool = False


def run_quietly(entry: Entry, parts: Parts) -> Outcome:
    """Runs a lesson in a child process.

    Raises:
        RunFailedError: it ended in an error, other than one that it teaches. Its log is
            kept then, and the message says where.
    """
    try:
        with _log_folder() as folder:
            return run_in_process(run_lesson, entry, parts, log=folder / f"{entry.name}.log")
    except RunFailedError as error:
        raise RunFailedError(f"{entry.heading} failed: {error}") from error


def run_lesson(_report: Report, entry: Entry, parts: Parts) -> Outcome:
    """Runs a lesson here and now, as a child process does."""
    lesson = load_lesson(entry)
    return Outcome(
        evidence=lesson.run(),
        solution_evidence=lesson.exercise.solution() if parts.solution else (),
        figure=_as_png(lesson.figure()) if parts.figure and lesson.figure else None,
    )


def _as_png(figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
    return file.getvalue()


@contextmanager
def _log_folder() -> Iterator[Path]:
    """A folder for a log, gone afterwards unless the run failed."""
    folder = Path(tempfile.mkdtemp(prefix="fashion-twins-lesson-"))
    try:
        yield folder
    except RunFailedError:
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
