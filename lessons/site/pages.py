"""The site's pages, from their templates."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment as Templates
from markupsafe import Markup

from benchmarks.pages.render import page_templates
from benchmarks.runner.environment import Environment
from lessons.catalogue import HOME, Entry
from lessons.lesson import Lesson
from lessons.running import Outcome
from lessons.shown_code import shown_code
from lessons.site.markup import highlight_rules, highlighted, inline_markdown, markdown
from lessons.site.side_by_side import TWIN_FILES, compare_files

TEMPLATES = Path(__file__).parent
OWN_PORT = HOME / "bring-your-own-port.md"
NOT_WRITTEN = "# Bring your own port\n\nThis page has not been written yet."


@dataclass(frozen=True, kw_only=True)
class BuiltLesson:
    """A lesson, and what it gave when this site was built."""

    entry: Entry
    lesson: Lesson
    outcome: Outcome


def write_pages(
    folder: Path, built: Sequence[BuiltLesson], environment: Environment, *, notebooks: bool
) -> None:
    """Writes `index.html`, a page for each lesson, and "Bring your own port"."""
    templates = _templates(environment, has_notebooks=notebooks)
    for index, one in enumerate(built):
        before = built[index - 1].entry if index else None
        after = built[index + 1].entry if index + 1 < len(built) else None
        page = _lesson_page(templates, one, before, after)
        (folder / f"{one.entry.name}.html").write_text(page, encoding="utf-8")
    (folder / "index.html").write_text(_first_page(templates, built), encoding="utf-8")
    text = OWN_PORT.read_text(encoding="utf-8") if OWN_PORT.exists() else NOT_WRITTEN
    page = templates.get_template("own_port.html").render(text=text)
    (folder / f"{OWN_PORT.stem}.html").write_text(page, encoding="utf-8")


def _templates(environment: Environment, *, has_notebooks: bool) -> Templates:
    templates = page_templates(TEMPLATES)
    templates.filters.update(
        code=highlighted, markdown=markdown, inline=inline_markdown, shown=shown_code
    )
    style = (TEMPLATES / "site.css").read_text(encoding="utf-8")
    templates.globals.update(
        site_style=Markup(style) + Markup("\n") + highlight_rules(),
        environment=environment,
        has_notebooks=has_notebooks,
        own_port=f"{OWN_PORT.stem}.html",
    )
    return templates


def _lesson_page(
    templates: Templates, built: BuiltLesson, before: Entry | None, after: Entry | None
) -> str:
    figure = built.outcome.figure
    return templates.get_template("lesson.html").render(
        entry=built.entry,
        lesson=built.lesson,
        outcome=built.outcome,
        figure=base64.b64encode(figure).decode() if figure else None,
        before=before,
        after=after,
    )


def _first_page(templates: Templates, built: Sequence[BuiltLesson]) -> str:
    return templates.get_template("index.html").render(
        entries=[one.entry for one in built],
        files={f"{file}.py": compare_files(file) for file in TWIN_FILES},
        lessons_about=_lessons_about(built),
    )


def _lessons_about(built: Sequence[BuiltLesson]) -> Mapping[str, list[Entry]]:
    """Lessons that show a function of the project on either side, by "train.py:fit"."""
    lessons: dict[str, list[Entry]] = {}
    for one in built:
        named = {code for code in (*one.lesson.keras, *one.lesson.jax) if isinstance(code, str)}
        for place in {_place(name) for name in named}:
            lessons.setdefault(place, []).append(one.entry)
    return lessons


def _place(name: str) -> str:
    code = shown_code(name)
    return f"{Path(code.path).name}:{code.name}"
