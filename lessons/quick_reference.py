# %% [markdown]
# # Quick reference: Keras → JAX
#
# What you write in Keras, and what does the same in JAX with Flax NNX and Optax. Every pair has
# run, and the two sides were compared: this page is not built if they differ. Both models start
# from the same weights; `images` and `labels` are 88 rows, in batches of 32, 32 and 24. A step and
# an epoch in JAX are those of [the smallest port](start.md).
# %%
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import tensorflow as tf
from flax import nnx

from jax_impl.implementation import JaxTwin
from keras_impl.implementation import KerasTwin
from lessons.smallest_port import loss_fn, train_epoch, train_step
from lessons.toolbox import build_alike, draw_rows, equal, near

rows: Any = draw_rows(88)
images, labels = rows.images, rows.labels
model: Any = build_alike(KerasTwin).model
port: Any = build_alike(JaxTwin).model
batches = [slice(0, 32), slice(32, 64), slice(64, 88)]


# %% tags=["remove-cell"]
def same(text, in_keras, in_jax, within=1e-5):
    """Numbers are equal up to float32's rounding."""
    gap = np.max(np.abs(np.asarray(in_keras) - np.asarray(in_jax)))
    near(f"{text}: largest difference", 0.0, gap, within=within)


# %% [markdown]
# ## Layers
#
# ### `Dense`
# %%
dense = keras.layers.Dense(300)
dense.build((None, 784))
num_params = dense.count_params()
# %%
linear = nnx.Linear(784, 300, rngs=nnx.Rngs(0))
also_num_params = sum(a.size for a in jax.tree.leaves(linear))
# %% [markdown]
# ### `Flatten`
# %%
flat = keras.layers.Flatten()(images)
# %%
also_flat = images.reshape(len(images), -1)
# %% [markdown]
# ### `Sequential`
# %%
layers = [dense, keras.layers.ReLU(), keras.layers.Dense(10)]
chained = keras.Sequential(layers)(flat)
# %%
output = nnx.Linear(300, 10, rngs=nnx.Rngs(1))
also_chained = nnx.Sequential(linear, nnx.relu, output)(also_flat)
# %% [markdown]
# ### `Dropout(…)(…, training=False)` ([lesson 20](20_dropout.py))
# %%
dropout = keras.layers.Dropout(0.5)
kept = dropout(images, training=False)
# %%
nnx_dropout = nnx.Dropout(0.5, rngs=nnx.Rngs(0))
nnx_dropout.eval()
also_kept = nnx_dropout(images)
# %% [markdown]
# ### `BatchNormalization` ([lesson 21](21_batch_normalisation.py))
# %%
norm = keras.layers.BatchNormalization()
normed = norm(flat, training=True)
# %%
nnx_norm = nnx.BatchNorm(784, epsilon=1e-3, rngs=nnx.Rngs(0))
also_normed = nnx_norm(also_flat)
# %% [markdown]
# ### `model(images)`
# %%
probabilities = model(images)
# %%
also_probabilities = nnx.softmax(port(images))
# %% tags=["hide-output"]
equal("Dense: numbers", num_params, also_num_params)
same("Flatten", flat, also_flat)
equal("Sequential: shape", tuple(chained.shape), also_chained.shape)
same("Dropout", kept, also_kept)
same("BatchNormalization", normed, also_normed, within=1e-4)
same("a call", probabilities, also_probabilities)
# %% [markdown]
# ## Weights
#
# ### `count_params`
# %%
num_weights = model.count_params()
# %%
weights = nnx.state(port, nnx.Param)
also_num_weights = sum(a.size for a in jax.tree.leaves(weights))
# %% [markdown]
# ### `get_weights`
# %%
kernel, bias = model.get_layer("hidden_1").get_weights()
# %%
also_kernel = np.array(port.hidden_1.kernel[...])
# %% [markdown]
# ### `trainable = False`
# %%
model.get_layer("hidden_1").trainable = False
num_trained = sum(v.numpy().size for v in model.trainable_weights)
# %%
frozen = nnx.PathContains("hidden_1")
trained_only = nnx.All(nnx.Param, nnx.Not(frozen))
sgd = nnx.Optimizer(port, optax.sgd(0.01), wrt=trained_only)
others = jax.tree.leaves(nnx.state(port, trained_only))
# %% [markdown]
# ### `save_weights`, `load_weights` ([lesson 23](23_checkpoints.py))
# %%
import tempfile
from pathlib import Path

folder = tempfile.TemporaryDirectory()
model.save_weights(f"{folder.name}/keras.weights.h5")
loaded = keras.models.clone_model(model)
loaded.load_weights(f"{folder.name}/keras.weights.h5")
# %%
import orbax.checkpoint as ocp

with ocp.StandardCheckpointer() as checkpointer:
    place = Path(folder.name) / "jax"
    checkpointer.save(place, nnx.state(port))
    checkpointer.wait_until_finished()
    restored = checkpointer.restore(place, nnx.state(port))
