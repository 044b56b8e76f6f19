# %% [markdown]
# # More than one device
#
# **Predict first.** Four devices share the training: each holds all weights and gets 8 of a batch's
# 32 rows. After a step, how far are the weights from those that one device computes? And your last
# batch has 22 rows, which four cannot share equally: what do Keras and JAX do with it?
# %% [markdown]
# ## Keras
# %%
import os

# Read when JAX starts: four devices, each of them this CPU.
os.environ |= {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "4"}
os.environ["KERAS_BACKEND"] = "jax"

import keras

from keras_impl.implementation import KerasTwin
from keras_impl.model import get_parameters
from lessons.toolbox import build_alike, draw_rows, equal, fails, near
from shared.parameters import largest_difference

rows, few = draw_rows(32), draw_rows(22)
one = build_alike(KerasTwin).model
keras.distribution.set_distribution(keras.distribution.DataParallel())
four = keras.models.clone_model(one)
four.set_weights(one.get_weights())
four.compile("sgd", "sparse_categorical_crossentropy")
four.train_on_batch(rows.images, rows.labels)
in_keras = get_parameters(four)
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device, train_step

mesh = Mesh(jax.devices(), ("devices",))
by_rows = NamedSharding(mesh, PartitionSpec("devices"))
alone, split = build_alike(JaxTwin), build_alike(JaxTwin)
step, batch = nnx.jit(train_step), to_device(rows)
step(alone.model, alone.optimizer, *batch)
batch = jax.device_put(batch, by_rows)
step(split.model, split.optimizer, *batch)
expected, in_jax = alone.get_parameters(), split.get_parameters()
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
errors = [largest_difference(p, expected) for p in (in_keras, in_jax)]
near("Keras: largest difference", 0, errors[0], within=1e-7)
near("JAX: largest difference", 0, errors[1], within=1e-7)
kernel = split.model.hidden_1.kernel
equal("JAX: devices with the kernel", 4, len(kernel[...].devices()))
lowered = step.lower(split.model, split.optimizer, *batch)
text = str(lowered.compile().as_text())
equal("JAX: step holds an all-reduce", True, "all-reduce" in text)
error, message = "IndivisibleError", "should evenly divide the shape"
in_keras, images, labels = four.train_on_batch, few.images, few.labels
fails("Keras: 22 rows", error, message, in_keras, images, labels)
fails("JAX: 22 rows", error, message, jax.device_put, images, by_rows)
anew = build_alike(KerasTwin).model.layers[1].kernel.value
equal("Keras: devices after clear_session", 1, len(anew.devices()))
# %% [markdown]
# Only rounding: the mean over 32 rows is the mean of four means over 8 rows. Nobody programmed
# that. You say where arrays lie, and XLA adds what is missing, an *all-reduce*, which gives every
# device the sum of all gradients. In JAX you place the batch; the weights follow it to all devices.
#
# Keras does this on its JAX backend alone (`keras/src/backend/tensorflow/distribution_lib.py`
# begins with DO NOT USE). The distribution is a global setting: variables read it when they are
# created, and `clear_session`, which `build_model` calls, removes it.
#
# Rows that do not divide evenly are an error in both: nothing is padded or dropped. In a port, plan
# for the last batch: this experiment's 24 rows divide by 4, but not by 16.
#
# **Exercise.** Train the 22 rows on all four devices in JAX, with no row added or dropped.
# %%
# Your turn.
# %% tags=["hide-cell"]
by_units = NamedSharding(mesh, PartitionSpec(None, "devices"))
kernel[...] = jax.device_put(kernel[...], by_units)
for twin in (alone, split):
    step(twin.model, twin.optimizer, *to_device(few))
after = [twin.get_parameters() for twin in (alone, split)]
near("largest difference", 0, largest_difference(*after), within=1e-7)
last = kernel[...].addressable_shards[3].data
equal("on the last device", (784, 75), last.shape)
# %% [markdown] tags=["hide-cell"]
# Split the 300 units of the first layer instead; all devices see all rows. (Keras: `ModelParallel`)
