"""What every study does: measure in a folder of its own, leave record and figures there, say it."""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.display.parts import Chart, Notes
from benchmarks.display.style import save_figure
from benchmarks.display.tables import Table, to_terminal
from benchmarks.options import Context
from benchmarks.runner.output_folder import output_folder, resumed_folder, why_unfinished
from benchmarks.runner.records import Record, write_json

Measured = TypeVar("Measured", bound=Record)


def show_of(record: Record) -> Any:
    """The module `show` of the record's study.

    It has a `TITLE`, `findings(record)`, which yields each `Finding` for the verdict, and
    `parts(record)`, which yields every other `Part` in reading order.
    """
    return importlib.import_module(f"benchmarks.{record.study}.show")


def conduct(
    context: Context,
    study: str,
    out: Path | None,
    measure: Callable[[Path], Measured],
    resume: Path | None = None,
) -> Measured:
    """Measures in a fresh folder, keeps `STUDY.json` and figures there, and says what came of it.

    resume: a folder to go on in, which the caller has looked at; then `out` does not count.

    Raises:
        InputError: the output folder cannot be used, or what `measure` raises.
        RunFailedError: what `measure` raises.
    """
    with study_folder(context, study, out, resume) as folder:
        record = measure(folder)
        keep(record, folder, f"{study}.json")
    say(record, context)
    context.say(f"outputs: {folder}")
    return record


def study_folder(
    context: Context, study: str, out: Path | None, resume: Path | None
) -> AbstractContextManager[Path]:
    """A fresh folder, or the one to go on in, of which it says why it is unfinished."""
    if resume is None:
        return output_folder(out, study)
    if unfinished := why_unfinished(resume):
        context.say(f"{resume}: {unfinished}")
    return resumed_folder(resume, study)


def keep(record: Record, folder: Path, name: str) -> None:
    """Draws the record's charts into `figures/`, then writes the record, whole."""
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for part in show_of(record).parts(record):
        if isinstance(part, Chart):
            save_figure(part.figure, figures / f"{part.key}.png", record.dataset.name)
    write_json(record, folder / name)


def say(record: Record, context: Context) -> None:
    """Prints what a terminal shows of the record."""
    show = show_of(record)
    for part in show.parts(record):
        if isinstance(part, Table) and not part.is_hidden:
            context.console.print(to_terminal(part))
        elif isinstance(part, Notes):
            for item in part.items:
                context.say(item)
    for finding in show.findings(record):
        context.say(finding.text)
