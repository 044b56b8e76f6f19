"""Mistakes that need more than a word in the source: layers, rules, steps and twins."""

from collections.abc import Callable
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
from flax import nnx

from parity import FlaxTwin
from parity.twin import Arrays

losses = optax.softmax_cross_entropy_with_integer_labels


# Layers.


class TransposedConv(nnx.Conv):
    """Applies its kernel with height and width exchanged."""

    def __call__(self, inputs: Any) -> Any:
        return super().__call__(inputs.swapaxes(1, 2)).swapaxes(1, 2)


class BesselBatchNorm(nnx.BatchNorm):
    """Keeps the variance of a sample, n / (n − 1) times that of the batch, as PyTorch does."""

    def __call__(self, inputs: Any, **options: Any) -> Any:
        before = self.var[...]
        answer = super().__call__(inputs, **options)
        size = inputs.size // inputs.shape[-1]
        if not self.use_running_average:
            self.var[...] += (self.var[...] - self.momentum * before) / (size - 1)
        return answer


class ForgetfulBatchNorm(nnx.BatchNorm):
    """Never updates its running statistics."""

    def __call__(self, inputs: Any, **options: Any) -> Any:
        before = self.mean[...], self.var[...]
        answer = super().__call__(inputs, **options)
        self.mean[...], self.var[...] = before
        return answer


class UnscaledDropout(nnx.Dropout):
    """Does not divide what it keeps by the share that it keeps."""

    def __call__(self, inputs: Any, **options: Any) -> Any:
        return super().__call__(inputs, **options) * (1.0 - self.rate)


# Rules of the optimizer.


def one_step_late(rule: optax.GradientTransformation) -> optax.GradientTransformation:
    """Applies each gradient one step after its own."""

    def init(params: Any) -> Any:
        return jax.tree.map(jnp.zeros_like, params), rule.init(params)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        late, inner = state
        answer, inner = rule.update(late, inner, params)
        return answer, (updates, inner)

    return optax.GradientTransformation(init, update)


def only(chosen: Callable[[str], bool], rule: optax.GradientTransformation) -> Any:
    """Updates those tensors alone whose path is chosen."""

    def labels(params: Any) -> Any:
        return jax.tree_util.tree_map_with_path(
            lambda path, _: str(chosen(jax.tree_util.keystr(path))), params
        )

    return optax.multi_transform({"True": rule, "False": optax.set_to_zero()}, labels)


# Steps.


def plain_step(loss_fn: Callable) -> Callable:
    """The step that a twin makes itself."""

    @nnx.jit
    def step(model: Any, optimizer: nnx.Optimizer, inputs: Any, targets: Any) -> Any:
        loss, gradients = nnx.value_and_grad(loss_fn)(model, inputs, targets)
        optimizer.update(model, gradients)
        return loss

    return step


def fit_on(loss_fn: Any, choose: Callable[[list], list]) -> Any:
    """A training in one call, on the batches that `choose` makes of those given."""

    def fit(model: Any, optimizer: nnx.Optimizer, batches: list) -> None:
        for inputs, targets in choose(batches):
            optimizer.update(model, nnx.grad(loss_fn)(model, inputs, targets))

    return fit


def step_except(loss_fn: Callable, is_left_out: Callable[[int, int], bool]) -> Callable:
    """Leaves out updates, but not their losses: by number of the step, from 0, and by rows."""
    step, loss_of, numbers = plain_step(loss_fn), nnx.jit(loss_fn), count()

    def step_or_not(model: Any, optimizer: Any, inputs: Any, targets: Any) -> Any:
        if is_left_out(next(numbers), len(targets)):
            return loss_of(model, inputs, targets)
        return step(model, optimizer, inputs, targets)

    return step_or_not


def step_twice(loss_fn: Callable) -> Callable:
    """Trains on each batch twice, and tells the first loss."""
    step = plain_step(loss_fn)

    def both(*given: Any) -> Any:
        loss = step(*given)
        step(*given)
        return loss

    return both


