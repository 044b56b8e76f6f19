"""Climbs the ladder of defaults: parity first, on the reference's draws, then many seeds."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks.defaults.results import Parity, PortResult, SeedOutcome
from benchmarks.defaults.training import DefaultsRung, PortJob, Trajectory, train_share
from benchmarks.runner.processes import events_side_by_side
from shared.errors import RunFailedError
from shared.parameters import largest_difference

Say = Callable[[str], None]


def measure_ladder(
    reference: PortJob,
    ladder: tuple[DefaultsRung, ...],
    seeds: tuple[int, ...],
    *,
    logs: Path,
    num_processes: int,
    say: Say,
) -> tuple[PortResult, ...]:
    """Trains the reference port and every rung on the same draws, then every rung on every seed.

    Args:
        reference: the training that the ladder ends at.
        ladder: the rungs, the naive port first.
        seeds: those of the accuracy measurements.
        logs: a folder for the children's logs.
        num_processes: trainings at a time.
        say: hears of each training that ends.

    Raises:
        RunFailedError: a training failed, or the last rung is not the reference port
            to the last bit, so that the ladder leaves out some difference.
    """
    on_same_draws = [reference, *(replace(reference, rung=rung) for rung in ladder)]
    of_reference, *ports = _train_all(on_same_draws, logs / "parity.log", num_processes, say)
    check_same(ports[-1], of_reference)
    on_seeds = [
        replace(
            reference,
            rung=rung,
            experiment=replace(reference.experiment, seed=seed, randomness="shared"),
            draws=None,
        )
        for seed in seeds
        for rung in ladder
    ]
    trained = _train_all(on_seeds, logs / "seeds.log", num_processes, say)
    return tuple(
        PortResult(
            name=rung.name,
            change=rung.change,
            habits=asdict(rung.habits),  # pyright: ignore[reportArgumentType]
            parity=parity_of(ports[place], of_reference),
            seeds=tuple(map(_outcome, seeds, trained[place :: len(ladder)])),
        )
        for place, rung in enumerate(ladder)
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


def _train_all(jobs: list[PortJob], log: Path, num_processes: int, say: Say) -> list[Trajectory]:
    """The trajectory of each job, in the order of jobs."""
    # One child for each share, not for each job: importing and compiling take as long
    # as several epochs. Closed at once when anything fails, so that none trains in vain.
    numbered = list(enumerate(jobs))
    num_shares = min(num_processes, len(jobs))
    shares = [(tuple(numbered[first::num_shares]),) for first in range(num_shares)]
    trained: dict[int, Trajectory] = {}
    events = events_side_by_side(train_share, shares, log=log)
    with closing(events):  # pyright: ignore[reportArgumentType]
        for _, (index, trajectory) in events:
            trained[index] = trajectory
            accuracy = f"test accuracy {trajectory.true.accuracy:.4f}"
            say(f"{len(trained)} of {len(jobs)}: {jobs[index].title}, {accuracy}")
    return [trained[index] for index in range(len(jobs))]


def _outcome(seed: int, trajectory: Trajectory) -> SeedOutcome:
    return SeedOutcome(
        seed=seed,
        reported=trajectory.reported,
        true=trajectory.true,
        training_loss_gap=trajectory.training_loss_gap,
    )
