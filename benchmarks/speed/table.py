"""What `twins speed` says at its end: the ladder with its limits, growth, and notes."""

from collections.abc import Callable, Iterator, Mapping

from benchmarks.display.tables import NO_VALUE, Table, table_of
from benchmarks.speed.analysis import neighbours_alike, speedup
from benchmarks.speed.results import RungTimes, SpeedResults

MEBIBYTE = 2**20
BILLION = 1e9
COLUMNS = ("epoch, s", "95 %", "×", "compile", "GFLOP/s", "core", "all", "MiB")
"""After a row's name: seconds of an epoch, how many times as fast as the first rung, seconds
of compilation, rate, shares of the large product's rate on one core and on all, memory."""


def ladder_table(
    results: SpeedResults, label: Callable[[RungTimes], str], key: str = "ladder"
) -> Table:
    """One row a rung, against the first one; the limits' rows close it.

    label: how a rung is named; by its short name on a terminal.
    """
    on_processor = results.environment.accelerator is None
    return table_of(
        key,
        f"Seconds of an epoch, batch {results.experiment.batch_size}, {results.num_rounds} rounds, "
        f"medians with 95 % intervals; {describe_device(results)}",
        ("rung or limit", *COLUMNS),
        [
            *((label(rung), *rung_cells(rung, results.rungs[0])) for rung in results.rungs),
            *(limit_rows(results) if on_processor else ()),
        ],
    )


def short_name(rung: RungTimes) -> str:
    """A rung as the command line calls it."""
    return rung.name


def title(rung: RungTimes) -> str:
    """A rung as people call it."""
    return f"{rung.framework}: {rung.idea}"


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


def limit_seconds(results: SpeedResults) -> dict[str, float]:
    """What an epoch's operations take at the rate of a large product, on a processor."""
    if results.environment.accelerator is not None:
        return {}
    billions = results.rungs[0].operations / BILLION
    return {
        "limit of the machine": billions / results.limits.machine.large_product,
        "limit of one core": billions / results.limits.one_core.large_product,
    }


def growth_tables(
    results: SpeedResults, label: Callable[[RungTimes], str], key: str = "growth"
) -> Iterator[Table]:
    """How an epoch's seconds grow with the batch and with the first hidden layer, where asked."""
    if results.by_batch_size:
        yield _growth_table(
            rungs_by_batch_size(results, label),
            f"{key}-batch-sizes",
            "Seconds of an epoch by batch size",
        )
    if results.by_width:
        yield _growth_table(
            rungs_by_width(results, label),
            f"{key}-widths",
            "Seconds of an epoch by units of the first hidden layer",
        )


def rungs_by_batch_size(
    results: SpeedResults, label: Callable[[RungTimes], str]
) -> dict[tuple[str, int], RungTimes]:
    """Times by the rung's name and the batch size."""
    return {(label(p.rung), p.experiment.batch_size): p.rung for p in results.by_batch_size}


def rungs_by_width(
    results: SpeedResults, label: Callable[[RungTimes], str]
) -> dict[tuple[str, int], RungTimes]:
    """Times by the rung's name and the units of the first hidden layer."""
    return {(label(p.rung), p.experiment.hidden_sizes[0]): p.rung for p in results.by_width}


def _growth_table(rungs: Mapping[tuple[str, int], RungTimes], key: str, caption: str) -> Table:
    """One row a rung, one column a size; `rungs` by both."""
    sizes = sorted({size for _, size in rungs})
    medians = {place: f"{rung.median:.3f}" for place, rung in rungs.items()}
    return table_of(
        key,
        caption,
        ("rung", *map(str, sizes)),
        [
            (name, *(medians.get((name, size), NO_VALUE) for size in sizes))
            for name in dict.fromkeys(name for name, _ in rungs)
        ],
    )


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
