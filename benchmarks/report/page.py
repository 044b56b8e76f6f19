"""The page: every study's parts in the order of the registry, one self-contained HTML file.

Readable without a network. Templates are Jinja's; whatever they insert is escaped, unless it
is marked as markup.
"""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from benchmarks.display.parts import Finding, Part
from benchmarks.display.tables import Table
from benchmarks.display.words import network, plural
from benchmarks.implementations import title_of
from benchmarks.registry import STUDIES
from benchmarks.report.chart import draw_on_page
from benchmarks.report.material import Found, Material
from benchmarks.report.runs import Cards, LoadImages, parts_beside
from benchmarks.run.results import Results
from benchmarks.runner.conduct import show_of
from benchmarks.runner.output_folder import whole_file
from benchmarks.runner.records import Record


@dataclass(frozen=True, kw_only=True)
class Section:
    """What is said under one heading.

    key: what links name.
    blocks: where each record was, and what is said of it.
    findings: what the section adds to the verdict.
    """

    key: str
    title: str
    blocks: list[tuple[str, Iterable[Part | Cards]]]
    findings: list[Finding]


def write_page(folder: Path, material: Material, load_images: LoadImages) -> Path:
    """Writes `report.html`."""
    page = folder / "report.html"
    with whole_file(page) as partial:
        partial.write_text(render_page(material, load_images), encoding="utf-8")
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
    templates.filters["drawn"] = draw_on_page
    # Knows dataclasses, and writes null for what is no number; Jinja escapes the text.
    templates.policies["json.dumps_function"] = lambda value, **_: msgspec.json.encode(
        value
    ).decode()
    sections = list(_sections(material, load_images))
    return templates.get_template("report.html").render(material=material, sections=sections)


def _sections(material: Material, load_images: LoadImages) -> Iterator[Section]:
    for study in STUDIES:
        every = [found for found in material.found if found.record.study == study]
        if every:
            show = show_of(every[0].record)
            yield Section(
                key=study,
                title=show.TITLE,
                blocks=[(found.source, _parts(found, load_images)) for found in every],
                findings=[each for found in every for each in show.findings(found.record)],
            )
    is_folded = len(material.found) > 1
    yield Section(
        key="environment",
        title="Environment and commands",
        blocks=[(each.source, [_making(each.record, is_folded)]) for each in material.found],
        findings=[],
    )


def _parts(found: Found, load_images: LoadImages) -> Iterator[Part | Cards]:
    yield from show_of(found.record).parts(found.record)
    if isinstance(found.record, Results):
        yield from parts_beside(found, load_images)


def _making(record: Record, is_hidden: bool) -> Table:
    """The command as it is typed, the experiment of a record, and what it ran on."""
    experiment, dataset, environment = record.experiment, record.dataset, record.environment
    facts = {
        "experiment": f"{network(experiment)}, SGD {experiment.learning_rate:g}, batches of "
        f"{experiment.batch_size}, {plural(experiment.num_epochs, 'epoch')}, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
        "data": f"{dataset.name} ({dataset.origin}), SHA-256 {dataset.sha256}",
        "devices": "; ".join(f"{title_of(name)} on {of}" for name, of in record.ran_on().items()),
        "processor": f"{environment.processor}, {plural(environment.num_cores, 'core')}",
        "system": f"{environment.platform}, Python {environment.python}",
        "packages": ", ".join(f"{name} {of}" for name, of in environment.packages.items()),
        "commit": environment.git_commit or "unknown",
        "variables": ", ".join(environment.flags) or "none that steer frameworks",
    }
    return Table(
        "environment",
        shlex.join(environment.command),
        ("what", "value"),
        [(name, text) for name, text in facts.items() if text],
        is_hidden=is_hidden,
        is_text=True,
    )
