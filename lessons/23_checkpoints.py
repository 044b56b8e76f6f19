# %% [markdown]
# # An interrupted training
#
# **Predict first.** Four epochs of ten steps each are 40 steps. Keras' `BackupAndRestore` saves
# after every 7 of them. The training is killed after step 20; you start the same script again, and
# it goes on from the backup. How many steps has the network been trained for in the end?
# %%
from pathlib import Path
from tempfile import TemporaryDirectory

from lessons.toolbox import build_alike, draw_rows, equal, near
from shared.experiment import Experiment
from shared.parameters import largest_difference as gap

rows, temporary = draw_rows(320), TemporaryDirectory()
folder = Path(temporary.name)
# %% [markdown]
# ## Keras
# %%
from keras.callbacks import BackupAndRestore, EarlyStopping

from keras_impl.implementation import KerasTwin


def fit(name, num_epochs, **when):
    when["delete_checkpoint"] = False  # as if killed at the end
    backup = BackupAndRestore(folder / name, **when)
    patient = EarlyStopping("loss", min_delta=9, patience=3)
    options = {"callbacks": [backup, patient], "verbose": 0}
    twin, data = build_alike(KerasTwin), (rows.images, rows.labels)
    twin.model.fit(*data, epochs=num_epochs, **options)
    return twin.get_parameters(), int(twin.model.optimizer.iterations)


# Each folder holds one backup; a second `fit` there goes on from it.
unbroken, _ = fit("whole", 4)
fit("by epoch", 2)
by_epoch, _ = fit("by epoch", 4)
fit("by 7 steps", 2, save_freq=7)
_, steps_by_7 = fit("by 7 steps", 4, save_freq=7)
_, steps_whole = fit("to the stop", 9)
fit("resumed", 2)
_, steps_resumed = fit("resumed", 9)
# %% [markdown]
# ## JAX
# %%
from flax import nnx
from orbax.checkpoint import StandardCheckpointer

from jax_impl.implementation import JaxTwin


def train(twin, n, done=0):
    twin.num_skipped = done  # epochs that need not be done again
    twin.experiment = Experiment(num_epochs=n)
    twin.fit(rows, validation=rows, orders=None, on_epoch=id)
    return twin.get_parameters()


whole, killed, resumed = (build_alike(JaxTwin) for _ in range(3))
train(killed, 2)
orbax, path = StandardCheckpointer(), folder / "jax"
orbax.save(path, nnx.state((killed.model, killed.optimizer)))
orbax.wait_until_finished()
new = resumed.model, resumed.optimizer
nnx.update(new, orbax.restore(path, nnx.state(new)))
expected, found = train(whole, 4), train(resumed, 2)
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras, each 7 steps: steps", 44, steps_by_7)
equal("Keras, each epoch: gap", 0.0, gap(unbroken, by_epoch))
equal("Keras, stopped early: steps", 40, steps_whole)
equal("Keras, that resumed: steps", 60, steps_resumed)
near("JAX: gap", 0.0006, gap(expected, found), within=1e-4)
# %% [markdown]
# The backup holds the weights, the optimiser's variables, and the numbers of the epoch and the
# batch. `fit` takes the weights of step 14 and begins their epoch, the second, from its start: 14 +
# 30 = 44 steps (`keras/src/callbacks/backup_and_restore.py`). If it saves after each epoch, the
# default, no step is done twice, and the weights equal those of an unbroken run, but only because a
# seeded `fit` takes the same order in all epochs (lesson 13). And callbacks forget: here
# `EarlyStopping` waits 3 epochs for a loss 9 below the first, and stops after 40 steps. Resumed
# after epoch 2, it waits anew, and stops after 60. (It keeps the last weights, not the best.)
#
# Orbax stores what it is given, here weights and the count of steps. The second run loaded them and
# drew the orders of epochs 1 and 2 again. In a port, also store where the data stood: an epoch, a
# key or an order. `save` returns early, so wait. Test that a resumed run equals a whole one.
#
# **Exercise.** `JaxTwin` makes the key of an epoch from the epoch's number. Load the checkpoint
# once more, and train on so that the gap is 0.
# %%
# Your turn.
# %% tags=["hide-cell"]
nnx.update(new, orbax.restore(path, nnx.state(new)))
equal("steps done", 20, int(resumed.optimizer.step[...]))
equal("gap", 0.0, gap(expected, train(resumed, 4, done=2)))
temporary.cleanup()
# %% [markdown] tags=["hide-cell"]
# 20 steps are 2 epochs: `num_skipped=2` goes on with epoch 3's key. No generator has to be stored.
