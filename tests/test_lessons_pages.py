"""Real lessons as pages and notebooks, and the pages in a real browser."""

import json
import re
from pathlib import Path

import pytest

from lessons.catalogue import find_lessons, load_lesson
from lessons.shown_code import shown_code
from tests.command import ROOT
from tests.site_pages import Page, assert_sound, build

pytestmark = pytest.mark.slow

REAL_LESSONS = (1, 5)
"""One with code of its own, one with functions of the project and a figure."""
PHONE_WIDTH = 390


@pytest.fixture(scope="module")
def real_site(tmp_path_factory) -> Path:
    """The site of some of the real lessons, and their notebooks."""
    folder = tmp_path_factory.mktemp("site") / "lessons"
    answer = build(folder, *REAL_LESSONS, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    return folder


def test_real_lessons_as_a_site(real_site: Path):
    assert_sound(real_site)
    entries = {entry.number: entry for entry in find_lessons()}
    for number in REAL_LESSONS:
        page = Page(real_site / f"{entries[number].name}.html")
        codes = [code.strip("\n") for code in page.codes]
        lesson = load_lesson(entries[number])
        for shown in (*lesson.keras, *lesson.jax, lesson.exercise.solution):
            assert shown_code(shown).text.strip("\n") in codes


def test_real_lessons_as_notebooks(real_site: Path):
    paths = sorted((real_site / "notebooks").iterdir())
    assert [path.suffix for path in paths] == [".ipynb"] * len(REAL_LESSONS)
    for path in paths:
        notebook = json.loads(path.read_text())
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        streams = [output for output in outputs if output["output_type"] == "stream"]
        printed = ["".join(stream["text"]) for stream in streams]
        assert len(printed) == 2
        assert all("✓" in text and "✗" not in text for text in printed)
        assert not any("execution" in cell["metadata"] for cell in notebook["cells"])
        assert notebook["metadata"]["language_info"] == {"name": "python"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE_WIDTH, 1440])
def test_pages_in_a_browser(width: int, scheme: str, real_site: Path, browser):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    complaints: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    for path in sorted(real_site.glob("*.html")):
        page.goto(path.as_uri())
        for details in page.query_selector_all("details"):
            details.evaluate("element => element.open = true")
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, path.name
        paper, ink = (
            page.evaluate(f"getComputedStyle(document.body).{name}")
            for name in ("backgroundColor", "color")
        )
        assert (brightness(paper) > brightness(ink)) is (scheme == "light")
    assert complaints == []
    assert all(url.startswith(("file:", "data:")) for url in requested)
    page.close()


def test_code_is_in_two_columns_on_a_desktop_and_in_one_on_a_phone(real_site: Path, browser):
    for width, num_columns in ((PHONE_WIDTH, 1), (1440, 2)):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.goto((real_site / "index.html").as_uri())
        lefts = page.evaluate(
            "[...document.querySelectorAll('.twins')[0].children]"
            ".map(side => side.getBoundingClientRect().left)"
        )
        assert len(set(lefts)) == num_columns
        page.close()


def brightness(colour: str) -> int:
    """Of "rgb(r, g, b)"."""
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])
