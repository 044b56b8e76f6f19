"""The lessons: each one's evidence, by name; the code they show; `twins lessons`."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

from lessons.catalogue import Entry, choose_lessons, find_lessons, load_lesson
from lessons.lesson import Evidence, fails, is_equal, is_near
from lessons.notebook import as_notebook
from lessons.shown_code import shown_code
from shared.errors import InputError
from tests.command import ROOT, twins
from tests.small_lessons import lessons_project, write_lesson
from tests.test_structure import FRAMEWORKS, IMPLEMENTATIONS

ENTRIES = find_lessons()
FIGURES = [entry for entry in ENTRIES if load_lesson(entry).figure]
NOTEBOOKS = ROOT / "lessons" / "notebooks"
# As readers run them: Python keeps from them what a framework says of its own deprecated calls.
as_readers_do = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def named(entries: Sequence[Entry]) -> pytest.MarkDecorator:
    """One test for each lesson, named by its number and title."""
    ids = [f"{entry.number}: {entry.title}" for entry in entries]
    return pytest.mark.parametrize("entry", entries, ids=ids)


each_lesson = named(ENTRIES)


def assert_holds(evidence: tuple[Evidence, ...]) -> None:
    assert evidence, "no evidence was given"
    broken = [item for item in evidence if not item.holds]
    assert not broken, "\n".join(
        f"{item.text}: taught {item.taught}, found {item.found}" for item in broken
    )


@as_readers_do
@each_lesson
def test_evidence(entry: Entry):
    assert_holds(load_lesson(entry).run())


@as_readers_do
@each_lesson
def test_answer_of_the_exercise(entry: Entry):
    assert_holds(load_lesson(entry).exercise.solution())


@as_readers_do
@named(FIGURES)
def test_figure(entry: Entry, tmp_path: Path):
    draw = load_lesson(entry).figure
    assert draw is not None
    draw().savefig(tmp_path / "figure.png")


def test_at_least_fifteen_lessons_with_consecutive_numbers():
    assert [entry.number for entry in ENTRIES] == list(range(1, len(ENTRIES) + 1))
    assert len(ENTRIES) >= 15


@each_lesson
def test_everything_of_a_lesson_is_said(entry: Entry):
    lesson = load_lesson(entry)
    assert lesson.keras
    assert lesson.jax
    texts = (lesson.question, lesson.explanation, lesson.exercise.task, lesson.exercise.answer)
    assert all(text.strip() for text in texts)
    assert lesson.question.rstrip().endswith("?")


@each_lesson
def test_shown_code_is_in_the_file_and_line_that_it_claims(entry: Entry):
    lesson = load_lesson(entry)
    for shown in (*lesson.keras, *lesson.jax, lesson.exercise.solution):
        code = shown_code(shown)
        lines = (ROOT / code.path).read_text().splitlines()[code.line - 1 :]
        assert [line.strip() for line in code.text.splitlines()] == [
            line.strip() for line in lines[: code.text.count("\n")]
        ]
        ast.parse(code.text)


@pytest.mark.parametrize(
    "name",
    [
        "jax_impl.train:run_epoch",  # decorated
        "jax_impl.model:Classifier.__call__",
        "keras_impl.train:Observer",
        "keras_impl.model:build_model",
    ],
)
def test_code_found_without_importing_is_what_inspect_finds(name: str):
    module, _, attribute = name.partition(":")
    found: object = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    function = inspect.unwrap(found)  # pyright: ignore[reportArgumentType]
    lines, line = inspect.getsourcelines(function)
    code = shown_code(name)
    assert (code.text, code.line) == (inspect.cleandoc("\n" + "".join(lines)) + "\n", line)


@pytest.mark.parametrize("name", ["no_such_impl:fit", "jax_impl.train:no_such", "jax_impl.train:"])
def test_code_that_is_not_there_is_no_silence(name: str):
    with pytest.raises(LookupError):
        shown_code(name)


@each_lesson
def test_lessons_import_frameworks_inside_functions_only(entry: Entry):
    imported = set()
    for node in ast.parse(entry.path.read_text()).body:
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    assert not imported & (FRAMEWORKS | IMPLEMENTATIONS)


# What lessons are made of.


@pytest.mark.parametrize(
    ("evidence", "holds"),
    [
        (is_near("a", 1.0, 1.01, within=0.02), True),
        (is_near("a", 1.0, 1.03, within=0.02), False),
        (is_near("a", 1.0, float("nan"), within=0.02), False),
        (is_equal("a", (1, 2), (1, 2)), True),
        (is_equal("a", 1, 2), False),
        (fails("a", "ZeroDivisionError", "division", lambda: 1 / 0), True),
        (fails("a", "ZeroDivisionError", "no such words", lambda: 1 / 0), False),
        (fails("a", "TypeError", "division", lambda: 1 / 0), False),
        (fails("a", "TypeError", "", lambda: 1), False),
    ],
)
def test_evidence_can_fail(evidence: Evidence, holds: bool):
    assert evidence.holds is holds
    assert evidence.taught
    assert evidence.found


# `twins lessons`


def test_the_list_names_every_lesson_and_imports_none(tmp_path: Path):
    answer = twins("lessons", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    for entry in ENTRIES:
        title = entry.title.replace("`", "")
        assert re.search(rf"^ *{entry.number} +{re.escape(title)} *$", answer.stdout, re.MULTILINE)
    script = (
        "import sys; from benchmarks.__main__ import main; main(['lessons'])\n"
        f"heavy = {FRAMEWORKS!r} | {{'lessons.{ENTRIES[0].name}'}}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_lesson_in_a_wide_terminal(tmp_path: Path):
    answer = twins("lessons", 1, cwd=tmp_path, COLUMNS="160")
    assert (answer.returncode, answer.stderr) == (0, "")
    text = answer.stdout
    steps = ("Predict first", "def keras_kernel", "this run gave", "Glorot-uniform", "Exercise")
    assert sorted(steps, key=text.index) == list(steps)
    assert re.search(r"def keras_kernel.*def jax_kernel", text)  # side by side: one line
    assert text.count("✓") == 4
    assert "`twins lessons 1 --answer`" in text
    assert "glorot_uniform()" not in text


def test_lessons_with_answers_in_a_narrow_terminal(tmp_path: Path):
    answer = twins("lessons", 2, 1, "--answer", cwd=lessons_project(tmp_path), COLUMNS="70")
    assert (answer.returncode, answer.stderr) == (0, "")
    text = answer.stdout
    assert text.index("Lesson 2: More sums") < text.index("Lesson 1: Sums: ONE and 1")
    assert text.index("def keras_sum") < text.index("def jax_sum")
    assert not re.search(r"def keras_sum.*def jax_sum", text)
    assert "jax_impl/train.py:" in text  # a function of the project
    assert text.count("The answer is one.") == 2
    assert text.count("✓") == 4
    assert "chatter" not in text


def test_evidence_that_does_not_hold_is_shown_and_sets_the_status(tmp_path: Path):
    project = lessons_project(tmp_path)
    write_lesson(project, 1, "Wrong sums", taught=23)
    answer = twins("lessons", 1, 2, cwd=project)
    assert answer.returncode == 1
    assert "✗" in answer.stdout
    assert "has a framework changed?" in answer.stdout
    assert "Lesson 2" in answer.stdout  # the others are shown all the same


def test_a_lesson_that_breaks_is_named(tmp_path: Path):
    project = lessons_project(tmp_path)
    write_lesson(project, 2, "Broken sums", extra="raise KeyError('gone')")
    answer = twins("lessons", 2, cwd=project)
    assert answer.returncode == 1
    assert answer.stderr.startswith(
        "twins: Lesson 2: Broken sums failed: KeyError: 'gone'; the end"
    )
    assert "raise KeyError('gone')" in answer.stderr  # the log tells where


@pytest.mark.parametrize("number", [0, 99])
def test_an_unknown_lesson(number: int, tmp_path: Path):
    answer = twins("lessons", number, cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"twins: there is no lesson {number}: lessons are 1 to ")
    assert answer.stderr.count("\n") == 1
    with pytest.raises(InputError):
        choose_lessons((1, number))


def test_a_lesson_that_is_no_number(tmp_path: Path):
    answer = twins("lessons", "seven", cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("twins: ")
    assert answer.stderr.count("\n") == 1


# The notebooks that are committed


def test_there_is_a_notebook_for_each_lesson_and_no_other():
    assert {path.stem for path in NOTEBOOKS.glob("*")} == {entry.name for entry in ENTRIES}


@each_lesson
def test_the_notebook_is_up_to_date(entry: Entry):
    import nbformat

    committed = nbformat.read(NOTEBOOKS / f"{entry.name}.ipynb", as_version=4)
    nbformat.validate(committed)
    cells = [(cell.cell_type, cell.source) for cell in committed.cells]
    wanted = [(cell.cell_type, cell.source) for cell in as_notebook(entry).cells]
    assert cells == wanted, "`make notebooks` renews it"
    outputs = [output for cell in committed.cells for output in cell.get("outputs", [])]
    printed = [output.text for output in outputs if "text" in output]
    assert len(printed) == 2, "the evidence and the answer's"
    assert all("✓" in text and "✗" not in text for text in printed)


@each_lesson
def test_the_notebook_holds_all_code_of_its_lesson(entry: Entry):
    code = "\n".join(cell.source for cell in as_notebook(entry).cells if cell.cell_type == "code")
    tree = ast.parse(entry.path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            source = ast.get_source_segment(entry.path.read_text(), node)
            assert source is not None
            assert source in code
