"""Which rungs there are, which were asked for, and which of them can run here."""

import importlib
from importlib.util import find_spec

from benchmarks.registry import SPEED_RUNGS
from shared.errors import InputError
from shared.timing import SpeedRung, Trainer, Workload


def all_rungs() -> tuple[SpeedRung, ...]:
    """The rungs of every package in the registry, from the bottom up; imports no framework."""
    return tuple(rung for package in SPEED_RUNGS for rung in importlib.import_module(package).RUNGS)


def chosen_rungs(names: tuple[str, ...]) -> tuple[SpeedRung, ...]:
    """The rungs of these names in the ladder's order; all where none is named.

    Raises:
        InputError: there is no such rung.
    """
    rungs = all_rungs()
    known = [rung.name for rung in rungs]
    for name in names:
        if name not in known:
            raise InputError(f"unknown rung {name!r}: --rungs takes {', '.join(known)}")
    return tuple(rung for rung in rungs if not names or rung.name in names)


def why_not(rung: SpeedRung, device: str) -> str | None:
    """Why the rung cannot run on the device in this environment; None where it can."""
    missing = [package for package in rung.packages if find_spec(package) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    if device not in rung.devices:
        return f"runs on {', '.join(rung.devices)} only"
    return None


def prepare(workload: Workload) -> Trainer:
    """Imports the rung's framework and makes its trainer."""
    module, _, function = workload.rung.trainer.partition(":")
    return getattr(importlib.import_module(module), function)(workload)
