"""This measurement against an earlier one: where their environments allow it."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.display.tables import Table, table_of
from benchmarks.runner.records import read_json
from benchmarks.speed.analysis import speedup
from benchmarks.speed.results import RungTimes, SpeedResults
from shared.errors import InputError


def read_comparable(path: Path, now: SpeedResults) -> SpeedResults:
    """Reads an earlier `speed.json` and checks that its times may stand beside these.

    Versions of packages, the flags of the frameworks and the commit may differ: what
    they change is what one compares for. Processor, cores, device, settings, data
    and experiment may not.

    Raises:
        InputError: the file cannot be read, is not finished, or is of another environment.
    """
    earlier = read_json(path, SpeedResults)
    if not earlier.finished:
        raise InputError(f"{path} is not finished: give --against the file of a whole measurement")
    differences = [
        f"{what}: {before} there, {after} here"
        for what, before, after in _conditions(earlier, now)
        if before != after
    ]
    if differences:
        raise InputError(
            f"{path} is of another environment ({'; '.join(differences)}): "
            "times compare only on the same machine under the same settings"
        )
    return earlier


def against_table(earlier: SpeedResults, now: SpeedResults) -> Table:
    """One row a rung that both measured: how many times as fast it is now."""
    before = {rung.name: rung for rung in earlier.rungs}
    return table_of(
        "against",
        "Against the earlier measurement",
        ("rung", "epoch then", "epoch now", "times as fast", "95 %"),
        [_row(before[rung.name], rung) for rung in now.rungs if rung.name in before],
    )


def _row(before: RungTimes, now: RungTimes) -> tuple[str, ...]:
    interval = speedup(now, before)
    return (
        now.name,
        f"{before.median:.3f}",
        f"{now.median:.3f}",
        f"{interval.estimate:.2f}",
        f"{interval.low:.2f}–{interval.high:.2f}",
    )


def _conditions(earlier: SpeedResults, now: SpeedResults) -> Iterator[tuple[str, object, object]]:
    then, here = earlier.environment, now.environment
    yield "processor", then.processor, here.processor
    yield "cores", len(then.before.affinity), len(here.before.affinity)
    yield "device", then.device, here.device
    yield "accelerator", then.accelerator, here.accelerator
    yield "TF32", then.tf32, here.tf32
    yield "variables", then.variables, here.variables
    yield "governor", then.before.governor, here.before.governor
    yield "images", earlier.dataset.sha256, now.dataset.sha256
    yield "experiment", earlier.experiment, now.experiment
