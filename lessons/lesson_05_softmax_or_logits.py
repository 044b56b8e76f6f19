"""Softmax or logits: the same cross-entropy is 200, 16.118 or infinite."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, is_equal, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.protocol import Examples

LABEL = np.array([1], np.int32)


def surely_wrong_logits() -> NDArray[np.float32]:
    """Logits (200, 0, …, 0), (1, 10): class 0 for certain, where the label is 1."""
    return np.array([[200.0] + [0.0] * 9], np.float32)


def surely_wrong_weights() -> Parameters:
    """Weights with which the network returns those logits for every image."""
    *hidden, output = draw_weights().layers
    output = replace(output, kernel=0.0 * output.kernel, bias=surely_wrong_logits()[0])
    return Parameters((*hidden, output))


def row() -> Examples:
    """One image, labelled 1."""
    return Examples(images=draw_rows(1).images, labels=LABEL)


def keras_losses() -> tuple[float, float]:
    """The loss that `evaluate` finds, and the same loss of what `predict` returns."""
    import keras

    from keras_impl.model import build_model, set_parameters
    from keras_impl.train import evaluate, predict, prepare_training

    model = build_model(Experiment())
    set_parameters(model, surely_wrong_weights())
    prepare_training(model, Experiment())
    probabilities = predict(model, row().images).probabilities
    loss: Any = keras.losses.sparse_categorical_crossentropy(LABEL, probabilities)
    return evaluate(model, row()).loss, float(loss[0])


def keras_loss_of_softmax(softmax: Callable[[Any], Any], logits: Any) -> Any:
    """Softmax and loss, as one writes them in a loop of one's own."""
    import keras

    probabilities = softmax(logits)
    losses: Any = keras.losses.sparse_categorical_crossentropy(LABEL, probabilities)
    return losses[0]


def jax_loss() -> float:
    """The port's loss of the same row."""
    from jax_impl.model import build_model, set_parameters
    from jax_impl.train import evaluate

    model = build_model(Experiment())
    set_parameters(model, surely_wrong_weights())
    return evaluate(model, row()).loss


def naive_loss(logits: Any) -> Any:
    """The formula as it stands in textbooks: −log(softmax)."""
    import jax.numpy as jnp
    from flax import nnx

    return -jnp.log(nnx.softmax(jnp.asarray(logits)))[0, 1]


def run() -> tuple[Evidence, ...]:
    """One row, one label, one set of weights."""
    import keras
    import tensorflow as tf

    logits = tf.constant(surely_wrong_logits())
    of_model, of_predictions = keras_losses()
    by_tensorflow = float(keras_loss_of_softmax(tf.nn.softmax, logits))
    by_keras = float(keras_loss_of_softmax(keras.ops.softmax, logits))
    as_graph = float(tf.function(keras_loss_of_softmax)(tf.nn.softmax, logits))
    naive = float(naive_loss(surely_wrong_logits()))
    return (
        is_near("Keras: loss by `evaluate`", 200.000, of_model, within=0.001),
        is_near("Keras: loss of what `predict` returned", 16.118, of_predictions, within=0.001),
        is_near("Keras: loss of tf.nn.softmax", 16.118, by_tensorflow, within=0.001),
        is_near("Keras: the same in tf.function", 200.000, as_graph, within=0.001),
        is_near("Keras: loss of keras.ops.softmax", 200.000, by_keras, within=0.001),
        is_near("JAX: loss by `evaluate`", 200.000, jax_loss(), within=0.001),
        is_equal("JAX: −log(softmax)", np.inf, naive),
    )


def figure() -> Any:
    """Each loss as the network grows surer of the wrong class."""
    import keras
    import numpy as np
    import optax
    from flax import nnx

    from benchmarks.display.style import new_figure

    margins = np.linspace(0, 120, 241, dtype=np.float32)
    logits = np.zeros((len(margins), 10), np.float32)
    logits[:, 0] = margins
    labels = np.ones(len(margins), np.int32)
    probabilities = np.asarray(nnx.softmax(logits))
    clipped = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    with np.errstate(divide="ignore"):
        naive = -np.log(probabilities[:, 1])

    drawing = new_figure(7, 4)
    axes = drawing.subplots()
    exact = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    axes.plot(margins, exact, linewidth=6, alpha=0.4, label="of logits")
    axes.plot(margins, np.where(np.isfinite(naive), naive, np.nan), label="−log(softmax)")
    axes.plot(margins, np.asarray(clipped), label="Keras, of probabilities")
    axes.set(xlabel="logit of the wrong class, the others 0", ylabel="loss")
    axes.legend()
    return drawing


def solution() -> tuple[Evidence, ...]:
    """The gradient of each loss by the logits of classes 0 and 1."""
    import jax
    import optax
    import tensorflow as tf

    logits = surely_wrong_logits()
    watched = tf.Variable(tf.constant(logits))
    with tf.GradientTape() as tape:
        loss = keras_loss_of_softmax(tf.nn.softmax, watched)
    clipped = np.asarray(tape.gradient(loss, watched))

    exact = jax.grad(
        lambda logits: optax.softmax_cross_entropy_with_integer_labels(logits, LABEL)[0]
    )(logits)
    naive = jax.grad(naive_loss)(logits)
    return (
        is_equal("Optax", [1.0, -1.0], exact[0, :2].tolist()),
        is_equal("Keras, of probabilities", [0.0, 0.0], clipped[0, :2].tolist()),
        is_equal("−log(softmax)", "[nan, nan]", str(naive[0, :2].tolist())),
    )


LESSON = Lesson(
    question=(
        "For an image of class 1 the network's logits are 200 for class 0 and 0 for the "
        "nine others, so that class 1 has a probability of about e⁻²⁰⁰. Its cross-entropy is −log "
        "of that: 200. Which ways to compute it give 200, and what do the others give?"
    ),
    keras=(keras_losses, keras_loss_of_softmax),
    jax=("jax_impl.train:loss_fn", naive_loss),
    run=run,
    figure=figure,
    explanation="""\
In float32, e⁻²⁰⁰ is 0: the smallest positive number is about 10⁻⁴⁵. Softmax returns exactly 1 and
0, and the 200 is lost. The textbook formula then takes the logarithm of 0. Keras' loss, when it is
handed probabilities, first moves each one into the range from 10⁻⁷ to 1 − 10⁻⁷, so its loss never
exceeds −log(10⁻⁷) = 16.118.

Yet `evaluate` of the same Keras model gives 200, and `fit` computes the same. There the loss does
not take the probabilities: on TensorFlow it looks where they come from, finds the softmax, takes
the logits in front of it, and computes log Σ exp(logit) − logit of the label, which is exact.
Keras' own softmax leaves a note for it; TensorFlow's is found in the graph that `tf.function`
records. Where there is neither, as with an array from `predict`, the loss falls back to clipping.
No warning tells you which one you got.

Optax' loss takes logits and nothing else, with the same exact formula. So the port's network ends
without a softmax. A port that keeps it and hands probabilities to Optax computes yet another loss
(softmax twice). On its JAX backend Keras cannot look behind the softmax, and clips: there
the parity ladder breaks at “loss of extreme logits”.""",
    exercise=Exercise(
        task="What does the network learn from this row? Take each loss's gradient by the logits "
        "of classes 0 and 1.",
        solution=solution,
        answer="With the exact loss the gradient is (1, −1): class 0 down, class 1 up, at full "
        "strength. The clipped loss is flat there, its gradient is 0: the network learns nothing "
        "from the very rows that it gets most wrong. The textbook formula's gradient is nan, and "
        "one step of SGD makes weights nan, for good.",
    ),
)
