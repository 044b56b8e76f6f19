"""The ladder itself: what it lets pass, what it rejects, and how it says where."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import jax
import numpy as np
import pytest
from flax import nnx

from benchmarks.parity import rungs
from benchmarks.parity.evidence import NUM_PROBE_ROWS, RungEvidence, Tensor, gather_evidence
from benchmarks.parity.ladder import climb, compare, passed_whole_ladder
from benchmarks.parity.results import RungComparison
from benchmarks.parity.show import parting_sentences
from jax_impl import train
from jax_impl.implementation import JaxTwin
from shared import oracle
from shared.data.dataset import Dataset, RawDataset, split_and_scale
from shared.draws import Draws
from shared.experiment import DType, Experiment
from shared.parameters import glorot_parameters
from shared.protocol import Examples, Implementation
from tests.wrong_ports import WRONG_PORTS, WrongPort

NUM_ROWS = 60 * 32 + 24
"""Rows of a shortened epoch: sixty batches and the last of twenty-four."""

pytestmark = pytest.mark.real_data


def controls_experiment(dtype: DType) -> Experiment:
    """Two hidden layers of one width, so that a transposed kernel fits."""
    return Experiment(hidden_sizes=(100, 100), num_epochs=2, dtype=dtype, randomness="shared")


def first_rows(examples: Examples, num_rows: int) -> Examples:
    return Examples(images=examples.images[:num_rows], labels=examples.labels[:num_rows])


def shortened_draws() -> Draws:
    generator = np.random.default_rng(1)
    orders = np.stack([generator.permutation(NUM_ROWS) for _ in range(2)])
    return Draws(
        parameters=glorot_parameters(controls_experiment("float32"), generator), orders=orders
    )


DRAWS = shortened_draws()


@pytest.fixture(autouse=True)
def _mended_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Takes back what a wrong port changed in the port, and what JAX compiled of it."""
    before = (train.loss_fn, nnx.relu)
    monkeypatch.setattr(train, "loss_fn", train.loss_fn)
    monkeypatch.setattr(nnx, "relu", nnx.relu)
    yield
    if (train.loss_fn, nnx.relu) != before:
        jax.clear_caches()
    monkeypatch.undo()


@pytest.fixture(scope="module")
def evidence_of(
    raw_dataset: RawDataset,
) -> Callable[[Implementation, DType], Iterator[RungEvidence]]:
    @cache
    def dataset(dtype: DType) -> Dataset:
        whole = split_and_scale(raw_dataset, dtype)
        return Dataset(
            training=first_rows(whole.training, NUM_ROWS),
            validation=first_rows(whole.validation, NUM_PROBE_ROWS),
            test=first_rows(whole.test, 2 * NUM_PROBE_ROWS),
        )

    def gather(implementation: Implementation, dtype: DType) -> Iterator[RungEvidence]:
        experiment = controls_experiment(dtype)
        return gather_evidence(implementation, experiment, dataset(dtype), DRAWS, lambda _: None)

    return gather


@pytest.fixture(scope="module")
def oracle_evidence(evidence_of) -> Callable[[DType], list[RungEvidence]]:
    @cache
    def gather(dtype: DType) -> list[RungEvidence]:
        return list(evidence_of(oracle.build(controls_experiment(dtype)), dtype))

    return gather


