"""The lessons' site: what is on its pages, where its links lead, how a build can fail."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessons.shown_code import ShownCode, shown_code
from lessons.site.markup import highlighted, markdown
from lessons.site.side_by_side import TWIN_FILES, align, blocks_of, compare_files
from tests.command import ROOT, environment
from tests.site_pages import Page, assert_sound, build
from tests.small_lessons import lessons_project, write_lesson
from tests.test_structure import public_names

IMPLEMENTATIONS = ("keras_impl", "jax_impl")


@pytest.fixture(scope="module")
def small_site(tmp_path_factory) -> Path:
    """The site of two lessons that need no framework."""
    project = lessons_project(tmp_path_factory.mktemp("project"))
    write_lesson(project, 1, "Sums: `ONE` and 1", figure="draw")
    answer = build("build/lessons", "--without-notebooks", cwd=project)
    assert (answer.returncode, answer.stderr) == (0, "")
    return project / "build" / "lessons"


def test_a_site_of_two_lessons(small_site: Path):
    assert_sound(small_site)
    names = {path.name for path in small_site.iterdir()}
    assert {"lesson_01_sums.html", "lesson_02_sums.html", "BUILT-BY-MAKE-LESSONS.txt"} < names
    assert not list(small_site.parent.glob("lessons-*"))  # the workshop is gone
    text = (small_site / "lesson_01_sums.html").read_text()
    assert "<title>Lesson 1: Sums: ONE and 1 " in text
    assert "Is <code>ONE + 1</code> the <em>same</em> as" in text
    assert "&lt;both&gt; sums &amp; more" in text
    assert "Nobody &lt;wondered&gt;." in text
    assert "data:image/png;base64," in text
    assert "✓ holds" in text
    assert 'rel="next" href="lesson_02_sums.html"' in text
    assert 'rel="prev"' not in text
    assert re.search(r"Python 3\.\d+\.\d+, .*jax \d.*, keras \d", text)
    assert text.index("Predict first") < text.index("The code that runs") < text.index("Exercise")


def test_shown_code_is_on_the_page(small_site: Path):
    codes = Page(small_site / "lesson_01_sums.html").codes
    step = shown_code("jax_impl.train:train_step").text
    assert [code.strip("\n") for code in codes if "train_step" in code] == [step.strip("\n")]
    assert 'def jax_sum() -> int:\n    """Adds < and & in another order."""' in "".join(codes)


def test_the_first_page_holds_all_code_of_both_implementations(small_site: Path):
    codes = Page(small_site / "index.html").codes
    shown = [line for code in codes for line in code.splitlines() if line.strip()]
    written = [
        line.strip()
        for file in TWIN_FILES
        for folder in IMPLEMENTATIONS
        for line in (ROOT / folder / f"{file}.py").read_text().splitlines()
        if line.strip()
    ]
    assert sorted(line.strip() for line in shown) == sorted(written)


@pytest.mark.parametrize("folder", IMPLEMENTATIONS)
def test_the_first_page_names_every_public_function(folder: str, small_site: Path):
    text = (small_site / "index.html").read_text()
    for file in ("model.py", "train.py"):
        for name in public_names(ROOT / folder / file):
            assert f"<h3>{name}</h3>" in text


def test_the_first_page_leads_from_a_function_to_its_lessons(small_site: Path):
    text = (small_site / "index.html").read_text()
    section = text[text.index('aria-label="train.py: train_step"') :]
    section = section[: section.index("</section>")]
    assert 'href="lesson_01_sums.html"' in section
    assert "Not in Keras. Keras does this inside <code>fit</code>." in section


def test_a_lesson_that_does_not_hold_fails_the_build_by_name(tmp_path: Path):
    project = lessons_project(tmp_path)
    assert build("site", 1, "--without-notebooks", cwd=project).returncode == 0
    before = (project / "site" / "lesson_01_sums.html").read_text()
    write_lesson(project, 2, "Wrong sums", taught=23)
    answer = build("site", "--without-notebooks", cwd=project)
    assert answer.returncode == 1
    assert "lesson 2 (Wrong sums): <both> sums & more: taught 23, found 22" in answer.stderr
    assert "lesson 1" not in answer.stderr
    assert (project / "site" / "lesson_01_sums.html").read_text() == before
    assert {path.name for path in project.iterdir()} == {"lessons", "site"}


def test_a_lesson_that_breaks_fails_the_build_by_name(tmp_path: Path):
    project = lessons_project(tmp_path)
    write_lesson(project, 2, "Broken sums", extra="raise KeyError('gone')")
    answer = build("site", "--without-notebooks", cwd=project)
    assert answer.returncode == 1
    assert answer.stderr.startswith("lessons: Lesson 2: Broken sums failed:\n")
    assert "KeyError: 'gone'" in answer.stderr
    assert not (project / "site").exists()


def test_a_folder_that_is_no_site_stays_as_it_is(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "mine.txt"):
        answer = build(place, 1, "--without-notebooks", cwd=ROOT)
        assert answer.returncode == 2
        assert answer.stderr.startswith(f"lessons: {place} holds something that is no lessons site")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_an_interrupted_build_leaves_nothing(tmp_path: Path):
    project = lessons_project(tmp_path)
    write_lesson(project, 2, "Slow sums", extra="import time; time.sleep(600)")
    process = subprocess.Popen(
        [sys.executable, "-m", "lessons.site", "site", "--without-notebooks"],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "1 of 2: lesson 1 has run\n"
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == "lessons: interrupted; nothing was changed\n"
    assert [path.name for path in project.iterdir()] == ["lessons"]


# How two files are laid side by side.

names = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)


def block(name: str) -> ShownCode:
    return ShownCode(name=name, path="some.py", line=1, text=name)


@given(left=names, right=names)
def test_aligning_keeps_every_block_once_and_in_order(left: list[str], right: list[str]):
    rows = align([block(name) for name in left], [block(name) for name in right])
    assert [row.keras.name for row in rows if row.keras] == left
    assert [row.jax.name for row in rows if row.jax] == right
    for row in rows:
        assert {block.name for block in (row.keras, row.jax) if block} == {row.name}
    if left == right:
        assert all(row.keras and row.jax for row in rows)


@pytest.mark.parametrize("file", TWIN_FILES)
def test_names_that_both_have_stand_side_by_side(file: str):
    rows = compare_files(file)
    keras = {row.name for row in rows if row.keras}
    jax = {row.name for row in rows if row.jax}
    assert {row.name for row in rows if row.keras and row.jax} == keras & jax
    assert {row.name for row in rows if row.why_absent} == keras ^ jax


@pytest.mark.parametrize("folder", IMPLEMENTATIONS)
def test_blocks_say_where_they_stand(folder: str):
    for file in TWIN_FILES:
        lines = (ROOT / folder / f"{file}.py").read_text().splitlines()
        for piece in blocks_of(f"{folder}.{file}", {"Twin"}):
            assert lines[piece.line - 1].strip() == piece.text.splitlines()[0].strip()
    assert "Twin.fit" in [piece.name for piece in blocks_of(f"{folder}.implementation", {"Twin"})]


TAGS = ("a", "blockquote", "code", "em", "h", "hr", "br", "img", "li", "ol", "p", "pre", "span")
MARKUP = {f"<{tag}" for tag in (*TAGS, "strong", "ul")}


@given(st.text(st.sampled_from("<>/&;'\"`*_[]()! \nabchiprstx"), max_size=40))
def test_no_text_becomes_markup_of_its_own(text: str):
    for html in (highlighted(text), markdown(text)):
        assert set(re.findall(r"<[^a-z/]|<[a-z]+", html)) <= MARKUP
