"""Which lessons there are: every file `lesson_NN_topic.py` beside this one.

Listing reads their text only. Loading one imports its module, but no framework, since
lessons import these inside their functions.
"""

import ast
import importlib
from dataclasses import dataclass
from pathlib import Path

from lessons.lesson import Lesson
from shared.errors import InputError

HOME = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A lesson in the list. `title` is the first line of its docstring, without the full stop."""

    number: int
    title: str
    path: Path

    @property
    def name(self) -> str:
        """The name of its file without the suffix, "lesson_01_default_initialisers"."""
        return self.path.stem

    @property
    def heading(self) -> str:
        """Number and title, as people name it."""
        return f"Lesson {self.number}: {self.title}"


def find_lessons() -> tuple[Entry, ...]:
    """All lessons by their number; imports none of them."""
    paths = sorted(HOME.glob("lesson_[0-9][0-9]_*.py"))
    return tuple(
        Entry(number=int(path.stem.split("_")[1]), title=_title_of(path), path=path)
        for path in paths
    )


def choose_lessons(numbers: tuple[int, ...]) -> tuple[Entry, ...]:
    """The lessons of these numbers, in the order in which they were asked for.

    Raises:
        InputError: there is no such lesson.
    """
    entries = {entry.number: entry for entry in find_lessons()}
    for number in numbers:
        if number not in entries:
            raise InputError(
                f"there is no lesson {number}: lessons are {min(entries)} to {max(entries)}, "
                "and `twins lessons` lists them"
            )
    return tuple(entries[number] for number in dict.fromkeys(numbers))


def load_lesson(entry: Entry) -> Lesson:
    """Imports the lesson's module."""
    return importlib.import_module(f"{__package__}.{entry.name}").LESSON


def _title_of(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
    return docstring.splitlines()[0].removesuffix(".")
