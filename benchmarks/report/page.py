"""The page: sections in their order, set into the template, one self-contained HTML file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.defaults.results import DefaultsResults
from benchmarks.drift.results import Drift
from benchmarks.pages.render import page_templates
from benchmarks.parity.results import ParityReport
from benchmarks.report.material import Found, Material
from benchmarks.report.parts import Block, Part, Section, section_of
from benchmarks.report.run_material import RunMaterial
from benchmarks.report.sections import (
    confusion,
    curves,
    defaults,
    drift,
    environment,
    images,
    parity,
    seeds,
    speed,
    swap,
    verdict,
    weights,
)
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.results import SpeedResults
from benchmarks.swap.results import SwapReport

TEMPLATES = Path(__file__).parent / "templates"
REPORT_FILE = "report.html"
STAND_IN = "stand-in"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A section of the page before its records are known."""

    key: str
    title: str
    parts_of: Callable[[Any, str], Iterable[Part]]


CURVES = Chapter(key="curves", title="Learning curves", parts_of=curves.curve_parts)
OF_RECORDS: tuple[tuple[type[Any], Chapter], ...] = (
    (ParityReport, Chapter(key="parity", title="Parity ladder", parts_of=parity.parity_parts)),
    (SwapReport, Chapter(key="swap", title="Weight swap", parts_of=swap.swap_parts)),
    (Drift, Chapter(key="drift", title="Float32 drift", parts_of=drift.drift_parts)),
    (SweepResults, Chapter(key="seeds", title="Many seeds", parts_of=seeds.seeds_parts)),
    (
        DefaultsResults,
        Chapter(key="defaults", title="Cost of defaults", parts_of=defaults.defaults_parts),
    ),
    (SpeedResults, Chapter(key="speed", title="Speed ladder", parts_of=speed.speed_parts)),
)
OF_RUNS = (
    Chapter(key="differing", title="Classified differently", parts_of=images.differing_parts),
    Chapter(key="wrong", title="Confidently wrong", parts_of=images.wrong_parts),
    Chapter(key="confusion", title="Confusion matrices", parts_of=confusion.confusion_parts),
    Chapter(key="weights", title="First-layer weights", parts_of=weights.weight_parts),
)
"""Sections of runs that follow after those of other records."""


def render_page(runs: Sequence[Found[RunMaterial]], material: Material) -> str:
    """The page of all that was found; only what is there has a section.

    Args:
        runs: the runs of `material` with what belongs to them.
        material: all records.
    """
    datasets = {each.record.dataset.name for each in _with_environment(material)}
    template = page_templates(TEMPLATES).get_template("report.html")
    return template.render(
        page_title=_title(material),
        sources=[each.source for each in material.found],
        unfinished=material.unfinished,
        left_out=material.left_out,
        has_stand_in=STAND_IN in datasets,
        sections=tuple(_sections(runs, material)),
    )


def _sections(runs: Sequence[Found[RunMaterial]], material: Material) -> Iterator[Section]:
    parts = tuple(verdict.verdict_parts(runs, material, verdict.KEY))
    yield Section(key=verdict.KEY, title="Verdict", blocks=(Block(heading="", parts=parts),))
    if runs:
        yield _section(CURVES, runs)
    for record_type, chapter in OF_RECORDS:
        found = sorted(material.of(record_type), key=_is_about_growth)
        if found:
            yield _section(chapter, found)
    if runs:
        yield from (_section(chapter, runs) for chapter in OF_RUNS)
    made = _with_environment(material)
    if made:
        parts_of = partial(environment.environment_parts, is_open=len(made) == 1)
        yield section_of("environment", "Environment and commands", made, parts_of)


def _is_about_growth(found: Found[Any]) -> bool:
    """The ladder itself comes before a measurement of how its times grow."""
    return isinstance(found.record, SpeedResults) and bool(
        found.record.by_batch_size or found.record.by_width
    )


def _section(chapter: Chapter, found: Iterable[Found[Any]]) -> Section:
    return section_of(chapter.key, chapter.title, found, chapter.parts_of)


def _with_environment(material: Material) -> tuple[Found[Any], ...]:
    """All records but swaps, whose files say nothing about where they were made."""
    return tuple(each for each in material.found if not isinstance(each.record, SwapReport))


def _title(material: Material) -> str:
    sources = [each.source for each in material.found]
    return f"Report: {sources[0]}" if len(sources) == 1 else f"Report of {len(sources)} records"
