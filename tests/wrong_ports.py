"""Negative controls: ports with one deliberate mistake each, which the ladder must reject.

Each is the JAX port with a mistake built in: a function that builds it or, where a
method is wrong, the class itself. To add one, write it and name the rung at which it
must be rejected. `twins parity` takes them too: `--impl tests.wrong_ports:momentum`.
"""

# ruff: noqa: N801 - a port is called as what it does wrong, be it a function or a class

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
from flax import nnx
from numpy.typing import NDArray

from benchmarks.implementations import BuilderName
from benchmarks.parity import rungs
from benchmarks.parity.evidence import NUM_PROBE_ROWS
from benchmarks.parity.rungs import ParityRung
from jax_impl import train
from jax_impl.implementation import JaxTwin
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.protocol import EpochMetrics, Examples, FitReport, Implementation, Orders

Array = NDArray[np.floating]
losses = optax.softmax_cross_entropy_with_integer_labels


@dataclass(frozen=True)
class WrongPort:
    """A port with a mistake, and the rung that must reject it."""

    name: str
    build: Callable[[Experiment], Implementation]
    rejected_at: ParityRung


WRONG_PORTS: list[WrongPort] = []


def rejected_at(rung: ParityRung):
    def register(build):
        WRONG_PORTS.append(WrongPort(build.__name__, build, rung))
        return build

    return register


# What goes in.


@rejected_at(rungs.PARAMETERS)
class lecun_initialiser(JaxTwin):
    """Keeps the weights that Flax drew, LeCun-normal, whatever it is given."""

    def set_parameters(self, parameters: Parameters) -> None:
        del parameters


@rejected_at(rungs.PARAMETERS)
class weights_rounded_to_bfloat16_once(JaxTwin):
    def set_parameters(self, parameters: Parameters) -> None:
        rounded = parameters.map(lambda array: array.astype(ml_dtypes.bfloat16).astype("float32"))
        super().set_parameters(rounded)


@rejected_at(rungs.PARAMETERS)
class biases_start_at_a_hundredth(JaxTwin):
    def set_parameters(self, parameters: Parameters) -> None:
        layers = (replace(layer, bias=layer.bias + 0.01) for layer in parameters.layers)
        super().set_parameters(Parameters(tuple(layers)))


@rejected_at(rungs.PARAMETERS)
class layers_renamed(JaxTwin):
    def get_parameters(self) -> Parameters:
        layers = enumerate(super().get_parameters().layers)
        return Parameters(tuple(replace(layer, name=f"Dense_{i}") for i, layer in layers))


@rejected_at(rungs.PARAMETERS)
class biases_forgotten(JaxTwin):
    """Takes over kernels alone; biases that start at zero hide it."""

    def set_parameters(self, parameters: Parameters) -> None:
        super().set_parameters(with_biases(parameters, np.zeros_like))


@rejected_at(rungs.PARAMETERS)
class given_weights_scaled_in_place(JaxTwin):
    def set_parameters(self, parameters: Parameters) -> None:
        for layer in parameters.layers:
            layer.kernel[...] *= 0.5
        super().set_parameters(parameters)


@rejected_at(rungs.EXTREME_LOSS)
class weights_handed_out_alive(JaxTwin):
    """Returns arrays of its own, which the next call writes over."""

    def get_parameters(self) -> Parameters:
        now = super().get_parameters()
        if not hasattr(self, "own"):
            self.own = now
        self.own.map(lambda own, array: np.copyto(own, array) or own, now)
        return self.own

    def set_parameters(self, parameters: Parameters) -> None:
        super().set_parameters(parameters)
        self.get_parameters()


# The forward pass.


@rejected_at(rungs.LOGITS)
class kernel_transposed_where_it_fits(JaxTwin):
    """The square kernel of `hidden_2` is (out, in); weights go in and out as they came."""

    def set_parameters(self, parameters: Parameters) -> None:
        super().set_parameters(with_second_kernel_transposed(parameters))

    def get_parameters(self) -> Parameters:
        return with_second_kernel_transposed(super().get_parameters())


@rejected_at(rungs.LOGITS)
def leaky_relu(experiment: Experiment) -> JaxTwin:
    put_in_place(nnx, "relu", nnx.leaky_relu)
    return JaxTwin(experiment)


