"""A label out of range: an error, or nan, or nothing at all."""

from typing import Any

import numpy as np

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.protocol import Examples


def batch_with_label(label: int) -> Examples:
    """32 garments, the first of them with this label."""
    rows = draw_rows(32)
    return Examples(images=rows.images, labels=np.append(np.int32(label), rows.labels[1:]))


def keras_loss(label: int, *, jit_compile: bool = False) -> float:
    """The network's loss on that batch."""
    from keras_impl.model import build_model, set_parameters
    from keras_impl.train import LOSS, evaluate

    model: Any = build_model(Experiment())
    set_parameters(model, draw_weights())
    model.compile(loss=LOSS, metrics=["accuracy"], jit_compile=jit_compile)
    return evaluate(model, batch_with_label(label)).loss


def jax_loss(label: int) -> float:
    """The port's loss on the same batch."""
    from jax_impl.model import build_model, set_parameters
    from jax_impl.train import evaluate

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    return evaluate(model, batch_with_label(label)).loss


def run() -> tuple[Evidence, ...]:
    """Labels 9, 10 and −1 for the first image."""
    by_xla = keras_loss(10, jit_compile=True)
    label_10 = "label value of 10"
    return (
        is_near("Keras: label 9", 2.344, keras_loss(9), within=0.001),
        is_near("JAX: label 9", 2.344, jax_loss(9), within=0.001),
        fails("Keras: label 10", "InvalidArgumentError", label_10, lambda: keras_loss(10)),
        is_equal("Keras, compiled by XLA: label 10", "nan", str(by_xla)),
        is_equal("JAX: label 10", "nan", str(jax_loss(10))),
        is_near("JAX: label −1", 2.344, jax_loss(-1), within=0.001),
    )


def solution() -> tuple[Evidence, ...]:
    """One step on the batch with label 10, and the gradient by the output's biases before it."""
    import jax.numpy as jnp
    from flax import nnx

    from jax_impl.model import build_model, get_parameters, set_parameters
    from jax_impl.train import loss_and_gradients, prepare_training, to_device, train_step

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    rows = batch_with_label(10)
    *_, output = loss_and_gradients(model, rows).gradients.layers
    sum_of_gradient = 32 * float(output.bias.sum())
    loss, _ = nnx.jit(train_step)(model, optimizer, *to_device(rows))
    arrays = [array for _, array in get_parameters(model).named_arrays()]
    num_nan = sum(int(np.isnan(array).sum()) for array in arrays)
    return (
        is_equal("loss of the step is nan", True, bool(jnp.isnan(loss))),
        is_equal("weights that are nan after it", 0, num_nan),
        is_near("sum of the biases' gradient, × 32", 1.0, sum_of_gradient, within=1e-4),
    )


LESSON = Lesson(
    question=(
        "One label of a batch is 10, though the classes are 0 to 9: somebody counted them from 1. "
        "What does the loss do in Keras, and what in Optax? And what if the label is −1?"
    ),
    keras=(keras_loss,),
    jax=(jax_loss, "jax_impl.train:loss_fn"),
    run=run,
    explanation="""\
The loss of a row is picked from its ten logits by the label. On a CPU, TensorFlow looks at each
label first and stops with an error that names it. That is a courtesy of this one piece of code,
not of Keras: compiled by XLA, the same model returns nan, and where there is a GPU, Keras has XLA
compile unless it is told not to.

A program compiled by XLA cannot stop halfway with an error. So JAX defines what an index out of
range means: here the value is nan, and the mean of the batch with it. The loss of the
whole epoch is nan then, and nobody says which of 55,000 labels it was.

−1 is worse. In NumPy's manner JAX counts it from the end, so it is class 9, an ankle boot, and the
loss is an ordinary number. −1 for “no label” trains ankle boots without a word.

So a port loses a check that it had without knowing. Do it once, in NumPy, where the labels enter:
`shared/data/idx.py` refuses a file with any label above 9, and its labels are unsigned bytes, which
cannot be negative.""",
    exercise=Exercise(
        task="The loss is nan. Are the weights nan, too, after one step on this batch?",
        solution=solution,
        answer="No, not one. The gradient by a row's logits is its probabilities, minus 1 at "
        "the label. For label 10 there is no place for the −1, so only the probabilities are left: "
        "finite, and they sum to 1 in place of 0. The step goes on and teaches the "
        "network that this image is none of the ten classes. The nan is in the report alone; "
        "whoever prints only the accuracy never sees it.",
    ),
)
