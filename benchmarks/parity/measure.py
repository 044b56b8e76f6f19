"""Climbs the ladder: every implementation computes its evidence in a process of its own.

So do replicas of the oracle, which say what rounding does to it.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.implementations import BuilderName, build_implementation, title_of
from benchmarks.options import Context, TrainingOptions
from benchmarks.parity.evidence import gather_evidence
from benchmarks.parity.results import ParityReport
from benchmarks.parity.rungs import RUNGS, passed_all, rungs_within
from benchmarks.runner.processes import Report, events_side_by_side
from benchmarks.runner.progress import show_trainings
from benchmarks.runner.training import draw
from parity.compare import Evidence, RungComparison, compare_rungs
from shared.data.dataset import RawDataset, describe, split_and_scale
from shared.draws import Draws
from shared.experiment import Experiment
from shared.oracle import Oracle
from shared.parameters import Parameters, move_last_bits
from shared.protocol import EpochMetrics, Implementation

REPLICAS = {"replica 1": 1, "replica 2": 1}
MIRRORED = {"replica 3": 256, "mirrored 3": -256}
"""Replicas of the oracle, and how many last places each number of theirs is moved."""


class Replica(Oracle):
    """The oracle in the experiment's own dtype, with every number that it is given moved."""

    def __init__(self, experiment: Experiment, name: str) -> None:
        super().__init__(experiment, experiment.dtype)
        self.places = (REPLICAS | MIRRORED)[name]
        self.seed = int(name[-1])

    def set_parameters(self, parameters: Parameters) -> None:
        """Moves each number up or down at random, every time in the same way."""
        generator = np.random.default_rng(self.seed)
        move = partial(move_last_bits, generator=generator, places=self.places)
        self.parameters = parameters.astype(self.dtype).map(move)


def build_replica(experiment: Experiment, name: str) -> Replica:
    """On one core, as the oracle."""
    threadpool_limits(1)
    return Replica(experiment, name)


def compare_all(
    reports: Iterable[tuple[str, Evidence]], names: Sequence[str]
) -> Iterator[RungComparison]:
    """Each rung for each pair of `names`, the oracle the last, by what its replicas report."""
    up, down = MIRRORED
    return compare_rungs(reports, names, REPLICAS, mirrored=[(up, down)], title_of=title_of)


def measure_parity(
    names: tuple[str, ...],
    options: TrainingOptions,
    context: Context,
    folder: Path,
    *,
    until: str | None = None,
) -> ParityReport:
    """Compares implementations, the oracle among them, rung by rung; logs go into `folder`.

    until: the last rung to climb; None for all that so many epochs reach.
    """
    raw, experiment = context.load_images(options.images), options.experiment
    draws = draw(experiment, folder / "draws.log")
    assert draws is not None  # only native randomness draws nothing
    devices: dict[str, str] = {}
    titles = {name: title_of(name) for name in names}
    everybody = (*names, *REPLICAS, *MIRRORED)
    within = rungs_within(experiment.num_epochs, until)
    jobs = [(name, experiment, raw, draws) for name in everybody]
    compute = partial(report_evidence, num_rungs=len(within))
    num_epochs = experiment.num_epochs if any(rung.is_of_run for rung in within) else 1
    with show_trainings(context.console, titles, num_epochs) as on_epoch:

        def evidence() -> Generator[tuple[str, Evidence]]:
            events = events_side_by_side(compute, jobs, log=folder / "worker.log")
            for index, event in events:
                name = everybody[index]
                match event:
                    case Evidence():
                        yield name, event
                    case EpochMetrics() if name in names:
                        on_epoch(name, event)
                    case str() if name in names:  # what the implementation runs on
                        devices[name] = event

        with closing(evidence()) as reports:  # which ends the processes where a rung breaks
            rungs = tuple(compare_all(reports, names))
    return ParityReport(
        dataset=describe(raw),
        experiment=experiment,
        environment=context.describe_environment(),
        dtype=experiment.dtype,
        passed=passed_all(rungs, experiment.num_epochs, until),
        rungs=rungs,
        until=until,
        not_reached=tuple(rung.name for rung in RUNGS if rung not in within),
        devices=devices,
    )


def report_evidence(
    report: Report,
    name: str,
    experiment: Experiment,
    raw: RawDataset,
    draws: Draws,
    *,
    num_rungs: int,
) -> None:
    """What runs in each child process, which computes nothing beyond so many rungs."""
    dataset = split_and_scale(raw, experiment.dtype)

    def build(experiment: Experiment, builder: BuilderName) -> Implementation:
        if name in REPLICAS | MIRRORED:
            return build_replica(experiment, name)
        return build_implementation(name, experiment, builder)

    rest = {"experiment": experiment, "dataset": dataset, "draws": draws, "report": report}
    for evidence in islice(gather_evidence(title_of(name), build, **rest), num_rungs):
        report(evidence)
