"""The page: every study's parts in the order of the registry, one self-contained HTML file.

Readable without a network. Templates are Jinja's; whatever they insert is escaped, unless it
is marked as markup.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from benchmarks.display.parts import Chart, Finding, Part
from benchmarks.display.style import STAND_IN_DATASET
from benchmarks.display.tables import Table, table_of
from benchmarks.display.words import network, plural
from benchmarks.implementations import title_of
from benchmarks.registry import STUDIES
from benchmarks.report.chart import Drawing, draw_on_page
from benchmarks.report.material import Found, Material
from benchmarks.report.runs import Cards, LoadImages, parts_beside
from benchmarks.run.results import Results
from benchmarks.runner.conduct import show_of
from benchmarks.runner.records import Record


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a section says of one record; `source` is where that was."""

    source: str
    parts: tuple[Part | Drawing | Cards, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, its blocks, and what it adds to the verdict.

    key: what links name.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    findings: tuple[Finding, ...] = ()


def write_page(folder: Path, material: Material, load_images: LoadImages) -> Path:
    """Writes `report.html`.

    Raises:
        InputError: the folder of images that the user named does not hold them.
    """
    page = folder / "report.html"
    page.write_text(render_page(material, load_images), encoding="utf-8")
    return page


def render_page(material: Material, load_images: LoadImages) -> str:
    """The page of all that was found; only what is there has a section.

    Raises:
        InputError: the folder of images that the user named does not hold them.
    """
    templates = Templates(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["template_name"] = lambda part: f"{type(part).__name__.lower()}.html"
    # Knows dataclasses, and writes null for what is no number; Jinja escapes the text.
    templates.policies["json.dumps_function"] = lambda value, **_: msgspec.json.encode(
        value
    ).decode()
    return templates.get_template("report.html").render(
        sources=[found.source for found in material.found],
        unfinished=material.unfinished,
        left_out=material.left_out,
        has_stand_in=any(each.record.dataset.name == STAND_IN_DATASET for each in material.found),
        sections=[
            *(
                _section(study, every, load_images)
                for study in STUDIES
                if (every := [found for found in material.found if found.record.study == study])
            ),
            _environment(material.found),
        ],
    )


def _section(study: str, every: list[Found[Record]], load_images: LoadImages) -> Section:
    show = show_of(every[0].record)
    return Section(
        key=study,
        title=show.TITLE,
        blocks=tuple(
            Block(
                source=found.source,
                parts=tuple(_on_page(_parts(found, load_images), f"{study}-{number}")),
            )
            for number, found in enumerate(every, start=1)
        ),
        findings=tuple(finding for found in every for finding in show.findings(found.record)),
    )


def _environment(every: Sequence[Found[Record]]) -> Section:
    """How each record was made; folded under its command where there are several."""
    blocks = (
        Block(source=each.source, parts=(_making(each.record, is_hidden=len(every) > 1),))
        for each in every
    )
    return Section(key="environment", title="Environment and commands", blocks=tuple(blocks))


def _parts(found: Found, load_images: LoadImages) -> Iterator[Part | Cards]:
    yield from show_of(found.record).parts(found.record)
    if isinstance(found.record, Results):
        yield from parts_beside(found, load_images)


def _on_page(parts: Iterable[Part | Cards], key: str) -> Iterator[Part | Drawing | Cards]:
    """The same parts, each chart drawn and followed by its values."""
    for number, part in enumerate(parts, start=1):
        if isinstance(part, Chart):
            drawing = draw_on_page(part, f"{key}-{number}")
            yield drawing
            yield from (panel.values for panel in drawing.panels)
        else:
            yield part


def _making(record: Record, *, is_hidden: bool) -> Table:
    """The command as it is typed, the experiment of a record, and what it ran on."""
    experiment, dataset, environment = record.experiment, record.dataset, record.environment
    devices = "; ".join(f"{title_of(name)} on {device}" for name, device in record.ran_on().items())
    facts = (
        (
            "experiment",
            f"{network(experiment)}, SGD {experiment.learning_rate:g}, batches of "
            f"{experiment.batch_size}, {plural(experiment.num_epochs, 'epoch')}, "
            f"{experiment.dtype}, randomness {experiment.randomness}, seed {experiment.seed}",
        ),
        ("data", f"{dataset.name} ({dataset.origin}), SHA-256 {dataset.sha256}"),
        ("devices", devices),
        ("processor", f"{environment.processor}, {plural(environment.num_cores, 'core')}"),
        ("system", f"{environment.platform}, Python {environment.python}"),
        ("packages", ", ".join(f"{name} {of}" for name, of in environment.packages.items())),
        ("commit", environment.git_commit or "unknown"),
        ("variables", ", ".join(environment.flags) or "none that steer frameworks"),
    )
    return table_of(
        "environment",
        shlex.join(environment.command),
        ("what", "value"),
        [(name, text) for name, text in facts if text],
        is_hidden=is_hidden,
        is_text=True,
    )
