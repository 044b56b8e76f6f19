# %% [markdown]
# # The state of a step
#
# **Predict first.** The port's `train_step` changes the network in place. You compile it once with
# `jax.jit` and once with `nnx.jit`, and call each 20 times on the same batch. What does the loss
# do, and does anything complain?
# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import build as build_keras
from lessons.evidence import equal, fails, near, show
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment

STEPS = range(1, 21)

rows = draw_rows(32)
keras_twin = build_keras(Experiment())
keras_twin.set_parameters(draw_weights())
keras_step = keras_twin.model.train_on_batch
figures = [keras_step(rows.images, rows.labels) for _ in STEPS]
by_keras = [loss for loss, _accuracy in figures]
# %% [markdown]
# ## JAX
# %%
from collections.abc import Callable
from functools import partial

import jax
from flax import nnx

from jax_impl.implementation import build as build_jax
from jax_impl.train import to_device, train_step

images, labels = to_device(rows)


def losses_of(step: Callable) -> list[float]:
    twin = build_jax(Experiment())
    twin.set_parameters(draw_weights())
    arguments = (twin.model, twin.optimizer, images, labels)
    outcomes = [step(*arguments) for _ in STEPS]
    return [float(loss) for loss, _num_correct in outcomes]


by_jax = losses_of(jax.jit(train_step))
by_nnx = losses_of(nnx.jit(train_step))
by_tree = losses_of(nnx.jit(train_step, graph=False))

twin = build_jax(Experiment())
twin.set_parameters(draw_weights())
model, optimizer = twin.model, twin.optimizer


@jax.jit
def step_on_captured(images, labels):
    return train_step(model, optimizer, images, labels)


show("jax_impl.train:train_step")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
near("Keras: loss of step 1", 2.329, by_keras[0], within=0.001)
near("Keras: loss of step 20", 2.048, by_keras[-1], within=0.001)
near("nnx.jit: loss of step 20", 2.048, by_nnx[-1], within=0.001)
near("graph=False: loss of step 20", 2.048, by_tree[-1], within=0.001)
near("jax.jit: loss of step 20", 2.329, by_jax[-1], within=0.001)
num_losses = len(set(by_jax))
equal("jax.jit: how many different losses in 20 steps", 1, num_losses)
name, error = "jax.jit, network captured", "ValueError"
captured = partial(step_on_captured, images, labels)
fails(name, error, "different trace level", captured)
# %% tags=["hide-output"]
from benchmarks.display.style import new_figure

drawing = new_figure(7, 4)
axes = drawing.subplots()
axes.plot(STEPS, by_keras, lw=6, alpha=0.4, label="Keras")
axes.plot(STEPS, by_nnx, label="JAX, nnx.jit")
axes.plot(STEPS, by_jax, label="JAX, jax.jit")
axes.set(xlabel="step", ylabel="loss", xticks=STEPS[1::2])
axes.legend()
drawing
# %% [markdown]
# `jax.jit` compiles *functions*: arrays in, arrays out, and nothing else. You may pass it a Flax
# network, since JAX can take one apart into its arrays. Inside the function a copy is put together
# from them. The step changes that copy, and when the function returns, the copy is gone; only what
# was *returned* comes out. So each call starts from the same weights and finds the same loss.
# There is no warning: to JAX nothing is wrong.
#
# `nnx.jit` does the same and more: behind the scenes it also returns the arrays, and writes them
# into your network when the call is over. In Keras the step changes variables, and
# `train_on_batch` sees to it that they stay changed. Either way the network learns, and the two
# agree on the loss.
#
# What about a step that finds the network outside the function? Then no copy is made, and the
# change would leak out of the compilation: Flax raises an error.
#
# In a port, choose one of two: `nnx.jit` and changes in place, or `jax.jit` around a function that
# *returns* the network and the optimiser that it changed. This project does the second for whole
# epochs (`run_epoch` in `jax_impl/train.py`), because taking a network apart at each call costs
# time (`nnx.jit(graph=False)` and `nnx.cached_partial` need less of it). And watch the loss of the
# first steps: one that does not move at all is a step that was lost.
#
# **Exercise.** You compile the loss with the network captured,
# `jax.jit(lambda *batch: loss_fn(model, *batch))`, and only read from it. That raises no error.
# Call it, do one step of SGD, and call it again. What does it give?
# %%
# Your turn.
# %% tags=["hide-cell"]
from jax_impl.train import loss_fn

capturing = jax.jit(lambda *batch: loss_fn(model, *batch))
before, _ = capturing(images, labels)
nnx.jit(train_step)(model, optimizer, images, labels)
after, _ = capturing(images, labels)
today, _ = jax.jit(loss_fn)(model, images, labels)
near("before the step", 2.329, before, within=0.001)
near("after it, network captured", 2.329, after, within=0.001)
near("after it, network passed", 2.310, today, within=0.001)
# %% [markdown] tags=["hide-cell"]
# It gives the old loss, and always will: the weights of the first call were compiled in as
# constants. Pass the network as an argument, and the loss is today's.
