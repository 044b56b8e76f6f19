"""What the ladder climbs with: the protocol's verbs over the few functions that students write."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from lessons import smallest_port as smallest
from shared.errors import InputError
from shared.experiment import Experiment
from shared.network import dense_layers
from shared.parameters import LayerParameters, Parameters
from shared.protocol import (
    EpochMetrics,
    Evaluation,
    Examples,
    FitReport,
    LossAndGradients,
    Predictions,
)

Figures = tuple[Any, ...]
FIXED = ("hidden_sizes", "batch_size", "learning_rate")
"""What is written into these ports, which are of the documented network alone."""


class JudgedPort(ABC):
    """`shared.protocol.Implementation` over the few functions of a port.

    A kind of port has beside what is abstract here the verbs `set_parameters` and
    `get_parameters`. `rows` are images and labels, as NumPy arrays.
    """

    def __init__(self, experiment: Experiment) -> None:
        """Raises InputError where one of `FIXED` is another."""
        for name in FIXED:
            if getattr(experiment, name) != getattr(Experiment(), name):
                option = "--" + name.replace("_", "-")
                raise InputError(f"this port is of the documented network alone: no {option}")
        # JAX computes in 32 bits whatever the arrays' type, unless told before the first one.
        jax.config.update("jax_enable_x64", experiment.dtype == "float64")
        self.experiment = experiment
        self.layer_names = [layer.name for layer in dense_layers(experiment)]
        self.device = jax.devices()[0].platform

    @abstractmethod
    def _logits(self, images: Any) -> jax.Array: ...

    @abstractmethod
    def _loss_and_right(self, *rows: Any) -> Figures: ...

    @abstractmethod
    def _gradients(self, *rows: Any) -> tuple[Figures, Parameters]: ...

    @abstractmethod
    def _train(self, order: NDArray[np.int64], *rows: Any) -> Figures:
        """The epoch's loss and accuracy, and the loss of each step."""

    def fit(self, training: Examples, *, validation: Examples, orders: Any, on_epoch: Any):
        """As in the protocol; NumPy shuffles where no orders are given."""
        if orders is None:
            rows = [np.arange(len(training.labels))] * self.experiment.num_epochs
            orders = np.random.default_rng(self.experiment.seed).permuted(rows, axis=1)
        history, step_losses = [], []
        for epoch, order in enumerate(orders, 1):
            loss, accuracy, losses = self._train(order, training.images, training.labels)
            validated = self.evaluate(validation)
            figures = (float(loss), float(accuracy), validated.loss, validated.accuracy)
            history.append(EpochMetrics(epoch, *figures))
            step_losses += map(float, losses)
            on_epoch(history[-1])
        return FitReport(history=tuple(history), step_losses=np.array(step_losses))

    def evaluate(self, examples: Examples) -> Evaluation:
        """As in the protocol."""
        loss, num_right = self._loss_and_right(examples.images, examples.labels)
        return Evaluation(loss=float(loss), accuracy=float(num_right) / len(examples.labels))

    def predict(self, images: NDArray[np.floating]) -> Predictions:
        """As in the protocol; the softmax is JAX's own."""
        logits = self._logits(images)
        probabilities = np.asarray(jax.nn.softmax(logits))
        return Predictions(logits=np.asarray(logits), probabilities=probabilities)

    def loss_and_gradients(self, examples: Examples) -> LossAndGradients:
        """As in the protocol."""
        (loss, _), gradients = self._gradients(examples.images, examples.labels)
        return LossAndGradients(loss=float(loss), gradients=gradients)

    def _parameters(self, layers: Any) -> Parameters:
        """Copies pairs of a kernel and a bias."""
        arrays = [map(np.array, pair) for pair in layers]
        named = zip(self.layer_names, arrays, strict=True)
        return Parameters(tuple(LayerParameters(name, *pair) for name, pair in named))


class FlaxPort(JudgedPort):
    """Over `Classifier`, `loss_fn`, `prepare_training`, `train_epoch` of the smallest port."""

    def __init__(self, experiment: Experiment, functions: tuple[Callable, ...]) -> None:
        super().__init__(experiment)
        classifier, loss_fn, self.prepare_training, self.train_epoch = functions
        self.loss_fn = nnx.jit(loss_fn)
        self.value_and_grad = nnx.jit(nnx.value_and_grad(loss_fn, has_aux=True))
        self.model = classifier(nnx.Rngs(experiment.seed))

    def set_parameters(self, parameters: Parameters) -> None:
        """Copies; the optimiser begins anew, in the type of the weights."""
        for layer in parameters.layers:
            linear = getattr(self.model, layer.name)
            linear.kernel = nnx.Param(jnp.array(layer.kernel, self.experiment.dtype))
            linear.bias = nnx.Param(jnp.array(layer.bias, self.experiment.dtype))
        self.optimizer = self.prepare_training(self.model)

    def get_parameters(self) -> Parameters:
        """As in the protocol."""
        return self._parameters_in(self.model)

    def _parameters_in(self, weights: Any) -> Parameters:
        """Those of a model, or of its gradients, which have the same names."""
        layers = [getattr(weights, name) for name in self.layer_names]
        return self._parameters((layer.kernel[...], layer.bias[...]) for layer in layers)

    def _logits(self, images: Any) -> jax.Array:
        return self.model(images)

    def _loss_and_right(self, *rows: Any) -> Figures:
        return self.loss_fn(self.model, *rows)

    def _gradients(self, *rows: Any) -> tuple[Figures, Parameters]:
        outcome, gradients = self.value_and_grad(self.model, *rows)
        return outcome, self._parameters_in(gradients)

    def _train(self, order: NDArray[np.int64], *rows: Any) -> Figures:
        return self.train_epoch(self.model, self.optimizer, *rows, order)


class PurePort(JudgedPort):
    """Over the five functions of `stub.py`; an epoch of one batch takes `step` alone."""

    def __init__(self, experiment: Experiment, functions: tuple[Callable, ...]) -> None:
        super().__init__(experiment)
        self.load, self.forward, self.value_and_grad, self.step, self.epoch = functions

    def set_parameters(self, parameters: Parameters) -> None:
        """As in the protocol."""
        layers = [(layer.kernel, layer.bias) for layer in parameters.layers]
        self.weights = self.load(layers, self.experiment.dtype)

    def get_parameters(self) -> Parameters:
        """As in the protocol."""
        return self._parameters(self.weights)

    def _logits(self, images: Any) -> jax.Array:
        return self.forward(self.weights, images)

    def _loss_and_right(self, *rows: Any) -> Figures:
        return self.value_and_grad(self.weights, *rows)[0]

    def _gradients(self, *rows: Any) -> tuple[Figures, Parameters]:
        outcome, gradients = self.value_and_grad(self.weights, *rows)
        return outcome, self._parameters(gradients)

    def _train(self, order: NDArray[np.int64], *rows: Any) -> Figures:
        if len(order) > self.experiment.batch_size:
            self.weights, *figures = self.epoch(self.weights, *rows, order)
            return tuple(figures)
        batch = (each[order] for each in rows)
        self.weights, loss, num_right = self.step(self.weights, *batch)
        return loss, num_right / len(order), [loss]


def smallest_port(experiment: Experiment) -> FlaxPort:
    """`lessons/smallest_port.py` itself, which climbs the whole ladder."""
    names = ("Classifier", "loss_fn", "prepare_training", "train_epoch")
    return FlaxPort(experiment, tuple(getattr(smallest, name) for name in names))
