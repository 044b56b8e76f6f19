"""The lessons: each script runs, what they are made of, `twins lessons`, the site."""

import html
import os
import pty
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from zipfile import ZipFile

import pytest
from axe_playwright_python.sync_playwright import Axe

from lessons.command import lesson_paths, lesson_title
from lessons.toolbox import equal, fails, near, show
from tests.command import PROGRAM, ROOT, environment, twins
from tests.test_structure import FRAMEWORKS, MIRRORED_MODULES, public_names

PATHS = lesson_paths()
SCRIPTS = (*PATHS.values(), ROOT / "lessons" / "quick_reference.py")
READ_BY_STUDENTS = [
    *SCRIPTS,
    *(ROOT / "lessons").glob("smallest_*.py"),
    ROOT / "lessons" / "exercises" / "stub.py",
]
BUILD = ("-m", "sphinx", "--fail-on-warning", "--quiet")
INDEX = """\
# All

```{toctree}
:glob:

*
```
"""
SMALLEST = [("smallest_port", 30, 0.88), ("smallest_keras", 2, 0.81)]
"""Epochs, and an accuracy above which they end; all 30 of Keras are what `twins run` trains."""
LESSON = """\
# %% [markdown]
# # {title}
#
# **Predict first.** Is `ONE + 1` the *same* as `1 + ONE`?
# %% [markdown]
# ## Keras
# %%
import sys
from lessons.toolbox import equal, show

ONE = 1
print("chat" "ter", file=sys.stderr)
{extra}
# %% [markdown]
# ## JAX
# %%
show("jax_impl.train:train_step")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("<both> sums & more", {taught}, 10 * (ONE + 1) + (1 + ONE))
# %%
from benchmarks.display.style import new_figure

new_figure(3.0, 2.0)
# %% [markdown]
# It is.
#
# **Exercise.** And `ONE * ONE`?
# %%
# Your turn.
# %% tags=["hide-cell"]
equal("the product", 1, ONE * ONE)
# %% [markdown] tags=["hide-cell"]
# The answer is one.
"""
"""A lesson that needs no framework; its evidence holds if `taught` is 22."""


def write_lesson(project: Path, number: int, *, taught: int = 22, extra: str = "") -> None:
    text = LESSON.format(title=f"Sums: `ONE` and {number}", taught=taught, extra=extra)
    (project / "lessons" / PATHS[number].name).write_text(text)


def python(
    *arguments: object, cwd: Path = ROOT, **changes: str
) -> subprocess.CompletedProcess[str]:
    command, env = [sys.executable, *map(str, arguments)], environment(**changes)
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def small_project(folder: Path) -> Path:
    """A folder with the package `lessons`, in which small lessons replace the real pages."""
    pages = ("[0-9]*", "*.md", "quick_reference.py", "exercises", "__pycache__")
    ignored = shutil.ignore_patterns(*pages)
    shutil.copytree(ROOT / "lessons", folder / "lessons", ignore=ignored)
    (folder / "lessons" / "index.md").write_text(INDEX)
    for number in (1, 4, 5):  # other pages link to these
        write_lesson(folder, number)
    return folder


