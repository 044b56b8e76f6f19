"""The documents against the code and the measured results."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.display.tables import Table, plain_text, to_terminal
from benchmarks.docs_tables import DOCUMENTS, RESULTS, docs_tables, measured_tables, with_tables

ROOT = Path(__file__).parent.parent
ALL = [*DOCUMENTS, ROOT / "CONTRIBUTING.md"]
TEXTS = {path: path.read_text() for path in ALL}
LINKS = [(p, t) for p, text in TEXTS.items() for t in re.findall(r"\]\(([^)#:]+)\)", text)]
NAMES = [
    name
    for text in TEXTS.values()
    for name in re.findall(r"`((?:shared|keras_impl|jax_impl|benchmarks|tests|docs)/[^` ]*)`", text)
]


def test_every_table_is_what_was_measured():
    together = "\n".join(TEXTS.values())
    for table in docs_tables():
        assert table in together
    for path in DOCUMENTS:
        assert with_tables(TEXTS[path]) == TEXTS[path]


@pytest.mark.parametrize("table", list(measured_tables()), ids=lambda table: table.key)
def test_every_table_fits_a_terminal_of_80_columns_whole(table: Table):
    file = StringIO()
    Console(file=file, width=80).print(to_terminal(table))
    shown = file.getvalue()
    assert "…" not in shown
    for row in table.rows:
        assert any(all(plain_text(cell) in line for cell in row) for line in shown.splitlines())


def test_a_table_without_rows_is_its_head():
    file = StringIO()
    Console(file=file, width=80).print(to_terminal(Table("none", "", ("rung", "epoch"), ())))
    assert file.getvalue().split()[:2] == ["rung", "epoch"]


@pytest.mark.parametrize(("path", "target"), LINKS, ids=lambda value: str(value)[-40:])
def test_every_link_leads_somewhere(path: Path, target: str):
    assert (path.parent / target).exists()


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_every_file_named_is_there(name: str):
    assert (ROOT / name).exists()


def test_the_readme_is_read_in_one_sitting():
    assert len(TEXTS[ROOT / "README.md"].splitlines()) <= 120


def test_measured_results_hold_no_path_of_a_machine():
    for path in RESULTS.glob("*.json"):
        assert not re.search(r'"/(home|root|tmp|work|Users)/', path.read_text()), path
