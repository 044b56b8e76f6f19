"""A lesson in the terminal: question, both codes, evidence, explanation, exercise."""

from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lessons.catalogue import Entry
from lessons.lesson import Evidence, Lesson
from lessons.shown_code import ShownCode, shown_code

FRAME_WIDTH = 4
"""Columns that a panel's border and padding take."""
TEXT_WIDTH = 96
"""Wider lines of prose are hard to read."""
MARKS = {True: Text("✓", style="green"), False: Text("✗", style="bold red")}


def lesson_list(entries: Sequence[Entry]) -> Table:
    """Number and title of each lesson."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold")
    table.add_column()
    for entry in entries:
        table.add_row(str(entry.number), Text(_plain(entry.title)))
    return table


def question_and_code(entry: Entry, lesson: Lesson, width: int) -> RenderableType:
    """What the reader sees before anything runs; `width` is the terminal's, in columns."""
    question = Panel(
        Markdown(lesson.question), title="Predict first", title_align="left", box=box.HEAVY
    )
    codes = _side_by_side(
        [(f"Keras · {code.place}", code) for code in map(shown_code, lesson.keras)],
        [(f"JAX · {code.place}", code) for code in map(shown_code, lesson.jax)],
        width,
    )
    heading = Text(_plain(entry.heading), style="bold underline")
    return Group(heading, "", _narrow(question, width), "", codes)


def evidence_table(evidence: Sequence[Evidence]) -> Table:
    """What was looked at, what the lesson says, what this run gave."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("what")
    table.add_column("the lesson says", overflow="fold")
    table.add_column("this run gave", overflow="fold")
    table.add_column("")
    for item in evidence:
        what = Text(_plain(item.text))
        table.add_row(what, Text(item.taught), Text(item.found), MARKS[item.holds])
    return table


def evidence_text(evidence: Sequence[Evidence]) -> str:
    """The same table as plain text, for notebooks."""
    file = StringIO()
    console = Console(file=file, width=TEXT_WIDTH, color_system=None, force_jupyter=False)
    console.print(evidence_table(evidence))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n")


def explanation_and_exercise(lesson: Lesson, width: int) -> RenderableType:
    """What follows the evidence."""
    text = f"{lesson.explanation}\n\n**Exercise.** {lesson.exercise.task}"
    return _narrow(Markdown(text), width)


def answer(lesson: Lesson, evidence: Sequence[Evidence], width: int) -> RenderableType:
    """The exercise's answer: in words, its code, and what running it gave."""
    code = shown_code(lesson.exercise.solution)
    words = Markdown(f"**Answer.** {lesson.exercise.answer}")
    title = f"Answer · {code.place}"
    panel = Padding(_panel(title, code), (0, max(0, width - _width(title, code)), 0, 0))
    return Group(_narrow(words, width), "", panel, evidence_table(evidence))


def _side_by_side(
    left: list[tuple[str, ShownCode]], right: list[tuple[str, ShownCode]], width: int
) -> RenderableType:
    """Two columns where the longest lines of both fit; otherwise one below the other."""
    widths = [max(_width(title, code) for title, code in column) for column in (left, right)]
    panels = [Group(*(_panel(title, code) for title, code in column)) for column in (left, right)]
    if sum(widths) + 1 > width:
        return Group(*panels)
    grid = Table.grid(padding=(0, 1, 0, 0))
    for column_width in widths:
        grid.add_column(width=column_width)
    grid.add_row(*panels)
    return grid


def _width(title: str, code: ShownCode) -> int:
    longest_line = max(map(len, code.text.splitlines()))
    return max(longest_line, len(title) + 2) + FRAME_WIDTH


def _panel(title: str, code: ShownCode) -> Panel:
    # Colours of the terminal itself, so that they suit a light one and a dark one.
    syntax = Syntax(
        code.text.rstrip("\n"),
        "python",
        theme="ansi_dark",
        background_color="default",
        word_wrap=True,
    )
    return Panel(syntax, title=Text(title), title_align="left", border_style="dim")


def _narrow(text: RenderableType, width: int) -> RenderableType:
    return Padding(text, (0, max(0, width - TEXT_WIDTH), 0, 0))


def _plain(line: str) -> str:
    """A line without the marks that Markdown gives code."""
    return line.replace("`", "")
