"""`twins lessons`: lists the lessons, or runs some of them in the terminal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import STATUS_DONE, Context, option
from shared.errors import InputError, RunFailedError


@dataclass(frozen=True, kw_only=True)
class LessonsCommand:
    """List the lessons, or run some: each one difference between Keras and JAX, proven."""

    numbers: Annotated[tyro.conf.Positional[tuple[int, ...]], option("NUMBER...")] = ()
    """Lessons to run. Lists them all, if not given."""
    answer: bool = False
    """Show the answer of the exercise, and run it too."""

    def execute(self, context: Context) -> int:
        """Lists or runs; raises InputError, and RunFailedError after all were shown."""
        paths = lesson_paths()
        for number in self.numbers:
            if number not in paths:
                raise InputError(
                    f"there is no lesson {number}: lessons are {min(paths)} to {max(paths)}, "
                    "and `twins lessons` lists them"
                )
        if not self.numbers:
            for number, path in paths.items():
                context.say(f"{number:>3}  {lesson_title(path)}")
            context.say("\n`twins lessons 7` runs one; `make lessons` builds their pages.")
        self._run([(number, paths[number]) for number in dict.fromkeys(self.numbers)], context)
        return STATUS_DONE

    def _run(self, lessons: list[tuple[int, Path]], context: Context) -> None:
        from lessons.terminal import run_lesson

        failures = []
        for number, path in lessons:
            context.console.rule(f"Lesson {number}: lessons/{path.name}", style="dim")
            try:
                run_lesson(path, context.console, with_answer=self.answer)
            except RunFailedError as error:
                failures.append(f"lesson {number}, {lesson_title(path)}: {error}")
                continue
            if not self.answer:
                context.say(f"`twins lessons {number} --answer` shows the answer.\n")
        if failures:
            raise RunFailedError("\n".join(failures))


def lesson_paths() -> dict[int, Path]:
    """Every script `NN_topic.py` in this folder by its number."""
    paths = sorted(Path(__file__).parent.glob("[0-9]*.py"))
    return {int(path.name.partition("_")[0]): path for path in paths}


def lesson_title(path: Path) -> str:
    """A script's first heading, which is its second line, without the marks of code."""
    return path.read_text(encoding="utf-8").splitlines()[1].removeprefix("# # ").replace("`", "")
