# %% [markdown]
# # Timing an epoch
#
# **Predict first.** You time an epoch of the port: you read the clock, call `run_epoch`, which does
# 1,719 steps, and read it again. Almost no time has passed. Is JAX that fast? What did it return?
# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin
from lessons.toolbox import draw_rows, equal, near
from shared.experiment import Experiment

rows = draw_rows(320)
step = KerasTwin(Experiment()).model.train_on_batch
keras_loss, _accuracy = step(rows.images[:32], rows.labels[:32])
# %% [markdown]
# ## JAX
# %%
import time
from functools import partial

import jax
import jax.numpy as jnp

from jax_impl.implementation import JaxTwin
from jax_impl.train import run_epoch, to_device

data = to_device(rows)
# An epoch takes the 320 rows again and again, for the steps of 55,000.
order = jnp.arange(55_000) % 320


def compiled_epoch():
    """The port's epoch of a new network, ready to run."""
    twin = JaxTwin(Experiment())
    arguments = (twin.model, twin.optimizer, data, data, order)
    compiled = run_epoch.lower(*arguments, batch_size=32).compile()
    return partial(compiled, *arguments)


run = compiled_epoch()
started = time.perf_counter()
trained, _metrics, losses = run()
seconds_of_call = time.perf_counter() - started
ready_after_call = losses.is_ready()
jax.block_until_ready((trained, losses))
seconds = time.perf_counter() - started
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras: type of a loss", "float", type(keras_loss).__name__)
equal("JAX: losses ready after the call", False, ready_after_call)
print(f"until the call returned: {seconds_of_call:.4f} s")
print(f"until the weights were there: {seconds:.4f} s")
# %% [markdown]
# JAX *dispatches* work and returns at once. The arrays it returns have a shape and a type and can
# be passed on, but their numbers may not be computed yet; `is_ready()` tells. So Python prepares
# the next call while the device works on this one. Keras' `fit` and `train_on_batch` return Python
# numbers, which cannot be promised for later: Keras has waited, and a clock around it is right.
#
# In a port, a clock stops too early unless it waits: `jax.block_until_ready(result)`. `float(…)`,
# `np.asarray(…)` and `print` wait as well, because they need the numbers. The port's `fit` waits
# once an epoch. Do not wait at each step: that loses what dispatching early gains.
#
# **Exercise.** Without waiting, evaluate the model that a call returned while its epoch is still
# running. Does the evaluation see the old weights, half-trained ones, or the trained ones?
# %%
# Your turn.
# %% tags=["hide-cell"]
from jax_impl.train import evaluate

before = evaluate(JaxTwin(Experiment()).model, rows).loss
(model, _optimizer), _metrics, losses = compiled_epoch()()
was_ready = losses.is_ready()
at_once = evaluate(model, rows).loss
jax.block_until_ready(model)
later = evaluate(model, rows).loss
near("loss before the epoch", 2.29, before, within=0.02)
equal("epoch done when its weights were used", False, was_ready)
near("loss with them, asked for at once", 0.28, at_once, within=0.02)
near("the same, after waiting", at_once, later, within=1e-6)
# %% [markdown] tags=["hide-cell"]
# The trained ones. The evaluation is dispatched as well, takes the promised arrays as its inputs,
# and starts when they are there. Asynchronous dispatch changes no number; only a clock has to wait.
