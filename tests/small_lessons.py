"""Lessons that need no framework, in a project folder of their own, for tests of what shows them.

The code that shows them is the project's, copied; the lessons are written here, so that
a test can have one that does not hold, or one that breaks.
"""

import shutil
from pathlib import Path

from tests.command import ROOT

LESSON = '''"""{title}."""

# Comments are code too.
from lessons.lesson import Evidence, Exercise, Lesson, is_equal, is_near

ONE = 1
"""The number that both sides add to."""


def keras_sum() -> int:
    """Adds."""
    return ONE + 1


def jax_sum() -> int:
    """Adds < and & in another order."""
    return 1 + ONE


def run() -> tuple[Evidence, ...]:
    """Both sums, and what a chatty framework would write."""
    import sys

    print("chatter", file=sys.stderr)
    {extra}
    return (is_equal("<both> sums & more", {taught}, keras_sum() * 10 + jax_sum()),)


def draw():
    """One line."""
    from benchmarks.display.style import new_figure

    figure = new_figure(3.0, 2.0)
    figure.subplots().plot([0, 1])
    return figure


# What the answer does: it multiplies.
def solution() -> tuple[Evidence, ...]:
    """Multiplies."""
    return (is_equal("the product", 1, ONE * ONE),)


LESSON = Lesson(
    question="Is `ONE + 1` the *same* as `1 + ONE`?",
    keras=(keras_sum,),
    jax=(jax_sum, "jax_impl.train:train_step"),
    run=run,
    figure={figure},
    explanation="It is.\\n\\nNobody <wondered>.",
    exercise=Exercise(task="And `ONE * ONE`?", solution=solution, answer="The answer is one."),
)
'''


def write_lesson(
    folder: Path,
    number: int,
    title: str,
    *,
    taught: int = 22,
    extra: str = "",
    figure: str | None = None,
) -> Path:
    """Adds a lesson; its evidence holds if `taught` is 22, and `extra` is a line run before."""
    path = folder / "lessons" / f"lesson_{number:02}_sums.py"
    path.write_text(LESSON.format(title=title, taught=taught, extra=extra, figure=figure))
    return path


def lessons_project(folder: Path) -> Path:
    """A folder with the project's package `lessons` in it and two lessons that hold."""
    ours = shutil.ignore_patterns("lesson_[0-9]*", "notebooks", "__pycache__")
    shutil.copytree(ROOT / "lessons", folder / "lessons", ignore=ours)
    write_lesson(folder, 1, "Sums: `ONE` and 1")
    write_lesson(folder, 2, "More sums")
    return folder
