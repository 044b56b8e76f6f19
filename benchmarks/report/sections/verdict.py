"""The verdict: whether the documented figures were reached, first in words, then in numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from benchmarks.defaults.results import DefaultsResults
from benchmarks.display.tables import NO_VALUE, Cell, Table
from benchmarks.display.words import joined
from benchmarks.drift.results import Band, Drift
from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport
from benchmarks.report.material import Found, Material
from benchmarks.report.parts import Finding, Findings, Part
from benchmarks.report.run_material import RunMaterial
from benchmarks.report.sections.defaults import defaults_finding
from benchmarks.report.sections.drift import drift_findings
from benchmarks.report.sections.parity import parity_finding
from benchmarks.report.sections.seeds import seeds_findings
from benchmarks.report.sections.speed import speed_finding
from benchmarks.report.sections.swap import swap_finding
from benchmarks.run.results import Comparison, Results
from benchmarks.run.table import documented_table, figure_text
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.results import SpeedResults
from benchmarks.swap.results import SwapReport

KEY = "verdict"


def verdict_parts(
    runs: Sequence[Found[RunMaterial]], material: Material, _key: str
) -> Iterator[Part]:
    """A sentence for each record, then each run's figures beside the documented ones."""
    yield Findings(findings=tuple(_findings(runs, material)))
    bands = {
        band.name: band
        for found in material.of(Drift)
        for band in found.record.bands
        if band.applicable
    }
    for number, found in enumerate(runs, start=1):
        caption = "Documented figures" + (f", {found.source}" if len(runs) > 1 else "")
        yield _table(found.record.results, bands, f"{KEY}-{number}", caption)


def _findings(runs: Sequence[Found[RunMaterial]], material: Material) -> Iterator[Finding]:
    yield from (run_finding(found.record.results) for found in runs)
    yield from (parity_finding(found.record) for found in material.of(ParityReport))
    yield from (swap_finding(found.record) for found in material.of(SwapReport))
    for drift in material.of(Drift):
        yield from drift_findings(drift.record)
    for seeds in material.of(SweepResults):
        yield from seeds_findings(seeds.record)
    yield from (defaults_finding(found.record) for found in material.of(DefaultsResults))
    speeds = [found.record for found in material.of(SpeedResults)]
    if speeds:  # one verdict on what is fastest, from the longest ladder
        yield speed_finding(max(speeds, key=lambda results: len(results.rungs)))


def run_finding(results: Results) -> Finding:
    """Whether each implementation reached the documented figures, and which it missed."""
    accuracies = joined(f"{title_of(n)} {run.test.accuracy:.2%}" for n, run in results.runs.items())
    if results.why_not_applicable is not None:
        text = f"Not comparable: {results.why_not_applicable}. Test accuracy: {accuracies}."
        return Finding(text=text, outcome="plain", key="curves")
    judged = [each for each in results.documented if "not applicable" not in each.verdicts.values()]
    missed = [text for name in results.runs if (text := _missed_text(name, judged))]
    if missed:
        text = f"{'; '.join(missed)}. Test accuracy: {accuracies}."
        return Finding(text=text, outcome="bad", key="curves")
    return Finding(text=_met_text(results, len(judged), accuracies), outcome="good", key="curves")


def _met_text(results: Results, num_judged: int, accuracies: str) -> str:
    names = joined(map(title_of, results.runs))
    verb = {1: "meets", 2: "both meet"}.get(len(results.runs), "all meet")
    is_whole = num_judged == len(results.documented)
    which = f"all {num_judged} documented figures" if is_whole else f"the {num_judged} that apply"
    rest = "" if is_whole else f" of {len(results.documented)} documented figures"
    return f"{names} {verb} {which}{rest}. Test accuracy: {accuracies}."


def _missed_text(name: str, judged: Sequence[Comparison]) -> str:
    """Which figures an implementation missed; empty where it missed none."""
    missed = [each for each in judged if each.verdicts[name] == "missed"]
    if not missed:
        return ""
    figures = joined(f"{each.name} ({figure_text(each.measured[name])})" for each in missed)
    return f"{title_of(name)} misses {len(missed)} of {len(judged)} documented figures: {figures}"


def _table(results: Results, bands: Mapping[str, Band], key: str, caption: str) -> Table:
    """With bands at hand, also whether each documented value lies in the band of its own figure."""
    table = documented_table(results, key, caption)
    if not bands:
        return table
    return replace(
        table,
        columns=(*table.columns, "band of rounding", "documented value"),
        rows=tuple(
            (*row, *_band_cells(bands.get(each.name)))
            for row, each in zip(table.rows, results.documented, strict=True)
        ),
    )


def _band_cells(band: Band | None) -> tuple[str | Cell, ...]:
    if band is None:
        return (NO_VALUE, NO_VALUE)
    is_inside = bool(band.holds_documented)
    text = "inside" if is_inside else "outside"
    cell = Cell(text=text, outcome="good" if is_inside else "bad", verdict="")
    return (f"{band.lowest:.4f} to {band.highest:.4f}", cell)
