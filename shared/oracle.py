"""The oracle: network, loss, gradients and SGD step in plain NumPy.

The neutral judge of the frameworks, and what a student reads to see what both of
them do. Every formula stands here once, in the order in which it is applied.

Symbols in shapes: n = rows of a batch, C = 10 classes.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from shared import protocol
from shared.experiment import DType, Experiment
from shared.parameters import LayerParameters, Parameters, glorot_parameters

TITLE = "NumPy oracle"

Array = NDArray[np.floating]

MOST_ROWS_AT_A_TIME = 32
"""In an evaluation; Keras takes as many where nothing else is said."""


def forward(parameters: Parameters, images: Array) -> tuple[list[Array], Array]:
    """Forward pass: what entered each layer, (n, fan_in) each, and the logits, (n, C)."""
    *hidden_layers, output = parameters.layers
    inputs = [images.reshape(len(images), -1)]
    for layer in hidden_layers:
        inputs.append(np.maximum(inputs[-1] @ layer.kernel + layer.bias, 0.0))  # ReLU
    return inputs, inputs[-1] @ output.kernel + output.bias


def log_softmax(logits: Array) -> Array:
    """Returns log(exp(z) / Σ exp(z)) of each row, (n, C)."""
    shifted = logits - logits.max(axis=1, keepdims=True)  # changes nothing; exp cannot overflow
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def cross_entropy(logits: Array, labels: NDArray[np.integer]) -> float:
    """Mean over the rows of −log p(label)."""
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def backward(
    parameters: Parameters, inputs: list[Array], logits: Array, labels: NDArray[np.integer]
) -> Parameters:
    """Backward pass: the gradient of the mean cross-entropy by each parameter."""
    # By the logits it is the probability, minus 1 for the label, over the rows there are.
    signal = np.exp(log_softmax(logits))
    signal[np.arange(len(labels)), labels] -= 1.0
    signal /= len(labels)
    gradients = []
    for layer, layer_input in zip(reversed(parameters.layers), reversed(inputs), strict=True):
        gradients.append(LayerParameters(layer.name, layer_input.T @ signal, signal.sum(axis=0)))
        if layer is not parameters.layers[0]:
            # ReLU passes a signal where its output, the layer's input, is positive.
            signal = (signal @ layer.kernel.T) * (layer_input > 0.0)
    return Parameters(tuple(reversed(gradients)))


def sgd_step(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """Plain stochastic gradient descent: each parameter minus learning_rate × its gradient."""
    return parameters.map(lambda array, gradient: array - learning_rate * gradient, gradients)


class Oracle:
    """The experiment in NumPy, as `shared.protocol.Implementation`.

    Computes in float64 whatever the experiment's dtype, unless told otherwise.
    """

    def __init__(self, experiment: Experiment, dtype: DType = "float64") -> None:
        self.experiment = experiment
        self.dtype = dtype
        generator = np.random.default_rng(experiment.seed)
        self.parameters = glorot_parameters(experiment, generator).astype(dtype)

    @property
    def device(self) -> str:
        return f"cpu (NumPy, {self.dtype})"

    def set_parameters(self, parameters: Parameters) -> None:
        self.parameters = parameters.astype(self.dtype)

    def get_parameters(self) -> Parameters:
        return self.parameters

    def fit(
        self,
        training: protocol.Examples,
        *,
        validation: protocol.Examples,
        orders: protocol.Orders | None,
        on_epoch: protocol.OnEpoch,
    ) -> protocol.FitReport:
        """Trains by SGD, epoch by epoch; takes no times, which would say nothing here."""
        if orders is None:
            generator = np.random.default_rng(self.experiment.seed)
            rows = range(self.experiment.num_epochs)
            orders = np.stack([generator.permutation(len(training.labels)) for _ in rows])
        history, step_losses = [], []
        for epoch, order in enumerate(orders, 1):
            losses, loss, accuracy = self._run_epoch(training, order)
            validated = self.evaluate(validation)
            figures = (loss, accuracy, validated.loss, validated.accuracy)
            history.append(protocol.EpochMetrics(epoch, *figures))
            step_losses.extend(losses)
            on_epoch(history[-1])
        return protocol.FitReport(history=tuple(history), step_losses=np.array(step_losses))

    def _run_epoch(
        self, training: protocol.Examples, order: NDArray[np.int64]
    ) -> tuple[list[float], float, float]:
        """Every step's loss, and the means over the epoch's rows of loss and accuracy."""
        losses, loss_sum, num_correct = [], np.zeros((), self.dtype), 0
        for start in range(0, len(order), self.experiment.batch_size):
            rows = order[start : start + self.experiment.batch_size]  # the last may be smaller
            labels = training.labels[rows]
            inputs, logits = forward(self.parameters, training.images[rows].astype(self.dtype))
            losses.append(cross_entropy(logits, labels))
            loss_sum += losses[-1] * len(rows)
            num_correct += int(np.sum(logits.argmax(axis=1) == labels))
            gradients = backward(self.parameters, inputs, logits, labels)
            self.parameters = sgd_step(self.parameters, gradients, self.experiment.learning_rate)
        return losses, float(loss_sum / len(order)), num_correct / len(order)

    def evaluate(self, examples: protocol.Examples) -> protocol.Evaluation:
        """Sums up batch by batch in its own dtype, as frameworks do: of many rows, that rounds."""
        loss_sum, num_correct = np.zeros((), self.dtype), 0
        size = min(self.experiment.batch_size, MOST_ROWS_AT_A_TIME)
        for start in range(0, len(examples.labels), size):
            batch = examples.rows(slice(start, start + size))
            logits = self.predict(batch.images).logits
            loss_sum += cross_entropy(logits, batch.labels) * len(batch.labels)
            num_correct += int(np.sum(logits.argmax(axis=1) == batch.labels))
        num_rows = len(examples.labels)
        return protocol.Evaluation(loss=float(loss_sum / num_rows), accuracy=num_correct / num_rows)

    def predict(self, images: NDArray[np.floating]) -> protocol.Predictions:
        _, logits = forward(self.parameters, images.astype(self.dtype))
        return protocol.Predictions(logits=logits, probabilities=np.exp(log_softmax(logits)))

    def loss_and_gradients(self, examples: protocol.Examples) -> protocol.LossAndGradients:
        inputs, logits = forward(self.parameters, examples.images.astype(self.dtype))
        return protocol.LossAndGradients(
            loss=cross_entropy(logits, examples.labels),
            gradients=backward(self.parameters, inputs, logits, examples.labels),
        )

    def save(self, folder: Path) -> None:
        """Writes nothing: the safetensors say it all."""


def build(experiment: Experiment) -> Oracle:
    """The implementation, ready to train, on one core.

    For products this small, threads cost more than they save, above all where they must
    share the cores with another process.
    """
    threadpool_limits(1)
    return Oracle(experiment)
