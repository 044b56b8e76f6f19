"""`twins lessons`: lists the lessons, or runs some of them in the terminal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from benchmarks.options import STATUS_DONE, STATUS_FAILED, Context

if TYPE_CHECKING:
    from rich.console import Console

    from lessons.catalogue import Entry


@dataclass(frozen=True, kw_only=True)
class LessonsCommand:
    """List the lessons, or run some: each one difference between Keras and JAX, proven."""

    numbers: Annotated[
        tyro.conf.Positional[tuple[int, ...]],
        tyro.conf.arg(metavar="NUMBER...", help_behavior_hint=""),
    ] = ()
    """Lessons to run. Lists them all, if not given."""
    answer: bool = False
    """Show the answer of the exercise, and run it too."""

    def execute(self, context: Context) -> int:
        """Lists or runs; fails where a lesson's evidence does not hold.

        Raises:
            InputError: there is no such lesson.
            RunFailedError: a lesson ended in an error.
        """
        holds = run_lessons(self.numbers, with_answer=self.answer, console=context.console)
        return STATUS_DONE if holds else STATUS_FAILED


def run_lessons(numbers: tuple[int, ...], *, with_answer: bool, console: "Console") -> bool:
    """Lists all lessons, or runs those of the given numbers; whether their evidence holds.

    Raises:
        InputError: there is no such lesson.
        RunFailedError: a lesson ended in an error.
    """
    from lessons import terminal
    from lessons.catalogue import choose_lessons, find_lessons

    if not numbers:
        console.print(terminal.lesson_list(find_lessons()))
        _hint(console, "\n`twins lessons 7` runs one; `make lessons` builds pages and notebooks.")
        return True
    # A list, not a generator: every lesson is shown, whether or not the one before it holds.
    outcomes = [
        _show(entry, with_answer=with_answer, console=console) for entry in choose_lessons(numbers)
    ]
    return all(outcomes)


def _show(entry: "Entry", *, with_answer: bool, console: "Console") -> bool:
    from rich.text import Text

    from lessons import terminal
    from lessons.catalogue import load_lesson
    from lessons.running import Parts, run_quietly

    lesson = load_lesson(entry)
    width = console.width
    console.print(terminal.question_and_code(entry, lesson, width))
    with console.status("running both …"):
        outcome = run_quietly(entry, Parts(solution=with_answer))
    console.print(terminal.evidence_table(outcome.evidence))
    if lesson.figure is not None:
        _hint(console, "`make lessons` draws this lesson's figure.\n")
    console.print(terminal.explanation_and_exercise(lesson, width), "")
    if with_answer:
        console.print(terminal.answer(lesson, outcome.solution_evidence, width))
    else:
        _hint(console, f"`twins lessons {entry.number} --answer` shows the answer.\n")
    if not outcome.holds:
        console.print(Text("✗ This run is not as the lesson says: has a framework changed?\n"))
    return outcome.holds


def _hint(console: "Console", text: str) -> None:
    from rich.text import Text

    console.print(Text(text, style="dim"), soft_wrap=True)
