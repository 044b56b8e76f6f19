"""The page: every study's parts in the order of the registry, one self-contained HTML file.

Readable without a network. Templates are Jinja's; whatever they insert is escaped, unless it
is marked as markup.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

from benchmarks.display.parts import Part
from benchmarks.display.words import network, plural
from benchmarks.implementations import title_of
from benchmarks.registry import STUDIES
from benchmarks.report.chart import Drawing
from benchmarks.report.material import Found, Material
from benchmarks.report.runs import Cards, LoadImages, parts_beside
from benchmarks.run.results import Results
from benchmarks.runner.conduct import show_of
from benchmarks.runner.records import Record

REPORT_FILE = "report.html"
STAND_IN = "stand-in"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A command as it is typed, and names with what they stand for; folded where it has company."""

    command: str
    is_folded: bool
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a section says of one record; the heading is empty where there is only one."""

    key: str
    heading: str
    parts: tuple[Part | Cards | Facts, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with its blocks; `key` is what links name."""

    key: str
    title: str
    blocks: tuple[Block, ...]


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
    templates.filters["drawn"] = Drawing
    templates.filters["template_name"] = lambda part: f"{type(part).__name__.lower()}.html"
    sources = [found.source for found in material.found]
    title = f"Report: {sources[0]}" if len(sources) == 1 else f"Report of {len(sources)} records"
    return templates.get_template("report.html").render(
        page_title=title,
        sources=sources,
        unfinished=material.unfinished,
        left_out=material.left_out,
        has_stand_in=any(found.record.dataset.name == STAND_IN for found in material.found),
        findings=[
            (study, finding)
            for study, every in _by_study(material)
            for found in every
            for finding in show_of(found.record).findings(found.record)
        ],
        sections=tuple(_sections(material, load_images)),
    )


def _by_study(material: Material) -> Iterator[tuple[str, list[Found[Record]]]]:
    for study in STUDIES:
        found = [each for each in material.found if each.record.study == study]
        if found:
            yield study, found


def _sections(material: Material, load_images: LoadImages) -> Iterator[Section]:
    for study, every in _by_study(material):
        blocks = tuple(
            Block(
                key=f"{study}-{number}",
                heading=found.source if len(every) > 1 else "",
                parts=tuple(_parts(found, load_images)),
            )
            for number, found in enumerate(every, start=1)
        )
        yield Section(key=study, title=show_of(every[0].record).TITLE, blocks=blocks)
    is_alone = len(material.found) == 1
    yield Section(
        key="environment",
        title="Environment and commands",
        blocks=tuple(
            Block(
                key=f"environment-{number}",
                heading="" if is_alone else found.source,
                parts=(_facts(found.record, is_folded=not is_alone),),
            )
            for number, found in enumerate(material.found, start=1)
        ),
    )


def _parts(found: Found, load_images: LoadImages) -> Iterator[Part | Cards]:
    yield from show_of(found.record).parts(found.record)
    if isinstance(found.record, Results):
        yield from parts_beside(found, load_images)


def _facts(record: Record, *, is_folded: bool) -> Facts:
    """The experiment of a record and what it ran on."""
    experiment, dataset, environment = record.experiment, record.dataset, record.environment
    devices = "; ".join(f"{title_of(name)} on {device}" for name, device in record.ran_on().items())
    facts = {
        "experiment": f"{network(experiment)}, SGD {experiment.learning_rate:g}, batches of "
        f"{experiment.batch_size}, {plural(experiment.num_epochs, 'epoch')}, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}",
        "data": f"{dataset.name} ({dataset.origin}), SHA-256 {dataset.sha256}",
        "devices": devices,
        "processor": f"{environment.processor}, {plural(environment.num_cores, 'core')}",
        "system": f"{environment.platform}, Python {environment.python}",
        "packages": ", ".join(f"{name} {of}" for name, of in environment.packages.items()),
        "commit": environment.git_commit or "unknown",
        "variables": ", ".join(environment.flags) or "none that steer frameworks",
    }
    return Facts(
        command=shlex.join(environment.command),
        is_folded=is_folded,
        facts=tuple((name, text) for name, text in facts.items() if text),
    )
