"""The speed ladder: seconds of an epoch, rung by rung, against the machine's limits."""

from collections.abc import Iterator

from benchmarks.display.words import colour, plural
from benchmarks.pages.row_chart import ChartRow, LimitLine, RowChart
from benchmarks.pages.scales import logarithmic_scale
from benchmarks.report.parts import Finding, Paragraph, Part, Points
from benchmarks.speed.analysis import neighbours_alike, speedup
from benchmarks.speed.results import RungTimes, SpeedResults
from benchmarks.speed.table import (
    describe_device,
    growth_tables,
    ladder_table,
    limit_seconds,
    title,
)

KEY = "speed"
LIMIT_DASHES = ("8 3", "2 3")
"""Of the machine's limit and of one core's."""


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
    yield _chart(results, key)
    yield ladder_table(results, title, f"{key}-table")
    yield Points(items=tuple(_notes(results)))
    yield from growth_tables(results, title, key)


def _chart(results: SpeedResults, key: str) -> RowChart:
    frameworks = list(dict.fromkeys(rung.framework for rung in results.rungs))
    limits = tuple(_limits(results))
    places = [
        place for rung in results.rungs for place in (*rung.epoch_seconds, rung.low, rung.high)
    ]
    return RowChart(
        key=f"{key}-ladder",
        title="Seconds of an epoch",
        description="Each way to train an epoch, with its median time and the machine's limits.",
        scale=logarithmic_scale(
            [*places, *(limit.value for limit in limits)], "seconds, logarithmic"
        ),
        rows=tuple(_row(rung, frameworks) for rung in results.rungs),
        marks=(("point", "a sample"), ("middle", "median"), ("interval", "its 95 % interval")),
        limits=limits,
    )


def _row(rung: RungTimes, frameworks: list[str]) -> ChartRow:
    return ChartRow(
        label=title(rung),
        value=f"{rung.median:.2f} s",
        colour=colour(frameworks.index(rung.framework)),
        points=rung.epoch_seconds,
        interval=(rung.low, rung.high),
        middle=rung.median,
    )


def _limits(results: SpeedResults) -> Iterator[LimitLine]:
    for (name, seconds), dashes in zip(limit_seconds(results).items(), LIMIT_DASHES, strict=False):
        yield LimitLine(label=f"{name}, {seconds:.2f} s", value=seconds, dashes=dashes)


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
