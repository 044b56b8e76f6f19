# %% [markdown]
# # The two programs
#
# Each function of `keras_impl/` beside the function of `jax_impl/` that does the same. Some stand
# alone: Keras' `fit` keeps to itself what JAX writes out.
#
# ## The network
#
# Keras puts the network together from its layers; in Flax it is a class. Lessons
# [1](01_first_weights.py) and [4](04_building.py) tell how each draws its weights.
# %% tags=["remove-input"]
from lessons.evidence import show

show("jax_impl.model:Classifier")
# %% tags=["remove-input"]
show("keras_impl.model:build_model", "jax_impl.model:build_model")
# %% tags=["remove-input"]
show("keras_impl.model:set_parameters", "jax_impl.model:set_parameters")
# %% tags=["remove-input"]
show("keras_impl.model:get_parameters", "jax_impl.model:get_parameters")
# %% [markdown]
# ## Training
#
# The loss takes probabilities here and logits there ([lesson 5](05_softmax_or_logits.py)).
# %% tags=["remove-input"]
show("keras_impl.train:prepare_training", "jax_impl.train:prepare_training")
# %% [markdown]
# Keras does what the next four functions do inside `fit`, from the loss that `compile` was told.
# %% tags=["remove-input"]
show("jax_impl.train:loss_fn", "jax_impl.train:train_step")
# %% tags=["remove-input"]
show("jax_impl.train:train_epoch", "jax_impl.train:run_epoch")
# %% [markdown]
# Keras' model keeps what was compiled for it. JAX's functions keep it too, but this one also tells
# how long compiling took.
# %% tags=["remove-input"]
show("jax_impl.train:CompiledEpochs")
# %% [markdown]
# To see inside `fit`, Keras has callbacks and metrics. In JAX the loop is written out, so its
# figures and its clock are at hand, and gradients are values that a function returns.
# %% tags=["remove-input"]
show("keras_impl.train:BatchLoss", "keras_impl.train:GradientsIntoWeights")
# %% tags=["remove-input"]
show("keras_impl.train:Observer")
# %% tags=["remove-input"]
show("keras_impl.train:fit", "jax_impl.train:fit")
# %% [markdown]
# ## Evaluation, prediction, gradients
#
# Keras takes NumPy arrays and moves them to the device by itself.
# %% tags=["remove-input"]
show("keras_impl.train:evaluate", "jax_impl.train:evaluate")
# %% tags=["remove-input"]
show("keras_impl.train:predict", "jax_impl.train:predict")
# %% tags=["remove-input"]
show("keras_impl.train:loss_and_gradients", "jax_impl.train:loss_and_gradients")
# %% tags=["remove-input"]
show("jax_impl.train:to_device")
# %% [markdown]
# ## The protocol
#
# The same verbs on both sides, which all commands use: `shared/protocol.py`. Keras needs two more
# ways to build, since JAX's scan returns the loss of every step anyway, and does all steps of an
# epoch in one call.
# %% tags=["remove-input"]
show("keras_impl.implementation:KerasTwin", "jax_impl.implementation:JaxTwin")
# %% tags=["remove-input"]
show("keras_impl.implementation:build", "jax_impl.implementation:build")
# %% tags=["remove-input"]
show("keras_impl.implementation:build_recording", "keras_impl.implementation:build_in_bulk")
