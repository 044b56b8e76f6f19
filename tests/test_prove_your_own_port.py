"""The page “Prove your own port”: its program says what the page quotes, and ends with PASS."""

import re
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import pytest

from parity.questions import RUNGS
from tests.command import ROOT

PAGE = (ROOT / "docs" / "prove-your-own-port.md").read_text()
PROGRAM = re.compile(r"^```python\n# prove.py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = re.findall(r"^```(text|diff)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(program: str) -> str:
    """What the program prints, words apart by one space."""
    printed = StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        exec(compile(program, "prove.py", "exec"), {})
    return " ".join(printed.getvalue().split())


def changed(program: str, difference: str) -> str:
    """The program with the lines that begin with - replaced by those that begin with +."""
    old, new = (
        "".join(f"{line[1:]}\n" for line in difference.splitlines() if line.startswith(sign))
        for sign in "-+"
    )
    assert program.count(old) == 1, old
    return program.replace(old, new)


def test_the_rungs_on_the_page_are_those_of_the_ladder():
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    assert dict(rows[2:]) == dict(RUNGS)


@pytest.mark.slow
def test_the_program_of_the_page_says_what_the_page_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (program,) = PROGRAM.findall(PAGE)
    for kind, block in BLOCKS:
        if kind == "diff":
            program = changed(program, block)
            continue
        words = (re.escape(word).replace("…", ".*") for word in block.split())
        assert re.search(" ".join(words), run(program)), block
    assert "PASS" in BLOCKS[-1][1]
    assert (tmp_path / "parity.html").is_file()
