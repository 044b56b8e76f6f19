# %% [markdown]
# # The two programs
#
# Each function of `keras_impl/` beside the function of `jax_impl/` that does the same. Some stand
# alone: what Keras' `fit` keeps to itself, JAX writes out.
#
# ## The network
#
# Keras puts the network together from its layers; in Flax it is a class. Lessons
# [1](01_first_weights.py) and [4](04_building.py) tell how, and when, each draws its weights.
# %% tags=["remove-input"]
from lessons.toolbox import show


def show_all(module, *names, sides=("keras_impl", "jax_impl")):
    """Each of these functions in Keras, and beside it in JAX."""
    return show(*(f"{side}.{module}:{name}" for name in names for side in sides))


show_all("model", "Classifier", sides=["jax_impl"])
# %% tags=["remove-input"]
show_all("model", "build_model", "set_parameters", "get_parameters")
# %% [markdown]
# ## Training
#
# The loss takes probabilities in Keras and logits in JAX ([lesson 5](05_softmax_or_logits.py)).
# Keras does inside `fit` what the next four functions do in JAX. Its model also keeps what was
# compiled for it; in JAX, `CompiledEpochs` does, and tells how long compiling took.
# %% tags=["remove-input"]
show_all("train", "prepare_training")
# %% tags=["remove-input"]
names = ("loss_fn", "train_step", "train_epoch", "run_epoch", "CompiledEpochs")
show_all("train", *names, sides=["jax_impl"])
# %% [markdown]
# To see inside `fit`, Keras has callbacks and metrics. In JAX the loop is written out, so figures
# and clock are at hand, and gradients are values that a function returns.
# %% tags=["remove-input"]
show_all("train", "BatchLoss", "GradientsIntoWeights", "Observer", sides=["keras_impl"])
# %% [markdown]
# Keras takes NumPy arrays and moves them to the device by itself; JAX's `to_device` does that.
# %% tags=["remove-input"]
show_all("train", "fit", "evaluate", "predict", "loss_and_gradients")
# %% tags=["remove-input"]
show_all("train", "to_device", sides=["jax_impl"])
# %% [markdown]
# ## The protocol
#
# Both sides have the same verbs, which all commands use: `shared/protocol.py`. Keras needs two more
# ways to build: one records each step's loss, one does many steps in a call. JAX's scan does both.
# %% tags=["remove-input"]
show("keras_impl.implementation:KerasTwin", "jax_impl.implementation:JaxTwin")
# %% tags=["remove-input"]
show_all("implementation", "build")
# %% tags=["remove-input"]
show_all("implementation", "build_recording", "build_in_bulk", sides=["keras_impl"])
