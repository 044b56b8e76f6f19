# %% [markdown]
# # Adam and its defaults
#
# **Predict first.** Adam adds a small epsilon to a divisor: by default 10⁻⁷ in Keras, 10⁻⁸ in
# Optax. You give Optax 10⁻⁷ too, and pass both the same weights and the same gradients. A first
# step at the rate 0.001 moves no weight by more than 0.001. How far apart are the weights then?
# %%
import numpy as np

from jax_impl.implementation import JaxTwin
from lessons.toolbox import build_alike, draw_rows, draw_weights, near

# Adam treats each number by itself, so the first kernel will do.
outcome = build_alike(JaxTwin).loss_and_gradients(draw_rows(32))
gradients = outcome.gradients.layers[0].kernel
weights = draw_weights().layers[0].kernel
# %% [markdown]
# ## Keras
# %%
import keras


def by_keras(rule, gradients, num_steps=1):
    variable = keras.Variable(weights)
    for _ in range(num_steps):
        rule.apply([gradients], [variable])
    return np.asarray(variable.value)


# %% [markdown]
# ## JAX
# %%
import optax


def by_optax(rule, gradients, num_steps=1):
    params, state = weights, rule.init(weights)
    for _ in range(num_steps):
        changes, state = rule.update(gradients, state, params)
        params = optax.apply_updates(params, changes)
    return np.asarray(params)


def gap(rule, steps=1):
    adam = keras.optimizers.Adam(0.001)
    of_keras = by_keras(adam, gradients, steps)
    return abs(of_keras - by_optax(rule, gradients, steps)).max()


# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
same, larger = [optax.adam(0.001, eps=e) for e in (1e-7, 10**-5.5)]
near("epsilon 10⁻⁸: gap", 8.9e-4, gap(optax.adam(0.001)), within=1e-5)
near("epsilon 10⁻⁷: gap", 7.0e-4, gap(same), within=1e-5)
near("epsilon 10⁻⁵·⁵: gap", 0, gap(larger), within=1e-7)
near("the same, 2 steps: gap", 8.6e-5, gap(larger, 2), within=1e-6)
kept = by_keras(keras.optimizers.AdamW(1.0), 0 * gradients) / weights
near("Keras: left by AdamW", 0.9960, kept.mean(), within=1e-5)
kept = by_optax(optax.adamw(1.0), 0 * gradients) / weights
near("JAX: left by adamw", 0.9999, kept.mean(), within=1e-5)
# %% [markdown]
# Adam keeps a mean of the gradients and a mean v of their squares. Both start at 0, so they are too
# small at first: v by the factor 1 − 0.999ᵗ after t steps. Adam corrects that, and epsilon can be
# added before or after the correction. Optax corrects first, and divides by √(v / (1 − 0.999ᵗ)) + ε
# (`scale_by_adam` in `optax/_src/transform.py`). Keras divides by √v + ε and puts the correction
# into the rate (`keras/src/optimizers/adam.py`). In Optax's place, Keras' ε would be ε / √(1 −
# 0.999ᵗ): 10⁻⁵·⁵ in step 1, 10⁻⁶·⁹ in step 1000, and 10⁻⁷ in the end.
#
# A gradient g makes a first step of 0.001 × g / (|g| + 10⁻⁷) in Optax; in Keras, 10⁻⁵·⁵ stands
# there in place of 10⁻⁷. Where |g| is far above both, the steps agree. But where it is 5.6 × 10⁻⁷,
# Optax moves the weight by 0.00085 and Keras by 0.00015. No constant ε makes up for it: what is
# right in step 1 is wrong in step 2. (Optax's `eps_root`, by default 0, goes inside the root: a
# third rule.)
#
# AdamW also subtracts rate × decay × weight from each weight, biases too. At the rate 1, and
# without a gradient, that shows the default decay: 0.004 in Keras, 0.0001 in Optax, 40 times less.
# In a port, write out each argument of an optimiser, and compare some steps from given gradients.
#
# **Exercise.** Make Optax's Adam equal Keras' for 20 steps. `optax.inject_hyperparams` takes, for
# each argument, a number or a function of the number of steps done so far.
# %%
# Your turn.
# %% tags=["hide-cell"]
moving = optax.inject_hyperparams(optax.adam)(
    0.001, eps=lambda count: 1e-7 / (1 - 0.999 ** (count + 1)) ** 0.5
)
near("epsilon 10⁻⁷, 20 steps: gap", 0.011, gap(same, 20), within=5e-4)
near("moving epsilon, 20 steps: gap", 0, gap(moving, 20), within=1e-6)
# %% [markdown] tags=["hide-cell"]
# Let Optax's epsilon move as Keras' does. With a fixed 10⁻⁷, the two are 0.01 apart after 20 steps.
