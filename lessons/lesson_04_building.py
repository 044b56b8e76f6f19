"""Building: when a layer gets its weights."""

from typing import Any

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.network import dense_layers


def keras_network(*, flatten: bool = True) -> Any:
    """The documented network, except that nothing says how large an image is."""
    import keras

    return keras.Sequential(
        [
            *([keras.layers.Flatten()] if flatten else []),
            *(
                keras.layers.Dense(layer.fan_out, activation=layer.activation, name=layer.name)
                for layer in dense_layers(Experiment())
            ),
        ]
    )


def keras_weights_too_early() -> None:
    """Hands weights over to a network that was never called."""
    from keras_impl.model import set_parameters

    set_parameters(keras_network(), draw_weights())


def jax_layer_of_unknown_inputs() -> Any:
    """Leaves the number of inputs open, as Keras' `Dense(300)` does."""
    from flax import nnx

    return nnx.Linear(None, 300, rngs=nnx.Rngs(42))  # pyright: ignore[reportArgumentType]


def run() -> tuple[Evidence, ...]:
    """Counts weight tensors, kernels and biases, before any image and after the first ones."""
    import jax
    from flax import nnx

    from jax_impl.model import build_model

    network = keras_network()
    before = len(network.weights)
    network(draw_rows(32).images)
    in_flax = len(jax.tree.leaves(nnx.state(build_model(Experiment()), nnx.Param)))
    early, unknown = keras_weights_too_early, jax_layer_of_unknown_inputs
    return (
        is_equal("Keras: weight tensors before the first call", 0, before),
        is_equal("Keras: weight tensors after it", 6, len(network.weights)),
        is_equal("Flax: weight tensors before the first call", 6, in_flax),
        fails("Keras: weights handed over before it", "ValueError", "expecting 0 weights", early),
        fails("Flax: nnx.Linear(None, 300)", "TypeError", "got (None, 300)", unknown),
    )


def solution() -> tuple[Evidence, ...]:
    """Hands images to both that nobody flattened."""
    import jax.numpy as jnp

    from jax_impl.model import build_model
    from keras_impl.train import LOSS

    rows = draw_rows(32)
    network = keras_network(flatten=False)
    shape = tuple(network(rows.images).shape)
    kernel_shape = tuple(network.get_layer("hidden_1").kernel.shape)
    network.compile(loss=LOSS)

    model: Any = build_model(Experiment())
    images = jnp.asarray(rows.images)
    return (
        is_equal("Keras: first kernel", (28, 300), kernel_shape),
        is_equal("Keras: what the network returns", (32, 28, 10), shape),
        fails(
            "Keras: its loss",
            "ValueError",
            "must have rank",
            lambda: network.test_on_batch(rows.images, rows.labels),
        ),
        fails("Flax: first layer", "TypeError", "(28,) and (784,)", lambda: model.hidden_1(images)),
    )


LESSON = Lesson(
    question=(
        "Both frameworks create 784→300→100→10; in Keras without an `Input`. How many weight "
        "tensors (kernels and biases) does each network have before it has seen an image?"
    ),
    keras=(keras_network, keras_weights_too_early),
    jax=("jax_impl.model:Classifier", jax_layer_of_unknown_inputs),
    run=run,
    explanation="""\
Keras' `Dense(300)` knows its outputs only. How many inputs it has it learns from the first array
that arrives; until then it has no kernel, since (?, 300) is no shape. That is convenient: you
change one width and need not touch the next layer. The price is a network in two states. Before
the first call there is nothing to count or to copy, and handing over weights fails.

Flax' `nnx.Linear(784, 300)` is told both and draws its kernel at once, so a network that exists is
complete. With None for the inputs it fails on the spot, as the kernel cannot be drawn.

In a port, every `fan_in` must be written down or computed; `shared/network.py` does that once for
all implementations. On the Keras side, put `keras.Input((28, 28))` first, as
`keras_impl/model.py` does: then its six tensors are there from the start, too.""",
    exercise=Exercise(
        task="Somebody forgets `Flatten` and hands images of 28×28 to the first dense layer. "
        "What does each framework say, and when?",
        solution=solution,
        answer="Keras builds what fits: a first kernel of 28×300, applied to each of the 28 rows "
        "of pixels. The network runs, and only the loss complains, of a shape far from the "
        "mistake. In Flax the first layer refuses: it has 784 inputs, and 28 arrived. Here the "
        "number that you had to write is a check.",
    ),
)
