"""The page “Bring your own port”: its port breaks the ladder as it says."""

import re
from pathlib import Path

import pytest

from tests.command import ROOT, twins
from tests.wrong_ports import WRONG_PORTS

PAGE = (ROOT / "docs" / "bring-your-own-port.md").read_text()
((PLACE, CODE),) = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(SAID,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_each_mistake_on_the_page_is_rejected_at_the_rung_it_names():
    rows = re.findall(r"^\| (.+?) \| .+? \| `(\w+)` \|$", PAGE, re.MULTILINE)
    rungs = {port.name: port.rejected_at.name for port in WRONG_PORTS}
    assert len(rows) > 15
    assert {name: rung for rung, name in rows} == {name: rungs[name] for _, name in rows}


@pytest.mark.slow
@pytest.mark.real_data
def test_the_port_on_the_page_breaks_the_ladder_as_the_page_says(
    fashion_mnist_directory: Path, tmp_path: Path
):
    (tmp_path / PLACE).write_text(CODE)
    name = PLACE.removesuffix(".py")
    answer = twins(
        *("parity", "--impl", f"{name}:build", "--dtype", "float64", "--randomness", "shared"),
        *("--num-epochs", 1, "--data-dir", fashion_mnist_directory, "--out", tmp_path / "parity"),
        cwd=tmp_path,
    )
    assert answer.returncode == 1
    assert re.search(r"parameters +0 ✓", answer.stdout)
    words = (re.escape(word).replace("…", r"\d+") for word in SAID.split())
    assert re.search(r"\s+".join(words), answer.stdout)
