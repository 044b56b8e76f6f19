"""Training, evaluation and prediction in Keras: `compile`, `fit`, callbacks."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_impl.model import get_parameters
from shared import protocol
from shared.experiment import Experiment

LOSS = "sparse_categorical_crossentropy"
STEPS_IN_BULK = 191
"""Steps that Keras runs without coming back to Python; 1719 = 9 × 191."""
QUIET: dict[str, Any] = {"verbose": 0}
"""Keras accepts 0 everywhere, though its annotations want a text here and there."""


def prepare_training(
    model: keras.Sequential, experiment: Experiment, *, record_steps: bool = False, **options: Any
) -> None:
    """Plain stochastic gradient descent; `record_steps` adds the loss of each single step.

    Other options go to Keras' `compile`. Compiled once for good, where JAX compiles what
    it is called with.
    """
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=experiment.learning_rate),
        loss=LOSS,
        metrics=["accuracy", *([BatchLoss()] if record_steps else [])],
        **options,
    )


# The next three classes open up what JAX shows by itself: `fit` keeps the loss
# of a single step, its clock and the gradients to itself.


class BatchLoss(keras.metrics.MeanMetricWrapper):
    """The loss of the latest batch alone, where Keras' own metrics average over the epoch."""

    def __init__(self) -> None:
        super().__init__(keras.losses.get(LOSS), name="batch_loss")

    def update_state(self, *arguments, **options) -> None:  # noqa: D102 (Keras documents it)
        self.reset_state()
        super().update_state(*arguments, **options)


class Observer(keras.callbacks.Callback):
    """Keeps what each epoch achieved and how long it took, and each step's loss on request."""

    def __init__(self, on_epoch: Callable[[protocol.EpochMetrics], None]) -> None:
        super().__init__()
        self.on_epoch = on_epoch
        self.history: list[protocol.EpochMetrics] = []
        self.step_losses: list[float] = []
        self.epoch_seconds: list[float] = []
        self.compile_seconds: float | None = None
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts the epoch's clock."""
        del epoch, logs
        self._started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Takes the first step, which traces and compiles, off the epoch's clock."""
        del batch
        if self.compile_seconds is None:
            self.compile_seconds = time.perf_counter() - self._started
            self._started = time.perf_counter()
        if logs and "batch_loss" in logs:
            self.step_losses.append(float(logs["batch_loss"]))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps the epoch's figures; Keras validated before it called."""
        self.epoch_seconds.append(time.perf_counter() - self._started)
        figures = logs or {}
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        metrics = {name: float(figures[name]) for name in names}
        self.history.append(protocol.EpochMetrics(epoch=epoch + 1, **metrics))
        self.on_epoch(self.history[-1])


class GradientsIntoWeights(keras.optimizers.Optimizer):
    """Replaces each weight by its gradient: a way to read gradients on every backend."""

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Called by Keras for each trainable variable."""
        del learning_rate
        self.assign(variable, gradient)


def fit(
    model: keras.Sequential,
    experiment: Experiment,
    training: protocol.Examples,
    *,
    validation: protocol.Examples,
    orders: protocol.Orders | None,
    on_epoch: protocol.OnEpoch,
    num_skipped: int = 0,
) -> protocol.FitReport:
    """Trains epoch by epoch; see `shared.protocol.Implementation.fit`.

    With given orders `fit` is called once an epoch on rows already in order. One
    `fit` over a data set that moves on by itself would not do: Keras fetches
    ahead, and the rows of the next epoch arrive too early or too late.
    """
    observer = Observer(on_epoch)
    options = {
        "batch_size": experiment.batch_size,
        "validation_data": (validation.images, validation.labels),
        "callbacks": [observer],
        **QUIET,
    }
    if orders is None:
        if num_skipped:
            _rehearse(len(training.labels), num_skipped)
        epochs = {"initial_epoch": num_skipped, "epochs": experiment.num_epochs}
        model.fit(training.images, training.labels, **epochs, **options)
    else:
        for epoch, order in enumerate(orders):
            model.fit(
                training.images[order],
                training.labels[order],
                shuffle=False,
                initial_epoch=epoch,
                epochs=epoch + 1,
                **options,
            )
    return protocol.FitReport(
        history=tuple(observer.history),
        compile_seconds=observer.compile_seconds or 0.0,
        epoch_seconds=tuple(observer.epoch_seconds),
        step_losses=np.array(observer.step_losses, np.float64),
    )


def _rehearse(num_rows: int, num_epochs: int) -> None:
    """Draws all that a `fit` on so many rows draws for the orders of so many epochs.

    Keras hands out no generator, and each of its backends shuffles with another one. A `fit`
    moves each of them on, and that of a single weight, in one step an epoch, takes no time.
    """
    rows = np.zeros((num_rows, 1))
    few = rows[:1]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(loss="mse")
    model.train_on_batch(few, few)  # else `fit` draws once more to see what a batch looks like
    model.fit(rows, rows, num_rows, epochs=num_epochs, validation_data=(few, few), **QUIET)


def evaluate(model: keras.Sequential, examples: protocol.Examples) -> protocol.Evaluation:
    """Mean loss and accuracy over all rows."""
    figures = model.evaluate(examples.images, examples.labels, return_dict=True, **QUIET)
    return protocol.Evaluation(loss=float(figures["loss"]), accuracy=float(figures["accuracy"]))


def predict(model: keras.Sequential, images: NDArray[np.floating]) -> protocol.Predictions:
    """Logits from the last layer without its softmax, probabilities by the softmax of them."""
    *earlier_layers, output = model.layers
    features = keras.ops.convert_to_tensor(images)
    for layer in earlier_layers:
        features = layer(features)
    logits = keras.ops.matmul(features, output.kernel) + output.bias
    return protocol.Predictions(
        logits=np.asarray(keras.ops.convert_to_numpy(logits)),
        probabilities=np.asarray(keras.ops.convert_to_numpy(output.activation(logits))),
    )


def loss_and_gradients(
    model: keras.Sequential, examples: protocol.Examples
) -> protocol.LossAndGradients:
    """Loss of one batch and its gradients, by one step of a copy of the model."""
    copy = keras.Sequential.from_config(model.get_config())  # not what it was compiled with
    copy.set_weights(model.get_weights())
    copy.compile(optimizer=GradientsIntoWeights(learning_rate=1.0), loss=LOSS)
    figures = copy.train_on_batch(examples.images, examples.labels, return_dict=True)
    return protocol.LossAndGradients(loss=float(figures["loss"]), gradients=get_parameters(copy))