def step_with_loss_after(loss_fn: Callable) -> Callable:
    """Tells the loss from after the update."""
    step, loss_of = plain_step(loss_fn), nnx.jit(loss_fn)

    def told_late(model: Any, optimizer: Any, inputs: Any, targets: Any) -> Any:
        step(model, optimizer, inputs, targets)
        return loss_of(model, inputs, targets)

    return told_late


def step_with_scaled_gradients(loss_fn: Callable) -> Callable:
    """Divides gradients by the number of rows, though the loss is a mean already."""

    @nnx.jit
    def step(model: Any, optimizer: nnx.Optimizer, inputs: Any, targets: Any) -> Any:
        loss, gradients = nnx.value_and_grad(loss_fn)(model, inputs, targets)
        optimizer.update(model, jax.tree.map(lambda each: each / len(targets), gradients))
        return loss

    return step


def step_in_evaluation(loss_fn: Callable) -> Callable:
    """Trains a model that was left in evaluation mode."""
    step = plain_step(loss_fn)

    def forgetful(model: Any, *given: Any) -> Any:
        model.eval()
        return step(model, *given)

    return forgetful


# What users get.


def first_answer_kept(predict: Callable) -> Callable:
    """Answers for rows of a shape that it has seen with what it answered then."""
    kept: dict[Any, Any] = {}

    def cached(model: Any, inputs: Any) -> Any:
        return kept.setdefault(inputs.shape, predict(model, inputs))

    return cached


def first_weights_kept(predict: Callable) -> Callable:
    """Predicts with a copy of the model from when it was first asked."""
    kept: list[Any] = []

    def with_old_weights(model: Any, inputs: Any) -> Any:
        kept.append(kept[0] if kept else nnx.clone(model))
        return predict(kept[0], inputs)

    return with_old_weights


def in_training_mode(predict: Callable) -> Callable:
    """Forgets to tell the model that this is no training."""

    def forgetful(model: Any, inputs: Any) -> Any:
        model.train()
        return predict(model, inputs)

    return forgetful


# Losses of logits and labels.


def clipped_loss(logits: Any, labels: Any) -> Any:
    """From probabilities clipped at 1e-7."""
    chosen = nnx.softmax(logits)[jnp.arange(len(labels)), labels]
    return -jnp.log(jnp.clip(chosen, 1e-7, 1 - 1e-7))


def smoothed_loss(logits: Any, labels: Any) -> Any:
    """A hundredth of each label spread over all classes."""
    targets = jax.nn.one_hot(labels, logits.shape[1], dtype=logits.dtype)
    return optax.softmax_cross_entropy(logits, optax.smooth_labels(targets, 0.01))


def squared_kernels(model: Any) -> Any:
    """The sum of squares of every kernel."""
    arrays = jax.tree.leaves(nnx.state(model, nnx.Param))
    return sum(jnp.sum(each**2) for each in arrays if each.ndim > 1)


# Twins that are implemented wrongly.


class Deaf(FlaxTwin):
    """Keeps the weights that it drew, whatever it is given."""

    def set(self, arrays: Arrays) -> None:
        del arrays


class Rounded(FlaxTwin):
    """Takes weights over by way of bfloat16."""

    def set(self, arrays: Arrays) -> None:
        super().set({n: a.astype(ml_dtypes.bfloat16).astype(a.dtype) for n, a in arrays.items()})


class Alive(FlaxTwin):
    """Hands out arrays that its next steps change."""

    def get(self) -> Arrays:
        self._handed: dict[str, np.ndarray]
        self._handed = {name: np.array(array) for name, array in super().get().items()}
        return self._handed

    def step(self, inputs: Any, targets: Any) -> float:
        loss = super().step(inputs, targets)
        for name, array in super().get().items():
            self._handed[name][...] = array
        return loss
