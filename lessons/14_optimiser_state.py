# %% [markdown]
# # The optimiser's state
#
# **Predict first.** Both optimisers do plain SGD: weight minus 0.01 times gradient. What does each
# have to remember from one step to the next? How many numbers do momentum and Adam need?
# %% [markdown]
# ## Keras
# %%
import keras

from keras_impl.implementation import KerasTwin
from lessons.toolbox import draw_rows, equal, fails, near, show
from shared.experiment import Experiment

rows = draw_rows(32)
model = KerasTwin(Experiment()).model
model.train_on_batch(rows.images, rows.labels)
sgd = {v.name: float(v.value) for v in model.optimizer.variables}
adam = keras.optimizers.Adam()
adam.build(model.trainable_variables)
size_of_adam = sum(v.numpy().size for v in adam.variables)
# %% [markdown]
# ## JAX
# %%
import jax
import jax.numpy as jnp
import optax
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device, train_step

port, data = JaxTwin(Experiment()), to_device(rows)
nnx.jit(train_step)(port.model, port.optimizer, *data)

weights = nnx.state(port.model, nnx.Param)


def size_of(rule):
    """How many numbers the state of an Optax rule holds."""
    return sum(map(jnp.size, jax.tree.leaves(rule.init(weights))))


show("jax_impl.train:prepare_training")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("SGD in Keras", ["iteration", "learning_rate"], [*sgd])
equal("Keras: iteration after one step", 1.0, sgd["iteration"])
equal("Keras: numbers of Adam", 2 * 266_610 + 2, size_of_adam)
equal("Optax: numbers of sgd", 0, size_of(optax.sgd(0.01)))
momentum, adam = optax.sgd(0.01, momentum=0.9), optax.adam(0.001)
equal("Optax: numbers with momentum", 266_610, size_of(momentum))
equal("Optax: numbers of adam", 2 * 266_610 + 1, size_of(adam))
equal("Flax: step after one step", 1, int(port.optimizer.step[...]))
fails("no wrt", "TypeError", "`wrt`", nnx.Optimizer, port.model, adam)
# %% [markdown]
# Plain SGD needs no memory. Optax takes that literally: the state of `optax.sgd(0.01)` holds no
# array. The rate is a number inside the function that computes the update. Momentum has to be
# remembered: one number for each weight and bias, 266,610. Adam keeps two, the means of the
# gradient and of its square (`momentum` and `velocity` in Keras, `mu` and `nu` in Optax's
# `ScaleByAdamState`), and a count of steps by which it corrects both means, since they start at 0.
#
# Keras always keeps two variables: `iteration`, which counts steps, and `learning_rate`. That is
# why `model.optimizer.learning_rate = 0.001` works in the middle of training. In JAX the counter is
# Flax's: `nnx.Optimizer` wraps Optax and counts in `step`. It also wants to know *what* to
# optimise: `wrt=nnx.Param`, the weights, not a normalisation's statistics, say. Tutorials from
# before Flax 0.11 leave `wrt` out, which is now a TypeError.
#
# In a port, know what is in a checkpoint before you compare or store it. With Adam it holds three
# numbers for each weight: the weight and two without which Adam starts anew. Keras' state holds the
# rate, too; Optax leaves it to your code.
#
# **Exercise.** Change the rate of `optax.sgd` from 0.01 to 0.001 without compiling the step again.
# %%
# Your turn.
# %% tags=["hide-cell"]
from shared.parameters import largest_difference

start = port.get_parameters()
sgd = optax.inject_hyperparams(optax.sgd)(learning_rate=0.01)
given = (port.model, nnx.Optimizer(port.model, sgd, wrt=nnx.Param))
compiled = nnx.jit(train_step).lower(*given, *data).compile()
changes = []
for rate in (0.01, 0.001):
    given[1].opt_state.hyperparams["learning_rate"][...] = rate
    port.set_parameters(start)
    compiled(*given, *data)
    changes.append(largest_difference(port.get_parameters(), start))
first, second = changes
near("change, second over first", 0.1, second / first, within=0.001)
# %% [markdown] tags=["hide-cell"]
# `optax.inject_hyperparams(optax.sgd)(learning_rate=0.01)` moves the rate into the state, where it
# can be assigned. The same compiled step then moves the weights a tenth as far: the rate is now an
# input of it, no longer a part.
