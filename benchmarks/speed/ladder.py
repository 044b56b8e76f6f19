"""Which rungs there are, which were asked for, and which of them can run here."""

import importlib
from importlib.util import find_spec
from pkgutil import resolve_name

from benchmarks.registry import SPEED_RUNGS
from benchmarks.speed.machine import find_accelerator
from benchmarks.speed.results import Omission
from shared.errors import InputError
from shared.timing import Device, SpeedRung, Trainer, Workload


def all_rungs() -> tuple[SpeedRung, ...]:
    """The rungs of every package in the registry, from the bottom up; imports no framework."""
    return tuple(rung for package in SPEED_RUNGS for rung in importlib.import_module(package).RUNGS)


def runnable_rungs(
    names: tuple[str, ...], device: Device
) -> tuple[tuple[SpeedRung, ...], tuple[Omission, ...]]:
    """The rungs to measure, in the ladder's order, and those that cannot run here.

    Args:
        names: of the rungs that were asked for; all where none is.
        device: what they are to run on.

    Raises:
        InputError: there is no such device or rung; or a rung that was named cannot run here.
    """
    if device == "gpu" and find_accelerator() is None:
        raise InputError("no GPU answers nvidia-smi here: use --device cpu")
    rungs = all_rungs()
    known = [rung.name for rung in rungs]
    for name in names:
        if name not in known:
            raise InputError(f"unknown rung {name!r}: --rungs takes {', '.join(known)}")
    chosen = [rung for rung in rungs if not names or rung.name in names]
    reasons = {rung.name: why_not(rung, device) for rung in chosen}
    omitted = tuple(Omission(name=name, reason=why) for name, why in reasons.items() if why)
    if omitted and names:
        text = "; ".join(f"{each.name}: {each.reason}" for each in omitted)
        raise InputError(
            f"rungs that cannot run here ({text}): leave them out of --rungs, or install what is "
            "missing (pip install 'fashion-twins[peers]')"
        )
    return tuple(rung for rung in chosen if reasons[rung.name] is None), omitted


def why_not(rung: SpeedRung, device: Device) -> str | None:
    """Why the rung cannot run on the device in this environment; None where it can."""
    missing = [package for package in rung.packages if find_spec(package) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    if device not in rung.devices:
        return f"runs on {', '.join(rung.devices)} only"
    return None


def prepare(workload: Workload) -> Trainer:
    """Imports the rung's framework and makes its trainer."""
    return resolve_name(workload.rung.trainer)(workload)
