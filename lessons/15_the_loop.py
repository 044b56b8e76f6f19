# %% [markdown]
# # Four ways to write the loop
#
# **Predict first.** Training can be written in four ways: Keras' `fit`; a step under `nnx.jit`; one
# under `jax.jit` that takes and returns the model; a `scan` over a whole epoch. Train two epochs
# from the same weights on the same batches: how far apart are the weights at the end?
# %%
import numpy as np

from lessons.toolbox import draw_rows, draw_weights, weights_after
from shared.experiment import Experiment
from shared.parameters import largest_difference

rows, weights = draw_rows(32 + 32 + 24), draw_weights()
generator = np.random.default_rng(42)
orders = np.stack([generator.permutation(88) for _ in range(2)])
# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin

of_fit = weights_after(KerasTwin, rows, orders)
# %% [markdown]
# ## JAX
# %%
from jax_impl.implementation import JaxTwin
from jax_impl.speed import RUNGS, steps
from lessons.toolbox import fails, near, show
from shared.timing import EpochClock, Workload

# The trainers that `twins speed` times; the clock is not read here.
given: dict = {"training": rows, "parameters": (weights,)}
workload = Workload(rung=RUNGS[0], experiment=Experiment(), **given)
trainers = {
    "nnx.jit": steps.module_steps(workload),
    "nnx.jit(graph=False)": steps.tree_steps(workload),
    "nnx.cached_partial": steps.cached_steps(workload),
    "jax.jit on pytrees": steps.pytree_steps(workload),
}
of_jax = {}
for name, trainer in trainers.items():
    trainer.train(orders[None], EpochClock())
    of_jax[name] = trainer.get_parameters()[0]
of_jax["scan"] = weights_after(JaxTwin, rows, orders)
step = "jax_impl.speed.steps:step"
show(step, f"{step}_of_pytrees", "jax_impl.train:train_epoch")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
moved = largest_difference(of_fit, weights)
near("fit: largest change of a weight", 0.0045, moved, within=0.0001)
for name, found in of_jax.items():
    text = f"{name}: largest difference from fit, in billionths"
    near(text, 0, 1e9 * largest_difference(found, of_fit), within=100)
# %% [markdown]
# How long an epoch takes each of them, as `twins speed` measured it (`docs/speed.md` says how):
# %% tags=["hide-input"]
import json
from importlib.resources import files

stored = files("benchmarks") / "results/speed.json"
ways = ("keras-fit", *(rung.name for rung in RUNGS[:5]))
for rung in json.loads(stored.read_text())["rungs"]:
    if rung["name"] in ways:
        print(f"{rung['name']}: {rung['median']:.1f} s")
# %% [markdown]
# They end in the same place: less than 100 billionths apart, while training moved a weight by up to
# 4.5 thousandths. That is float32's rounding. How a loop is written is no part of the experiment.
#
# What differs is how often Python takes part. `fit` comes back to Python after each step, for its
# callbacks and figures. `nnx.jit` lets the step change a model in place, and for that walks through
# model and optimiser at every call; `nnx.jit(graph=False)` and `nnx.cached_partial` make that walk
# shorter. A module is also a *pytree* of arrays: `jax.jit` takes it as it is, and may use the old
# arrays' memory for the new (*donation*). In that measurement, the four that JAX calls for each
# step could not be told apart. `scan` records one step, which takes and returns model and
# optimiser, and repeats it in compiled code: Python is called once an epoch, not 1,719 times.
#
# In a port, begin with `nnx.jit`, which is easiest to read, prove it right, then take Python out of
# it, and compare the two.
#
# **Exercise.** Keep the trainer's network as it is before a step of `step_of_pytrees`, to see
# afterwards how far the weights moved. What happens, and what should you keep instead?
# %%
# Your turn.
# %% tags=["hide-cell"]
import jax
import jax.numpy as jnp

trainer = steps.pytree_steps(workload)
copied = trainer.get_parameters()[0]
kept = trainer.trained
trainer.trained = trainer.advance(jnp.arange(32))
array, message = jax.tree.leaves(kept)[0], "Array has been deleted"
fails("an array kept", "RuntimeError", message, array.sum)
change = largest_difference(trainer.get_parameters()[0], copied)
near("largest change since the copy", 0.0011, change, within=0.0001)
# %% [markdown] tags=["hide-cell"]
# The step was given the network's memory (`donate_argnames`), so its arrays are deleted. Keep a
# copy instead: `get_parameters` copies to NumPy. Without donation the old arrays would live on, and
# every step would need memory for both.
