# %% [markdown]
# # Softmax and logits
#
# **Predict first.** For an image of class 1 the network's logits are 200 for class 0 and 0 for the
# nine others, so class 1 has a probability of about e⁻²⁰⁰. Its cross-entropy is −log of that: 200.
# Which of the ways below give 200, and what do the others give?
# %% [markdown]
# ## Keras
#
# The loss is computed by `evaluate`; from what `predict` returned; as you would write it in a
# training loop of your own; and, in three ways, with `from_logits=True`.
# %%
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_impl.implementation import KerasTwin
from lessons.toolbox import draw_rows, draw_weights, equal, near
from shared.experiment import Experiment

losses: Any = keras.losses
cross_entropy = losses.sparse_categorical_crossentropy
for_logits = losses.SparseCategoricalCrossentropy(from_logits=True)
LABEL = np.array([1], np.int32)
LOGITS = np.array([[200.0] + [0.0] * 9], np.float32)

# With these weights the network returns those logits for every image.
weights, row = draw_weights(), draw_rows(1)
weights.layers[-1].kernel[:] = 0
weights.layers[-1].bias[:] = LOGITS[0]
row.labels[:] = LABEL

keras_twin = KerasTwin(Experiment())
keras_twin.set_parameters(weights)
of_model = keras_twin.evaluate(row).loss
predicted = keras_twin.predict(row.images)
of_predictions = cross_entropy(LABEL, predicted.probabilities)[0]


def loss_of_softmax(logits):
    return cross_entropy(LABEL, tf.nn.softmax(logits))[0]


of_tensorflow = loss_of_softmax(LOGITS)
as_graph = tf.function(loss_of_softmax)(LOGITS)
of_logits = for_logits(LABEL, predicted.logits)
of_both = for_logits(LABEL, predicted.probabilities)
with warnings.catch_warnings(record=True, action="always") as caught:
    keras_twin.model.compile(loss=for_logits, metrics=["accuracy"])
    of_kept = keras_twin.evaluate(row).loss
# %% [markdown]
# ## JAX
# %%
import jax
import jax.numpy as jnp
import optax
from flax import nnx

from jax_impl.implementation import JaxTwin

losses_of = optax.softmax_cross_entropy_with_integer_labels
port = JaxTwin(Experiment())
port.set_parameters(weights)
of_port = port.evaluate(row).loss


def textbook_loss(logits):
    return -jnp.log(nnx.softmax(logits))[0, 1]


# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
near("Keras: loss by `evaluate`", 200.000, of_model, within=0.001)
near("Keras: loss of `predict`", 16.118, of_predictions, within=0.001)
near("Keras: of tf.nn.softmax", 16.118, of_tensorflow, within=0.001)
near("Keras: that in tf.function", 200.000, as_graph, within=0.001)
near("from_logits: of logits", 200.000, of_logits, within=0.001)
near("from_logits: of probabilities", 2.461, of_both, within=0.001)
near("from_logits: `evaluate`", 200.000, of_kept, within=0.001)
equal("it warned", True, "represent logits" in str(caught[0].message))
near("JAX: loss by `evaluate`", 200.000, of_port, within=0.001)
equal("JAX: −log(softmax)", np.inf, float(textbook_loss(LOGITS)))
# %% [markdown]
# In float32, e⁻²⁰⁰ is 0: the smallest positive number is about 10⁻⁴⁵. Softmax returns exactly 1 and
# 0, and the 200 is lost. The textbook formula then takes log(0). Keras' loss first clips the
# probabilities that it is given to 10⁻⁷ … 1 − 10⁻⁷, so it never exceeds −log(10⁻⁷) = 16.118.
#
# Yet `evaluate` of the same Keras model gives 200, and `fit` computes the same. There the loss does
# not take the probabilities: on TensorFlow it looks where they come from, finds the softmax, takes
# the logits in front of it, and computes log Σ exp(logit) − logit of the label, which is exact.
# Keras' own softmax leaves a note for it; TensorFlow's is found in the graph that `tf.function`
# records. Where there is neither, as with an array from `predict`, the loss falls back to clipping,
# without a warning (`keras/src/backend/tensorflow/nn.py`).
#
# The usual way to be exact is a last layer without softmax and `from_logits=True`. The price:
# `predict` then returns logits, and softmax is up to you. If the layer keeps its softmax by
# mistake, Keras on TensorFlow warns, and takes the logits in front of it all the same. Where it
# sees only probabilities, it silently applies softmax twice: log(e + 9) = 2.461.
#
# In a port, end the network without a softmax: Optax's loss takes logits only, with the same exact
# formula. On its JAX backend Keras cannot look behind a softmax, and clips.
#
# **Exercise.** What does the network learn here? Take each loss's gradient for the first two
# logits.
# %%
# Your turn.
# %% tags=["hide-cell"]
watched = tf.Variable(tf.constant(LOGITS))
with tf.GradientTape() as tape:
    loss = loss_of_softmax(watched)
clipped_gradient = np.asarray(tape.gradient(loss, watched))
exact_gradient = jax.grad(lambda z: losses_of(z, LABEL)[0])(LOGITS)
textbook_gradient = jax.grad(textbook_loss)(LOGITS)
equal("Optax", [1.0, -1.0], exact_gradient[0, :2].tolist())
equal("Keras, clipped", [0.0, 0.0], clipped_gradient[0, :2].tolist())
equal("−log(softmax)", "[nan nan]", str(textbook_gradient[0, :2]))
# %% [markdown] tags=["hide-cell"]
# With the exact loss the gradient is (1, −1): class 0 down, class 1 up, at full strength. The
# clipped loss is flat there and its gradient is 0: the network learns nothing from the very rows
# that it gets most wrong. The textbook formula's gradient is nan, and one step makes weights nan.
