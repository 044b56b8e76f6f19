"""The ladder itself: what it lets pass, what it rejects, and how it says where."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx

from benchmarks.parity import rungs
from benchmarks.parity.evidence import Build
from benchmarks.parity.shortened import ShortenedLadder, anyway
from benchmarks.parity.show import parting_sentences
from jax_impl import train
from jax_impl.implementation import JaxTwin
from parity.compare import (
    FACTOR,
    Evidence,
    RungComparison,
    Tensor,
    compare,
    compare_rungs,
    measure_tolerances,
)
from shared.data.dataset import RawDataset, split_and_scale
from shared.experiment import DType, Experiment
from shared.parameters import Parameters
from shared.protocol import Evaluation, FitReport, LossAndGradients, Predictions
from tests.wrong_ports import WRONG_BUILDERS, WRONG_PORTS, WrongBuilder, WrongPort

NUM_EPOCHS = 3

pytestmark = pytest.mark.real_data


def controls_experiment(dtype: DType, **changes: Any) -> Experiment:
    """Two hidden layers of one width, so that a transposed kernel fits."""
    usual = Experiment(hidden_sizes=(100, 100), num_epochs=NUM_EPOCHS, randomness="shared")
    return replace(usual, dtype=dtype, **changes)


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
def climb(raw_dataset: RawDataset) -> Callable[..., tuple[RungComparison, ...]]:
    dataset = cache(partial(split_and_scale, raw_dataset))

    @cache
    def ladder(experiment: Experiment) -> ShortenedLadder:
        return ShortenedLadder(experiment, dataset(experiment.dtype))

    def climb(build: Build, dtype: DType, **changes: Any) -> tuple[RungComparison, ...]:
        return ladder(controls_experiment(dtype, **changes)).climb(build, "tests:port")

    return climb


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_port_climbs_the_whole_ladder(climb, dtype: DType):
    results = climb(anyway(JaxTwin), dtype)
    assert rungs.passed_all(results, NUM_EPOCHS)
    assert [result.name for result in results] == [rung.name for rung in rungs.RUNGS]


@pytest.mark.parametrize(
    ("dtype", "changes"),
    [
        ("float32", {"learning_rate": 0.1}),
        ("float32", {"hidden_sizes": (10,), "batch_size": 4}),
        ("float32", {"batch_size": 2_000, "hidden_sizes": (20, 10, 5), "num_epochs": 1}),
        ("float64", {"learning_rate": 1.0}),
        ("float64", {"batch_size": 100, "hidden_sizes": (1,), "seed": 7, "num_epochs": 2}),
    ],
    ids=str,
)
def test_no_option_makes_the_port_another_program(climb, dtype: DType, changes: dict):
    results = climb(anyway(JaxTwin), dtype, **changes)
    assert rungs.passed_all(results, changes.get("num_epochs", NUM_EPOCHS))


def test_a_training_that_diverges_is_called_so(climb):
    with np.errstate(over="ignore", invalid="ignore"):
        results = climb(anyway(JaxTwin), "float32", learning_rate=1e4)
    assert not results[-1].passed
    assert any("the training diverged" in note for note in results[-1].notes)


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
def test_a_wrong_port_is_rejected_at_the_rung_expected(climb, wrong_port: WrongPort, dtype: DType):
    results = climb(anyway(wrong_port.build), dtype)
    assert results[-1].name == wrong_port.rejected_at.name
    assert [result.passed for result in results] == [True] * (len(results) - 1) + [False]


@pytest.mark.parametrize(
    "build", WRONG_BUILDERS, ids=lambda each: f"{each.name}-{each.wrong.__name__}"
)
def test_a_mistake_of_one_builder_alone_is_found(climb, build: WrongBuilder):
    results = climb(build, "float64")
    assert results[-1].name == rungs.GIVEN_ORDERS.name
    assert [result.passed for result in results] == [True] * (len(results) - 1) + [False]


class FirstVerbs:
    """A port in the making: weights go in and out, nothing else is written."""

    def __init__(self, _: Experiment) -> None:
        self.parameters = Parameters(())

    def set_parameters(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def get_parameters(self) -> Parameters:
        return self.parameters


def fail(*_, **__):
    raise ZeroDivisionError("so it is")


@pytest.mark.parametrize(
    ("build", "verb", "answer", "rung", "sentence"),
    [
        (FirstVerbs, "fit", None, rungs.LOGITS, "`predict` is missing"),
        (
            JaxTwin,
            "get_parameters",
            lambda: None,
            rungs.PARAMETERS,
            "NoneType, expected Parameters",
        ),
        (JaxTwin, "predict", fail, rungs.LOGITS, "`predict` raised ZeroDivisionError: so it is"),
        (JaxTwin, "predict", lambda _: (1, 2), rungs.LOGITS, "tuple, expected Predictions"),
        (
            JaxTwin,
            "predict",
            lambda images: Predictions(logits=images, probabilities=images),
            rungs.LOGITS,
            "`predict` returned shape (1000, 28, 28), expected (1000, 10)",
        ),
        (
            JaxTwin,
            "evaluate",
            lambda _: Evaluation(loss=np.zeros(3), accuracy=1.0),  # pyright: ignore[reportArgumentType]
            rungs.LOSS,
            "`evaluate` loss is ndarray, expected one number, and has shape (3,)",
        ),
        (
            JaxTwin,
            "loss_and_gradients",
            lambda _: LossAndGradients(loss=1.0, gradients=None),  # pyright: ignore[reportArgumentType]
            rungs.GRADIENTS,
            "`loss_and_gradients` gradients is NoneType, expected Parameters",
        ),
        (
            JaxTwin,
            "fit",
            lambda *_, on_epoch, **__: on_epoch({"loss": 1.0}),
            rungs.ONE_STEP,
            "`fit` what it told on_epoch is dict, expected EpochMetrics",
        ),
        (
            JaxTwin,
            "fit",
            lambda *_, **__: FitReport(history=(), step_losses=np.zeros(1)),
            rungs.ONE_STEP,
            "`fit` told on_epoch of 0 epochs, expected 1",
        ),
    ],
)
def test_an_answer_that_cannot_be_compared_ends_the_climb_with_a_sentence(  # noqa: PLR0917
    climb, build, verb: str, answer, rung: rungs.ParityRung, sentence: str
):
    def build_port(experiment: Experiment):
        port = build(experiment)
        setattr(port, verb, answer)
        return port

    results = climb(anyway(build_port), "float64")
    assert results[-1].name == rung.name
    assert [result.passed for result in results] == [True] * (len(results) - 1) + [False]
    (said,) = parting_sentences(results)
    assert said.startswith("port and NumPy oracle were not compared at rung")
    assert sentence in said


def test_a_builder_that_fails_is_one_sentence(climb):
    (result,) = climb(anyway(fail), "float64")
    (said,) = parting_sentences([result])
    assert said.endswith("port: its builder raised ZeroDivisionError: so it is")


def test_the_clipped_loss_is_called_by_its_name(climb):
    (wrong_port,) = (port for port in WRONG_PORTS if port.name == "clipped_loss")
    results = climb(anyway(wrong_port.build), "float64")
    note = "port: this loss takes probabilities clipped at 1e-07, not logits"
    assert results[-1].notes == (note,)


def test_there_are_at_least_fifteen_wrong_ports_with_names_of_their_own():
    names = [port.name for port in WRONG_PORTS]
    assert len(set(names)) == len(names) >= 15


def test_a_parting_names_step_layer_tensor_index_and_both_values():
    left = Evidence(
        rung="epoch: weights",
        tensors=(
            Tensor("hidden_1/kernel", np.zeros((2, 3))),
            Tensor("hidden_1/bias", np.array([0.0, 0.5, 0.0])),
        ),
        num_steps=1719,
    )
    bias = replace(left.tensors[1], values=np.array([0.0, 0.25, 1e-3]))
    right = replace(left, tensors=(left.tensors[0], bias))
    result = compare(left, right, ("oracle", "oracle"), {})
    assert (result.passed, result.difference) == (False, 0.25)
    assert list(parting_sentences([result])) == [
        "NumPy oracle and NumPy oracle first differ at rung “epoch: weights”: step 1719, "
        "layer hidden_1, tensor hidden_1/bias, index [1]: NumPy oracle 0.5, NumPy oracle 0.25"
    ]


def test_step_losses_part_at_the_first_step_beyond_the_tolerance():
    losses = Tensor("loss", np.array([2.3, 2.0, 1.9]), is_by_step=True)
    left = Evidence(rung="steps", tensors=(losses,), num_steps=3)
    right = replace(left, tensors=(replace(losses, values=np.array([2.3, 2.0001, 5.0])),))
    result = compare(left, right, ("a:a", "b:b"), {"loss": 1e-13})
    assert result.parting is not None
    assert (result.parting.step, result.parting.left, result.parting.right) == (2, "2.0", "2.0001")
    assert result.difference == pytest.approx(3.1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_never_passes(value: float):
    left = Evidence(rung="loss", tensors=(Tensor("loss", np.array(value)),))
    right = Evidence(rung="loss", tensors=(Tensor("loss", np.array(2.3)),))
    for tolerances in ({}, measure_tolerances(left, [left]), measure_tolerances(right, [left])):
        assert not compare(left, right, ("a:a", "b:b"), tolerances).passed
        assert not compare(left, left, ("a:a", "b:b"), tolerances).passed


@pytest.mark.parametrize(("allowed", "passed"), [(1e31, True), (1e29, False), (np.inf, True)])
def test_what_is_too_large_for_a_record_is_compared_all_the_same(allowed: float, passed: bool):
    left, right = (
        Evidence(rung="loss", tensors=(Tensor("loss", np.array(value)),))
        for value in (1e45, 1e45 + 1e30)
    )
    result = compare(left, right, ("a:a", "b:b"), {"loss": allowed})
    assert result.passed == passed
    assert result.tensors[0].tolerance <= 1e18
    assert (result.difference or 0.0) <= 1e18


def test_other_names_and_other_shapes_never_pass():
    left = Evidence(rung="weights", tensors=(Tensor("output/bias", np.zeros(10)),))
    renamed = replace(left, tensors=(replace(left.tensors[0], name="bias"),))
    reshaped = replace(left, tensors=(replace(left.tensors[0], values=np.zeros((10, 1))),))
    for right in (renamed, reshaped, replace(left, tensors=())):
        result = compare(left, right, ("a:a", "b:b"), {"output/bias": 1.0, "bias": 1.0})
        assert not result.passed
        assert result.difference is None


def test_the_ladder_ends_with_the_rung_that_breaks():
    def evidence(value: float) -> Evidence:
        return Evidence(rung="logits", tensors=(Tensor("loss", np.array(value)),))

    def reports() -> Iterator[tuple[str, Evidence]]:
        yield "a:a", evidence(1.0)
        yield "replica", evidence(2.0)
        yield "b:b", evidence(2.0)
        raise AssertionError("nobody may ask for more")

    (result,) = compare_rungs(reports(), ("a:a", "b:b"), ("replica",))
    assert not result.passed


# Tolerances.


def tolerances_of(reference: Tensor, *moved: Tensor) -> float:
    """Of one tensor, in units of `FACTOR`."""
    evidence = [Evidence(rung="any", tensors=(tensor,)) for tensor in (reference, *moved)]
    return measure_tolerances(evidence[0], evidence[1:])[reference.name] / FACTOR


def test_a_tolerance_is_what_replicas_differ_by_and_never_less_than_the_last_place():
    numbers = Tensor("loss", np.array([1.0, 2.0]))
    moved = [replace(numbers, values=np.array([1.0, 2.0 + d])) for d in (1e-9, -3e-9)]
    assert tolerances_of(numbers, *moved) == pytest.approx(3e-9)
    assert tolerances_of(numbers, numbers) == np.spacing(2.0)
    single = replace(numbers, values=np.array([1.0, 2.0], np.float32))
    assert tolerances_of(numbers, single) == np.spacing(np.float32(2.0))


def test_of_an_update_the_last_bits_that_replicas_start_with_do_not_count():
    before = np.array([0.5, 0.25])
    update = Tensor("kernel", before + 1e-3, before=before)
    moved = replace(update, values=before + 1e-3 + 1e-9, before=before + 1e-9)
    assert tolerances_of(update, moved) < 1e-15
    unknown = [replace(each, before=None) for each in (update, moved)]
    assert tolerances_of(*unknown) == pytest.approx(1e-9)


def test_a_row_on_the_edge_may_fall_either_way_only_where_rounding_can_be_seen():
    scores = np.array([[0.5, 0.5 + 1e-12], [0.1, 0.9]])
    classes = Tensor("classes", scores, is_counted=True)
    share = Tensor("accuracy", np.array(0.5), unit=1 / 2)
    evidence = Evidence(rung="any", tensors=(classes, share))
    for noise, rows in ((1e-14, 0), (1e-7, 1)):
        moved = replace(evidence, tensors=(replace(classes, values=scores + noise), share))
        tolerances = measure_tolerances(evidence, [moved])
        assert tolerances["classes"] == rows * FACTOR
        assert tolerances["accuracy"] == max(rows * FACTOR / 2, FACTOR * np.spacing(0.5))
    flipped = replace(classes, values=scores[:, ::-1])
    result = compare(evidence, replace(evidence, tensors=(flipped, share)), ("a", "b"), {})
    assert (result.difference, result.parting and result.parting.right) == (2.0, "0")
