"""What `twins speed` says: the ladder with its limits, growth, and notes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Table
from benchmarks.display.words import plural
from benchmarks.speed.analysis import neighbours_alike, speedup
from benchmarks.speed.figure import Curves, draw_growth, draw_speed
from benchmarks.speed.machine import MEBIBYTE
from benchmarks.speed.results import RungTimes, SpeedResults

TITLE = "Speed ladder"
_SIZES = {"batch-sizes": "batches of {:,}", "widths": "{:,} units in the first hidden layer"}


def findings(results: SpeedResults) -> Iterator[Finding]:
    """The fastest way to train once, beside the first rung; of growth, at the largest size."""
    broken_off = "Measured only in part, since `twins speed` was broken off. "
    compared: dict[str, Sequence[RungTimes]] = {}
    for key, _, curves in _growths(results):
        largest = max(set().union(*curves.values()))
        rungs = [curve[largest] for curve in curves.values() if largest in curve]
        compared[f"Quickest epoch with {_SIZES[key].format(largest)}"] = rungs
    for what, rungs in (compared or {"Fastest epoch": results.rungs}).items():
        latencies = [rung for rung in rungs if rung.measure == "latency"]
        fastest = min(latencies or rungs, key=lambda rung: rung.median)
        yield Finding(
            text=f"{'' if results.finished else broken_off}"
            f"{what}: {fastest.median:.2f} s with {fastest.title}, "
            f"{speedup(fastest, rungs[0]).estimate:.1f} times as fast as {rungs[0].title}, "
            f"on {results.device_title}."
        )


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
    for key, what, curves in _growths(results):
        title = f"Seconds of an epoch by {what}"
        yield _growth_table(f"growth-{key}", title, curves)
        yield Chart(
            key=key,
            title=title,
            description="A curve for each way to train; the table has the medians.",
            figure=draw_growth(curves, label=what, device=results.device_title),
        )


def ladder_table(results: SpeedResults) -> Table:
    """One row a rung, against the first one; on a processor the limits' rows close it."""
    limits = _limit_rows(results) if results.environment.accelerator is None else ()
    return Table(
        "ladder",
        f"Seconds of an epoch, batch {results.experiment.batch_size}, {results.num_rounds} rounds, "
        f"medians with 95 % intervals; {results.device_title}",
        ("rung or limit", "epoch, s", "95 %", "×", "compile", "GFLOP/s", "core", "all", "MiB"),
        [*(_rung_row(rung, results.rungs[0]) for rung in results.rungs), *limits],
    )


def _rung_row(rung: RungTimes, first: RungTimes) -> tuple[str, ...]:
    """Throughput is not compared with latency."""
    shares = (rung.share_of_one_core, rung.share_of_machine)
    return (
        rung.name,
        f"{rung.median:.3f}",
        f"{rung.low:.2f}–{rung.high:.2f}",
        f"{speedup(rung, first).estimate:.2f}" if rung.measure == "latency" else NO_VALUE,
        f"{rung.compile_seconds:.2f}",
        f"{rung.gflops:.1f}",
        *(NO_VALUE if share is None else f"{share:.0%}" for share in shares),
        f"{(rung.device_bytes or rung.peak_bytes) / MEBIBYTE:.0f}",
    )


def _limit_rows(results: SpeedResults) -> Iterator[tuple[str, ...]]:
    """An epoch's operations at each measured rate."""
    limits = {"one core": results.limits.one_core, "all": results.limits.machine}
    for cores, limit in limits.items():
        for product, rate in (("large", limit.large_product), ("own", limit.network_products)):
            epoch = f"{results.seconds_at(rate):.3f}"
            shares = (f"{rate / each.large_product:.0%}" for each in limits.values())
            yield f"{cores}, {product}", epoch, "", "", "", f"{rate:.1f}", *shares, ""


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


def _growths(results: SpeedResults) -> Iterator[tuple[str, str, Curves]]:
    """Key and name of each size that grew, with the rungs' curves over it."""
    batch_sizes = [(point.experiment.batch_size, point.rung) for point in results.by_batch_size]
    widths = [(point.experiment.hidden_sizes[0], point.rung) for point in results.by_width]
    for key, what, points in (
        ("batch-sizes", "batch size", batch_sizes),
        ("widths", "units of the first hidden layer", widths),
    ):
        curves: Curves = defaultdict(dict)
        for size, rung in sorted(points, key=itemgetter(0)):
            curves[rung.name][size] = rung
        if curves:
            yield key, what, curves


def _growth_table(key: str, title: str, curves: Curves) -> Table:
    """One row a rung, one column a size."""
    sizes = sorted(set().union(*curves.values()))
    rows = []
    for name, curve in curves.items():
        medians = (f"{curve[size].median:.3f}" if size in curve else NO_VALUE for size in sizes)
        rows.append((name, *medians))
    return Table(key, title, ("rung", *map(str, sizes)), rows)


def against_table(earlier: SpeedResults, now: SpeedResults) -> Table:
    """One row a rung that both measured: how many times as fast it is now."""
    before = {rung.name: rung for rung in earlier.rungs}
    rows = []
    for rung in now.rungs:
        if then := before.get(rung.name):
            times = speedup(rung, then)
            medians = (f"{then.median:.3f}", f"{rung.median:.3f}")
            interval = f"{times.low:.2f}–{times.high:.2f}"
            rows.append((rung.name, *medians, f"{times.estimate:.2f}", interval))
    columns = ("rung", "epoch then", "epoch now", "times as fast", "95 %")
    return Table("against", "Against the earlier measurement", columns, rows)
