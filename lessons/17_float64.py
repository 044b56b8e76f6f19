# %% [markdown]
# # float64
#
# **Predict first.** To see whether two frameworks differ by rounding or by a mistake, compute in
# float64. You pass float64 images to both and ask for float64 layers. What type do they compute in?
# %%
import warnings
from typing import Any

import numpy as np

from lessons.toolbox import draw_rows, draw_weights, equal, near
from shared.experiment import Experiment
from shared.oracle import forward

images = draw_rows(56).images.astype("float64")
# Multiples of a third, which float32 has to round.
weights = draw_weights().astype("float64").map(lambda w: w * 4 / 3)
_, expected = forward(weights, images)


def right_decimals(twin):
    """To how many decimals all logits agree with NumPy's, float64."""
    twin.set_parameters(weights)
    errors = np.abs(twin.predict(images).logits - expected)
    return -np.log10(errors.max())


# %% [markdown]
# ## Keras
# %%
import keras

from keras_impl.implementation import KerasTwin

twin = KerasTwin(Experiment())
keras_output = twin.model(images)
layer_output = keras.layers.Dense(9, dtype="float64")(images)
of_keras = right_decimals(twin)
of_keras_64 = right_decimals(KerasTwin(Experiment(dtype="float64")))
# %% [markdown]
# ## JAX
# %%
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from jax_impl.implementation import JaxTwin
from lessons.toolbox import fails, show

rngs = nnx.Rngs(42)
linear = partial(nnx.Linear, 9, 9, param_dtype="float64", rngs=rngs)
of_jax = right_decimals(JaxTwin(Experiment()))
of_jax_64 = right_decimals(JaxTwin(Experiment(dtype="float64")))
jax.config.update("jax_enable_x64", False)  # as it was
show("keras_impl.model:build_model", "jax_impl.model:build_model")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras: output", "float32", keras_output.dtype.name)
equal("Keras: a float64 layer", "float64", layer_output.dtype.name)
with warnings.catch_warnings(action="error"):
    jax_images = jnp.asarray(images)  # no warning
    fails("JAX: the same", "UserWarning", "to dtype float32", linear)
equal("JAX: images passed as float64", "float32", jax_images.dtype)
near("Keras: right decimals of the logits", 6, of_keras, within=1)
near("JAX: right decimals of the logits", 6, of_jax, within=1)
near("Keras with floatx: right decimals", 15, of_keras_64, within=1)
near("JAX with enable_x64: right decimals", 15, of_jax_64, within=1)
# %% [markdown]
# The images alone change nothing. Keras converts what comes in to the type of its layers, float32.
# JAX turns every float64 array into float32 when it enters. Neither says a word. Where the type is
# asked for by name, they differ: a Keras layer with `dtype="float64"` gets it, while JAX warns and
# creates float32. (A warning is easily lost; as an error, as here, it stops you.)
#
# So there is a switch in each: `keras.config.set_floatx("float64")` before the model is built,
# which makes it the default of all layers, and `jax.config.update("jax_enable_x64", True)` before
# the first array. `build_model` sets it in both, by `Experiment.dtype`. The proof that it works is
# not a type's name but the decimals: the logits are right to 6 decimals without it, to 15 with it.
# In a port, mistakes then stand out from rounding (`twins parity --dtype float64`).
#
# Both switches hold for the whole process. JAX has two finer ones: `with jax.enable_x64(True):`
# holds for a few lines, and `jax_explicit_x64_dtypes` allows 64 bits where they are asked for by
# name. Flax's initialiser mixes in float32 and is not ready for the second:
# %% tags=["hide-output"]
with jax.enable_x64(True):
    equal("JAX: images inside", "float64", jnp.asarray(images).dtype)
jax.config.update("jax_explicit_x64_dtypes", "allow")
equal("JAX: zeros, allowed", "float64", jnp.zeros(3, "float64").dtype)
fails("JAX: a layer", "TypeError", "got float64, float32", linear)
jax.config.update("jax_explicit_x64_dtypes", "warn")
# %% [markdown]
# **Exercise.** Build JAX's network first, and only then set `jax_enable_x64`; then pass the weights
# and the images in float64. Which type do the logits have, and to how many decimals are they right?
# %%
# Your turn.
# %% tags=["hide-cell"]
port: Any = JaxTwin(Experiment())
jax.config.update("jax_enable_x64", True)
near("right decimals of logits", 6, right_decimals(port), within=1)
equal("type of logits", "float32", port.predict(images).logits.dtype)
equal("type of kernel", "float32", port.model.hidden_1.kernel.dtype)
# %% [markdown] tags=["hide-cell"]
# They are float32, and right to 6 decimals, as without the switch. The kernels were created as
# float32 and stay so, the weights were rounded as they went in, and Flax's layer computes in the
# type that it was built with. So set the switch before you build the network.