@rejected_at(rungs.LOGITS)
def float32_in_a_float64_run(experiment: Experiment) -> JaxTwin:
    return JaxTwin(replace(experiment, dtype="float32"))


@rejected_at(rungs.LOGITS)
class test_images_not_scaled(JaxTwin):
    def predict(self, images: Array):
        return super().predict(images * 255)


@rejected_at(rungs.PROBABILITIES)
class softmax_over_the_rows(JaxTwin):
    def predict(self, images: Array):
        predictions = super().predict(images)
        return replace(predictions, probabilities=jax.nn.softmax(predictions.logits, axis=0))


@rejected_at(rungs.LOGITS)
class biases_belong_to_other_units(JaxTwin):
    """Each bias is one unit too far; weights go in and out as they came."""

    def set_parameters(self, parameters: Parameters) -> None:
        super().set_parameters(with_biases(parameters, lambda bias: np.roll(bias, 1)))

    def get_parameters(self) -> Parameters:
        return with_biases(super().get_parameters(), lambda bias: np.roll(bias, -1))


@rejected_at(rungs.LOGITS)
class predicts_without_biases(JaxTwin):
    def predict(self, images: Array):
        before = self.get_parameters()
        self.set_parameters(with_biases(before, np.zeros_like))
        predictions = super().predict(images)
        self.set_parameters(before)
        return predictions


@rejected_at(rungs.LOGITS)
class images_scaled_in_place(JaxTwin):
    def predict(self, images: Array):
        predictions = super().predict(images)
        images *= 0.5
        return predictions


# The loss.


@rejected_at(rungs.LOSS)
def softmax_applied_twice(experiment: Experiment) -> JaxTwin:
    return with_loss(experiment, lambda logits, labels: losses(nnx.softmax(logits), labels).mean())


@rejected_at(rungs.LOSS)
def summed_instead_of_averaged(experiment: Experiment) -> JaxTwin:
    return with_loss(experiment, lambda logits, labels: losses(logits, labels).sum())


@rejected_at(rungs.LOSS)
def label_smoothing(experiment: Experiment) -> JaxTwin:
    def smoothed(logits: jax.Array, labels: jax.Array) -> jax.Array:
        targets = optax.smooth_labels(jax.nn.one_hot(labels, 10, dtype=logits.dtype), 0.01)
        return optax.softmax_cross_entropy(logits, targets).mean()

    return with_loss(experiment, smoothed)


@rejected_at(rungs.LOSS)
class accuracy_of_whole_batches(JaxTwin):
    """Leaves out the rows of the last, smaller batch."""

    def evaluate(self, examples: Examples):
        num_rows = len(examples.labels) // self.experiment.batch_size * self.experiment.batch_size
        whole = super().evaluate(examples.rows(slice(num_rows or None)))
        return replace(super().evaluate(examples), accuracy=whole.accuracy)


@rejected_at(rungs.LOSS)
class evaluates_a_thousand_rows_at_most(JaxTwin):
    def evaluate(self, examples: Examples):
        return super().evaluate(examples.rows(slice(1_000)))


@rejected_at(rungs.EXTREME_LOSS)
def clipped_loss(experiment: Experiment) -> JaxTwin:
    """The cross-entropy of clipped probabilities, as Keras on JAX computes it."""

    def clipped(logits: jax.Array, labels: jax.Array) -> jax.Array:
        probabilities = jnp.clip(nnx.softmax(logits), 1e-7, 1 - 1e-7)
        return -jnp.log(probabilities[jnp.arange(len(labels)), labels]).mean()

    return with_loss(experiment, clipped)


# The gradient and the step.


@rejected_at(rungs.GRADIENTS)
class gradients_averaged_twice(JaxTwin):
    def loss_and_gradients(self, examples: Examples):
        computed = super().loss_and_gradients(examples)
        gradients = computed.gradients.map(lambda array: array / len(examples.labels))
        return replace(computed, gradients=gradients)


@rejected_at(rungs.GRADIENTS)
class gradients_take_a_step(JaxTwin):
    def loss_and_gradients(self, examples: Examples):
        computed = super().loss_and_gradients(examples)
        moved = self.get_parameters().map(lambda a, g: a - 0.01 * g, computed.gradients)
        self.set_parameters(moved)
        return computed


