import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InputError
from shared.experiment import Experiment
from shared.network import dense_layers
from shared.parameters import (
    glorot_limit,
    glorot_parameters,
    largest_difference,
    load_parameters,
    save_parameters,
)


def test_glorot_kernels_fill_their_bounds_evenly():
    experiment = Experiment()
    parameters = glorot_parameters(experiment, np.random.default_rng(0))
    for layer, drawn in zip(dense_layers(experiment), parameters.layers, strict=True):
        limit = glorot_limit(layer)
        assert drawn.kernel.shape == (layer.fan_in, layer.fan_out)
        assert drawn.kernel.dtype == np.float32
        assert np.abs(drawn.kernel).max() <= limit
        # Five standard errors of mean and variance of a uniform distribution.
        assert abs(drawn.kernel.mean()) < 5 * limit / np.sqrt(3 * drawn.kernel.size)
        assert drawn.kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert not drawn.bias.any()
    # Keras' Dense draws Glorot-uniform: sigma .0430 and bound .0744 in the first layer.
    first = parameters.layers[0].kernel
    assert first.std() == pytest.approx(0.0430, abs=0.0002)
    assert np.abs(first).max() == pytest.approx(0.0744, abs=0.0001)


@settings(max_examples=20)
@given(
    hidden_sizes=st.lists(st.integers(1, 8), min_size=1, max_size=3).map(tuple),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_safetensors_give_back_every_bit(tmp_path_factory, hidden_sizes: tuple, dtype: str):
    experiment = Experiment(hidden_sizes=hidden_sizes)
    parameters = glorot_parameters(experiment, np.random.default_rng(1)).astype(dtype)
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_parameters(parameters, path)
    loaded = load_parameters(path, experiment)
    pairs = zip(parameters.named_arrays(), loaded.named_arrays(), strict=True)
    for (name, array), (loaded_name, loaded_array) in pairs:
        assert name == loaded_name
        assert loaded_array.dtype == array.dtype
        np.testing.assert_array_equal(loaded_array, array)


def test_missing_and_damaged_files_and_weights_of_another_network_are_refused(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not weights")
    for unreadable in (tmp_path / "missing", path):
        with pytest.raises(InputError, match="no readable safetensors"):
            load_parameters(unreadable, Experiment())
    save_parameters(glorot_parameters(Experiment(hidden_sizes=(4,)), np.random.default_rng()), path)
    with pytest.raises(InputError, match="another network"):
        load_parameters(path, Experiment(hidden_sizes=(5,)))


def test_the_largest_difference_stands_in_any_array_and_nan_is_not_lost():
    parameters = glorot_parameters(Experiment(hidden_sizes=(4,)), np.random.default_rng(0))
    assert largest_difference(parameters, parameters) == 0.0
    for name, array in parameters.named_arrays():
        for wrong in (-7.0, math.nan):
            other = parameters.map(np.copy)
            dict(other.named_arrays())[name].flat[-1] = array.flat[-1] + np.float32(wrong)
            assert largest_difference(parameters, other) == pytest.approx(abs(wrong), nan_ok=True)
