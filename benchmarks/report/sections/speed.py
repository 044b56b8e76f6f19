"""The speed ladder: seconds of an epoch, rung by rung, against the machine's limits."""

from collections.abc import Iterator

from benchmarks.display.words import plural
from benchmarks.pages.chart import Chart
from benchmarks.report.parts import Finding, Paragraph, Part, Points
from benchmarks.speed.analysis import neighbours_alike, speedup
from benchmarks.speed.figure import draw_speed
from benchmarks.speed.results import SpeedResults
from benchmarks.speed.table import describe_device, growth_tables, ladder_table, title

KEY = "speed"


def speed_finding(results: SpeedResults) -> Finding:
    """The fastest way to train once, beside the first rung."""
    first = results.rungs[0]
    latencies = [rung for rung in results.rungs if rung.measure == "latency"]
    fastest = min(latencies or results.rungs, key=lambda rung: rung.median)
    text = (
        f"Fastest epoch: {fastest.median:.2f} s with {title(fastest)}, "
        f"{speedup(fastest, first).estimate:.1f} times as fast as {title(first)}, "
        f"on {describe_device(results)}."
    )
    if not results.finished:
        text = f"Measured only in part, since `twins speed` was broken off. {text}"
    return Finding(text=text, outcome="plain", key=KEY)


def speed_parts(results: SpeedResults, key: str) -> Iterator[Part]:
    """The ladder as a chart and as a table, notes, and how time grows where it was asked."""
    if not results.finished:
        yield Paragraph(text="Not finished: rungs or rounds are missing.", tone="bad")
    yield Paragraph(
        text=f"Seconds of an epoch, without import, compilation and evaluation: "
        f"{plural(results.num_rounds, 'round')} of fresh processes on {describe_device(results)}, "
        f"batches of {results.experiment.batch_size}."
    )
    yield Chart(
        key=f"{key}-ladder",
        title="Seconds of an epoch",
        description="Each way to train an epoch, with its median time and the machine's limits.",
        figure=draw_speed(results),
    )
    yield ladder_table(results, title, f"{key}-table")
    yield Points(items=tuple(_notes(results)))
    yield from growth_tables(results, title, key)


def _notes(results: SpeedResults) -> Iterator[str]:
    yield (
        "× is how many times as fast as the first rung; core and all are shares of a large "
        "product's rate on one core and on all; own is the rate of this network's products in "
        "NumPy."
    )
    for rung, following in neighbours_alike(results.rungs):
        yield f"No significant difference: {title(rung)} and {title(following)}."
    for omission in results.omitted:
        yield f"Not measured: {omission.name} ({omission.reason})."
    for reason in results.environment.why_noisy:
        yield f"Noisy machine: {reason}."
