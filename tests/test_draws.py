from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.runner.training import draw
from shared.draws import Draws, check_published_draws, draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Draws:
    draws = draw(Experiment(), tmp_path_factory.mktemp("draws") / "log")
    assert draws is not None
    return draws


def test_published_draws_begin_as_the_book_and_the_published_run_did(published: Draws):
    first = published.parameters.layers[0].kernel[0, :3]
    # Equal to every digit that the book prints.
    assert [f"{value:.8f}" for value in first] == ["0.02448617", "-0.00877795", "-0.02189048"]
    assert published.orders[:3, :3].tolist() == [
        [12643, 40364, 49355],
        [26445, 35919, 1594],
        [8414, 15395, 12488],
    ]


def test_a_tensorflow_that_draws_otherwise_is_an_error(published: Draws):
    check_published_draws(published, Experiment())
    orders = published.orders.copy()
    orders[29, :2] = orders[29, 1::-1]
    with pytest.raises(RunFailedError, match="batch orders"):
        check_published_draws(replace(published, orders=orders), Experiment())
    second = replace(published, orders=published.orders[1:2])
    with pytest.raises(RunFailedError, match="first batch order"):
        check_published_draws(second, Experiment(num_epochs=1))
    other_weights = draw_shared(Experiment(num_epochs=1)).parameters
    with pytest.raises(RunFailedError, match="initial weights"):
        check_published_draws(replace(published, parameters=other_weights), Experiment())


def test_fewer_epochs_are_the_first_of_more_and_other_seeds_and_networks_are_drawn_too(
    published: Draws, tmp_path: Path
):
    shorter = draw(Experiment(num_epochs=2), tmp_path / "log")
    other = draw(Experiment(seed=7, hidden_sizes=(4,), num_epochs=1), tmp_path / "log")
    assert shorter is not None
    assert other is not None
    np.testing.assert_array_equal(shorter.orders, published.orders[:2])
    assert [layer.kernel.shape for layer in other.parameters.layers] == [(784, 4), (4, 10)]


def test_shared_draws_are_permutations_that_the_seed_decides():
    draws, again = draw_shared(Experiment(num_epochs=2)), draw_shared(Experiment(num_epochs=2))
    other = draw_shared(Experiment(num_epochs=2, seed=43))
    assert all((np.sort(order) == np.arange(55_000)).all() for order in draws.orders)
    assert (draws.orders[0] != draws.orders[1]).any()
    np.testing.assert_array_equal(draws.orders, again.orders)
    assert (draws.orders != other.orders).any()
    assert (draws.parameters.layers[0].kernel != other.parameters.layers[0].kernel).any()


def test_natively_nothing_is_drawn_beforehand(tmp_path: Path):
    assert draw(Experiment(randomness="native"), tmp_path / "log") is None
