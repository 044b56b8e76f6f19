"""Building the site: every lesson runs, all evidence is checked, then pages are written."""

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.runner.environment import describe_environment
from benchmarks.runner.processes import Report, run_side_by_side, usable_cores
from lessons.catalogue import Entry, load_lesson
from lessons.notebook import execute
from lessons.running import Outcome, Parts, run_lesson
from lessons.site.folder import replaced_folder
from lessons.site.pages import BuiltLesson, write_pages
from shared.errors import RunFailedError

Tell = Callable[[str], None]
"""What hears of the progress, a line at a time."""


def build_site(folder: Path, entries: Sequence[Entry], tell: Tell, *, notebooks: bool) -> None:
    """Writes the site of these lessons, in place of an earlier one.

    Args:
        folder: where to; new, empty, or an earlier site.
        entries: the lessons, in order.
        tell: hears which lesson has run.
        notebooks: whether to write each lesson as a notebook too, run in a kernel.

    Raises:
        InputError: the folder holds something else.
        RunFailedError: a lesson ended in an error, or its evidence does not hold; the
            message names it, and the folder is as it was.
    """
    with replaced_folder(folder) as unfinished:
        outcomes = _run_all(entries, tell)
        check_evidence(entries, outcomes)
        built = [
            BuiltLesson(entry=entry, lesson=load_lesson(entry), outcome=outcome)
            for entry, outcome in zip(entries, outcomes, strict=True)
        ]
        environment = describe_environment(os.environ, ())
        write_pages(unfinished, built, environment, notebooks=notebooks)
        if notebooks:
            (unfinished / "notebooks").mkdir()
            write_notebooks(unfinished / "notebooks", entries, tell)


def write_notebooks(folder: Path, entries: Sequence[Entry], tell: Tell) -> None:
    """Runs each lesson's notebook and writes it, all of them or none.

    Raises:
        RunFailedError: a cell ended in an error; the message names the lesson.
    """
    texts = _side_by_side(_run_notebook, entries, tell, "notebook of lesson {number} has run")
    for entry, text in zip(entries, texts, strict=True):
        (folder / f"{entry.name}.ipynb").write_text(text, encoding="utf-8")


def check_evidence(entries: Sequence[Entry], outcomes: Sequence[Outcome]) -> None:
    """Complains of every piece of evidence that is not as its lesson says.

    Raises:
        RunFailedError: there is one; the message names the lessons.
    """
    complaints = [
        f"  lesson {entry.number} ({entry.title}): {item.text}: "
        f"taught {item.taught}, found {item.found}"
        for entry, outcome in zip(entries, outcomes, strict=True)
        for item in (*outcome.evidence, *outcome.solution_evidence)
        if not item.holds
    ]
    if complaints:
        text = "\n".join(complaints)
        raise RunFailedError(f"evidence does not hold; has a framework changed?\n{text}")


def _run_all(entries: Sequence[Entry], tell: Tell) -> list[Outcome]:
    return _side_by_side(_run_lesson, entries, tell, "lesson {number} has run")


def _run_lesson(report: Report, entry: Entry) -> Outcome:
    with _failing_by_name(entry.heading):
        return run_lesson(report, entry, Parts(solution=True, figure=True))


def _run_notebook(_report: Report, entry: Entry) -> str:
    with _failing_by_name(f"the notebook of {entry.heading}"):
        return execute(entry, entry.path.parent)


@contextmanager
def _failing_by_name(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise RunFailedError(f"{name} failed:\n{traceback.format_exc()}") from error


def _side_by_side(
    function: Callable[..., object], entries: Sequence[Entry], tell: Tell, message: str
) -> list:
    """Calls `function(report, entry)` for each lesson in a process of its own, some at a time."""
    results: list = [None] * len(entries)
    num_processes = max(1, len(usable_cores()))
    with TemporaryDirectory() as logs:
        finished = run_side_by_side(
            function,
            [(entry,) for entry in entries],
            log=Path(logs) / "lesson.log",
            num_processes=num_processes,
        )
        for number, (index, result) in enumerate(finished, 1):
            results[index] = result
            tell(f"{number} of {len(entries)}: {message.format(number=entries[index].number)}")
    return results
