"""The ladder rejects wrong Keras programs too, each at the rung that was named beforehand."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.parity.evidence import Build, gather_evidence
from benchmarks.parity.measure import MIRRORED, REPLICAS, build_replica, compare_all
from benchmarks.parity.rungs import RUNGS
from benchmarks.runner.processes import Report, run_in_process
from parity.compare import Evidence
from shared import oracle
from shared.data.dataset import Dataset
from shared.draws import Draws
from shared.experiment import Experiment
from shared.parameters import glorot_parameters
from tests.made_examples import made_examples
from tests.wrong_keras_ports import WRONG_KERAS_PORTS, build_right

EXPERIMENT = Experiment(hidden_sizes=(20, 10), num_epochs=3, dtype="float64", randomness="shared")
NUM_ROWS = 20 * 32 + 24


def evidence_of(build: Build) -> Iterator[Evidence]:
    generator = np.random.default_rng(1)
    draws = Draws(
        parameters=glorot_parameters(EXPERIMENT, generator),
        orders=np.stack([generator.permutation(NUM_ROWS) for _ in range(3)]),
    )
    dataset = Dataset(
        training=made_examples(NUM_ROWS, "float64"),
        validation=made_examples(1_000, "float64"),
        test=made_examples(1_001, "float64"),
    )
    return gather_evidence(
        "Keras",
        build,
        experiment=EXPERIMENT,
        dataset=dataset,
        draws=draws,
        report=lambda _: None,
    )


def climb_all(_report: Report) -> dict[str, tuple[str, bool]]:
    """What runs in a process of its own: the last rung of each, and whether it passed there."""
    builds = {name: partial(build_replica, name=name) for name in REPLICAS | MIRRORED} | {
        "oracle": oracle.build
    }
    judges = {name: list(evidence_of(anyway(build))) for name, build in builds.items()}
    outcomes = {}
    for build in (*WRONG_KERAS_PORTS, build_right):
        last = list(compare_all(reports(build, judges), ("keras", "oracle")))[-1]
        outcomes[build.__name__] = (last.name, last.passed)
    return outcomes


def reports(build, judges: dict[str, list[Evidence]]) -> Iterator[tuple[str, Evidence]]:
    for place, own in enumerate(evidence_of(anyway(build))):
        yield "keras", own
        yield from ((name, every[place]) for name, every in judges.items())


def anyway(build) -> Build:
    """Builds the same for every purpose."""
    return lambda experiment, _builder: build(experiment)


def test_each_wrong_keras_program_is_rejected_at_the_rung_expected_and_the_right_one_passes(
    tmp_path,
):
    expected = {build.__name__: (rung.name, False) for build, rung in WRONG_KERAS_PORTS.items()}
    expected["build_right"] = (RUNGS[-1].name, True)
    assert run_in_process(climb_all, log=tmp_path / "log") == expected
