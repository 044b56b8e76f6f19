"""A lesson in the terminal, cell by cell.

A lesson is a script `NN_topic.py`: `# %% [markdown]` begins a cell of text, `# %%` one of code.
Reading them takes the few lines below, so `twins` needs no notebook library.
"""

import ast
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.text import Text

from benchmarks.runner.processes import Report, events_side_by_side
from shared.errors import RunFailedError

CELL = re.compile(r"^# %%(.*)\n((?:(?!# %%).*\n)*)", re.MULTILINE)
TEXT_WIDTH = 96
"""Wider lines of prose are hard to read."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a script.

    head: what stands behind its `# %%`, ` [markdown] tags=["hide-cell"]` for instance.
    source: the lines below; of a text cell without the marks of a comment.
    line: where they begin, counted from 1.
    """

    head: str
    source: str
    line: int

    @property
    def is_text(self) -> bool:
        """Whether people read it, and Python does not."""
        return "[markdown]" in self.head

    @property
    def is_answer(self) -> bool:
        """Whether it tells the answer of the exercise."""
        return "hide-cell" in self.head


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A script of this folder; `title` is its first heading."""

    path: Path
    title: str
    cells: tuple[Cell, ...]


def find_lessons() -> dict[int, Lesson]:
    """All lessons by their number; imports none of them."""
    paths = sorted(Path(__file__).parent.glob("[0-9]*.py"))
    return {int(path.stem.partition("_")[0]): _read(path) for path in paths}


def _read(path: Path) -> Lesson:
    text = path.read_text(encoding="utf-8")
    cells = tuple(
        Cell(
            head=match[1],
            source=re.sub("^# ?", "", match[2], flags=re.M) if "[markdown]" in match[1] else match[2],
            line=text.count("\n", 0, match.start(2)) + 1,
        )
        for match in CELL.finditer(text)
    )
    title = cells[0].source.partition("\n")[0].removeprefix("# ").replace("`", "")
    return Lesson(path=path, title=title, cells=cells)


def list_lessons(lessons: Mapping[int, Lesson], console: Console) -> None:
    """Prints number and title of each."""
    for number, lesson in lessons.items():
        console.print(Text.assemble((f"{number:>3}", "bold"), f"  {lesson.title}"))
    _hint(console, "\n`twins lessons 7` runs one; `make lessons` builds pages and notebooks.")


def run_lesson(lesson: Lesson, console: Console, *, with_answer: bool) -> None:
    """Prints each cell, and what it gave in a child process.

    Raises:
        RunFailedError: evidence does not hold, or a cell ended in an error; then the child's
            log is kept.
    """
    cells = [cell for cell in lesson.cells if with_answer or not cell.is_answer]
    code = [cell for cell in cells if not cell.is_text]
    _hint(console, f"lessons/{lesson.path.name}\n")
    with _log_file() as log:
        events = events_side_by_side(run_cells, [(lesson.path, code)], log=log)
        for cell in cells:
            if cell.is_text:
                console.print(Markdown(cell.source), "", width=min(console.width, TEXT_WIDTH))
                if "**Predict first.**" in cell.source and console.is_terminal and sys.stdin.isatty():
                    console.input("[dim]Enter goes on.[/dim] ")
            else:
                console.print(_highlighted(cell.source.strip("\n")))
                with console.status("running …"):
                    _, (printed, value) = next(events)
                console.print(Text(printed))
                if value:
                    console.print(_highlighted(value), "")
                next(events)  # says that the cell ended well, or raises
    if not with_answer:
        number = lesson.path.name.partition("_")[0].lstrip("0")
        _hint(console, f"`twins lessons {number} --answer` shows the answer.\n")


def run_cells(report: Report, path: Path, cells: Sequence[Cell]) -> None:
    """Runs code cells as one module, in a child process.

    For each it reports what was printed and the text of its last expression's value, and None
    once it has ended well.

    Raises:
        RunFailedError: evidence does not hold.
    """
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[path.stem] = module  # as if imported: TensorFlow and JAX look at its source
    for cell in cells:
        printed, value = StringIO(), ""
        try:
            with redirect_stdout(printed):
                value = _run(cell, module)
        except AssertionError as error:
            raise RunFailedError(f"{error}; has a framework changed?") from error
        finally:
            report((printed.getvalue(), value))
        report(None)


def _run(cell: Cell, module: ModuleType) -> str:
    """Runs a cell; the text of its last expression's value, as a notebook would show it."""
    # At its own line of the file, for error messages and for `inspect`.
    statements = ast.parse("\n" * (cell.line - 1) + cell.source).body
    file = str(module.__file__)
    last = statements.pop() if statements and isinstance(statements[-1], ast.Expr) else None
    exec(compile(ast.Module(statements, []), file, "exec"), module.__dict__)
    if not isinstance(last, ast.Expr):
        return ""
    value = eval(compile(ast.Expression(last.value), file, "eval"), module.__dict__)
    if hasattr(value, "savefig"):
        return "# `make lessons` draws this figure."
    return "" if value is None else repr(value)


def _highlighted(code: str) -> Syntax:
    # Colours of the terminal itself, so that they suit a light one and a dark one.
    return Syntax(
        code, "python", theme="ansi_dark", background_color="default", word_wrap=True, padding=(0, 2)
    )


def _hint(console: Console, text: str) -> None:
    console.print(Text(text, style="dim"), soft_wrap=True)


@contextmanager
def _log_file() -> Iterator[Path]:
    """A place for a log, gone afterwards unless the run failed."""
    folder = Path(tempfile.mkdtemp(prefix="fashion-twins-lesson-"))
    try:
        yield folder / "lesson.log"
    except RunFailedError:
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
