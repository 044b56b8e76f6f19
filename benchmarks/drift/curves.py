"""Measures the curves: follows trainings in pairs and compares their snapshots."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.drift.perturbation import (
    with_batches_reversed,
    with_last_bits_moved,
)
from benchmarks.drift.results import Curve, Kind
from benchmarks.drift.segments import num_snapshots
from benchmarks.drift.trajectory import TrajectoryJob, follow, read_snapshot, snapshot_steps
from benchmarks.runner.processes import run_side_by_side, usable_cores
from benchmarks.runner.progress import show_parts
from shared.data.dataset import RawDataset
from shared.draws import Draws
from shared.experiment import DType, Experiment

CURVE_NUMBER = 0
"""Which disturbance of the last bits the curves take; the bands' runs take 1, 2, …."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all trajectories of one measurement have in common.

    folder: where snapshots may lie while they are needed.
    log: what the children print; each adds its number to the name.
    """

    experiment: Experiment
    implementations: tuple[str, ...]
    raw: RawDataset
    draws: Draws
    folder: Path
    log: Path
    num_processes: int
    console: Console


def measure_curves(setting: Setting) -> tuple[Curve, ...]:
    """Measures each pair of implementations in both types, and each with itself in float32.

    Raises:
        RunFailedError: a training failed or diverged.
    """
    undisturbed = [
        _job(setting, name, dtype)
        for dtype in ("float64", "float32")
        for name in setting.implementations
    ]
    for _ in _follow_all(setting, undisturbed, "undisturbed trainings"):
        pass
    across = [
        compare(first, second, "across")
        for first, second in combinations(undisturbed, 2)
        if first.experiment.dtype == second.experiment.dtype
    ]
    references = {}
    for job in undisturbed:
        if job.experiment.dtype == "float32":
            references[job.implementation] = job
        else:
            shutil.rmtree(job.folder)
    return (*across, *_measure_floor(setting, references))


def compare(first: TrajectoryJob, second: TrajectoryJob, kind: Kind) -> Curve:
    """The curve of two finished trajectories, reading two snapshots at a time."""
    steps = snapshot_steps(first.folder)
    maxima, roots, disagreeing = [], [], []
    for step in steps:
        one, other = read_snapshot(first.folder, step), read_snapshot(second.folder, step)
        # In float64, where the difference of two float32 numbers is exact.
        difference = one.weights.astype(np.float64) - other.weights.astype(np.float64)
        maxima.append(float(np.abs(difference).max()))
        roots.append(float(np.sqrt(np.mean(difference**2))))
        disagreeing.append(int(np.sum(one.classes != other.classes)))
    return Curve(
        pair=(first.implementation, second.implementation),
        kind=kind,
        dtype=first.experiment.dtype,
        steps=tuple(steps),
        max_difference=tuple(maxima),
        rms_difference=tuple(roots),
        disagreeing=tuple(disagreeing),
    )


def _measure_floor(setting: Setting, references: dict[str, TrajectoryJob]) -> list[Curve]:
    disturbed = [
        variant for reference in references.values() for variant in _variants(setting, reference)
    ]
    jobs = [job for _, job in disturbed]
    curves: dict[int, Curve] = {}
    for index in _follow_all(setting, jobs, "disturbed trainings"):
        kind, job = disturbed[index]
        curves[index] = compare(references[job.implementation], job, kind)
        shutil.rmtree(job.folder)  # snapshots of all trainings at once would fill the disk
    return [curves[index] for index in sorted(curves)]


def _variants(setting: Setting, reference: TrajectoryJob) -> Iterator[tuple[Kind, TrajectoryJob]]:
    """The same training with its rounding disturbed in each way that this machine knows."""
    experiment, draws, folder = reference.experiment, reference.draws, reference.folder
    moved = with_last_bits_moved(draws, experiment, CURVE_NUMBER)
    yield "last bit", replace(reference, draws=moved, folder=folder.with_name(f"{folder.name}-bit"))
    reversed_ = with_batches_reversed(draws, experiment)
    yield (
        "row order",
        replace(reference, draws=reversed_, folder=folder.with_name(f"{folder.name}-order")),
    )
    cores = usable_cores()
    if cores:
        # Each implementation a core of its own, as long as there are enough.
        core = cores[setting.implementations.index(reference.implementation) % len(cores)]
        yield (
            "one core",
            replace(reference, core=core, folder=folder.with_name(f"{folder.name}-core")),
        )


def _job(setting: Setting, name: str, dtype: DType) -> TrajectoryJob:
    return TrajectoryJob(
        implementation=name,
        experiment=replace(setting.experiment, dtype=dtype),
        raw=setting.raw,
        draws=setting.draws,
        folder=setting.folder / f"{name}-{dtype}",
    )


def _follow_all(setting: Setting, jobs: list[TrajectoryJob], what: str) -> Iterator[int]:
    """Follows trajectories side by side; yields the index of each one as it is done."""
    per_job = num_snapshots(setting.draws.orders, setting.experiment.batch_size)
    log = setting.log.with_stem(f"{setting.log.stem}-{what.partition(' ')[0]}")
    with show_parts(setting.console, what, len(jobs) * per_job, "snapshots") as show:
        done = run_side_by_side(
            follow,
            [(job,) for job in jobs],
            log=log,
            num_processes=setting.num_processes,
            on_event=show,
        )
        for index, _ in done:
            yield index
