"""The classifier in JAX, nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from lessons.toolbox import load_fashion_mnist
from shared.data.dataset import CLASS_NAMES


class Classifier(nnx.Module):
    """784→300→100→10, with ReLU."""

    def __init__(self, rngs: nnx.Rngs):
        glorot = nnx.initializers.glorot_uniform()
        draw: dict = {"kernel_init": glorot, "rngs": rngs}
        self.hidden_1 = nnx.Linear(784, 300, **draw)
        self.hidden_2 = nnx.Linear(300, 100, **draw)
        self.output = nnx.Linear(100, 10, **draw)

    def __call__(self, images):
        """Logits, (n, 10), of images, (n, 28, 28)."""
        features = images.reshape(len(images), -1)
        features = nnx.relu(self.hidden_1(features))
        features = nnx.relu(self.hidden_2(features))
        return self.output(features)


def prepare_training(model):
    """Plain stochastic gradient descent on the weights."""
    return nnx.Optimizer(model, optax.sgd(0.01), wrt=nnx.Param)


def loss_fn(model, images, labels):
    """Mean loss of a batch, and how many of its rows are right."""
    logits = model(images)
    cross_entropy = optax.softmax_cross_entropy_with_integer_labels
    losses = cross_entropy(logits, labels)
    return losses.mean(), jnp.sum(logits.argmax(axis=1) == labels)


@nnx.jit
def train_step(model, optimizer, images, labels):
    """Changes the model; returns what `loss_fn` did before."""
    value_and_grad = nnx.value_and_grad(loss_fn, has_aux=True)
    outcome, gradients = value_and_grad(model, images, labels)
    optimizer.update(model, gradients)
    return outcome


def train_epoch(model, optimizer, images, labels, order):
    """The epoch's loss and accuracy, and the loss of each step."""
    starts, outcomes = range(0, len(order), 32), []
    for start in starts:
        rows = order[start : start + 32]
        batch = images[rows], labels[rows]
        outcomes.append(train_step(model, optimizer, *batch))
    losses, num_right = np.array(jax.device_get(outcomes)).T
    sizes = np.diff([*starts, len(order)])  # the last is smaller
    loss = np.average(losses, weights=sizes)
    return loss, num_right.sum() / len(order), losses


def main(num_epochs: int = 30) -> float:
    """Trains, shows one prediction, and returns the test accuracy."""
    training, test = load_fashion_mnist()
    model = Classifier(nnx.Rngs(42))
    optimizer = prepare_training(model)
    generator = np.random.default_rng(42)
    for epoch in range(1, num_epochs + 1):
        order = generator.permutation(len(training.labels))
        data = training.images, training.labels, order
        loss, accuracy, _ = train_epoch(model, optimizer, *data)
        print(f"{epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}")

    _, num_right = nnx.jit(loss_fn)(model, test.images, test.labels)
    accuracy = float(num_right) / len(test.labels)
    predicted = int(model(test.images[:1]).argmax())
    print(f"test accuracy {accuracy:.4f}")
    print(f"the first test image shows: {CLASS_NAMES[predicted]}")
    return accuracy


if __name__ == "__main__":
    main()
