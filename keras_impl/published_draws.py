"""How the published run drew its initial weights and batch orders, replayed.

The published run was Keras on TensorFlow 2.4, so its random numbers are
TensorFlow's. This module runs in a process of its own, so that `keras_impl`
itself, and any other implementation, needs no TensorFlow. There is no counterpart
in `jax_impl`: it receives the same arrays.
"""

import numpy as np
import tensorflow as tf

from shared.draws import Draws, check_published_draws
from shared.experiment import NUM_TRAINING_ROWS, Experiment
from shared.network import dense_layers
from shared.parameters import LayerParameters, Parameters, glorot_limit


def draw_published(experiment: Experiment) -> Draws:
    """Draws initial parameters, float32, and orders, (E, 55000) int64, of `experiment.seed`.

    Keras of that time drew Glorot kernels with TensorFlow's global seed, layer
    after layer. Its `fit` then shuffled row numbers inside a `tf.data` map, one
    operation whose random stream goes on from epoch to epoch.

    Raises:
        RunFailedError: this TensorFlow draws other numbers for the published seed.
    """
    draws = Draws(parameters=_draw_parameters(experiment), orders=_draw_orders(experiment))
    check_published_draws(draws, experiment)
    return draws


def _draw_parameters(experiment: Experiment) -> Parameters:
    tf.random.set_seed(experiment.seed)
    layers = []
    for layer in dense_layers(experiment):
        limit = glorot_limit(layer)
        kernel = tf.random.uniform((layer.fan_in, layer.fan_out), -limit, limit)
        bias = np.zeros(layer.fan_out, np.float32)
        layers.append(LayerParameters(layer.name, np.asarray(kernel), bias))
    return Parameters(tuple(layers))


def _draw_orders(experiment: Experiment) -> np.ndarray:
    tf.random.set_seed(experiment.seed)
    epochs = tf.data.Dataset.range(1).repeat(experiment.num_epochs)
    orders = epochs.map(lambda _: tf.random.shuffle(tf.range(NUM_TRAINING_ROWS, dtype=tf.int64)))
    return np.stack(list(orders.as_numpy_iterator()))
