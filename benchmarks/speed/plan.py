"""What is to be measured: which rungs, on what, and what its times may be compared with."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name

from benchmarks.registry import SPEED_RUNGS
from benchmarks.speed.machine import find_accelerator
from benchmarks.speed.results import Omission, SpeedEnvironment, SpeedResults
from shared.data.dataset import RawDataset, describe
from shared.errors import InputError
from shared.experiment import Experiment
from shared.timing import Device, SpeedRung


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be measured, in `num_rounds` processes for each rung.

    by_batch_size, by_width: experiments to time every rung at besides.
    num_samples: epochs of a process that count, at least.
    """

    rungs: tuple[SpeedRung, ...]
    omitted: tuple[Omission, ...] = ()
    experiment: Experiment
    by_batch_size: tuple[Experiment, ...] = ()
    by_width: tuple[Experiment, ...] = ()
    raw: RawDataset
    environment: SpeedEnvironment
    num_rounds: int
    num_samples: int
    folder: Path


def all_rungs() -> tuple[SpeedRung, ...]:
    """The rungs of every package in the registry, from the bottom up; imports no framework."""
    return tuple(rung for package in SPEED_RUNGS for rung in resolve_name(package).RUNGS)


def runnable_rungs(
    names: tuple[str, ...], device: Device
) -> tuple[tuple[SpeedRung, ...], tuple[Omission, ...]]:
    """The named rungs, or all, in the ladder's order, and those of them that cannot run here.

    Raises InputError where there is no such device or rung, or a named rung cannot run here.
    """
    if device == "gpu" and find_accelerator() is None:
        raise InputError("no GPU answers nvidia-smi here: use --device cpu")
    rungs = all_rungs()
    known = [rung.name for rung in rungs]
    for name in names:
        if name not in known:
            raise InputError(f"unknown rung {name!r}: --rungs takes {', '.join(known)}")
    chosen = [(rung, why_not(rung, device)) for rung in rungs if not names or rung.name in names]
    omitted = tuple(Omission(name=rung.name, reason=why) for rung, why in chosen if why)
    if omitted and names:
        text = "; ".join(f"{each.name}: {each.reason}" for each in omitted)
        raise InputError(
            f"rungs that cannot run here ({text}): leave them out of --rungs, or install what is "
            "missing (pip install 'fashion-twins[peers]')"
        )
    return tuple(rung for rung, why in chosen if not why), omitted


def why_not(rung: SpeedRung, device: Device) -> str | None:
    """Why the rung cannot run on the device in this environment; None where it can."""
    missing = [package for package in rung.packages if find_spec(package) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    return None if device in rung.devices else f"runs on {', '.join(rung.devices)} only"


def check_comparable(earlier: SpeedResults, plan: Plan) -> None:
    """Checks that times to be measured may stand beside the earlier ones.

    Versions of packages, the flags of the frameworks and the commit may differ: what
    they change is what one compares for. Raises InputError where the processor,
    cores, device, settings, data or experiment differ, or the earlier one is not finished.
    """
    if not earlier.finished:
        raise InputError(
            "--against names a file that is not finished: give it that of a whole measurement"
        )
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
        f"{what}: {then} there, {now} here" for what, then, now in conditions if then != now
    ]
    if differences:
        raise InputError(
            f"--against names a file of another environment ({'; '.join(differences)}): "
            "times compare only on the same machine under the same settings"
        )
