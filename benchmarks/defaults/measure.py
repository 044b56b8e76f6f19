"""Climbs the ladder of defaults: parity first, on the reference's draws, then many seeds."""

from dataclasses import asdict, replace

import numpy as np

from benchmarks.defaults.results import DefaultsResults, Parity, PortResult, SeedOutcome
from benchmarks.defaults.training import PortKey, PortTrainer, Trajectory
from benchmarks.implementations import defaults_of, title_of
from benchmarks.runner.training import draw
from benchmarks.sweeps.sweep import Sweep, Wanted
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.parameters import largest_difference


def wanted_trainings(name: str, experiment: Experiment, count: int) -> tuple[Wanted, ...]:
    """The reference port and each rung on the same draws, then each rung on each seed."""
    ladder = defaults_of(name).LADDER
    on_same_draws = [PortKey(None), *map(PortKey, range(len(ladder)))]
    on_seeds = [PortKey(place, seed) for seed in range(count) for place in range(len(ladder))]
    return tuple(_wanted(name, experiment, key) for key in (*on_same_draws, *on_seeds))


def _wanted(name: str, experiment: Experiment, key: PortKey) -> Wanted:
    port = "the reference port" if key.place is None else defaults_of(name).LADDER[key.place].name
    if key.seed is not None:
        experiment = replace(experiment, seed=key.seed, randomness="shared")
    return Wanted(
        title=f"{title_of(name)}, {port}, seed {experiment.seed}",
        key=key,
        implementation=name,
        experiment=experiment,
        variant=f"{port}, {'same draws' if key.seed is None else 'own draws'}",
    )


def measure_defaults(sweep: Sweep) -> DefaultsResults:
    """Trains what is not stored; seeds without a training, as its worker was lost, are left out.

    Raises:
        RunFailedError: what `Sweep.train` raises, or what is compared with is lost.
    """
    name = sweep.wanted[0].implementation
    ladder = defaults_of(name).LADDER
    settings = (sweep.plan, draw(sweep.plan.experiment, sweep.folder / "draws.log"))
    on_same_draws = [each for each in sweep.wanted if each.key.seed is None]
    kind = (Trajectory, describe_trajectory)
    trajectories = sweep.train(PortTrainer, settings, on_same_draws, *kind)
    on_seeds = [each for each in sweep.wanted if each.key.seed is not None]
    outcomes = sweep.train(PortTrainer, settings, on_seeds, SeedOutcome, describe_outcome)
    if len(trajectories) < len(on_same_draws):
        raise RunFailedError("trainings to compare with are lost; --resume tries them again")
    reference, *ports = (trajectories[each.key] for each in on_same_draws)
    check_same(ports[-1], reference)
    asked, places = {each.key.seed for each in on_seeds}, range(len(ladder))
    seeds = [seed for seed in asked if all(PortKey(place, seed) in outcomes for place in places)]
    if not seeds:
        raise RunFailedError("no seed was trained by every port; --resume tries again")
    rungs = tuple(
        PortResult(
            name=rung.name,
            change=rung.change,
            habits=asdict(rung.habits),
            parity=parity_of(ports[place], reference),
            seeds=tuple(outcomes[PortKey(place, seed)] for seed in seeds),
        )
        for place, rung in enumerate(ladder)
    )
    return DefaultsResults(**vars(sweep.plan), implementation=name, seeds=tuple(seeds), rungs=rungs)


def describe_trajectory(trajectory: Trajectory) -> str:
    """What a line says of a training on the same draws."""
    return describe_outcome(trajectory.outcome)


def describe_outcome(outcome: SeedOutcome) -> str:
    """What a line says of a training on a seed."""
    return f"test accuracy {outcome.true.accuracy:.4f}"


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
