"""TensorFlow against the clock, without Keras' `fit`: the whole epoch in one compiled loop.

What the port does in JAX, done in the reference's own framework, so that nobody
takes the compiled loop's gain for the framework's.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from shared.parameters import LayerParameters, Parameters
from shared.timing import Device, EpochClock, Workload

Weights = list[tuple[Any, Any]]
"""Kernel and bias of each layer, which are tensors, from image to output."""


class CompiledLoopTrainer:
    """One call of a compiled function for each epoch."""

    def __init__(self, workload: Workload) -> None:
        experiment = workload.experiment
        self.batch_size, self.learning_rate = experiment.batch_size, experiment.learning_rate
        layers = workload.parameters[0].astype(experiment.dtype).layers
        self.names = [layer.name for layer in layers]
        self.weights = [(tf.constant(layer.kernel), tf.constant(layer.bias)) for layer in layers]
        num_rows = len(workload.training.labels)
        self.images = tf.constant(workload.training.images.reshape(num_rows, -1))
        self.labels = tf.constant(workload.training.labels)
        self.epoch: Any = None

    @property
    def device(self) -> Device:
        return "gpu" if tf.config.list_physical_devices("GPU") else "cpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """Fetching the losses at the end of an epoch waits for the device."""
        for order in orders[0]:
            rows = tf.constant(order)
            clock.start()
            if self.epoch is None:
                function = tf.function(self.train_epoch, jit_compile=True)
                self.epoch = function.get_concrete_function(self.weights, rows)
                self.epoch(self.weights, rows)  # XLA compiles in the first call, which is dropped
                clock.compiled()
            self.weights, losses = self.epoch(self.weights, rows)
            np.asarray(losses)
            clock.stop()

    def train_epoch(self, weights: Weights, order: Any) -> tuple[Weights, Any]:
        """A loop over the full batches, then a step on the rows that are left."""
        num_full = len(order) // self.batch_size
        batches = tf.reshape(order[: num_full * self.batch_size], (num_full, self.batch_size))

        def step(number: Any, weights: Weights, losses: Any) -> tuple[Any, Weights, Any]:
            weights, loss = self.train_step(weights, batches[number])
            return number + 1, weights, tf.tensor_scatter_nd_update(losses, [[number]], [loss])

        _, weights, losses = tf.while_loop(
            lambda number, *_: number < num_full,
            step,
            (0, weights, tf.zeros(num_full, self.images.dtype)),
            maximum_iterations=num_full,
        )
        if num_full * self.batch_size < len(order):
            weights, _ = self.train_step(weights, order[num_full * self.batch_size :])
        return weights, losses

    def train_step(self, weights: Weights, rows: Any) -> tuple[Weights, Any]:
        """One step of SGD; returns the new weights, and the loss from before it."""
        features, labels = tf.gather(self.images, rows), tf.gather(self.labels, rows)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            *hidden_layers, (output_kernel, output_bias) = weights
            for kernel, bias in hidden_layers:
                features = tf.nn.relu(features @ kernel + bias)
            logits = features @ output_kernel + output_bias
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, weights)
        moved = tf.nest.map_structure(
            lambda weight, gradient: weight - self.learning_rate * gradient, weights, gradients
        )
        return moved, loss

    def get_parameters(self) -> tuple[Parameters, ...]:
        named = zip(self.names, self.weights, strict=True)
        layers = (
            LayerParameters(name, kernel.numpy(), bias.numpy()) for name, (kernel, bias) in named
        )
        return (Parameters(tuple(layers)),)
