"""What `twins speed` says at its end: the ladder with its limits, growth, and notes."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.speed.analysis import neighbours_alike, speedup
from benchmarks.speed.results import GrowthPoint, RungResult, SpeedResults

MEBIBYTE = 2**20
BILLION = 1e9
COLUMNS = ("epoch, s", "95 %", "×", "compile", "GFLOP/s", "core", "all", "MiB")
"""After a row's name: seconds of an epoch, how many times as fast as the first rung, seconds
of compilation, rate, shares of the large product's rate on one core and on all, memory."""


def ladder_table(results: SpeedResults) -> Table:
    """One row a rung, against the first one; the limits' rows close it."""
    environment = results.environment
    title = (
        f"seconds of an epoch, batch {results.experiment.batch_size}, {results.num_rounds} rounds, "
        f"medians with 95 % intervals; {describe_device(results)}"
    )
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("rung", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for rung in results.rungs:
        table.add_row(rung.name, *rung_cells(rung, results.rungs[0]))
    if environment.accelerator is None:
        table.add_section()
        for name, cells in limit_cells(results):
            table.add_row(name, *cells)
    return table


def rung_cells(rung: RungResult, first: RungResult) -> tuple[str, ...]:
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


def limit_cells(results: SpeedResults) -> Iterator[tuple[str, tuple[str, ...]]]:
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
            yield f"{place}, {what}", (seconds, "", "", "", f"{rate:.1f}", *shares, "")


def growth_table(points: Sequence[GrowthPoint], heading: str) -> Table:
    """One row a rung, one column an experiment: seconds of an epoch."""
    experiments = list(dict.fromkeys(point.experiment for point in points))
    table = Table(title=f"seconds of an epoch by {heading}", title_justify="left")
    table.add_column("rung")
    for experiment in experiments:
        by_batch = heading == "batch size"
        value = experiment.batch_size if by_batch else experiment.hidden_sizes[0]
        table.add_column(str(value), justify="right")
    for name in dict.fromkeys(point.rung.name for point in points):
        medians = {p.experiment: p.rung.median for p in points if p.rung.name == name}
        cells = (f"{medians[each]:.3f}" if each in medians else "–" for each in experiments)
        table.add_row(name, *cells)
    return table


def notes(results: SpeedResults) -> Iterator[str]:
    """What a reader of the table must know besides."""
    for rung in results.rungs:
        yield f"{rung.name}: {rung.framework}, {rung.idea}"
    for rung, following in neighbours_alike(results.rungs):
        yield f"no significant difference: {rung.name} and {following.name}"
    for omission in results.omitted:
        yield f"not measured: {omission.name} ({omission.reason})"
    for reason in results.environment.why_noisy:
        yield f"[yellow]noisy machine:[/] {reason}"


def describe_device(results: SpeedResults) -> str:
    """The processor with its cores, or the GPU."""
    environment = results.environment
    if environment.accelerator is not None:
        return environment.accelerator.name
    num_cores = len(environment.before.affinity) or environment.software.num_cores
    return f"{environment.software.processor}, {num_cores} cores"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
