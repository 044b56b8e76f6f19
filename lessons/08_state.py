# %% [markdown]
# # The state of a step
#
# **Predict first.** The port's `train_step` changes the network in place. You compile it with
# `jax.jit` and with `nnx.jit`, and call each 20 times on one batch. What does the loss do, and does
# anything complain?
# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin
from lessons.toolbox import build_alike, draw_rows, equal, fails, near

STEPS = range(1, 21)
rows = draw_rows(32)

step = build_alike(KerasTwin).model.train_on_batch
by_keras = [step(rows.images, rows.labels)[0] for _ in STEPS]
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device, train_step
from lessons.toolbox import show

batch = to_device(rows)


def losses_of(step):
    twin = build_alike(JaxTwin)
    arguments = (twin.model, twin.optimizer, *batch)
    return [float(step(*arguments)[0]) for _ in STEPS]


by_jax = losses_of(jax.jit(train_step))
by_nnx = losses_of(nnx.jit(train_step))
by_tree = losses_of(nnx.jit(train_step, graph=False))

twin = build_alike(JaxTwin)
model, optimizer = twin.model, twin.optimizer
outside = jax.jit(lambda *batch: train_step(model, optimizer, *batch))
show("jax_impl.train:train_step")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
near("Keras: loss of step 1", 2.329, by_keras[0], within=0.001)
near("Keras: loss of step 20", 2.048, by_keras[-1], within=0.001)
near("nnx.jit: loss of step 20", 2.048, by_nnx[-1], within=0.001)
near("graph=False: loss of step 20", 2.048, by_tree[-1], within=0.001)
near("jax.jit: loss of step 20", 2.329, by_jax[-1], within=0.001)
equal("jax.jit: different losses in 20 steps", 1, len(set(by_jax)))
error, message = "ValueError", "different trace level"
fails("jax.jit, network captured", error, message, outside, *batch)
# %% [markdown]
# `jax.jit` compiles *functions*: arrays in, arrays out, and nothing else. It accepts a Flax
# network, which it can take apart into arrays. Inside, a copy is put together from them. The step
# changes that copy, and only what the function *returns* comes out. So each call starts from the
# same weights and finds the same loss, without a warning.
#
# `nnx.jit` also returns the arrays, and writes them into your network when the call is over. In
# Keras the step changes variables. Both of these networks learn, and they agree on the loss.
#
# A step that finds the network outside its arguments gets no copy: the change would leak out of the
# compilation, and Flax raises an error.
#
# In a port, choose one of two: `nnx.jit` and changes in place, or `jax.jit` around a function that
# *returns* the network and the optimiser that it changed. This project does the second for whole
# epochs (`run_epoch` in `jax_impl/train.py`), because taking a network apart at each call costs
# time (`nnx.jit(graph=False)` and `nnx.cached_partial` need less of it). And watch the loss of the
# first steps: one that does not move at all is a step that was lost.
#
# **Exercise.** `jax.jit(lambda *batch: loss_fn(model, *batch))` captures the network, only reads
# from it, and raises no error. Call it, do one step of SGD, and call it again. What does it give?
# %%
# Your turn.
# %% tags=["hide-cell"]
from jax_impl.train import loss_fn

capturing = jax.jit(lambda *batch: loss_fn(model, *batch))
capturing(*batch)
nnx.jit(train_step)(model, optimizer, *batch)
after, _ = capturing(*batch)
passed, _ = jax.jit(loss_fn)(model, *batch)
near("after a step, network captured", 2.329, after, within=0.001)
near("after a step, network passed", 2.310, passed, within=0.001)
# %% [markdown] tags=["hide-cell"]
# It gives the old loss, and always will: the weights of the first call were compiled in as
# constants. Pass the network as an argument, and the loss is that of its present weights.
