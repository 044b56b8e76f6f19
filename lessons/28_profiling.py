# %% [markdown]
# # What a step spends
#
# **Predict first.** A step takes 32 rows through kernels of 266,200 weights, forward and back. How
# many multiplications and additions is that, and which layer gets most of them? What part of the
# step's time do its matrix products take in Keras' `fit`, and in JAX with one call for each step?
# %% [markdown]
# ## Keras
# %%
import re
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import timeit

import tensorflow as tf
from jax.profiler import ProfileData

from keras_impl.implementation import KerasTwin
from keras_impl.train import QUIET
from lessons.toolbox import build_alike, draw_rows, equal, near


def profile(trace, run):
    with TemporaryDirectory() as folder:
        with trace(folder):
            seconds = timeit(run, number=1)
        (path,) = Path(folder).rglob("*.xplane.pb")
        planes = ProfileData.from_file(str(path)).planes
    events = (e for p in planes for r in p.lines for e in r.events)
    named = re.compile("MatMul$|^dot|^ynn").search  # a CPU's
    products = sum(e.duration_ns for e in events if named(e.name))
    return 1e4 * seconds, products / 1e5  # microseconds per step


rows, model = draw_rows(3200), build_alike(KerasTwin).model
fit = partial(model.fit, rows.images, rows.labels, **QUIET)
fit()  # compiles
in_keras = profile(tf.profiler.experimental.Profile, fit)
step = tf.function(model.train_step)
graph = step.get_concrete_function((rows.images, rows.labels)).graph
types = [node.type for node in graph.get_operations()]
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn, to_device, train_step

twin, batch = build_alike(JaxTwin), to_device(rows.rows(slice(32)))
args = twin.model, twin.optimizer, *batch
step, wait = nnx.jit(train_step), jax.block_until_ready
wait(step(*args))  # compiles
options = jax.profiler.ProfileOptions()
options.python_tracer_level = 0  # it would slow Python down
log = partial(jax.profiler.trace, profiler_options=options)
in_jax = profile(log, lambda: wait([step(*args) for _ in range(100)]))
lowered = step.lower(*args)
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
by_hand = 32 * (6 * 266_200 - 2 * 784 * 300)
counted = (lowered.cost_analysis() or {})["flops"]
ratio = counted / by_hand
near("JAX: XLA's count over that by hand", 1.02, ratio, within=0.01)
equal("Keras: products", 8, types.count("MatMul"))
equal("JAX: products", 8, lowered.as_text().count("dot_general"))
for name, times in (("Keras", in_keras), ("JAX", in_jax)):
    print(f"{name}: products {times[1]:.0f} of {times[0]:.0f} µs")
# %% [markdown]
# For each row, a weight takes part in one multiplication and one addition in the forward pass, in
# two more for its own gradient, and in two more for that of its layer's inputs: 32 × 6 × 266,200 in
# all. But nobody needs the gradient of the images, and both frameworks leave it out, with its 32 ×
# 2 × 235,200: they compute eight matrix products, not nine. That is 36.1 million operations, 83 %
# of them in the first layer. XLA counts 2 % more, for everything else.
#
# Both profilers write the same format, which `jax.profiler.ProfileData` reads. The last two lines
# above are this run's times per step; the rest is Python, dispatch, input and small operations. In
# a port, profile before you tune: where Python takes the time, a `scan` helps (lesson 15).
#
# **Exercise.** What part of a step's operations is the forward pass? A third? Count it in JAX.
# %%
# Your turn.
# %% tags=["hide-cell"]
forward = jax.jit(loss_fn).lower(twin.model, *batch).cost_analysis()
part = (forward or {})["flops"] / counted
near("JAX: forward pass, of a step", 0.47, part, within=0.01)
# %% [markdown] tags=["hide-cell"]
# Almost half: two of the six operations per weight, but two of only four in the first layer.
