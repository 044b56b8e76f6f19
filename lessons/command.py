"""`twins lessons`: lists the lessons, or runs some of them in the terminal."""

from rich.console import Console
from rich.text import Text

from lessons import terminal
from lessons.catalogue import Entry, choose_lessons, find_lessons, load_lesson
from lessons.running import Parts, run_quietly


def run_lessons(numbers: tuple[int, ...], *, with_answer: bool, console: Console) -> bool:
    """Lists all lessons, or runs those of the given numbers; whether their evidence holds.

    Raises:
        InputError: there is no such lesson.
        RunFailedError: a lesson ended in an error.
    """
    if not numbers:
        console.print(terminal.lesson_list(find_lessons()))
        _hint(console, "\n`twins lessons 7` runs one; `make lessons` builds pages and notebooks.")
        return True
    # A list, not a generator: every lesson is shown, whether or not the one before it holds.
    outcomes = [
        _show(entry, with_answer=with_answer, console=console) for entry in choose_lessons(numbers)
    ]
    return all(outcomes)


def _show(entry: Entry, *, with_answer: bool, console: Console) -> bool:
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


def _hint(console: Console, text: str) -> None:
    console.print(Text(text, style="dim"), soft_wrap=True)
