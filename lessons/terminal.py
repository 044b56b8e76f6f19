"""A lesson in the terminal: its script as a notebook, run in a kernel and printed cell by cell."""

import subprocess
import sys
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from shared.errors import RunFailedError


def run_lesson(path: Path, console: Console, *, with_answer: bool) -> None:
    """Prints each cell and what it gave; raises RunFailedError where a cell ends in an error."""
    notebook = jupytext.read(path, fmt="py:percent")
    folder = {"metadata": {"path": str(path.parent.parent)}}
    client = NotebookClient(notebook, timeout=600, resources=folder)
    # What frameworks write to standard error is not for the reader.
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        for index, cell in enumerate(notebook.cells):
            if "hide-cell" in cell.metadata.get("tags", ()) and not with_answer:
                continue
            if cell.cell_type == "markdown":
                _print_text(cell.source, console)
            else:
                _run_code(client, index, cell, console)


def _print_text(text: str, console: Console) -> None:
    # Wider lines of prose are hard to read.
    console.print(Markdown(text), "", width=min(console.width, 96))
    if "**Predict first.**" in text and console.is_terminal and sys.stdin.isatty():
        console.input("[dim]Enter goes on.[/dim] ")


def _run_code(client: NotebookClient, index: int, cell: NotebookNode, console: Console) -> None:
    _print_code(cell.source, console)
    try:
        with console.status("running …"):
            client.execute_cell(cell, index)
    except CellExecutionError as error:
        raise RunFailedError(_explanation(error)) from error
    finally:
        for output in cell.outputs:
            if output.get("name") == "stdout":
                console.print(Text(output.text), end="")
            elif "image/png" in output.get("data", {}):
                console.print(Text("`make lessons` draws this figure.", style="dim"))
            elif "data" in output:
                _print_code(output.data["text/plain"], console)
        console.print()


def _print_code(code: str, console: Console) -> None:
    # Colours of the terminal itself, so that they suit a light one and a dark one.
    syntax = Syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True)
    console.print(Padding(syntax, (0, 2)))


def _explanation(error: CellExecutionError) -> str:
    if error.ename == "AssertionError":  # by lessons/toolbox.py
        return f"{error.evalue}; has a framework changed?"
    return f"{error.ename}: {error.evalue}\n{Text.from_ansi(error.traceback).plain}"
