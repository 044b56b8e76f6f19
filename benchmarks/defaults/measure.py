"""Climbs the ladder of defaults: parity first, on the reference's draws, then many seeds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks.defaults.ladder import DefaultsRung
from benchmarks.defaults.results import Parity, PortResult, SeedOutcome
from benchmarks.defaults.training import PortJob, Trajectory, train_share
from benchmarks.runner.processes import events_side_by_side
from shared.errors import RunFailedError
from shared.parameters import largest_difference

OnTrained = Callable[[PortJob, Trajectory], None]


def measure_parity(
    reference: PortJob,
    ladder: tuple[DefaultsRung, ...],
    *,
    log: Path,
    num_processes: int,
    on_trained: OnTrained,
) -> dict[str, Parity]:
    """Trains the reference port and every rung on the same draws; differences by rung's name.

    Raises:
        RunFailedError: a training failed, or the last rung is not the reference port
            to the last bit, so that the ladder leaves out some difference.
    """
    jobs = [reference, *(replace(reference, rung=rung) for rung in ladder)]
    trajectories = dict(_train_all(jobs, log, num_processes, on_trained))
    parities = {
        rung.name: parity_of(trajectories[index], trajectories[0])
        for index, rung in enumerate(ladder, 1)
    }
    check_same(trajectories[len(ladder)], trajectories[0])
    return parities


def measure_seeds(
    reference: PortJob,
    ladder: tuple[DefaultsRung, ...],
    seeds: tuple[int, ...],
    *,
    log: Path,
    num_processes: int,
    on_trained: OnTrained,
) -> dict[str, tuple[SeedOutcome, ...]]:
    """Trains every rung on every seed; outcomes by rung's name, in the order of seeds.

    Raises:
        RunFailedError: a training failed.
    """
    jobs = [
        replace(
            reference,
            rung=rung,
            experiment=replace(reference.experiment, seed=seed, randomness="shared"),
            draws=None,
        )
        for seed in seeds
        for rung in ladder
    ]
    outcomes = {
        index: outcome_of(trajectory, jobs[index].experiment.seed)
        for index, trajectory in _train_all(jobs, log, num_processes, on_trained)
    }
    return {
        rung.name: tuple(outcomes[place] for place in range(first, len(jobs), len(ladder)))
        for first, rung in enumerate(ladder)
    }


def rung_results(
    ladder: tuple[DefaultsRung, ...],
    parities: Mapping[str, Parity],
    outcomes: Mapping[str, tuple[SeedOutcome, ...]],
) -> tuple[PortResult, ...]:
    """Puts together what was measured of each rung."""
    return tuple(
        PortResult(
            name=rung.name,
            change=rung.change,
            habits=asdict(rung.habits),  # pyright: ignore[reportArgumentType]
            parity=parities[rung.name],
            seeds=outcomes[rung.name],
        )
        for rung in ladder
    )


def parity_of(port: Trajectory, reference: Trajectory) -> Parity:
    """The differences of two trainings; see `Parity`."""
    num_common = min(port.step_losses.shape[1], reference.step_losses.shape[1])
    steps = port.step_losses[0, :num_common] - reference.step_losses[0, :num_common]
    first, reference_first = port.history[0], reference.history[0]
    return Parity(
        num_steps=port.step_losses.shape[1],
        initial_weights=largest_difference(port.initial, reference.initial),
        step_losses=float(np.abs(steps).max()),
        epoch_loss=abs(first.loss - reference_first.loss),
        epoch_accuracy=abs(first.accuracy - reference_first.accuracy),
        final_weights=largest_difference(port.final, reference.final),
        predictions=int(np.count_nonzero(port.classes != reference.classes)),
    )


def outcome_of(trajectory: Trajectory, seed: int) -> SeedOutcome:
    """What is kept of a training for its accuracy."""
    return SeedOutcome(
        seed=seed,
        reported=trajectory.reported,
        true=trajectory.true,
        training_loss_gap=trajectory.training_loss_gap,
    )


def check_same(last: Trajectory, reference: Trajectory) -> None:
    """Checks that two trainings are one, to the last bit.

    Raises:
        RunFailedError: something differs.
    """
    same = (
        last.history == reference.history
        and np.array_equal(last.step_losses, reference.step_losses)
        and largest_difference(last.initial, reference.initial) == 0
        and largest_difference(last.final, reference.final) == 0
        and np.array_equal(last.classes, reference.classes)
        and last.reported == reference.reported
    )
    if not same:
        raise RunFailedError(
            "the last rung of the ladder is not the reference port: either a difference is "
            "left that no rung names, or this device does not repeat its own sums; "
            "try again with --processes 1 or on a CPU"
        )


def _train_all(
    jobs: list[PortJob], log: Path, num_processes: int, on_trained: OnTrained
) -> Iterator[tuple[int, Trajectory]]:
    """Yields each job's index and trajectory as it ends."""
    # One child for each share, not for each job: importing and compiling take as long
    # as several epochs. Closed at once when anything fails, so that none trains in vain.
    numbered = list(enumerate(jobs))
    num_shares = min(num_processes, len(jobs))
    shares = [(tuple(numbered[first::num_shares]),) for first in range(num_shares)]
    events = events_side_by_side(train_share, shares, log=log)
    with closing(events):  # pyright: ignore[reportArgumentType]
        for _, trained in events:
            on_trained(jobs[trained.index], trained.trajectory)
            yield trained.index, trained.trajectory
