from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documented import NUM_PARAMETERS
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED, Experiment
from shared.network import dense_layers


def test_the_defaults_are_the_documented_experiment():
    experiment = Experiment()
    assert (experiment.learning_rate, experiment.batch_size) == (0.01, 32)
    assert experiment.num_epochs == 30
    num_parameters = [(1 + layer.fan_in) * layer.fan_out for layer in dense_layers(experiment)]
    assert num_parameters == [235_500, 30_100, 1_010]
    assert sum(num_parameters) == NUM_PARAMETERS


@pytest.mark.parametrize(
    ("values", "concept"),
    [
        ({"num_epochs": 0}, "number of epochs"),
        ({"num_epochs": 10_001}, "number of epochs"),
        ({"batch_size": 0}, "batch size"),
        ({"batch_size": 55_001}, "batch size"),
        ({"hidden_sizes": ()}, "hidden sizes"),
        ({"hidden_sizes": (300, 0)}, "hidden size"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"learning_rate": -0.01}, "learning rate"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"learning_rate": float("inf")}, "learning rate"),
        ({"seed": -1}, "seed"),
        ({"seed": MAXIMUM_SEED + 1}, "seed"),
        ({"dtype": "float16"}, "dtype"),
        ({"randomness": "lucky"}, "randomness"),
    ],
)
def test_a_value_out_of_range_is_one_line_that_names_the_concept(values: dict, concept: str):
    with pytest.raises(InputError, match=concept) as caught:
        Experiment(**values)
    assert "\n" not in str(caught.value)


@given(hidden_sizes=st.lists(st.integers(1, 50), min_size=1, max_size=5).map(tuple))
def test_layers_chain_from_784_pixels_to_10_classes(hidden_sizes: tuple[int, ...]):
    layers = dense_layers(Experiment(hidden_sizes=hidden_sizes))
    assert layers[0].fan_in == 784
    assert layers[-1].fan_out == 10
    assert tuple(layer.fan_out for layer in layers[:-1]) == hidden_sizes
    assert all(a.fan_out == b.fan_in for a, b in pairwise(layers))
    assert len({layer.name for layer in layers}) == len(layers)
