# %% [markdown]
# # The last batch
#
# **Predict first.** 55,000 rows are 1,718 batches of 32 and one of 24. A port may train on the 24
# and take their mean; it may leave them out, as many tutorials do, to have one shape; or it may
# divide every batch's sum by 32. Which does Keras do, and what part of a step do the others miss?
# %%
import numpy as np

from lessons.toolbox import build_alike, draw_rows, equal, near
from lessons.toolbox import show, weights_after
from shared.oracle import Oracle
from shared.parameters import largest_difference

rows = draw_rows(32 + 24)  # one full batch and the last one
order = np.arange(56)[None]  # of one epoch
# In NumPy, float64: what the weights should be.
expected = weights_after(Oracle, rows, order)
# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin

of_keras = weights_after(KerasTwin, rows, order)
# %% [markdown]
# ## JAX
# %%
from flax import nnx
from optax import softmax_cross_entropy_with_integer_labels as loss_of

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device

of_port = weights_after(JaxTwin, rows, order)
# As with `num_rows // batch_size` steps.
dropped = weights_after(JaxTwin, rows, order[:, :32])


@nnx.jit
def step(model, optimizer, images, labels):
    def loss_fn(model):
        return loss_of(model(images), labels).sum() / 32

    optimizer.update(model, nnx.grad(loss_fn)(model))


twin = build_alike(JaxTwin)
for batch in (slice(32), slice(32, 56)):
    step(twin.model, twin.optimizer, *to_device(rows.rows(batch)))
divided_by_32 = twin.get_parameters()
show("jax_impl.train:train_epoch")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
errors = [
    1e6 * largest_difference(weights, expected)
    for weights in (of_keras, of_port, dropped, divided_by_32)
]
near("Keras: weight error, millionths", 0, errors[0], within=0.1)
near("JAX, the port", 0, errors[1], within=0.1)
near("JAX, last batch dropped", 811, errors[2], within=1)
near("JAX, divided by 32", 203, errors[3], within=1)
# %% [markdown]
# Keras takes the mean over the rows that are there: 24. So does the port, and both agree with NumPy
# to a tenth of a millionth. Left out, the last step is missing altogether. Divided by 32, its
# gradient is 24/32 of the right one, and a quarter of the step is missing: 203 of 811. That is once
# in 1,719 steps, and no accuracy shows it. But it is a different training.
#
# Both mistakes come from the wish for equal shapes: to have one compiled program, or because `scan`
# needs batches of one size. The port gives the 24 rows a step of their own after the scan. In a
# port, think of both where you write `/ batch_size` or `// batch_size`.
#
# **Exercise.** A port drops the last 24 rows of each epoch. In 30 epochs, how many rows does it
# never train on if it repeats one order (lesson 13)? How many if it draws a fresh one in each? And
# how many then miss an epoch or more?
# %%
# Your turn.
# %% tags=["hide-cell"]
import jax

left_out = []
for epoch in range(30):
    key = jax.random.fold_in(jax.random.key(42), epoch)
    shuffled = jax.random.permutation(key, 55_000)
    left_out.append(set(shuffled[-24:].tolist()))
never, once = set.intersection(*left_out), set.union(*left_out)
equal("one order: rows never trained on", 24, len(left_out[0]))
equal("fresh orders: rows never trained on", 0, len(never))
near("fresh orders: rows left out", 715, len(once), within=6)
# %% [markdown] tags=["hide-cell"]
# 24 with one order, always the same ones. None with fresh orders, but about 55,000 × (1 − (1 − 24 /
# 55,000)³⁰) = 715 rows miss an epoch or more. Each mistake alone matters little; a dropped batch
# and a repeated order together make the training set smaller.