@pytest.fixture(scope="module")
def warm() -> ForkServerContext:
    """Starts processes of their own, each a copy of one in which frameworks are imported."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["keras", "flax.nnx", "optax", __name__])
    return context


def run_script(path: Path, log: Path) -> None:
    """As `python PATH` does; what it prints goes into a file, its errors too."""
    os.environ.pop("FASHION_MNIST_DIR", None)
    with log.open("w") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    runpy.run_path(str(path), run_name="__main__")


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_its_evidence_holds(path: Path, warm: ForkServerContext, tmp_path: Path):
    log = tmp_path / "log"
    # A lesson that chooses Keras' backend must be the first to import it.
    is_cold = "KERAS_BACKEND" in path.read_text()
    context = get_context("spawn") if is_cold else warm
    process = context.Process(target=run_script, args=(path, log))
    process.start()
    process.join()
    printed = log.read_text()
    assert process.exitcode == 0, printed
    assert len(re.findall("^✓ .+: .+$", printed, re.MULTILINE)) > 2
    assert "✗" not in printed


@pytest.mark.parametrize("path", PATHS.values(), ids=lambda path: path.stem)
def test_a_lesson_has_all_its_parts_in_order(path: Path):
    text = path.read_text()
    parts = (
        *("# **Predict first.**", "?", "# ## Keras", "# ## JAX", "# ## What happened"),
        *('# %% tags=["hide-output"]', "# **Exercise.**", "# Your turn."),
        *('# %% tags=["hide-cell"]', '# %% [markdown] tags=["hide-cell"]'),
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize("path", READ_BY_STUDENTS, ids=lambda path: path.stem)
def test_code_that_students_read_fits_into_a_column(path: Path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if len(line) > 70] == []


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize(("name", "num_epochs", "least"), SMALLEST)
def test_the_smallest_programs_train_and_predict(
    name: str, num_epochs: int, least: float, fashion_mnist_directory: Path
):
    script = f"from lessons.{name} import main; print('got', main({num_epochs}))"
    answer = python("-c", script, FASHION_MNIST_DIR=str(fashion_mnist_directory))
    assert "the first test image shows: Ankle boot" in answer.stdout, answer.stderr
    assert float(answer.stdout.split("got ")[1]) > least


def test_the_smallest_port_without_data_says_so_in_one_line(tmp_path: Path):
    answer = python("-m", "lessons.smallest_port", FASHION_MNIST_DIR=str(tmp_path / "none"))
    assert answer.returncode == 2
    assert re.fullmatch(r"FASHION_MNIST_DIR .* cannot be used, .*\n", answer.stderr)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        (lambda: near("a", 1.0, 1.01, within=0.02), True),
        (lambda: near("a", 1.0, 1.03, within=0.02), False),
        (lambda: near("a", 1.0, float("nan"), within=0.02), False),
        (lambda: equal("a", 1, 1), True),
        (lambda: equal("a", 1, 2), False),
        (lambda: fails("a", "ZeroDivisionError", "division", lambda: 1 / 0), True),
        (lambda: fails("a", "ZeroDivisionError", "no such words", lambda: 1 / 0), False),
        (lambda: fails("a", "TypeError", "division", lambda: 1 / 0), False),
        (lambda: fails("a", "TypeError", "", lambda: 1), False),
    ],
)
def test_evidence_can_fail(check: Callable[[], None], holds: bool, capsys):
    refused = pytest.raises(AssertionError, match=r"the lesson teaches .+, this run found")
    with nullcontext() if holds else refused:
        check()
    assert capsys.readouterr().out.startswith("✓ a: " if holds else "✗ a: ")


def test_code_is_shown_as_it_stands_in_its_file_with_its_decorators():
    ((place, text),) = show("jax_impl.train:run_epoch").sources
    path, _, line = place.partition(":")
    lines = (ROOT / path).read_text().splitlines()[int(line) - 1 :]
    assert lines[: len(text.splitlines())] == text.splitlines()
    assert text.startswith("@partial(jax.jit")


@pytest.mark.parametrize("name", ["no_such_impl:fit", "jax_impl.train:no_such", "jax_impl.train"])
def test_code_that_is_not_there_is_an_error(name: str):
    with pytest.raises(LookupError):
        show(name)


def test_the_list_names_all_lessons_and_imports_no_framework():
    script = "import sys; from benchmarks.__main__ import main; main(['lessons'])\n"
    answer = python("-c", f"{script}print({FRAMEWORKS!r} & set(sys.modules))")
    lines = answer.stdout.splitlines()
    last = len(PATHS)
    listed = [f"{n:>3}  {lesson_title(PATHS[n])}" for n in range(1, last + 1)]
    assert last >= 28
    assert lines[:last] == listed, answer.stderr
    assert "  5  Softmax and logits" in lines
    assert lines[-1] == "set()"


def test_a_lesson_in_a_narrow_terminal(tmp_path: Path):
    answer = twins("lessons", 4, 1, cwd=small_project(tmp_path), COLUMNS="80")
    assert (answer.returncode, answer.stderr) == (0, "")
    first, _, second = answer.stdout.partition("Sums: ONE and 4")[2].partition("Sums: ONE and 1")
    steps = ["Predict first.", "ONE = 1", "optimizer.update", "✓ <both> sums", "Exercise."]
    for text in (first, second):
        assert sorted(steps, key=text.index) == steps
    assert "\n  def train_step(" in first
    assert "\n      optimizer.update(model, gradients)" in first  # as Python indents
    assert "chatter" not in answer.stdout
    assert "`twins lessons 1 --answer` shows the answer." in second
    assert "The answer is one." not in answer.stdout
    answer = twins("lessons", 1, "--answer", cwd=tmp_path)
    assert re.search(r"✓ the product: 1\n.*The answer is one\.", answer.stdout, re.DOTALL)


def test_who_sits_there_is_left_to_predict_first(tmp_path: Path):
    ours, theirs = pty.openpty()
    project, terminal = small_project(tmp_path), dict.fromkeys(("stdin", "stdout"), theirs)
    command, env = [*PROGRAM, "lessons", "1"], environment(TERM="dumb")
    process = subprocess.Popen(command, cwd=project, env=env, stderr=theirs, **terminal)
    os.close(theirs)
    shown = read_until(ours, "Enter goes on.")
    assert "Predict first." in shown
    assert "ONE = 1" not in shown
    os.write(ours, b"\n")
    assert "✓ <both> sums & more: 22" in read_until(ours, "shows the answer.")
    assert process.wait(timeout=60) == 0


def read_until(terminal: int, words: str) -> str:
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 10_000).decode()
    return shown


def test_a_lesson_that_fails_is_named_and_the_others_are_shown(tmp_path: Path):
    project = small_project(tmp_path)
    write_lesson(project, 1, taught=23)
    write_lesson(project, 4, extra="raise KeyError('gone')")
    answer = twins("lessons", 1, 4, 5, cwd=project)
    assert answer.returncode == 1
    assert re.search("✗ <both> .*✓ <both> ", answer.stdout, re.DOTALL)
    assert answer.stderr.startswith(
        "twins: lesson 1, Sums: ONE and 1: <both> sums & more: the lesson teaches 23, "
        "this run found 22; has a framework changed?\nlesson 4, Sums: ONE and 4: KeyError:"
    )
    assert "raise KeyError('gone')" in answer.stderr  # where it was


@pytest.mark.parametrize(("number", "says"), [(0, "there is no lesson 0: lessons "), ("x", "")])
def test_an_unknown_lesson(number: object, says: str, tmp_path: Path):
    answer = twins("lessons", number, cwd=tmp_path)
    assert answer.returncode == 2
    assert re.fullmatch(rf"twins: .*{says}.*\n", answer.stderr)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The pages of three small lessons and of the two programs, executed."""
    project = small_project(tmp_path_factory.mktemp("project"))
    answer = python(*BUILD, "lessons", "site", cwd=project)
    assert answer.returncode == 0, answer.stderr
    return project / "site"


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """All pages of the course, not executed: every script runs in a test of its own."""
    folder, lessons = tmp_path_factory.mktemp("pages"), ROOT / "lessons"
    places = ("--doctree-dir", folder / "doctrees", lessons, folder / "site")
    answer = python(*BUILD, "-D", "nb_execution_mode=off", *places, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    return folder / "site"


def test_the_site_shows_executed_lessons_and_loads_nothing_from_elsewhere(site: Path):
    page = (site / f"{PATHS[1].stem}.html").read_text()
    folded = page[page.index("Show what the code gave") :]
    assert "✓ &lt;both&gt; sums &amp; more: 22" in folded
    assert "chatter" not in page
    assert re.search(r"<details>\s*<summary>.*?</summary>\s*<p>The answer is one\.", page)
    notebook = (site / "_sources" / f"{PATHS[1].stem}.ipynb").read_text()
    assert f'href="_sources/{PATHS[1].stem}.ipynb"' in page
    assert "✓ the product: 1" in notebook
    assert "image/png" in notebook
    assert re.search(r"%pip install --quiet fashion_twins-\*\.whl flax==\d", notebook)
    for path in site.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"""(src|href|action)=["'](https?:)?//|@import""", text), path
        assert all("alt=" in image for image in re.findall(r"<img[^>]*>", text)), path


