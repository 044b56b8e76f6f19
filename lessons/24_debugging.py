# %% [markdown]
# # Looking into a step
#
# **Predict first.** To keep the last layer's biases small, you add to the loss their length as a
# vector (`norm`), and write `print(length)` beside it. The biases start at 0. Which lengths do you
# see in the first three steps, and what are the losses?
# %%
import io
import re
from contextlib import redirect_stdout

from lessons.toolbox import build_alike, draw_rows, equal, fails

rows = draw_rows(32)


def watch(step, *values):
    with redirect_stdout(io.StringIO()) as shown:
        losses = [f"{step(*values)[0]:.3f}" for _ in range(3)]
    return losses, re.findall(r"\b(?:0\.0|nan)\b", shown.getvalue())


# %% [markdown]
# ## Keras
# %%
import keras

from keras_impl.implementation import KerasTwin


def keras_step(eager=False):
    def length_of(biases):
        print(length := keras.ops.norm(biases))
        return length

    model = build_alike(KerasTwin).model
    model.run_eagerly = eager  # as `compile(run_eagerly=True)`
    model.layers[-1].bias.regularizer = length_of
    return model.train_on_batch, rows.images, rows.labels


# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx
from jax.experimental import checkify
from jax.numpy.linalg import norm

from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn, to_device


def loss_and_length(model):
    print(length := norm(model.output.bias[...]))
    jax.debug.print("{}", length)
    return loss_fn(model, *to_device(rows))[0] + length


@nnx.jit
def step(model, optimizer):
    loss, gradients = nnx.value_and_grad(loss_and_length)(model)
    optimizer.update(model, gradients)
    return [loss]


new, port = build_alike(JaxTwin).model, build_alike(JaxTwin)
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
losses, lengths = ["2.329", "nan", "nan"], ["0.0", "nan", "nan"]
of_jax = watch(step, port.model, port.optimizer)
equal("Keras", (losses, []), watch(*keras_step()))
equal("Keras, eager", (losses, lengths), watch(*keras_step(True)))
equal("JAX, jax.debug.print", (losses, lengths), of_jax)
with jax.debug_nans(True):
    error, gradients = "FloatingPointError", nnx.grad(loss_and_length)
    fails("JAX, debug_nans", error, "in mul", watch, gradients, new)
checked = checkify.checkify(jax.grad(norm), checkify.float_checks)
error, _ = jax.jit(checked)(jax.numpy.zeros(10))
equal("JAX, checkify", "division by zero", error.get())
# %% [markdown]
# `print` runs while the step is compiled and shows a stand-in, no number (lesson 10). To see a
# number, let Keras run the Python code in each step, which is slow: `run_eagerly=True`. In JAX,
# `jax.debug.print` becomes a part of the compiled step.
#
# The length 0 and the first loss are right. But a length is the root of a sum of squares. At 0 the
# derivative of the root is ∞, that of each square is 0, and ∞ × 0 is nan. So the first step makes
# the biases nan. `jax.debug_nans` looks for nan in the result of each operation, or of a compiled
# function, whose operations it then repeats one by one, and stops at that product. `checkify`
# compiles its checks into the function and returns the first error as a value: here the cause, 1 /
# (2√0). Both cost time. In a port, look at the gradients: the loss shows their nan one step late.
#
# **Exercise.** What does `tf.debugging.enable_check_numerics()` say about Keras' step?
# %%
# Your turn.
# %% tags=["hide-cell"]
import tensorflow as tf

tf.debugging.enable_check_numerics()
error, (train, *batch) = "InvalidArgumentError", keras_step()
fails("Keras, checked", error, 'op "SqrtGrad"', watch, train, *batch)
tf.debugging.disable_check_numerics()
# %% [markdown] tags=["hide-cell"]
# It names the root's derivative: it checks each operation for ∞, too, and so stops before JAX does.
