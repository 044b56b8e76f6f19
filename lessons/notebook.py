"""A lesson as a Jupyter notebook: its module's source in cells, nothing written anew.

nbformat and nbclient are imported where they are needed: only who works on the project
has them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lessons.catalogue import Entry, load_lesson
from lessons.lesson import Lesson
from lessons.shown_code import DEFINITIONS, ShownCode, from_lines, shown_code

SECONDS_FOR_A_CELL = 600
LONGEST_LINE = 100
OPENING = """\
Every cell below is taken from `{place}`, and its outputs are real.

To run them yourself: `make setup` in the repository's root installs what they need; then take
`.venv/bin/python` as the kernel. The first cell of code finds the project wherever inside its
folder Jupyter was started."""
FIND_PROJECT = """\
import sys
from pathlib import Path

for folder in (Path.cwd(), *Path.cwd().parents):
    if (folder / "lessons" / "lesson.py").exists():
        sys.path.insert(0, str(folder))"""
SHOW_EVIDENCE = """\
from lessons.terminal import evidence_text

print(evidence_text({function}()))"""
SHOW_FIGURE = """\
%matplotlib inline
{function}()"""
IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True, kw_only=True)
class NotebookCell:
    """One cell before it runs."""

    kind: Literal["markdown", "code"]
    source: str


def cells_of(entry: Entry) -> list[NotebookCell]:
    """The notebook's cells, from the module's text and its `LESSON`."""
    return list(_cells(entry, load_lesson(entry)))


def as_notebook(entry: Entry):
    """The lesson as an `nbformat.NotebookNode` that has not been run.

    The same module gives the same notebook on every machine.
    """
    import nbformat

    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [
        make[cell.kind](cell.source, id=f"cell-{number}")
        for number, cell in enumerate(cells_of(entry), 1)
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=_metadata())


def execute(entry: Entry, folder: Path) -> str:
    """Runs the notebook in a kernel whose current folder is `folder`; returns its file's text.

    Times and the machine's particulars are left out, and so is what frameworks write
    to standard error: the outputs are those of the lesson.

    Raises:
        CellExecutionError: a cell ended in an error.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = as_notebook(entry)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_FOR_A_CELL,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    notebook.metadata = _metadata()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _metadata():
    from nbformat import NotebookNode

    kernel = NotebookNode(display_name="Python 3", language="python", name="python3")
    return NotebookNode(kernelspec=kernel, language_info=NotebookNode(name="python"))


def _cells(entry: Entry, lesson: Lesson) -> Iterator[NotebookCell]:
    text = entry.path.read_text(encoding="utf-8")
    definitions = _definitions(text)
    solution = lesson.exercise.solution.__name__
    answer = definitions.pop(solution)

    place = f"{entry.path.parent.name}/{entry.path.name}"
    yield _prose(f"# {entry.heading}\n\n{OPENING.format(place=place)}")
    yield _prose(f"## Predict first\n\n{lesson.question}")
    yield _code(FIND_PROJECT)
    yield _code(_imports(text, "\n".join([*definitions.values(), answer])))
    yield from _project_code("Keras", lesson.keras)
    yield from _project_code("JAX", lesson.jax)
    sides = _names("Keras", lesson.keras) | _names("JAX", lesson.jax)
    for name, source in definitions.items():
        if name in sides:
            yield _prose(f"### In {sides[name]}: `{name}`")
        yield _code(source)
    yield _prose("## What it gives")
    yield _code(SHOW_EVIDENCE.format(function=lesson.run.__name__))
    if lesson.figure is not None:
        yield _code(SHOW_FIGURE.format(function=lesson.figure.__name__))
    yield _prose(f"## Why\n\n{lesson.explanation}")
    yield _prose(f"## Exercise\n\n{lesson.exercise.task}")
    yield _prose(f"## Its answer\n\n{lesson.exercise.answer}")
    yield _code(answer)
    yield _code(f"print(evidence_text({solution}()))")


def _prose(source: str) -> NotebookCell:
    return NotebookCell(kind="markdown", source=source)


def _code(source: str) -> NotebookCell:
    return NotebookCell(kind="code", source=source)


def _names(framework: str, shown: tuple[Any, ...]) -> dict[str, str]:
    """The lesson's own functions that it shows, and the framework each is for."""
    return {function.__name__: framework for function in shown if callable(function)}


def _project_code(framework: str, shown: tuple[Any, ...]) -> Iterator[NotebookCell]:
    """The project's own functions that the lesson shows; the notebook imports them as they are."""
    for name in shown:
        if isinstance(name, str):
            yield _prose(_quoted(framework, shown_code(name)))


def _quoted(framework: str, code: ShownCode) -> str:
    return (
        f"### In {framework}: `{code.name}`\n\nFrom `{code.path}`, line {code.line}:\n\n"
        f"```python\n{code.text}```"
    )


def _definitions(text: str) -> dict[str, str]:
    """Functions and classes of a module by name, each with what stands before it.

    Imports, the module's docstring and `LESSON` are left out.
    """
    lines = text.splitlines(keepends=True)
    pieces = {}
    begin = 1
    for index, node in enumerate(ast.parse(text).body):
        assert node.end_lineno is not None  # only nodes that no parser made lack it
        if isinstance(node, DEFINITIONS):
            pieces[node.name] = from_lines("", "", lines, begin, node.end_lineno).text.rstrip("\n")
        elif index and not isinstance(node, IMPORTS):
            continue  # a constant goes with the next function
        begin = node.end_lineno + 1
    return pieces


def _imports(text: str, code: str) -> str:
    """The module's imports as far as the code needs them, blank lines between groups kept."""
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    nodes = [node for node in ast.parse(text).body if isinstance(node, IMPORTS)]
    kept, new_group, last_line = [], False, 0
    for node in nodes:
        new_group = new_group or node.lineno > last_line + 1
        last_line = node.end_lineno or node.lineno
        aliases = [alias for alias in node.names if (alias.asname or alias.name) in used]
        if aliases:
            kept += ["", _import(node, aliases)] if new_group and kept else [_import(node, aliases)]
            new_group = False
    return "\n".join(kept)


def _import(node: ast.Import | ast.ImportFrom, aliases: list[ast.alias]) -> str:
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import(names=aliases))
    line = ast.unparse(ast.ImportFrom(module=node.module, names=aliases, level=node.level))
    if len(line) <= LONGEST_LINE:
        return line
    opening, _, names = line.partition(" import ")
    rows = "".join(f"    {name},\n" for name in names.split(", "))
    return f"{opening} import (\n{rows})"