also_loaded = nnx.clone(port)
nnx.update(also_loaded, restored)
# %% [markdown]
# ### `set_weights`
# %%
model.get_layer("hidden_1").set_weights([2 * kernel, bias])
scaled = model(images)
# %%
port.hidden_1.kernel[...] = 2 * also_kernel
also_scaled = nnx.softmax(port(images))
# %% tags=["hide-output"]
equal("count_params", num_weights, also_num_weights)
same("get_weights", kernel, also_kernel)
also_num_trained = sum(array.size for array in others)
equal("trainable: numbers", num_trained, also_num_trained)
model.get_layer("hidden_1").trainable = True
same("set_weights", scaled, also_scaled)
same("load", loaded(images), nnx.softmax(also_loaded(images)))
folder.cleanup()
model, port = build_alike(KerasTwin).model, build_alike(JaxTwin).model
# %% [markdown]
# ## Training
#
# ### `SparseCategoricalCrossentropy` ([lesson 5](05_softmax_or_logits.py))
# %%
logits = port(images)
in_keras = keras.losses.SparseCategoricalCrossentropy
cross_entropy: Any = in_keras(from_logits=True)
mean_loss = cross_entropy(labels, logits)
# %%
in_optax = optax.softmax_cross_entropy_with_integer_labels
also_mean_loss = in_optax(logits, labels).mean()
# %% [markdown]
# ### `compile`
# %%
model.compile(
    optimizer=keras.optimizers.SGD(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
# %%
optimizer = nnx.Optimizer(port, optax.sgd(0.01), wrt=nnx.Param)
# %% [markdown]
# ### `train_on_batch`
# %%
first_batch = images[:32], labels[:32]
step_loss, step_accuracy = model.train_on_batch(*first_batch)
# %%
told_loss, num_right = train_step(port, optimizer, *first_batch)
# %% [markdown]
# ### `fit`
# %%
quiet: Any = {"shuffle": False, "verbose": 0}
fitted = model.fit(images, labels, batch_size=32, epochs=2, **quiet)
# %%
data = port, optimizer, images, labels
history = []
for _ in range(2):
    epoch_loss, _, _ = train_epoch(*data, np.arange(88))
    history.append(epoch_loss)
# %% [markdown]
# ### `shuffle=True` ([lesson 13](13_shuffle.py))
# %%
shuffled = tf.random.shuffle(tf.range(88))
# %%
order = jax.random.permutation(jax.random.key(1), 88)
# %% [markdown]
# ### `validation_split`
#
# Keras validates on the last rows, before any shuffling.
# %%
split = model.fit(images, labels, validation_split=0.25, **quiet)
# %%
train_epoch(*data, np.arange(66))
val_loss, _ = loss_fn(port, images[66:], labels[66:])
# %% [markdown]
# ### `evaluate`
# %%
test_loss, test_accuracy = model.evaluate(images, labels, verbose=0)
# %%
also_test_loss, test_right = nnx.jit(loss_fn)(port, images, labels)
# %% [markdown]
# ### `predict`
# %%
predicted = model.predict(images, verbose=0).argmax(axis=1)
# %%
also_predicted = nnx.jit(port)(images).argmax(axis=1)
# %% [markdown]
# ### `EarlyStopping`
#
# What a callback does is written in the loop. (Here a loss counts as better only if it is lower by
# 10, so both stop after the third epoch.)
# %%
stop = keras.callbacks.EarlyStopping("loss", min_delta=10, patience=2)
told: Any = {"epochs": 9, "callbacks": [stop], **quiet}
seen = model.fit(images, labels, **told).history["loss"]
# %%
best, waited, also_seen = float("inf"), 0, []
while len(also_seen) < 9 and waited < 2:
    epoch_loss, _, _ = train_epoch(*data, np.arange(88))
    waited = 0 if epoch_loss < best - 10 else waited + 1
    best = min(best, epoch_loss)
    also_seen.append(epoch_loss)
# %% [markdown]
# ### `GradientTape`
# %%
with tf.GradientTape() as tape:
    loss = cross_entropy(labels, tf.math.log(model(images)))
gradients = tape.gradient(loss, model.trainable_weights)
# %%
slopes = nnx.grad(loss_fn, has_aux=True)
also_gradients, _ = slopes(port, images, labels)
# %% [markdown]
# ### `tf.function`
# %%
compiled = tf.function(model)
by_graph = compiled(images)
# %%
also_compiled = jax.jit(lambda port, rows: nnx.softmax(port(rows)))
by_jit = also_compiled(port, images)
# %% tags=["hide-output"]
same("cross-entropy", mean_loss, also_mean_loss)
rate = float(model.optimizer.learning_rate.numpy())
near("compile: rate", 0.01, rate, within=1e-6)
same("train_on_batch: loss", step_loss, told_loss)
same("train_on_batch: accuracy", step_accuracy, num_right / 32)
same("fit: loss of both epochs", fitted.history["loss"], history)
num_common = len({*shuffled.numpy()} & {*order.tolist()})
equal("shuffle: rows", 88, num_common)
same("validation_split", split.history["val_loss"][0], val_loss)
same("evaluate: loss", test_loss, also_test_loss)
same("evaluate: accuracy", test_accuracy, test_right / len(labels))
same("predict", predicted, also_predicted)
equal("EarlyStopping: epochs", len(seen), len(also_seen))
same("EarlyStopping: losses", seen, also_seen)
also_gradient = also_gradients.hidden_1.kernel[...]
same("GradientTape", gradients[0], also_gradient)
same("tf.function", by_graph, by_jit)
# %% [markdown]
# ## Optimisers
#
# Here each moves a weight that starts at 1, by the same gradient `slope` in every step. For
# defaults that differ see [lesson 22](22_optimiser_defaults.py).
# %%
slope = np.float32(0.5)


def by_keras(optimizer, steps=3):
    weight = keras.Variable(1.0)
    for _ in range(steps):
        optimizer.apply([slope], [weight])
    return float(weight.numpy())


def by_optax(optimizer, steps=3):
    weight, gradient = jnp.float32(1.0), jnp.asarray(slope)
    state = optimizer.init(weight)
    for _ in range(steps):
        update, state = optimizer.update(gradient, state, weight)
        weight = optax.apply_updates(weight, update)
    return float(jnp.asarray(weight))


# %% [markdown]
# ### `SGD(momentum=…)`
# %%
by_momentum = by_keras(keras.optimizers.SGD(0.1, momentum=0.9))
# %%
also_by_momentum = by_optax(optax.sgd(0.1, momentum=0.9))
# %% [markdown]
# ### `clipnorm`
# %%
by_clipnorm = by_keras(keras.optimizers.SGD(0.1, global_clipnorm=0.2))
# %%
clipped = optax.chain(optax.clip_by_global_norm(0.2), optax.sgd(0.1))
also_by_clipnorm = by_optax(clipped)
# %% [markdown]
# ### `AdamW`
# %%
by_adamw = by_keras(keras.optimizers.AdamW(0.1, weight_decay=0.004))
# %%
also_by_adamw = by_optax(optax.adamw(0.1, weight_decay=0.004))
# %% [markdown]
# ### `ExponentialDecay`
# %%
schedules = keras.optimizers.schedules
schedule: Any = schedules.ExponentialDecay(0.1, 1, 0.5)
by_decay = by_keras(keras.optimizers.SGD(schedule))
# %%
also_schedule = optax.exponential_decay(0.1, 1, 0.5)
also_by_decay = by_optax(optax.sgd(also_schedule))
# %% [markdown]
# ### `learning_rate = …`
# %%
changing = keras.optimizers.SGD(0.1)
changing.learning_rate = 0.01
by_rate = by_keras(changing)
# %%
injected = optax.inject_hyperparams(optax.sgd)(learning_rate=0.1)
state: Any = injected.init(jnp.float32(1.0))
state.hyperparams["learning_rate"] = jnp.float32(0.01)
update, _ = injected.update(jnp.asarray(slope), state)
# %% tags=["hide-output"]
same("momentum", by_momentum, also_by_momentum)
same("clipnorm", by_clipnorm, also_by_clipnorm)
same("AdamW", by_adamw, also_by_adamw)
same("ExponentialDecay", by_decay, also_by_decay)
same("learning_rate", by_rate, 1 + 3 * np.asarray(update))
# %% [markdown]
# ## Numbers
#
# ### `set_random_seed` ([lesson 2](02_seeds.py))
# %%
keras.utils.set_random_seed(42)
first = keras.random.normal((3,))
keras.utils.set_random_seed(42)
again = keras.random.normal((3,))
# %%
key = jax.random.key(42)
also_first = jax.random.normal(key, (3,))
also_again = jax.random.normal(key, (3,))
# %% [markdown]
# ### `metrics.Mean` ([lesson 12](12_epoch_metrics.py))
# %%
mean = keras.metrics.Mean()
for batch in batches:
    mean.update_state(labels[batch])
# %%
average = nnx.metrics.Average()
for batch in batches:
    average.update(values=jnp.asarray(labels[batch]))
# %% [markdown]
# ### `vectorized_map` ([lesson 19](19_row_gradients.py))
# %%
norms = keras.ops.vectorized_map(keras.ops.norm, images)
# %%
also_norms = jax.vmap(jnp.linalg.norm)(images)


# %% tags=["hide-output"]
same("seed, Keras", first, again)
same("seed, JAX", also_first, also_again)
same("Mean", mean.result(), average.compute())
same("vectorized_map", norms, also_norms)
