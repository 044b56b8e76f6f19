"""`twins lessons`: lists the lessons, or runs some of them in the terminal."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from benchmarks.options import STATUS_DONE, Context
from shared.errors import InputError, RunFailedError


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
        """Lists or runs.

        Raises:
            InputError: there is no such lesson.
            RunFailedError: a lesson failed; the others were shown all the same.
        """
        from lessons.terminal import find_lessons, list_lessons, run_lesson

        lessons = find_lessons()
        for number in self.numbers:
            if number not in lessons:
                raise InputError(
                    f"there is no lesson {number}: lessons are {min(lessons)} to {max(lessons)}, "
                    "and `twins lessons` lists them"
                )
        if not self.numbers:
            list_lessons(lessons, context.console)
        failures = []
        for number in dict.fromkeys(self.numbers):
            try:
                run_lesson(lessons[number], context.console, with_answer=self.answer)
            except RunFailedError as error:
                failures.append(f"lesson {number}, {lessons[number].title}: {error}")
        if failures:
            raise RunFailedError("\n".join(failures))
        return STATUS_DONE
