"""The ladder on a few rows, in this process: for many ports with mistakes, one after another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from benchmarks.parity.evidence import NUM_PROBE_ROWS, Build, gather_evidence
from benchmarks.parity.measure import MIRRORED, REPLICAS, build_replica, compare_all
from parity.compare import Evidence, RungComparison
from shared import oracle
from shared.data.dataset import Dataset
from shared.draws import Draws
from shared.experiment import Experiment
from shared.parameters import glorot_parameters
from shared.protocol import Implementation

NUM_ROWS = 60 * 32 + 24
"""Rows of a shortened epoch: sixty batches and the last of twenty-four."""


def anyway(build: Callable[[Experiment], Implementation]) -> Build:
    """Builds the same for every purpose."""
    return lambda experiment, _builder: build(experiment)


@dataclass(frozen=True)
class ShortenedLadder:
    """Few of the data set's rows; what the judges compute of them is computed once."""

    experiment: Experiment
    whole: Dataset

    def climb(self, build: Build, name: str = "a:port") -> tuple[RungComparison, ...]:
        """Each rung up to the first that fails; the port is called as its `name` says."""

        def reports() -> Iterator[tuple[str, Evidence]]:
            for place, own in enumerate(self._evidence(build)):
                yield name, own
                yield from ((judge, every[place]) for judge, every in self._judges)

        return tuple(compare_all(reports(), (name, "oracle")))

    @cached_property
    def _judges(self) -> list[tuple[str, list[Evidence]]]:
        """The oracle and its replicas."""
        replicas = {name: partial(build_replica, name=name) for name in REPLICAS | MIRRORED}
        builders = {"oracle": oracle.build, **replicas}
        return [(name, list(self._evidence(anyway(build)))) for name, build in builders.items()]

    def _evidence(self, build: Build) -> Iterator[Evidence]:
        generator = np.random.default_rng(1)
        orders = [generator.permutation(NUM_ROWS) for _ in range(self.experiment.num_epochs)]
        parameters = glorot_parameters(self.experiment, generator)
        return gather_evidence(
            "port",
            build,
            experiment=self.experiment,
            dataset=Dataset(
                training=self.whole.training.rows(slice(NUM_ROWS)),
                validation=self.whole.validation.rows(slice(NUM_PROBE_ROWS)),
                test=self.whole.test.rows(slice(2 * NUM_PROBE_ROWS)),
            ),
            draws=Draws(parameters=parameters, orders=np.stack(orders)),
            report=lambda _: None,
        )
