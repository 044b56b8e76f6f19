# %% [markdown]
# # A label out of range
#
# **Predict first.** One label of a batch is 10, though the classes are 0 to 9: somebody counted
# them from 1. What does the loss do in Keras, and what in Optax? And what if the label is −1?
# %%
import numpy as np

from lessons.toolbox import build_alike, draw_rows, equal, fails, near


def batch_with_label(label):
    """32 garments, the first of them with this label."""
    rows = draw_rows(32)
    rows.labels[0] = label
    return rows


def loss_of(twin, label):
    return twin.evaluate(batch_with_label(label)).loss


# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin

keras_twin = build_alike(lambda it: KerasTwin(it, jit_compile=False))
by_xla = build_alike(lambda it: KerasTwin(it, jit_compile=True))
# %% [markdown]
# ## JAX
# %%
from jax_impl.implementation import JaxTwin

jax_twin = build_alike(JaxTwin)
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
near("Keras: label 9", 2.344, loss_of(keras_twin, 9), within=0.001)
near("JAX: label 9", 2.344, loss_of(jax_twin, 9), within=0.001)
error, message = "InvalidArgumentError", "Received a label value of"
fails("Keras: label 10", error, message, loss_of, keras_twin, 10)
fails("Keras: label −1", error, message, loss_of, keras_twin, -1)
equal("Keras by XLA: label 10", "nan", str(loss_of(by_xla, 10)))
equal("JAX: label 10", "nan", str(loss_of(jax_twin, 10)))
near("JAX: label −1", 2.344, loss_of(jax_twin, -1), within=0.001)
# %% [markdown]
# The loss of a row is picked from its ten logits by the label. On a CPU, TensorFlow checks each
# label first and stops with an error that names it. That is a courtesy of this one operation, not
# of Keras: compiled by XLA, as by default on a GPU, the same model returns nan.
#
# A program compiled by XLA cannot stop halfway with an error. So JAX defines what an index out of
# range means: here the value is nan, and with it the mean of the batch and the loss of the epoch.
# Nothing says which of the 55,000 labels caused it.
#
# −1 is worse. As NumPy does, JAX counts it from the end, so it is class 9, an ankle boot, and the
# loss is an ordinary number. A −1 meant as “no label” trains ankle boots without a word.
#
# In a port, replace the check that nobody knew was there. Check in NumPy, where the labels enter:
# `shared/data/idx.py` refuses a file with a label above 9, and its bytes are never negative.
#
# **Exercise.** The loss is nan. Are the weights nan, too, after one step on this batch?
# %%
# Your turn.
# %% tags=["hide-cell"]
from lessons.toolbox import weights_after

rows, order = batch_with_label(10), np.arange(32)
weights = weights_after(JaxTwin, rows, order[None])
arrays = [array for _, array in weights.named_arrays()]
num_nan = sum(int(np.isnan(array).sum()) for array in arrays)
gradients = jax_twin.loss_and_gradients(rows).gradients
total = 32 * float(gradients.layers[-1].bias.sum())
equal("weights that are nan after the step", 0, num_nan)
near("sum of the biases' gradient, × 32", 1.0, total, within=1e-4)
# %% [markdown] tags=["hide-cell"]
# No, not one. The gradient with respect to a row's logits is its probabilities, minus 1 at the
# label. For label 10 there is no place for the −1, so only the probabilities are left: finite, and
# they sum to 1 instead of 0. The step goes on and teaches the network that this image is none of
# the ten classes. Only the loss is nan; whoever prints only the accuracy never sees it.
