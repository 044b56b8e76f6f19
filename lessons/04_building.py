# %% [markdown]
# # When a layer gets its weights
#
# **Predict first.** Both frameworks create 784→300→100→10; in Keras without an `Input`. How many
# weight tensors (kernels and biases) does each network have before it has seen an image?
# %% [markdown]
# ## Keras
# %%
from typing import Any

import keras

from keras_impl.model import set_parameters
from lessons.toolbox import draw_rows, draw_weights, equal, fails
from shared.experiment import Experiment
from shared.network import dense_layers


def dense_network(*first_layers):
    """The documented network; nothing says how large an image is."""
    dense = [
        keras.layers.Dense(one.fan_out, one.activation, name=one.name)
        for one in dense_layers(Experiment())
    ]
    return keras.Sequential([*first_layers, *dense])


rows, weights = draw_rows(32), draw_weights()
network = dense_network(keras.layers.Flatten())
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx

from jax_impl.model import build_model
from lessons.toolbox import show

port: Any = build_model(Experiment())
num_in_flax = len(jax.tree.leaves(nnx.state(port, nnx.Param)))
show("jax_impl.model:Classifier")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
name, message = "Keras: weights set at first", "expecting 0 weights"
fails(name, "ValueError", message, set_parameters, network, weights)
equal("Keras: weight tensors at first", 0, len(network.weights))
network(rows.images)
equal("Keras: weight tensors after a call", 6, len(network.weights))
equal("Flax: weight tensors at first", 6, num_in_flax)
# %% [markdown]
# Keras' `Dense(300)` learns how many inputs it has from the first array that arrives; until then it
# has no kernel, since (?, 300) is no shape. That is convenient: you change one width and need not
# touch the next layer. The price is a network in two states: before the first call there is nothing
# to count or to copy, and setting weights fails.
#
# Flax's `nnx.Linear(784, 300)` is told both sizes and draws its kernel at once: no second state.
#
# In a port, every `fan_in` must be written down or computed; `shared/network.py` does that once for
# all implementations. On the Keras side, put `keras.Input((28, 28))` first, as
# `keras_impl/model.py` does: then the six tensors are there from the start, too.
#
# **Exercise.** What does each framework do without `Flatten`, given images of 28×28?
# %%
# Your turn.
# %% tags=["hide-cell"]
images, network = rows.images, dense_network()
returned = network(images)
network.compile(loss="sparse_categorical_crossentropy")
test, kernel = network.test_on_batch, network.weights[0]
equal("Keras: first kernel", (28, 300), tuple(kernel.shape))
equal("Keras: shape returned", (32, 28, 10), tuple(returned.shape))
fails("Keras", "ValueError", "have rank", test, images, rows.labels)
fails("Flax", "TypeError", "(28,) and (784,)", port.hidden_1, images)
# %% [markdown] tags=["hide-cell"]
# Keras builds what fits: a first kernel of 28×300, applied to each of the 28 rows of pixels. The
# network runs, and only the loss complains, about a shape far from the mistake. In Flax the first
# layer refuses: it has 784 inputs, and 28 arrived. The number you had to write is a check.
