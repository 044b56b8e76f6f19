# %% [markdown]
# # The optimiser's state
#
# **Predict first.** Both optimisers do plain SGD: weight minus 0.01 times gradient. What does each
# have to remember from one step to the next? And how many numbers does momentum add?
# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin
from lessons.toolbox import draw_rows, equal, fails, near, show
from shared.experiment import Experiment

rows = draw_rows(32)
model = KerasTwin(Experiment()).model
model.train_on_batch(rows.images, rows.labels)
variables = {v.name: float(v.value) for v in model.optimizer.variables}
# %% [markdown]
# ## JAX
# %%
import jax
import optax
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device, train_step

port, data = JaxTwin(Experiment()), to_device(rows)
nnx.jit(train_step)(port.model, port.optimizer, *data)

weights = nnx.state(port.model, nnx.Param)
plain = jax.tree.leaves(optax.sgd(0.01).init(weights))
momentum = jax.tree.leaves(optax.sgd(0.01, momentum=0.9).init(weights))
show("jax_impl.train:prepare_training")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras: variables of SGD", ["iteration", "learning_rate"], list(variables))
equal("Keras: value of iteration after one step", 1.0, variables["iteration"])
near("Keras: value of learning_rate", 0.01, variables["learning_rate"], within=1e-6)
equal("Optax: arrays in the state of sgd", [], plain)
equal("Flax: value of step after one step", 1, int(port.optimizer.step[...]))
remembered = sum(array.size for array in momentum)
equal("Optax: numbers in sgd's state with momentum", 266_610, remembered)
model, sgd = port.model, optax.sgd(0.01)
fails("Flax: nnx.Optimizer without wrt", "TypeError", "`wrt`", nnx.Optimizer, model, sgd)
# %% [markdown]
# Plain SGD needs no memory. Optax takes that literally: the state of `optax.sgd(0.01)` holds no
# array. The rate is a number inside the function that computes the update. Momentum has to be
# remembered: one number for each weight and bias, 266,610.
#
# Keras always keeps two variables: `iteration`, which counts steps, and `learning_rate`. That is
# why `model.optimizer.learning_rate = 0.001` works in the middle of training, and both are in its
# checkpoints. In JAX the counter is Flax's: `nnx.Optimizer` wraps Optax and counts in `step`.
#
# `nnx.Optimizer` also wants to know *what* to optimise: `wrt=nnx.Param`, the weights, not a
# normalisation's statistics, say. Tutorials from before Flax 0.11 leave it out: a TypeError.
#
# For a port: do not look in Optax for what SGD does not need. But when you compare or store
# checkpoints, know what is in them: Keras' hold the rate, Optax's do not, and a restored run takes
# the rate that your code says.
#
# **Exercise.** Change the rate of `optax.sgd` from 0.01 to 0.001 between two steps, as Keras allows
# it, without compiling the step again.
# %%
# Your turn.
# %% tags=["hide-cell"]
from shared.parameters import largest_difference

traced = []


@nnx.jit
def step(model, optimizer, images, labels):
    traced.append(len(labels))
    return train_step(model, optimizer, images, labels)


start = port.get_parameters()
sgd = optax.inject_hyperparams(optax.sgd)(learning_rate=0.01)
optimizer = nnx.Optimizer(port.model, sgd, wrt=nnx.Param)
changes = []
for rate in (0.01, 0.001):
    optimizer.opt_state.hyperparams["learning_rate"][...] = rate
    port.set_parameters(start)
    step(port.model, optimizer, *data)
    changes.append(largest_difference(port.get_parameters(), start))
first, second = changes
near("second step's largest change over the first's", 0.1, second / first, within=0.001)
equal("traces of the step", 1, len(traced))
# %% [markdown] tags=["hide-cell"]
# `optax.inject_hyperparams(optax.sgd)(learning_rate=0.01)` moves the rate into the state, where it
# can be assigned. The step gets ten times smaller, and its Python code ran only once: the rate is
# now an input of the compiled step, no longer a part of it.
