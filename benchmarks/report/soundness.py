"""Whether a record holds what its type promises, beyond what types can say.

A file may have been cut or edited by hand. What is checked here is what the page relies on:
that there is something to show, and that what belongs together has equal length.
"""

from functools import singledispatch

from benchmarks.defaults.results import DefaultsResults
from benchmarks.drift.results import Drift
from benchmarks.parity.results import ParityReport
from benchmarks.run.results import Results
from benchmarks.runner.training import ImplementationRun
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.analysis import groups_of
from benchmarks.speed.results import SpeedResults
from benchmarks.swap.results import SwapReport
from shared.network import NUM_CLASSES

LARGEST_NUMBER = 1e18
"""Beyond anything that is measured here; an axis that reached so far would show nothing else."""


def has_usable_numbers(raw: object) -> bool:
    """Whether no number in a decoded file, at any depth, is larger than any measurement."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        match value:
            case dict():
                waiting += value.values()
            case list():
                waiting += value
            case int() | float() if abs(value) > LARGEST_NUMBER:
                return False
    return True


@singledispatch
def is_sound(record: object) -> bool:
    """Whether the record can be shown."""
    raise TypeError(f"{type(record).__name__} is no record that a report shows")


@is_sound.register
def _(record: Results) -> bool:
    names = set(record.runs)
    figures_are_whole = all(
        set(figure.measured) == names == set(figure.verdicts) for figure in record.documented
    )
    return (
        bool(names)
        and bool(record.documented)
        and figures_are_whole
        and all(map(_is_whole, record.runs.values()))
    )


@is_sound.register
def _(record: ParityReport) -> bool:
    places = [(rung.name, rung.pair) for rung in record.rungs]
    return bool(places) and len(set(places)) == len(places)


@is_sound.register
def _(record: SwapReport) -> bool:
    return bool(record.swaps)


@is_sound.register
def _(record: Drift) -> bool:
    lengths_agree = all(
        len(curve.steps)
        == len(curve.max_difference)
        == len(curve.rms_difference)
        == len(curve.disagreeing)
        > 0
        for curve in record.curves
    )
    steps = {curve.steps for curve in record.curves}
    bands_are_whole = all(len(band.values) > 1 for band in record.bands)
    return len(steps) == 1 and lengths_agree and bands_are_whole


@is_sound.register
def _(record: SweepResults) -> bool:
    trained = {name: record.of(name) for name in record.statistics.test_accuracy}
    return (
        bool(trained)
        and record.dataset.num_test > 0
        and all(
            tuple(training.seed for training in trainings) == record.seeds
            for trainings in trained.values()
        )
    )


@is_sound.register
def _(record: DefaultsResults) -> bool:
    return bool(record.rungs) and all(rung.seeds for rung in record.rungs)


@is_sound.register
def _(record: SpeedResults) -> bool:
    limits = (record.limits.one_core, record.limits.machine)
    rates = [rate for each in limits for rate in (each.large_product, each.network_products)]
    are_whole = all(
        rung.epoch_seconds
        and len(rung.epoch_seconds) == len(rung.rounds)
        and len(set(map(len, groups_of(rung)))) == 1
        for rung in record.rungs
    )
    # What stands on a logarithmic axis is above zero.
    times = [
        seconds
        for rung in record.rungs
        for seconds in (rung.median, rung.low, rung.high, rung.operations, *rung.epoch_seconds)
    ]
    return bool(record.rungs) and are_whole and min(*rates, *times) > 0


def _is_whole(run: ImplementationRun) -> bool:
    is_square = len(run.confusion) == NUM_CLASSES and all(
        len(row) == NUM_CLASSES for row in run.confusion
    )
    return bool(run.history) and is_square
