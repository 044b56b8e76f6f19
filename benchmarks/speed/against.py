"""This measurement against an earlier one: where their environments allow it."""

from pathlib import Path

from benchmarks.display.tables import Table, table_of
from benchmarks.runner.records import read_json
from benchmarks.speed.analysis import speedup
from benchmarks.speed.measure import Plan
from benchmarks.speed.results import SpeedResults
from shared.data.dataset import describe
from shared.errors import InputError


def read_finished(path: Path) -> SpeedResults:
    """Reads an earlier `speed.json`.

    Raises:
        InputError: the file cannot be read, or is not finished.
    """
    earlier = read_json(path, SpeedResults)
    if not earlier.finished:
        raise InputError(f"{path} is not finished: give --against the file of a whole measurement")
    return earlier


def check_comparable(earlier: SpeedResults, plan: Plan) -> None:
    """Checks that times to be measured may stand beside the earlier ones.

    Versions of packages, the flags of the frameworks and the commit may differ: what
    they change is what one compares for. Processor, cores, device, settings, data
    and experiment may not.

    Raises:
        InputError: one of these differs.
    """
    there, here = earlier.environment, plan.environment
    conditions = (
        ("processor", there.processor, here.processor),
        ("cores", len(there.before.affinity), len(here.before.affinity)),
        ("device", there.device, here.device),
        ("accelerator", there.accelerator, here.accelerator),
        ("TF32", there.tf32, here.tf32),
        ("variables", there.variables, here.variables),
        ("governor", there.before.governor, here.before.governor),
        ("images", earlier.dataset.sha256, describe(plan.raw).sha256),
        ("experiment", earlier.experiment, plan.experiment),
    )
    differences = [
        f"{what}: {before} there, {now} here" for what, before, now in conditions if before != now
    ]
    if differences:
        raise InputError(
            f"--against names a file of another environment ({'; '.join(differences)}): "
            "times compare only on the same machine under the same settings"
        )


def against_table(earlier: SpeedResults, now: SpeedResults) -> Table:
    """One row a rung that both measured: how many times as fast it is now."""
    before = {rung.name: rung for rung in earlier.rungs}
    pairs = [(before[rung.name], rung) for rung in now.rungs if rung.name in before]
    speedups = [speedup(after, then) for then, after in pairs]
    return table_of(
        "against",
        "Against the earlier measurement",
        ("rung", "epoch then", "epoch now", "times as fast", "95 %"),
        [
            (
                *(after.name, f"{then.median:.3f}", f"{after.median:.3f}"),
                *(f"{times.estimate:.2f}", f"{times.low:.2f}–{times.high:.2f}"),
            )
            for (then, after), times in zip(pairs, speedups, strict=True)
        ],
    )
