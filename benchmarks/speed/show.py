"""What `twins speed` says: the ladder with its limits, growth, and notes."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Table, table_of
from benchmarks.display.words import plural
from benchmarks.speed.analysis import neighbours_alike, speedup
from benchmarks.speed.figure import draw_growth, draw_speed
from benchmarks.speed.results import RungTimes, SpeedResults

TITLE = "Speed ladder"

MEBIBYTE = 2**20
BILLION = 1e9
COLUMNS = ("epoch, s", "95 %", "×", "compile", "GFLOP/s", "core", "all", "MiB")
"""After a row's name: seconds of an epoch, how many times as fast as the first rung, seconds
of compilation, rate, shares of the large product's rate on one core and on all, memory."""


def ladder_table(results: SpeedResults) -> Table:
    """One row a rung, against the first one; the limits' rows close it."""
    on_processor = results.environment.accelerator is None
    return table_of(
        "ladder",
        f"Seconds of an epoch, batch {results.experiment.batch_size}, {results.num_rounds} rounds, "
        f"medians with 95 % intervals; {results.device_title}",
        ("rung or limit", *COLUMNS),
        [
            *((rung.name, *rung_cells(rung, results.rungs[0])) for rung in results.rungs),
            *(limit_rows(results) if on_processor else ()),
        ],
    )


def rung_cells(rung: RungTimes, first: RungTimes) -> tuple[str, ...]:
    """The row of a rung; throughput is not compared with latency."""
    latency = rung.measure == "latency"
    return (
        f"{rung.median:.3f}",
        f"{rung.low:.2f}–{rung.high:.2f}",
        f"{speedup(rung, first).estimate:.2f}" if latency else "–",
        f"{rung.compile_seconds:.2f}",
        f"{rung.gflops:.1f}",
        _share(rung.share_of_one_core),
        _share(rung.share_of_machine),
        f"{(rung.device_bytes or rung.peak_bytes) / MEBIBYTE:.0f}",
    )


def limit_rows(results: SpeedResults) -> Iterator[tuple[str, ...]]:
    """Names and rows of the limits: an epoch's operations at each measured rate."""
    billions = results.rungs[0].operations / BILLION
    limits = results.limits
    for place, limit in (("one core", limits.one_core), ("all", limits.machine)):
        for what, rate in (
            ("large", limit.large_product),
            ("own", limit.network_products),
        ):
            seconds = f"{billions / rate:.3f}"
            shares = (
                _share(rate / limits.one_core.large_product),
                _share(rate / limits.machine.large_product),
            )
            yield f"{place}, {what}", seconds, "", "", "", f"{rate:.1f}", *shares, ""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How an epoch's seconds grow with something.

    what: what grows, `batch size` for instance.
    rungs: times by the rung's title and the size.
    """

    key: str
    what: str
    rungs: dict[tuple[str, int], RungTimes]


def by_batch_size(results: SpeedResults) -> Growth:
    """With the batch size; without rungs where that was not asked for."""
    rungs = {(p.rung.title, p.experiment.batch_size): p.rung for p in results.by_batch_size}
    return Growth(key="batch-sizes", what="batch size", rungs=rungs)


def by_width(results: SpeedResults) -> Growth:
    """With the units of the first hidden layer; without rungs where that was not asked for."""
    rungs = {(p.rung.title, p.experiment.hidden_sizes[0]): p.rung for p in results.by_width}
    return Growth(key="widths", what="units of the first hidden layer", rungs=rungs)


def _growth_table(growth: Growth) -> Table:
    """One row a rung, one column a size."""
    sizes = sorted({size for _, size in growth.rungs})
    medians = {place: f"{rung.median:.3f}" for place, rung in growth.rungs.items()}
    names = {name: rung.name for (name, _), rung in growth.rungs.items()}
    return table_of(
        f"growth-{growth.key}",
        f"Seconds of an epoch by {growth.what}",
        ("rung", *map(str, sizes)),
        [
            (short, *(medians.get((name, size), NO_VALUE) for size in sizes))
            for name, short in names.items()
        ],
    )


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def findings(results: SpeedResults) -> Iterator[Finding]:
    """The fastest way to train once, beside the first rung."""
    first = results.rungs[0]
    latencies = [rung for rung in results.rungs if rung.measure == "latency"]
    fastest = min(latencies or results.rungs, key=lambda rung: rung.median)
    text = (
        f"Fastest epoch: {fastest.median:.2f} s with {fastest.title}, "
        f"{speedup(fastest, first).estimate:.1f} times as fast as {first.title}, "
        f"on {results.device_title}."
    )
    if not results.finished:
        text = f"Measured only in part, since `twins speed` was broken off. {text}"
    yield Finding(text=text)


def parts(results: SpeedResults) -> Iterator[Part]:
    """The ladder as a chart and as a table, notes, and how time grows where it was asked."""
    if not results.finished:
        yield Paragraph(text="Not finished: rungs or rounds are missing.", tone="bad")
    yield Paragraph(
        text=f"Seconds of an epoch, without import, compilation and evaluation: "
        f"{plural(results.num_rounds, 'round')} of fresh processes on {results.device_title}, "
        f"batches of {results.experiment.batch_size}."
    )
    yield Chart(
        key="speed",
        title="Seconds of an epoch",
        description="Each way to train an epoch, with its median time and the machine's limits.",
        figure=draw_speed(results),
    )
    yield ladder_table(results)
    yield Notes(items=tuple(_notes(results)))
    for growth in (by_batch_size(results), by_width(results)):
        if growth.rungs:
            yield _growth_table(growth)
            yield Chart(
                key=growth.key,
                title=f"Seconds of an epoch by {growth.what}",
                description="A curve for each way to train; the table has the medians.",
                figure=draw_growth(growth.rungs, label=growth.what, device=results.device_title),
            )


def _notes(results: SpeedResults) -> Iterator[str]:
    yield (
        "× is how many times as fast as the first rung; core and all are shares of a large "
        "product's rate on one core and on all; own is the rate of this network's products in "
        "NumPy."
    )
    for rung in results.rungs:
        yield f"{rung.name}: {rung.framework}, {rung.idea}"
    for rung, following in neighbours_alike(results.rungs):
        yield f"no significant difference: {rung.name} and {following.name}"
    for omission in results.omitted:
        yield f"not measured: {omission.name} ({omission.reason})"
    for reason in results.environment.why_noisy:
        yield f"noisy machine: {reason}"