@pytest.mark.parametrize("folder", ["keras_impl", "jax_impl"])
def test_the_two_programs_are_shown_whole(folder: str, site: Path):
    page = html.unescape(re.sub("<.*?>", "", (site / "two_programs.html").read_text()))
    for file in MIRRORED_MODULES:
        shown = re.findall(rf"{folder}/{file}:\d+\s*(?:@.*\n)*(?:def|class) (\w+)", page)
        assert set(shown) == set(public_names(ROOT / folder / file)), file


def test_the_wheel_beside_the_notebooks_holds_what_lessons_read(tmp_path: Path):
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path)
    answer = python("-m", "pip", "wheel", *options, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("fashion_twins-*.whl")
    names = set(ZipFile(wheel).namelist())
    patches = (ROOT / "lessons").rglob("*.patch")
    read = [*READ_BY_STUDENTS, *patches, ROOT / "benchmarks" / "results" / "speed.json"]
    assert {path.relative_to(ROOT).as_posix() for path in read} <= names, answer.stderr


def test_a_lesson_that_does_not_hold_fails_the_build_by_name(tmp_path: Path):
    project = small_project(tmp_path)
    write_lesson(project, 4, taught=23)
    answer = python(*BUILD, "lessons", "site", cwd=project)
    assert answer.returncode == 1
    assert f"{PATHS[4].name}: WARNING: Executing notebook failed" in answer.stderr
    assert "the lesson teaches 23, this run found 22" in answer.stderr
    assert PATHS[1].name not in answer.stderr


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
@pytest.mark.parametrize("kind", ["site", "pages"])
def test_pages_in_a_browser(kind: str, width: int, scheme: str, request, browser):
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    messages, requested, violations = [], [], {}
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("console", lambda message: messages.append(message.text))
    page.on("request", lambda request: requested.append(request.url))
    folder: Path = request.getfixturevalue(kind)
    for path in folder.glob("*.html"):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(re.findall(r"\d+", colour)[0]) < 128) is (scheme == "dark")
        # Its own way to read style sheets is not for pages that lie in files.
        found = Axe().run(page, options={"preload": False})
        if found.violations_count:
            violations[path.name] = found.generate_report()
    assert violations == {}
    assert messages == []
    assert all(url.startswith(("file:", "data:")) for url in requested)
    page.goto((folder / f"{PATHS[1].stem}.html").as_uri())
    left = "document.getElementById('{}').getBoundingClientRect().left"
    is_beside = page.evaluate(f"{left.format('keras')} < {left.format('jax')}")
    assert is_beside is (width == 1440)
    page.close()