def climb_against_oracle(
    port: Iterator[RungEvidence], judge: list[RungEvidence], dtype: DType
) -> list[RungComparison]:
    def reports() -> Iterator[tuple[str, RungEvidence]]:
        for own, judged in zip(port, judge, strict=True):
            yield "tests:port", own
            yield "oracle", judged

    return list(climb(reports(), ("tests:port", "oracle"), dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_port_climbs_the_whole_ladder(evidence_of, oracle_evidence, dtype: DType):
    port = evidence_of(JaxTwin(controls_experiment(dtype)), dtype)
    results = climb_against_oracle(port, oracle_evidence(dtype), dtype)
    assert passed_whole_ladder(results)
    assert [result.name for result in results] == [rung.name for rung in rungs.RUNGS]


CASES: list[tuple[WrongPort, DType]] = [
    *((wrong_port, "float64") for wrong_port in WRONG_PORTS),
    *(
        (wrong_port, "float32")
        for wrong_port in WRONG_PORTS
        # Beyond the first two steps, the noise of float32 hides what small mistakes do.
        if wrong_port.rejected_at in (rungs.GRADIENTS, rungs.ONE_STEP, rungs.LAST_BATCH)
    ),
]


@pytest.mark.parametrize(
    ("wrong_port", "dtype"), CASES, ids=lambda each: getattr(each, "name", each)
)
def test_a_wrong_port_is_rejected_at_the_rung_expected(
    evidence_of, oracle_evidence, wrong_port: WrongPort, dtype: DType
):
    port = evidence_of(wrong_port.build(controls_experiment(dtype)), dtype)
    results = climb_against_oracle(port, oracle_evidence(dtype), dtype)
    assert not passed_whole_ladder(results)
    assert results[-1].name == wrong_port.rejected_at.name
    assert [result.passed for result in results] == [True] * (len(results) - 1) + [False]


def test_the_clipped_loss_is_called_by_its_name(evidence_of, oracle_evidence):
    (wrong_port,) = (port for port in WRONG_PORTS if port.name == "clipped_loss")
    port = evidence_of(wrong_port.build(controls_experiment("float64")), "float64")
    results = climb_against_oracle(port, oracle_evidence("float64"), "float64")
    note = "port: this loss takes probabilities clipped at 1e-07, not logits"
    assert results[-1].notes == (note,)


def test_there_are_at_least_fifteen_wrong_ports_with_names_of_their_own():
    names = [port.name for port in WRONG_PORTS]
    assert len(set(names)) == len(names) >= 15


def test_a_parting_names_step_layer_tensor_index_and_both_values():
    left = RungEvidence(
        rung=rungs.EPOCH_WEIGHTS,
        tensors=(
            Tensor("hidden_1/kernel", np.zeros((2, 3))),
            Tensor("hidden_1/bias", np.array([0.0, 0.5, 0.0])),
        ),
        num_steps=1719,
    )
    bias = replace(left.tensors[1], values=np.array([0.0, 0.25, 1e-3]))
    right = replace(left, tensors=(left.tensors[0], bias))
    result = compare(left, right, ("oracle", "oracle"), "float64")
    assert (result.passed, result.difference) == (False, 0.25)
    assert list(parting_sentences([result])) == [
        "NumPy oracle and NumPy oracle first differ at rung “epoch: weights”: step 1719, "
        "layer hidden_1, tensor hidden_1/bias, index [1]: NumPy oracle 0.5, NumPy oracle 0.25"
    ]


def test_step_losses_part_at_the_first_step_beyond_the_tolerance():
    losses = Tensor("loss", np.array([2.3, 2.0, 1.9]), is_by_step=True)
    left = RungEvidence(rung=rungs.EPOCH_STEP_LOSSES, tensors=(losses,), num_steps=3)
    right = replace(left, tensors=(replace(losses, values=np.array([2.3, 2.0001, 5.0])),))
    result = compare(left, right, ("a:a", "b:b"), "float64")
    assert result.parting is not None
    assert (result.parting.step, result.parting.left, result.parting.right) == (2, "2.0", "2.0001")
    assert result.difference == pytest.approx(3.1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_never_passes(value: float):
    left = RungEvidence(rung=rungs.LOSS, tensors=(Tensor("loss", np.array(value)),))
    right = RungEvidence(rung=rungs.LOSS, tensors=(Tensor("loss", np.array(2.3)),))
    assert not compare(left, right, ("a:a", "b:b"), "float32").passed
    assert not compare(left, left, ("a:a", "b:b"), "float32").passed


def test_other_names_and_other_shapes_never_pass():
    left = RungEvidence(rung=rungs.RUN_WEIGHTS, tensors=(Tensor("output/bias", np.zeros(10)),))
    renamed = replace(left, tensors=(replace(left.tensors[0], name="bias"),))
    reshaped = replace(left, tensors=(replace(left.tensors[0], values=np.zeros((10, 1))),))
    for right in (renamed, reshaped, replace(left, tensors=())):
        result = compare(left, right, ("a:a", "b:b"), "float32")
        assert not result.passed
        assert result.difference is None


def test_the_ladder_ends_with_the_rung_that_breaks():
    def evidence(rung: rungs.ParityRung, value: float) -> RungEvidence:
        return RungEvidence(rung=rung, tensors=(Tensor("loss", np.array(value)),))

    def reports() -> Iterator[tuple[str, RungEvidence]]:
        yield "a:a", evidence(rungs.LOGITS, 1.0)
        yield "b:b", evidence(rungs.LOGITS, 2.0)
        raise AssertionError("nobody may ask for more")

    (result,) = climb(reports(), ("a:a", "b:b"), "float64")
    assert not result.passed
    assert not passed_whole_ladder([result])