@rejected_at(rungs.ONE_STEP)
class report_forgotten(JaxTwin):
    def fit(self, training: Examples, **options) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().fit(training, **options)


@rejected_at(rungs.ONE_STEP)
class history_not_kept(JaxTwin):
    def fit(self, training: Examples, **options):
        return replace(super().fit(training, **options), history=())


@rejected_at(rungs.ONE_STEP)
class orders_sorted_in_place(JaxTwin):
    def fit(self, training: Examples, *, orders: Orders, **options):
        report = super().fit(training, orders=orders, **options)
        orders.sort(axis=1)
        return report


@rejected_at(rungs.ONE_STEP)
def learning_rate_a_tenth_too_large(experiment: Experiment) -> JaxTwin:
    return JaxTwin(replace(experiment, learning_rate=experiment.learning_rate * 1.1))


@rejected_at(rungs.ONE_STEP)
def weight_decay(experiment: Experiment) -> JaxTwin:
    decay = optax.add_decayed_weights(1e-4)
    return with_optimizer(experiment, optax.chain(decay, optax.sgd(experiment.learning_rate)))


@rejected_at(rungs.ONE_STEP)
def gradients_clipped_by_norm(experiment: Experiment) -> JaxTwin:
    clip = optax.clip_by_global_norm(0.5)
    return with_optimizer(experiment, optax.chain(clip, optax.sgd(experiment.learning_rate)))


@rejected_at(rungs.ONE_STEP)
def adam(experiment: Experiment) -> JaxTwin:
    return with_optimizer(experiment, optax.adam(experiment.learning_rate))


@rejected_at(rungs.ONE_STEP)
class bias_never_updated(JaxTwin):
    def fit(self, training: Examples, **options):
        before = self.get_parameters().layers[-1].bias
        report = super().fit(training, **options)
        *hidden, output = self.get_parameters().layers
        self.set_parameters(Parameters((*hidden, replace(output, bias=before))))
        return report


@rejected_at(rungs.ONE_STEP)
class validation_rows_left_in_training(JaxTwin):
    """Counts rows from the start of the 60,000, where the first 5,000 validate."""

    def fit(self, training: Examples, *, validation: Examples, **options):
        images = np.concatenate([validation.images, training.images])
        labels = np.concatenate([validation.labels, training.labels])
        everything = Examples(images=images, labels=labels)
        return super().fit(everything, validation=validation, **options)


@rejected_at(rungs.LAST_BATCH)
def momentum(experiment: Experiment) -> JaxTwin:
    """Shows from the second step on: the first has no past."""
    return with_optimizer(experiment, optax.sgd(experiment.learning_rate, momentum=0.01))


@rejected_at(rungs.LAST_BATCH)
class last_batch_dropped(JaxTwin):
    def fit(self, training: Examples, *, orders: Orders, **options):
        num_rows = orders.shape[1] // self.experiment.batch_size * self.experiment.batch_size
        return super().fit(training, orders=orders[:, :num_rows], **options)


