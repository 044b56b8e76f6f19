"""What the JAX port promises by itself: one compilation, and the same model however it is run."""

from dataclasses import asdict, replace
from unittest.mock import Mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_impl import many_seeds, train
from jax_impl.implementation import build
from jax_impl.model import build_model, get_parameters
from shared import oracle
from shared.draws import Draws, draw_shared
from shared.experiment import DType, Experiment
from shared.protocol import EpochMetrics
from tests.made_examples import made_examples

NUM_ROWS = 2 * 32 + 24


def test_an_epoch_is_compiled_once_for_all_epochs_and_fits(monkeypatch: pytest.MonkeyPatch):
    jax.clear_caches()
    traced = Mock(wraps=train.train_epoch)
    monkeypatch.setattr(train, "train_epoch", traced)
    twin, rows = build(Experiment(hidden_sizes=(20, 10), num_epochs=3)), made_examples(NUM_ROWS)
    orders = np.stack([np.arange(NUM_ROWS)] * 3)
    for _ in range(2):
        twin.fit(rows, validation=rows, orders=orders, on_epoch=lambda _: None)
    assert traced.call_count == 1
    twin.fit(rows, validation=rows, orders=orders[:, :32], on_epoch=lambda _: None)
    assert traced.call_count == 2  # another length is another program


def test_own_and_given_orders_may_follow_each_other_though_their_types_differ():
    experiment = Experiment(hidden_sizes=(20, 10), num_epochs=1, dtype="float64")
    twin, rows = build(experiment), made_examples(NUM_ROWS, "float64")
    for orders in (None, np.arange(NUM_ROWS)[np.newaxis]):
        report = twin.fit(rows, validation=rows, orders=orders, on_epoch=lambda _: None)
        assert len(report.step_losses) == 3


# JAX 0.10.2 miscompiles a vmapped product followed by a reduction from 16,385 rows on
# (jax issue 39103); the network has no such pattern, and must stay right at any size.
@pytest.mark.parametrize("num_rows", [10_000, 55_000])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-13)])
def test_the_model_is_the_same_compiled_and_not_and_in_numpy(
    num_rows: int, dtype: DType, tolerance: float
):
    model = build_model(Experiment(dtype=dtype))
    images = made_examples(num_rows, dtype).images
    eager = np.asarray(model(jnp.asarray(images)))
    compiled = train.predict(model, images).logits
    _, expected = oracle.forward(get_parameters(model).astype("float64"), images.astype("float64"))
    np.testing.assert_allclose(compiled, eager, rtol=0, atol=tolerance)
    np.testing.assert_allclose(compiled, expected, rtol=0, atol=tolerance)


def made_draws(experiment: Experiment, seeds: range) -> list[Draws]:
    """As drawn for each seed, with the first rows only."""
    draws = []
    for seed in seeds:
        own = draw_shared(replace(experiment, seed=seed))
        orders = np.stack([order[order < NUM_ROWS] for order in own.orders])
        draws.append(replace(own, orders=orders))
    return draws


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_seeds_trained_at_once_are_those_trained_alone(device: str, monkeypatch):
    """On an accelerator's path too, which here computes on the processor, within rounding."""
    experiment = Experiment(hidden_sizes=(20, 10), num_epochs=2, learning_rate=0.1)
    rows, draws = made_examples(NUM_ROWS), made_draws(experiment, range(3))
    way = many_seeds.for_each_seed
    monkeypatch.setattr(many_seeds, "for_each_seed", lambda function, _: way(function, device))
    jax.clear_caches()

    def train_at_once(draws: list[Draws]) -> list:
        return many_seeds.fit_many(
            experiment, draws, rows, validation=rows, test=rows, on_epoch=lambda _: None
        )

    together = train_at_once(draws)
    for own, (report, test) in zip(draws, together, strict=True):
        twin = build(experiment)
        twin.set_parameters(own.parameters)
        alone = twin.fit(rows, validation=rows, orders=own.orders, on_epoch=lambda _: None)
        if device == "cpu":
            assert (report.history, test) == (alone.history, twin.evaluate(rows))
        for metrics, expected in zip(report.history, alone.history, strict=True):
            np.testing.assert_allclose(values_of(metrics), values_of(expected), rtol=1e-5)
    # Whichever the others are, and however many of them are there in vain.
    for others in (draws[::-1], [draws[0], draws[0], draws[2]]):
        for own, (report, test) in zip(others, train_at_once(others), strict=True):
            same, same_test = together[[own is each for each in draws].index(True)]
            assert (report.history, test) == (same.history, same_test)


def values_of(metrics: EpochMetrics) -> list[float]:
    return list(asdict(metrics).values())
