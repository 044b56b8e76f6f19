"""The README against the code and the measured results."""

import re
from pathlib import Path

import pytest

from benchmarks.readme_tables import RESULTS, readme_tables

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_every_table_is_what_was_measured():
    for table in readme_tables():
        assert table in README


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(target: str):
    assert (ROOT / target).exists()


@pytest.mark.parametrize(
    "name",
    sorted(set(re.findall(r"`((?:shared|keras_impl|jax_impl|benchmarks|tests)/[^`]*)`", README))),
)
def test_every_file_named_is_there(name: str):
    assert (ROOT / name).exists()


def test_measured_results_hold_no_path_of_a_machine():
    for path in RESULTS.glob("*.json"):
        assert not re.search(r'"/(home|root|tmp|work|Users)/', path.read_text()), path
