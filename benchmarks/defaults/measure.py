"""Climbs the ladder of defaults: parity first, on the reference's draws, then many seeds."""

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks.defaults.command import DefaultsCommand
from benchmarks.defaults.results import DefaultsResults, Parity, PortResult
from benchmarks.defaults.training import PortJob, Trajectory, train_share
from benchmarks.implementations import defaults_of
from benchmarks.options import Context
from benchmarks.runner.processes import events_side_by_side
from benchmarks.runner.training import draw
from shared.data.dataset import describe
from shared.errors import RunFailedError
from shared.parameters import largest_difference


def measure_defaults(command: DefaultsCommand, context: Context, folder: Path) -> DefaultsResults:
    """Trains the reference port and every rung on the same draws, then every rung on every seed."""
    raw, experiment = context.load_images(command.images), command.experiment
    ladder = defaults_of(command.impl).LADDER
    environment = context.describe_environment()
    num_processes = command.processes or environment.num_cores
    reference = PortJob(
        implementation=command.impl,
        rung=None,
        experiment=experiment,
        raw=raw,
        draws=draw(experiment, folder / "draws.log"),
    )
    logs = folder / "logs"
    logs.mkdir()
    on_same_draws = [reference, *(replace(reference, rung=rung) for rung in ladder)]
    of_reference, *ports = _train_all(on_same_draws, logs / "parity.log", num_processes, context)
    check_same(ports[-1], of_reference)
    seeds = tuple(range(command.count))
    experiments = [replace(experiment, seed=seed, randomness="shared") for seed in seeds]
    on_seeds = [
        replace(reference, rung=rung, experiment=each, draws=None)
        for each in experiments
        for rung in ladder
    ]
    trained = _train_all(on_seeds, logs / "seeds.log", num_processes, context)
    rungs = tuple(
        PortResult(
            name=rung.name,
            change=rung.change,
            habits=asdict(rung.habits),
            parity=parity_of(ports[place], of_reference),
            seeds=tuple(each.outcome for each in trained[place :: len(ladder)]),
        )
        for place, rung in enumerate(ladder)
    )
    return DefaultsResults(
        dataset=describe(raw),
        experiment=experiment,
        environment=environment,
        implementation=command.impl,
        seeds=seeds,
        rungs=rungs,
    )


def parity_of(port: Trajectory, reference: Trajectory) -> Parity:
    """The differences of two trainings."""
    first, reference_first = port.report.history[0], reference.report.history[0]
    losses, reference_losses = (
        np.split(each.report.step_losses, len(each.report.history))[0] for each in (port, reference)
    )
    num_common = min(len(losses), len(reference_losses))
    return Parity(
        num_steps=len(losses),
        initial_weights=largest_difference(port.initial, reference.initial),
        step_losses=float(np.abs(losses[:num_common] - reference_losses[:num_common]).max()),
        epoch_loss=abs(first.loss - reference_first.loss),
        epoch_accuracy=abs(first.accuracy - reference_first.accuracy),
        final_weights=largest_difference(port.final, reference.final),
        predictions=int(np.count_nonzero(port.classes != reference.classes)),
    )


def check_same(last: Trajectory, reference: Trajectory) -> None:
    """Raises RunFailedError where two trainings are not one, to the last bit.

    Then the ladder leaves out some difference.
    """
    same = (
        last.report.history == reference.report.history
        and np.array_equal(last.report.step_losses, reference.report.step_losses)
        and largest_difference(last.initial, reference.initial) == 0
        and largest_difference(last.final, reference.final) == 0
        and np.array_equal(last.classes, reference.classes)
        and last.outcome.reported == reference.outcome.reported
    )
    if not same:
        raise RunFailedError(
            "the last rung of the ladder is not the reference port: either a difference is "
            "left that no rung names, or this device does not repeat its own sums; "
            "try again with --processes 1 or on a CPU"
        )


def _train_all(
    jobs: list[PortJob], log: Path, num_processes: int, context: Context
) -> list[Trajectory]:
    """The trajectory of each job, in the order of jobs."""
    # One child for each share, not for each job: importing and compiling take as long
    # as several epochs. Closed at once when anything fails, so that none trains in vain.
    numbered = list(enumerate(jobs))
    num_shares = min(num_processes, len(jobs))
    shares = [(tuple(numbered[first::num_shares]),) for first in range(num_shares)]
    trained: dict[int, Trajectory] = {}
    with closing(events_side_by_side(train_share, shares, log=log)) as events:
        for _, (index, trajectory) in events:
            trained[index] = trajectory
            accuracy = f"test accuracy {trajectory.outcome.true.accuracy:.4f}"
            context.say(f"{len(trained)} of {len(jobs)}: {jobs[index].title}, {accuracy}")
    return [trained[index] for index in range(len(jobs))]
