"""All measurements, round by round, each in a fresh process; the file grows with each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from rich.console import Console

from benchmarks.implementations import ORACLE, build_implementation
from benchmarks.runner.processes import Report, run_in_process, run_side_by_side
from benchmarks.runner.progress import show_parts
from benchmarks.runner.records import write_json
from benchmarks.speed.analysis import reasons_for_noise, rung_times, with_shares
from benchmarks.speed.machine import describe_machine, limits_of, measure_limits
from benchmarks.speed.measure import Measurement, MeasurementJob, measure
from benchmarks.speed.plan import Plan
from benchmarks.speed.results import GrowthPoint, Omission, RungTimes, SpeedResults
from shared.data.dataset import RawDataset, describe, training_examples
from shared.draws import Draws, draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.parameters import Parameters

SEEDS_ON_GPU = 64
NUM_CHECKED_SEEDS = 2
"""Of many seeds trained at once the oracle trains so many, one of them not the first."""

Item = TypeVar("Item")


def measure_speed(plan: Plan, console: Console) -> SpeedResults:
    """Limits, the ladder, limits again, then growth; `RunFailedError` where no rung succeeds."""
    logs = plan.folder / "logs"
    logs.mkdir()
    before = measure_limits(plan.experiment, logs, console)
    results = SpeedResults(
        finished=False,
        dataset=describe(plan.raw),
        experiment=plan.experiment,
        environment=plan.environment,
        limits=limits_of(before),
        num_rounds=plan.num_rounds,
        rungs=(),
        omitted=plan.omitted,
    )
    for rungs, failures in measure_rungs(plan, "ladder", console):
        omitted = (*plan.omitted, *failures)
        results = _store(plan, replace(results, rungs=rungs, omitted=omitted))
    if not results.rungs:
        raise RunFailedError(f"no rung could be measured: {results.omitted[-1].reason}")
    # A machine that others share is not as fast after the ladder as it was before it.
    limits = limits_of(before, measure_limits(plan.experiment, logs, console))
    results = _store(plan, replace(results, limits=limits))
    for experiment in plan.by_batch_size:
        points = (*results.by_batch_size, *_growth_points(plan, experiment, results, console))
        results = _store(plan, replace(results, by_batch_size=points))
    for experiment in plan.by_width:
        points = (*results.by_width, *_growth_points(plan, experiment, results, console))
        results = _store(plan, replace(results, by_width=points))
    return _store(plan, replace(results, finished=True))


def _growth_points(
    plan: Plan, experiment: Experiment, ladder: SpeedResults, console: Console
) -> tuple[GrowthPoint, ...]:
    """A point of each rung at one experiment; the ladder's own has been measured."""
    rungs = ladder.rungs
    if experiment != plan.experiment:
        what = f"batches of {experiment.batch_size}, hidden layers {experiment.hidden_sizes}"
        *_, (rungs, _) = measure_rungs(replace(plan, experiment=experiment), what, console)
        rungs = with_shares(rungs, ladder)
    return tuple(GrowthPoint(experiment=experiment, rung=rung) for rung in rungs)


def _store(plan: Plan, results: SpeedResults) -> SpeedResults:
    """Writes the file anew, with the shares of the limits and the machine's state now."""
    why_noisy = tuple(reasons_for_noise(plan.environment.before, results.rungs))
    environment = replace(plan.environment, after=describe_machine(), why_noisy=why_noisy)
    results = replace(results, environment=environment, rungs=with_shares(results.rungs, results))
    write_json(results, plan.folder / "speed.json")
    return results


def measure_rungs(
    plan: Plan, what: str, console: Console
) -> Iterator[tuple[tuple[RungTimes, ...], tuple[Omission, ...]]]:
    """Measures each rung once a round; after each measurement yields all times and failures so far.

    A rung that fails, or trains another model, is left out from then on: what it
    took before is dropped, since a rung that fails now and then says nothing.
    """
    jobs = measurement_jobs(plan)
    taken: dict[str, list[Measurement]] = {job.rung.name: [] for job in jobs}
    failures: dict[str, Omission] = {}
    with show_parts(console, what, len(jobs) * plan.num_rounds, "measurements") as count:
        for number, job in interleaved(jobs, plan.num_rounds):
            outcome = _take(job, number, taken[job.rung.name], failures)
            measured = (job for job in jobs if taken[job.rung.name])
            times = tuple(rung_times(job, taken[job.rung.name]) for job in measured)
            yield times, tuple(failures.values())
            count(outcome=outcome)  # after it is stored: nobody is told of what an interrupt loses


def _take(
    job: MeasurementJob, number: int, taken: list[Measurement], failures: dict[str, Omission]
) -> str:
    """Adds to what a rung took, or to the failures; says which."""
    name = job.rung.name
    log = job.plan.folder / "logs" / f"{name}-{number}.log"
    if name in failures:
        return f"{name} left out"
    try:
        measurement = run_in_process(measure, job, log=log)
    except RunFailedError as error:
        taken.clear()
        failures[name] = Omission(name=name, reason=str(error).partition("\n")[0])
        return f"{name} failed: {failures[name].reason}"
    taken.append(measurement)
    return f"{name} {' '.join(f'{each:.3f}' for each in measurement.epoch_seconds)} s an epoch"


def interleaved(items: Sequence[Item], num_rounds: int) -> Iterator[tuple[int, Item]]:
    """Yields each item once a round, A B C, C B A, A B C, …, with the round's number from 0.

    A machine that slows down or speeds up meanwhile does so for all alike: over two
    rounds every item's mean place in time is the same.
    """
    for number in range(num_rounds):
        for item in items if number % 2 == 0 else reversed(items):
            yield number, item


def measurement_jobs(plan: Plan) -> list[MeasurementJob]:
    """A job for each rung, from the same draws, with what the oracle makes of them.

    Where a rung does many trainings at a time, it does one on each core of a processor.
    """
    environment = plan.environment
    many = SEEDS_ON_GPU if environment.device == "gpu" else environment.num_cores
    seeds = [1 if rung.measure == "latency" else many for rung in plan.rungs]
    most_epochs = max(rung.epochs_per_call for rung in plan.rungs)
    longest = replace(plan.experiment, num_epochs=most_epochs, randomness="shared")
    first = longest.seed
    draws = [draw_shared(replace(longest, seed=first + number)) for number in range(max(seeds))]
    oracle_jobs = [(longest, plan.raw, each) for each in draws[:NUM_CHECKED_SEEDS]]
    log = plan.folder / "logs" / "oracle.log"
    trained = run_side_by_side(train_oracle, oracle_jobs, log=log, num_processes=NUM_CHECKED_SEEDS)
    expected = [after_each for _, after_each in sorted(trained)]
    return [
        MeasurementJob(
            plan=plan,
            rung=rung,
            draws=draws[:num_own],
            expected=tuple(each[rung.epochs_per_call - 1] for each in expected[:num_own]),
        )
        for rung, num_own in zip(plan.rungs, seeds, strict=True)
    ]


def train_oracle(
    _report: Report, experiment: Experiment, raw: RawDataset, draws: Draws
) -> tuple[Parameters, ...]:
    """The oracle's weights after each epoch."""
    training = training_examples(raw, experiment.dtype)
    oracle = build_implementation(ORACLE, replace(experiment, dtype="float64"))
    oracle.set_parameters(draws.parameters)
    after_each: list[Parameters] = []
    oracle.fit(
        training,
        validation=training.rows(slice(1)),
        orders=draws.orders,
        on_epoch=lambda _: after_each.append(oracle.get_parameters()),
    )
    return tuple(after_each)
