"""Your port, in JAX alone: fill in five functions, in this order.

After each one `twins parity` says whether it is right, and names the
next. A batch has 32 rows, the learning rate is 0.01.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from lessons.exercises.judge import PurePort


def parameters(layers, dtype):
    """The weights in JAX: a list of (kernel, bias) pairs.

    layers: the same pairs in NumPy, float32, from image to output;
        kernels (784, 300), (300, 100), (100, 10), biases (300,), …
    dtype: the type to convert them to, "float64" for instance.
    """
    raise NotImplementedError("write `parameters`")


def forward(parameters, images):
    """Logits, (n, 10), of images, (n, 28, 28), with no softmax.

    Each image is flattened row by row; ReLU stands between layers.
    parameters: what the function above returns, here as below.
    """
    raise NotImplementedError("write `forward`")


def loss_and_gradients(parameters, images, labels):
    """A pair: (loss, number of right rows), and the gradients.

    The loss is the mean cross-entropy over the n rows, both it and
    the number scalars; a row is right where its largest logit is its
    label's. The gradients have the form of `parameters`.
    labels: int32, (n,).
    """
    raise NotImplementedError("write `loss_and_gradients`")


def step(parameters, images, labels):
    """One step of SGD: (new parameters, loss, number of right rows).

    Loss and number are those before the step. Compile it: it is
    called 1,719 times an epoch.
    """
    raise NotImplementedError("write `step`")


def epoch(parameters, images, labels, order):
    """An epoch: (new parameters, loss, accuracy, loss of each step).

    Batches of 32 rows are taken in the given order; the last may
    have fewer rows. Loss and accuracy are means over all rows.
    images, labels: all rows to train on, as NumPy arrays.
    order: row numbers as they are to be taken, int64, (n,).
    """
    raise NotImplementedError("write `epoch`")


def build(experiment):
    """What `twins parity --impl my_port:build` climbs with."""
    functions = parameters, forward, loss_and_gradients, step, epoch
    return PurePort(experiment, functions)
