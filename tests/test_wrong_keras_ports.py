"""The ladder rejects wrong Keras programs too, each at the rung that was named beforehand."""

from collections.abc import Iterator

import numpy as np

from benchmarks.parity.evidence import RungEvidence, gather_evidence
from benchmarks.parity.ladder import climb
from benchmarks.runner.processes import Report, run_in_process
from shared import oracle
from shared.data.dataset import Dataset
from shared.draws import Draws
from shared.experiment import Experiment
from shared.parameters import glorot_parameters
from shared.protocol import Implementation
from tests.made_examples import made_examples
from tests.wrong_keras_ports import WRONG_KERAS_PORTS, build_right

EXPERIMENT = Experiment(hidden_sizes=(20, 10), num_epochs=2, dtype="float64", randomness="shared")
NUM_ROWS = 20 * 32 + 24


def evidence_of(implementation: Implementation) -> Iterator[RungEvidence]:
    generator = np.random.default_rng(1)
    draws = Draws(
        parameters=glorot_parameters(EXPERIMENT, generator),
        orders=np.stack([generator.permutation(NUM_ROWS) for _ in range(2)]),
    )
    dataset = Dataset(
        training=made_examples(NUM_ROWS, "float64"),
        validation=made_examples(1_000, "float64"),
        test=made_examples(1_001, "float64"),
    )
    return gather_evidence(implementation, EXPERIMENT, dataset, draws, lambda _: None)


def climb_all(_report: Report) -> dict[str, tuple[str, bool]]:
    """What runs in a process of its own: the last rung of each, and whether it passed there."""
    judge = list(evidence_of(oracle.build(EXPERIMENT)))
    outcomes = {}
    for build in (*WRONG_KERAS_PORTS, build_right):
        pairs = zip(evidence_of(build(EXPERIMENT)), judge, strict=False)
        reports = (item for own, judged in pairs for item in (("keras", own), ("oracle", judged)))
        last = list(climb(reports, ("keras", "oracle"), "float64"))[-1]
        outcomes[build.__name__] = (last.name, last.passed)
    return outcomes


def test_each_wrong_keras_program_is_rejected_at_the_rung_expected_and_the_right_one_passes(
    tmp_path,
):
    expected = {build.__name__: (rung.name, False) for build, rung in WRONG_KERAS_PORTS.items()}
    expected["build_right"] = ("run: test predictions that differ", True)
    assert run_in_process(climb_all, log=tmp_path / "log") == expected