@rejected_at(rungs.LAST_BATCH)
def last_batch_divided_by_32(experiment: Experiment) -> JaxTwin:
    """Divides the sum over the last batch by the size of a full one."""
    original = train.loss_fn

    def divided(model, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        loss, num_correct = original(model, images, labels)
        share = min(1.0, len(labels) / experiment.batch_size)
        return loss * share, num_correct

    put_in_place(train, "loss_fn", divided)
    return JaxTwin(experiment)


@rejected_at(rungs.LAST_BATCH)
class batches_shuffled_instead_of_rows(JaxTwin):
    """Cuts sorted rows into batches, then shuffles the batches."""

    def fit(self, training: Examples, *, orders: Orders, **options):
        size = self.experiment.batch_size
        shuffle = random.Random(0).shuffle
        shuffled = []
        for order in orders:
            batches = np.split(np.sort(order), range(size, len(order), size))
            shuffle(batches)
            shuffled.append(np.concatenate(batches))
        return super().fit(training, orders=np.stack(shuffled), **options)


# A whole epoch, and more of them.


@rejected_at(rungs.EPOCH_STEP_LOSSES)
class one_label_shifted(JaxTwin):
    """One of 55,000 training labels is off by one."""

    def fit(self, training: Examples, *, orders: Orders, **options):
        labels = training.labels.copy()
        row = orders[0, -30]
        labels[row] = (labels[row] + 1) % 10
        is_epoch = orders.shape[1] > 2 * self.experiment.batch_size
        examples = replace(training, labels=labels) if is_epoch else training
        return super().fit(examples, orders=orders, **options)


@rejected_at(rungs.EPOCH_METRICS)
class metrics_not_weighted_by_rows(JaxTwin):
    """Averages the means of the batches, though the last one has fewer rows."""

    def fit(self, training: Examples, *, on_epoch, **options):
        report = super().fit(training, on_epoch=lambda _: None, **options)
        means = report.step_losses.reshape(len(report.history), -1).mean(axis=1)
        return retell(report, on_epoch, lambda metrics, i: replace(metrics, loss=means[i]))


@rejected_at(rungs.EPOCH_METRICS)
class validated_before_the_epoch(JaxTwin):
    def fit(self, training: Examples, *, validation, on_epoch, **options):
        before = self.evaluate(validation)
        report = super().fit(training, validation=validation, on_epoch=lambda _: None, **options)
        return retell(report, on_epoch, lambda metrics, _: replace(metrics, val_loss=before.loss))


@rejected_at(rungs.EPOCH_METRICS)
class told_other_figures_than_returned(JaxTwin):
    def fit(self, training: Examples, *, on_epoch, **options):
        report = super().fit(training, on_epoch=lambda _: None, **options)
        retell(report, on_epoch, lambda metrics, _: replace(metrics, loss=metrics.val_loss))
        return report


@rejected_at(rungs.EPOCH_METRICS)
class epochs_counted_from_zero(JaxTwin):
    def fit(self, training: Examples, *, on_epoch, **options):
        report = super().fit(training, on_epoch=lambda _: None, **options)
        return retell(report, on_epoch, lambda metrics, i: replace(metrics, epoch=i))


@rejected_at(rungs.RUN_STEP_LOSSES)
class each_epoch_of_a_call_starts_anew(JaxTwin):
    def fit(self, training: Examples, *, orders: Orders, **options):
        before = self.get_parameters()
        reports = []
        for order in orders:
            self.set_parameters(before)
            reports.append(super().fit(training, orders=order[np.newaxis], **options))
        history = tuple(report.history[0] for report in reports)
        losses_of_all = np.concatenate([report.step_losses for report in reports])
        return FitReport(history=history, step_losses=losses_of_all)


@rejected_at(rungs.RUN_STEP_LOSSES)
class first_order_in_every_epoch(JaxTwin):
    """What a seeded Keras fit on TensorFlow does: one permutation, again and again."""

    first_order = np.zeros(0, np.int64)

    def fit(self, training: Examples, *, orders: Orders, **options):
        if orders.shape[1] != len(self.first_order):
            self.first_order = orders[0]
        repeated = np.tile(self.first_order, (len(orders), 1))
        return super().fit(training, orders=repeated, **options)


@rejected_at(rungs.RUN_STEP_LOSSES)
class learning_rate_decays_by_the_epoch(JaxTwin):
    num_epochs = 0

    def fit(self, training: Examples, *, orders: Orders, **options):
        is_epoch = orders.shape[1] > 2 * self.experiment.batch_size
        rate = self.experiment.learning_rate * 0.99**self.num_epochs
        self.optimizer = nnx.Optimizer(self.model, optax.sgd(rate), wrt=nnx.Param)
        self.num_epochs += len(orders) if is_epoch else 0
        return super().fit(training, orders=orders, **options)


@rejected_at(rungs.RUN_WEIGHTS)
class keeps_the_weights_of_an_earlier_epoch(JaxTwin):
    """As early stopping does that restores the best weights."""

    num_fits = 0

    def fit(self, training: Examples, *, orders: Orders, **options):
        before = self.get_parameters()
        report = super().fit(training, orders=orders, **options)
        self.num_fits += 1
        if self.num_fits > 3:  # one step, two steps, the first epoch, the others
            self.set_parameters(before)
        return report


@rejected_at(rungs.RUN_PREDICTIONS)
class test_rows_reversed(JaxTwin):
    """Predicts the whole test set in another order than it was given."""

    def predict(self, images: Array):
        is_whole_set = len(images) > NUM_PROBE_ROWS
        return super().predict(images[::-1] if is_whole_set else images)


# What only another question, or another call, shows.


@rejected_at(rungs.ASKED_AGAIN)
class predictions_kept(JaxTwin):
    """Predicts the same number of rows as it did before, whatever the weights have become."""

    def predict(self, images: Array):
        self.kept = {len(images): super().predict(images), **getattr(self, "kept", {})}
        return self.kept[len(images)]


@rejected_at(rungs.ASKED_AGAIN)
class evaluations_kept(JaxTwin):
    def evaluate(self, examples: Examples):
        rows = len(examples.labels)
        self.kept = {rows: super().evaluate(examples), **getattr(self, "kept", {})}
        return self.kept[rows]


@rejected_at(rungs.ASKED_AGAIN)
class gradients_of_the_first_weights(JaxTwin):
    first = None

    def loss_and_gradients(self, examples: Examples):
        self.first = self.first or super().loss_and_gradients(examples)
        return self.first


@rejected_at(rungs.OWN_ORDERS)
class own_shuffle_loses_a_row(JaxTwin):
    def fit(self, training: Examples, *, orders: Orders | None, **options):
        rows = training.rows(slice(-1)) if orders is None else training
        return super().fit(rows, orders=orders, **options)


@rejected_at(rungs.OWN_ORDERS)
class own_shuffle_drops_the_last_batch(JaxTwin):
    def fit(self, training: Examples, *, orders: Orders | None, **options):
        size, num_rows = self.experiment.batch_size, len(training.labels)
        whole = num_rows // size * size if orders is None and num_rows > size else num_rows
        return super().fit(training.rows(slice(whole)), orders=orders, **options)


@rejected_at(rungs.OWN_ORDERS)
class own_shuffle_for_one_epoch(JaxTwin):
    def fit(self, training: Examples, *, orders: Orders | None, **options):
        given = np.arange(len(training.labels))[np.newaxis] if orders is None else orders
        return super().fit(training, orders=given, **options)


@dataclass(frozen=True)
class WrongBuilder:
    """Builds a wrong port for one purpose alone, by the name of its builder."""

    name: BuilderName
    wrong: Callable[[Experiment], Any]

    def __call__(self, experiment: Experiment, builder: BuilderName) -> Implementation:
        return (self.wrong if builder == self.name else JaxTwin)(experiment)


WRONG_BUILDERS = (
    WrongBuilder("build", learning_rate_a_tenth_too_large),
    WrongBuilder("build", metrics_not_weighted_by_rows),
    WrongBuilder("build", each_epoch_of_a_call_starts_anew),
    WrongBuilder("build_in_bulk", last_batch_dropped),
    WrongBuilder("build_in_bulk", epochs_counted_from_zero),
)
"""Each must be rejected where every builder trains in given orders."""


# What the ports above are made with.


def with_loss(experiment: Experiment, loss_of: Callable) -> JaxTwin:
    """Puts another loss in the place of the port's, for the rest of the process."""

    def loss_fn(model, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        logits = model(images)
        return loss_of(logits, labels), jnp.sum(logits.argmax(axis=1) == labels)

    put_in_place(train, "loss_fn", loss_fn)
    return JaxTwin(experiment)


def put_in_place(module, name: str, replacement: Callable) -> None:
    """Replaces a function of a module, and forgets what JAX compiled with the former one."""
    setattr(module, name, replacement)
    jax.clear_caches()


def with_optimizer(experiment: Experiment, rule: optax.GradientTransformation) -> JaxTwin:
    port = JaxTwin(experiment)
    port.optimizer = nnx.Optimizer(port.model, rule, wrt=nnx.Param)
    return port


def retell(report: FitReport, on_epoch, change: Callable[[EpochMetrics, int], EpochMetrics]):
    history = tuple(change(metrics, index) for index, metrics in enumerate(report.history))
    for metrics in history:
        on_epoch(metrics)
    return replace(report, history=history)


def with_biases(parameters: Parameters, change: Callable[[Array], Array]) -> Parameters:
    layers = (replace(layer, bias=change(layer.bias)) for layer in parameters.layers)
    return Parameters(tuple(layers))


def with_second_kernel_transposed(parameters: Parameters) -> Parameters:
    first, second, *others = parameters.layers
    return Parameters((first, replace(second, kernel=second.kernel.T), *others))
