"""scikit-learn's classifier against the clock, with everything off that Keras' SGD has not."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from shared.network import NUM_CLASSES
from shared.parameters import LayerParameters, Parameters
from shared.timing import Device, EpochClock, Workload


class ClassifierTrainer:
    """The documented network as an `MLPClassifier`, trained by `partial_fit`."""

    def __init__(self, workload: Workload) -> None:
        experiment = workload.experiment
        self.names = [layer.name for layer in workload.parameters[0].layers]
        self.images = workload.training.images.reshape(len(workload.training.labels), -1)
        self.labels = workload.training.labels
        self.classifier = MLPClassifier(
            hidden_layer_sizes=experiment.hidden_sizes,
            solver="sgd",
            learning_rate_init=experiment.learning_rate,
            batch_size=experiment.batch_size,  # pyright: ignore[reportArgumentType]
            momentum=0.0,
            alpha=0.0,  # no weight decay
            shuffle=False,
            random_state=experiment.seed,
        )
        # It makes its arrays in the first fit and has no other way to be given weights.
        rows, classes = slice(experiment.batch_size), np.arange(NUM_CLASSES)
        self.classifier.partial_fit(self.images[rows], self.labels[rows], classes=classes)
        for number, layer in enumerate(workload.parameters[0].layers):
            self.classifier.coefs_[number][...] = layer.kernel
            self.classifier.intercepts_[number][...] = layer.bias

    @property
    def device(self) -> Device:
        return "cpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One `partial_fit`, which is one pass, for each epoch; nothing is compiled."""
        for order in orders[0]:
            images, labels = self.images[order], self.labels[order]
            clock.start()
            self.classifier.partial_fit(images, labels)
            clock.stop()

    def get_parameters(self) -> tuple[Parameters, ...]:
        named = zip(self.names, self.classifier.coefs_, self.classifier.intercepts_, strict=True)
        layers = (LayerParameters(name, kernel.copy(), bias.copy()) for name, kernel, bias in named)
        return (Parameters(tuple(layers)),)
