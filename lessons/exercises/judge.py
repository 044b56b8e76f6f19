"""What the ladder climbs with: the protocol's verbs over the few functions that students write."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from lessons import smallest_port as smallest
from shared import protocol
from shared.errors import InputError
from shared.experiment import Experiment
from shared.network import dense_layers
from shared.parameters import LayerParameters, Parameters

Functions = tuple[Callable, ...]
FIXED = ("hidden_sizes", "batch_size", "learning_rate")
"""What is written into students' ports, which are of the documented network alone."""


class PurePort:
    """`shared.protocol.Implementation` over the five functions of `stub.py`, in their order."""

    def __init__(self, experiment: Experiment, functions: Functions) -> None:
        """Raises InputError where one of `FIXED` is another."""
        for name in FIXED:
            if getattr(experiment, name) != getattr(Experiment(), name):
                option = "--" + name.replace("_", "-")
                raise InputError(f"this port is of the documented network only: leave out {option}")
        # JAX computes in 32 bits whatever the arrays' type, unless told before the first one.
        jax.config.update("jax_enable_x64", experiment.dtype == "float64")
        self.load, self.forward, self.value_and_grad, self.step, self.epoch = functions
        self.experiment = experiment
        self.names = [layer.name for layer in dense_layers(experiment)]
        self.device = jax.devices()[0].platform
        self.weights: Any = None

    def set_parameters(self, parameters: Parameters) -> None:
        pairs = [(layer.kernel, layer.bias) for layer in parameters.layers]
        self.weights = self.load(pairs, self.experiment.dtype)

    def get_parameters(self) -> Parameters:
        return self._parameters(self.weights)

    def fit(
        self,
        training: protocol.Examples,
        *,
        validation: protocol.Examples,
        orders: protocol.Orders | None,
        on_epoch: protocol.OnEpoch,
    ) -> protocol.FitReport:
        if orders is None:  # NumPy shuffles
            rows = [np.arange(len(training.labels))] * self.experiment.num_epochs
            orders = np.random.default_rng(self.experiment.seed).permuted(rows, axis=1)
        history, step_losses = [], []
        for number, order in enumerate(orders, 1):
            loss, accuracy, losses = self._train(training, order)
            validated = self.evaluate(validation)
            figures = (float(loss), float(accuracy), validated.loss, validated.accuracy)
            history.append(protocol.EpochMetrics(number, *figures))
            step_losses += map(float, losses)
            on_epoch(history[-1])
        return protocol.FitReport(history=tuple(history), step_losses=np.array(step_losses))

    def _train(self, training: protocol.Examples, order: NDArray[np.int64]) -> tuple[Any, ...]:
        """An epoch; one of a single batch asks for `step` alone, which is written first."""
        if len(order) > self.experiment.batch_size:
            rows = (training.images, training.labels, order)
            self.weights, *figures = self.epoch(self.weights, *rows)
            return tuple(figures)
        batch = training.rows(order)
        self.weights, loss, num_right = self.step(self.weights, batch.images, batch.labels)
        return loss, num_right / len(order), [loss]

    def evaluate(self, examples: protocol.Examples) -> protocol.Evaluation:
        (loss, num_right), _ = self.value_and_grad(self.weights, examples.images, examples.labels)
        accuracy = float(num_right) / len(examples.labels)
        return protocol.Evaluation(loss=float(loss), accuracy=accuracy)

    def loss_and_gradients(self, examples: protocol.Examples) -> protocol.LossAndGradients:
        (loss, _), tree = self.value_and_grad(self.weights, examples.images, examples.labels)
        return protocol.LossAndGradients(loss=float(loss), gradients=self._parameters(tree))

    def predict(self, images: NDArray[np.floating]) -> protocol.Predictions:
        logits = self.forward(self.weights, images)
        probabilities = np.asarray(jax.nn.softmax(logits))
        return protocol.Predictions(logits=np.asarray(logits), probabilities=probabilities)

    def _parameters(self, tree: Any) -> Parameters:
        """Copies of pairs of a kernel and a bias."""
        pairs = [map(np.array, pair) for pair in tree]
        return Parameters(tuple(map(LayerParameters, self.names, *zip(*pairs, strict=True))))


class FlaxPort(PurePort):
    """The same over `Classifier`, `loss_fn`, `prepare_training`, `train_epoch` of a small port.

    Its `weights` are model and optimiser.
    """

    def __init__(self, experiment: Experiment, functions: Functions) -> None:
        self.classifier, loss_fn, self.prepare_training, self.train_epoch = functions
        gradients = nnx.jit(nnx.value_and_grad(loss_fn, has_aux=True))
        pure = (
            self._load,
            lambda weights, images: weights[0](images),
            lambda weights, *rows: gradients(weights[0], *rows),
        )
        super().__init__(experiment, (*pure, None, None))  # pyright: ignore[reportArgumentType]

    def _load(self, pairs: list, dtype: str) -> tuple[Any, Any]:
        model = self.classifier(nnx.Rngs(0))
        for name, (kernel, bias) in zip(self.names, pairs, strict=True):
            linear = getattr(model, name)
            linear.kernel = nnx.Param(jnp.array(kernel, dtype))
            linear.bias = nnx.Param(jnp.array(bias, dtype))
        return model, self.prepare_training(model)

    def _train(self, training: protocol.Examples, order: NDArray[np.int64]) -> tuple[Any, ...]:
        return self.train_epoch(*self.weights, training.images, training.labels, order)

    def _parameters(self, tree: Any) -> Parameters:
        """Those of a model, with its optimiser, or of its gradients, which have the same names."""
        model = tree[0] if isinstance(tree, tuple) else tree
        layers = [getattr(model, name) for name in self.names]
        return super()._parameters([(layer.kernel[...], layer.bias[...]) for layer in layers])


def smallest_port(experiment: Experiment) -> FlaxPort:
    """`lessons/smallest_port.py` itself, which climbs the whole ladder."""
    parts = (smallest.Classifier, smallest.loss_fn, smallest.prepare_training, smallest.train_epoch)
    return FlaxPort(experiment, parts)
