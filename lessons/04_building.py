# %% [markdown]
# # When a layer gets its weights
#
# **Predict first.** Both frameworks create 784→300→100→10; in Keras without an `Input`. How many
# weight tensors (kernels and biases) does each network have before it has seen an image?
# %% [markdown]
# ## Keras
# %%
import keras

import keras_impl.model
from lessons.evidence import equal, fails, show
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.network import dense_layers


def dense_network(*first_layers):
    """The documented network; nothing says how large an image is."""
    dense = [
        keras.layers.Dense(layer.fan_out, activation=layer.activation, name=layer.name)
        for layer in dense_layers(Experiment())
    ]
    return keras.Sequential([*first_layers, *dense])


rows = draw_rows(32)
network = dense_network(keras.layers.Flatten())
num_before = len(network.weights)
network(rows.images)
num_after = len(network.weights)


def copy_weights_too_early():
    network = dense_network(keras.layers.Flatten())
    keras_impl.model.set_parameters(network, draw_weights())


# %% [markdown]
# ## JAX
# %%
import jax
import jax.numpy as jnp
from flax import nnx

import jax_impl.model

port = jax_impl.model.build_model(Experiment())
num_in_flax = len(jax.tree.leaves(nnx.state(port, nnx.Param)))


def layer_of_unknown_inputs():
    return nnx.Linear(None, 300, rngs=nnx.Rngs(42))  # pyright: ignore[reportArgumentType]


show("jax_impl.model:Classifier")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras: weight tensors before the first call", 0, num_before)
equal("Keras: weight tensors after it", 6, num_after)
equal("Flax: weight tensors before the first call", 6, num_in_flax)
expecting = "expecting 0 weights"
fails("Keras: weights set before it", "ValueError", expecting, copy_weights_too_early)
unknown = layer_of_unknown_inputs
fails("Flax: nnx.Linear(None, 300)", "TypeError", "got (None, 300)", unknown)
# %% [markdown]
# Keras' `Dense(300)` knows its outputs only. How many inputs it has it learns from the first array
# that arrives; until then it has no kernel, since (?, 300) is no shape. That is convenient: you
# change one width and need not touch the next layer. The price is a network in two states. Before
# the first call there is nothing to count or to copy, and setting weights fails.
#
# Flax's `nnx.Linear(784, 300)` is told both and draws its kernel at once, so a network that exists
# is complete. With None for the inputs it fails on the spot, as the kernel cannot be drawn.
#
# In a port, every `fan_in` must be written down or computed; `shared/network.py` does that once for
# all implementations. On the Keras side, put `keras.Input((28, 28))` first, as
# `keras_impl/model.py` does: then its six tensors are there from the start, too.
#
# **Exercise.** Somebody forgets `Flatten` and passes images of 28×28 to the first dense layer. What
# does each framework say, and when?
# %%
# Your turn.
# %% tags=["hide-cell"]
network = dense_network()
shape = tuple(network(rows.images).shape)
kernel_shape = tuple(network.get_layer("hidden_1").kernel.shape)
network.compile(loss="sparse_categorical_crossentropy")


def loss_of_28_rows():
    return network.test_on_batch(rows.images, rows.labels)


def layer_of_28_inputs():
    first = getattr(port, port.layer_names[0])
    return first(jnp.asarray(rows.images))


equal("Keras: first kernel", (28, 300), kernel_shape)
equal("Keras: what the network returns", (32, 28, 10), shape)
fails("Keras: its loss", "ValueError", "must have rank", loss_of_28_rows)
fails("Flax: first layer", "TypeError", "(28,) and (784,)", layer_of_28_inputs)
# %% [markdown] tags=["hide-cell"]
# Keras builds what fits: a first kernel of 28×300, applied to each of the 28 rows of pixels. The
# network runs, and only the loss complains, of a shape far from the mistake. In Flax the first
# layer refuses: it has 784 inputs, and 28 arrived. Here the number that you had to write is a
# check.
