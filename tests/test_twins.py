"""Layers of every kind that the ladder knows, in Keras, Flax and PyTorch: what climbs, what not."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from flax import nnx
from keras import layers

from parity import FlaxTwin, KerasTwin, Report, TorchTwin, climb
from parity.questions import ALL_STEPS
from tests import hand_written
from tests.mutants.remembered import Remembered

RATE = 0.1
NUM_ROWS = 6


@dataclass(frozen=True)
class Case:
    """One layer in three frameworks, between the inputs and a dense layer.

    shape: of one row of inputs; whole numbers below 5 where `is_whole`.
    keras: makes the layer; `apply` calls it.
    flax: takes dtypes and rngs, returns the module and how it is called.
    torch: returns the same.
    """

    shape: tuple[int, ...]
    keras: Callable[[], keras.layers.Layer]
    flax: Callable[[dict[str, Any]], nnx.Module]
    torch: Callable[[], torch.nn.Module]
    apply: Callable[[Any, Any], Any] = lambda layer, inputs: layer(inputs)
    apply_flax: Callable[[Any, Any], Any] = lambda layer, inputs: layer(inputs)
    apply_torch: Callable[[Any, Any], Any] = lambda layer, inputs: layer(inputs)
    is_whole: bool = False


def channels_first(layer: Any, inputs: Any) -> Any:
    # In one piece: PyTorch 2.13 crashes in the backward pass of a GroupNorm whose input is not.
    return layer(inputs.movedim(-1, 1).contiguous()).movedim(1, -1)


def flax_batch_norm(num_features: int, options: dict[str, Any]) -> nnx.BatchNorm:
    norm = nnx.BatchNorm(num_features, epsilon=1e-3, use_fast_variance=False, **options)
    # Flax keeps these in float32, whatever the parameters are.
    norm.mean = nnx.BatchStat(jnp.zeros(num_features, options["dtype"]))
    norm.var = nnx.BatchStat(jnp.ones(num_features, options["dtype"]))
    return norm


class GRUCellOfTwoBiases(nnx.GRUCell):
    """Keras' and PyTorch's GRU: Flax's own has no bias for what is recurrent."""

    def __init__(self, num_inputs: int, num_units: int, **options: Any) -> None:
        super().__init__(num_inputs, num_units, **options)
        self.dense_h = nnx.Linear(num_units, 3 * num_units, **options)


class TorchBatchNorm(torch.nn.BatchNorm1d):
    """With the variance that Keras keeps: the batch's own, without Bessel's correction."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
        if not self.training:
            return super().forward(input)
        mean, variance = input.mean(0), input.var(0, correction=0)
        with torch.no_grad():
            self.running_mean += (1 - 0.99) * (mean - self.running_mean)
            self.running_var += (1 - 0.99) * (variance - self.running_var)
        return (input - mean) / (variance + self.eps).sqrt() * self.weight + self.bias


def attention(query: Any, key: Any, value: Any, **options: Any) -> Any:
    """In the arrays' own type: JAX' own computes a softmax in float32, whatever comes in."""
    del options
    scores = jnp.einsum("bqhd,bkhd->bhqk", query / query.shape[-1] ** 0.5, key)
    return jnp.einsum("bhqk,bkhd->bqhd", nnx.softmax(scores), value)


def last(outputs: Any) -> Any:
    return outputs[:, -1]


def lstm_of_one_bias(**options: Any) -> torch.nn.LSTM:
    lstm = torch.nn.LSTM(2, 3, **options)
    lstm.bias_hh_l0.requires_grad_(False)
    return lstm


CASES = {
    "Dense": Case(
        (4,),
        lambda: layers.Dense(3, activation="tanh"),
        lambda options: nnx.Linear(4, 3, **options),
        lambda: torch.nn.Linear(4, 3),
        apply_flax=lambda layer, inputs: jnp.tanh(layer(inputs)),
        apply_torch=lambda layer, inputs: torch.tanh(layer(inputs)),
    ),
    "Conv1D, same": Case(
        (6, 2),
        lambda: layers.Conv1D(3, 2, padding="same"),
        lambda options: nnx.Conv(2, 3, (2,), padding="SAME", **options),
        lambda: torch.nn.Conv1d(2, 3, 2, padding="same"),
        apply_torch=channels_first,
    ),
    "Conv2D, strides": Case(
        (6, 5, 2),
        lambda: layers.Conv2D(3, (3, 2), strides=2),
        lambda options: nnx.Conv(2, 3, (3, 2), strides=2, padding="VALID", **options),
        lambda: torch.nn.Conv2d(2, 3, (3, 2), stride=2),
        apply_torch=channels_first,
    ),
    "Conv2D, groups": Case(
        (5, 5, 4),
        lambda: layers.Conv2D(4, 3, groups=2),
        lambda options: nnx.Conv(4, 4, (3, 3), feature_group_count=2, padding="VALID", **options),
        lambda: torch.nn.Conv2d(4, 4, 3, groups=2),
        apply_torch=channels_first,
    ),
    "Conv2D, each channel by itself": Case(
        (3, 3, 2),
        lambda: layers.Conv2D(4, 2, groups=2),
        lambda options: nnx.Conv(2, 4, (2, 2), feature_group_count=2, padding="VALID", **options),
        lambda: torch.nn.Conv2d(2, 4, 2, groups=2),
        apply_torch=channels_first,
    ),
    "Conv3D, dilated": Case(
        (4, 4, 4, 1),
        lambda: layers.Conv3D(2, 2, dilation_rate=2),
        lambda options: nnx.Conv(1, 2, (2, 2, 2), kernel_dilation=2, padding="VALID", **options),
        lambda: torch.nn.Conv3d(1, 2, 2, dilation=2),
        apply_torch=channels_first,
    ),
    "DepthwiseConv1D": Case(
        (5, 3),
        lambda: layers.DepthwiseConv1D(2),
        lambda options: nnx.Conv(3, 3, (2,), feature_group_count=3, padding="VALID", **options),
        lambda: torch.nn.Conv1d(3, 3, 2, groups=3),
        apply_torch=channels_first,
    ),
    "DepthwiseConv2D": Case(
        (5, 4, 3),
        lambda: layers.DepthwiseConv2D((3, 2), depth_multiplier=2),
        lambda options: nnx.Conv(3, 6, (3, 2), feature_group_count=3, padding="VALID", **options),
        lambda: torch.nn.Conv2d(3, 6, (3, 2), groups=3),
        apply_torch=channels_first,
    ),
    "BatchNormalization": Case(
        (4,),
        layers.BatchNormalization,
        lambda options: flax_batch_norm(4, options),
        lambda: TorchBatchNorm(4, eps=1e-3, momentum=1 - 0.99),
    ),
    "LayerNormalization": Case(
        (5, 4),
        layers.LayerNormalization,
        lambda options: nnx.LayerNorm(4, epsilon=1e-3, use_fast_variance=False, **options),
        lambda: torch.nn.LayerNorm(4, eps=1e-3),
    ),
    "GroupNormalization": Case(
        (3, 3, 4),
        lambda: layers.GroupNormalization(groups=2),
        lambda options: nnx.GroupNorm(
            4, num_groups=2, epsilon=1e-3, use_fast_variance=False, **options
        ),
        lambda: torch.nn.GroupNorm(2, 4, eps=1e-3),
        apply_torch=channels_first,
    ),
    "Embedding": Case(
        (3,),
        lambda: layers.Embedding(5, 2),
        lambda options: nnx.Embed(5, 2, **options),
        lambda: torch.nn.Embedding(5, 2),
        is_whole=True,
    ),
    "MultiHeadAttention": Case(
        (4, 8),
        lambda: layers.MultiHeadAttention(2, 4),  # Keras rounds 1 / √4 to float32, and 1 / √3 too
        lambda options: nnx.MultiHeadAttention(
            2, 8, decode=False, attention_fn=attention, **options
        ),
        lambda: torch.nn.MultiheadAttention(8, 2, batch_first=True),
        apply=lambda layer, inputs: layer(inputs, inputs),
        apply_torch=lambda layer, inputs: layer(inputs, inputs, inputs)[0],
    ),
    "LSTM": Case(
        (4, 2),
        lambda: layers.LSTM(3),
        lambda options: nnx.RNN(nnx.OptimizedLSTMCell(2, 3, **options)),
        lambda: lstm_of_one_bias(batch_first=True),
        apply_flax=lambda layer, inputs: last(layer(inputs)),
        apply_torch=lambda layer, inputs: last(layer(inputs)[0]),
    ),
    "LSTM, each gate by itself": Case(
        (4, 2),
        lambda: layers.LSTM(3, return_sequences=True),
        lambda options: nnx.RNN(nnx.LSTMCell(2, 3, **options)),
        lstm_of_one_bias,
        apply_torch=lambda layer, inputs: layer(inputs.movedim(1, 0))[0].movedim(0, 1),
    ),
    "GRU": Case(
        (4, 2),
        lambda: layers.GRU(3),
        lambda options: nnx.RNN(GRUCellOfTwoBiases(2, 3, **options)),
        lambda: torch.nn.GRU(2, 3, batch_first=True),
        apply_flax=lambda layer, inputs: last(layer(inputs)),
        apply_torch=lambda layer, inputs: last(layer(inputs)[0]),
    ),
}


@cache
def reference_of(name: str) -> Any:
    """The layer in Keras; ports to Flax and to PyTorch ask it the same, so it is asked once."""
    return Remembered(keras_twin(CASES[name]))


def keras_twin(case: Case) -> KerasTwin:
    def build(dtype: str) -> keras.Model:
        inputs = keras.Input(case.shape, dtype="int32" if case.is_whole else dtype)
        hidden = case.apply(case.keras(), inputs)
        outputs = layers.Dense(2, name="output")(layers.Flatten()(hidden))
        model = keras.Model(inputs, outputs)
        model.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse", run_eagerly=True)
        return model

    return KerasTwin(build)


class FlaxPort(nnx.Module):
    def __init__(self, case: Case, num_features: int, options: dict[str, Any]) -> None:
        self.layer, self.apply = case.flax(options), case.apply_flax
        self.output = nnx.Linear(num_features, 2, **options)

    def __call__(self, inputs: Any) -> Any:
        return self.output(self.apply(self.layer, inputs).reshape(len(inputs), -1))


class TorchPort(torch.nn.Module):
    def __init__(self, case: Case, num_features: int) -> None:
        super().__init__()
        self.layer, self.apply_layer = case.torch(), case.apply_torch
        self.output = torch.nn.Linear(num_features, 2)

    def forward(self, inputs: Any) -> Any:
        return self.output(self.apply_layer(self.layer, inputs).flatten(1))


def num_features_of(case: Case) -> int:
    """Numbers of a row that leave the layer."""
    inputs = keras.Input(case.shape, dtype="int32" if case.is_whole else None)
    return int(np.prod(case.apply(case.keras(), inputs).shape[1:]))


def flax_twin(case: Case) -> FlaxTwin:
    def build(dtype: str) -> nnx.Module:
        options = {"dtype": dtype, "param_dtype": dtype, "rngs": nnx.Rngs(0)}
        return FlaxPort(case, num_features_of(case), options)

    return FlaxTwin(build, optax.sgd(RATE), lambda model, x, y: jnp.mean((model(x) - y) ** 2))


def torch_twin(case: Case) -> TorchTwin:
    return TorchTwin(
        lambda _: TorchPort(case, num_features_of(case)),
        lambda parameters: torch.optim.SGD(parameters, RATE),
        lambda model, x, y: torch.mean((model(x) - y) ** 2),
    )


def made_batches(case: Case) -> list[tuple[Any, Any]]:
    generator = np.random.default_rng(0)
    return [
        (
            generator.integers(0, 5, (NUM_ROWS, *case.shape))
            if case.is_whole
            else generator.normal(size=(NUM_ROWS, *case.shape)),
            generator.normal(size=(NUM_ROWS, 2)),
        )
        for _ in range(4)
    ]


SLOW = ("Conv2D, groups", "Conv2D, each channel by itself", "LSTM, each gate by itself")
"""TensorFlow compiles the gradient of a grouped convolution for ten seconds."""
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES]


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)
    torch.manual_seed(0)


def climb_layer(name: str, port: Any) -> Report:
    batches = made_batches(CASES[name])
    return climb(reference_of(name), port, batches, compare_randomness=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_port_to_flax_climbs(name: str):
    report = climb_layer(name, flax_twin(CASES[name]))
    assert report.passed, report.first_difference


@pytest.mark.parametrize("name", NAMES)
def test_a_port_to_pytorch_climbs(name: str):
    report = climb_layer(name, torch_twin(CASES[name]))
    assert report.passed, report.first_difference


AS_THEY_COME = {
    "PyTorch trains two biases of an LSTM": (
        "LSTM",
        {"torch": lambda: torch.nn.LSTM(2, 3, batch_first=True)},
        ("gradients", "layer lstm, tensor lstm/bias"),
    ),
    "PyTorch corrects the running variance": (
        "BatchNormalization",
        {"torch": lambda: torch.nn.BatchNorm1d(4, eps=1e-3, momentum=1 - 0.99)},
        ("one step", "batch_normalization/moving_variance"),
    ),
    "Flax's GRU has no recurrent bias": (
        "GRU",
        {"flax": lambda own: nnx.RNN(nnx.GRUCell(2, 3, **own))},
        ("parameters", "bias has shape (2, 9), in Flax (9,)"),
    ),
    "Flax keeps running statistics in float32": (
        "BatchNormalization",
        {"flax": lambda own: nnx.BatchNorm(4, epsilon=1e-3, **own)},
        ("parameters", "moving_mean is float64, in Flax float32"),
    ),
    "JAX computes the softmax of attention in float32": (
        "MultiHeadAttention",
        {"flax": lambda own: nnx.MultiHeadAttention(2, 8, decode=False, **own)},
        ("outputs in inference", "layer multi_head_attention"),
    ),
    "Flax's layer normalisation adds another epsilon": (
        "LayerNormalization",
        {"flax": lambda own: nnx.LayerNorm(4, **own)},
        ("outputs in inference", "layer layer_normalization"),
    ),
}


@pytest.mark.parametrize("difference", AS_THEY_COME)
def test_where_frameworks_differ_the_ladder_says_so(difference: str):
    name, changes, (rung, expected) = AS_THEY_COME[difference]
    case = replace(CASES[name], **changes)
    report = climb_layer(name, torch_twin(case) if "torch" in changes else flax_twin(case))
    assert not report.passed
    assert report.rungs[-1].name == rung
    assert expected in str(report.first_difference)


def compiled(model: keras.Model, **options: Any) -> keras.Model:
    model.compile(**{"optimizer": keras.optimizers.SGD(RATE), "loss": "mse"} | options)
    return model


def options_of(dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "param_dtype": dtype, "rngs": nnx.Rngs(0)}


def squares(model: Any, inputs: Any, targets: Any) -> Any:
    answer = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    return jnp.mean((answer - targets) ** 2)


def drawn(*shapes: tuple[int, ...], num_batches: int = 4) -> list[Any]:
    """Batches of several arrays each; the last shape is the targets'."""
    generator = np.random.default_rng(0)
    drawn = [
        [generator.normal(size=(NUM_ROWS, *shape)) for shape in shapes] for _ in range(num_batches)
    ]
    return [(tuple(each[:-1]) if len(each) > 2 else each[0], each[-1]) for each in drawn]


def test_several_inputs_and_shared_layers():
    def build(_: str) -> keras.Model:
        one, other = keras.Input((3,)), keras.Input((3,))
        shared = layers.Dense(4, activation="relu")
        inner = keras.Sequential([keras.Input((8,)), layers.Dense(2, name="inner_dense")])
        joined = layers.Concatenate()([shared(one), shared(other)])
        return compiled(keras.Model([one, other], layers.Dense(1)(inner(joined))))

    class Port(nnx.Module):
        def __init__(self, options: dict[str, Any]) -> None:
            self.shared = nnx.Linear(3, 4, **options)
            self.again = self.shared  # by another name, which comes first in the alphabet
            self.inner = nnx.Dict(inner_dense=nnx.Linear(8, 2, **options))
            self.output = nnx.Linear(2, 1, **options)

        def __call__(self, one: Any, other: Any) -> Any:
            hidden = [nnx.relu(self.shared(one)), nnx.relu(self.again(other))]
            return self.output(self.inner["inner_dense"](jnp.concatenate(hidden, axis=-1)))

    port = FlaxTwin(lambda dtype: Port(options_of(dtype)), optax.sgd(RATE, momentum=0.5), squares)
    reference = KerasTwin(build)
    batches = drawn((3,), (3,), (1,))
    report = climb(reference, port, batches, compare_randomness=False)
    assert report.rungs[-1].name == "optimizer's later steps"  # where momentum shows
    port = FlaxTwin(lambda dtype: Port(options_of(dtype)), optax.sgd(RATE), squares)
    report = climb(reference, port, batches, compare_randomness=False)
    assert report.passed, report.first_difference
    paths = [("dense", "shared"), ("sequential/inner_dense", "inner/inner_dense")]
    assert list(report.pairs) == [*paths, ("dense_1", "output")]


class Scaled(layers.Layer):
    """A layer of a user's own, whose tensors have no names, with another layer inside."""

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.dense = layers.Dense(shape[-1])
        self.dense.build(shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self.count.assign_add(keras.ops.ones((), self.count.dtype))
        return self.dense(inputs) * self.scale


class FlaxScaled(nnx.Module):
    def __init__(self, num_features: int, options: dict[str, Any]) -> None:
        self.dense = nnx.Linear(num_features, num_features, **options)
        self.scale = Weight(jnp.ones(num_features, options["dtype"]))
        self.count = Counted(jnp.zeros((), options["dtype"]))
        self.deterministic = False  # `train` and `eval` set it

    def __call__(self, inputs: Any) -> Any:
        if not self.deterministic:
            self.count[...] += 1.0
        return self.dense(inputs) * self.scale[...]


FlaxScaled.__name__ = Scaled.__name__  # what pairs layers that the ladder does not know


class Weight(nnx.Param):
    pass


class Counted(nnx.Variable):
    pass


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.flip = layers.RandomFlip()
        self.blocks = [Scaled(), Scaled()]
        self.dropout = layers.SpatialDropout1D(0.5)
        self.recurrent = layers.Bidirectional(layers.LSTM(2))
        self.last = layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5))

    def call(self, inputs: Any, training: bool = False) -> Any:
        # Said, for Keras takes the flip's default, which is True, for whatever comes after it.
        hidden = self.flip(inputs, training=training)[..., 0]
        for block in self.blocks:
            hidden = block(hidden)
        return self.last(self.recurrent(self.dropout(hidden)))


class Port(nnx.Module):
    def __init__(self, options: dict[str, Any]) -> None:
        self.blocks = nnx.List([FlaxScaled(3, options) for _ in range(2)])
        cells = [nnx.RNN(nnx.OptimizedLSTMCell(3, 2, **options)) for _ in range(2)]
        self.recurrent = nnx.Bidirectional(*cells)
        self.head = nnx.Sequential(nnx.Linear(4, 1, **options))

    def __call__(self, inputs: Any) -> Any:
        hidden = inputs[..., 0]
        for block in self.blocks:
            hidden = block(hidden)
        both: Any = self.recurrent(hidden)
        return self.head(jnp.concatenate([both[:, -1, :2], both[:, 0, 2:]], axis=-1))


@nnx.jit
def train_step(model: Any, optimizer: nnx.Optimizer, inputs: Any, targets: Any) -> Any:
    compute = nnx.value_and_grad(with_penalty, has_aux=True)
    (loss, answer), gradients = compute(model, inputs, targets)
    optimizer.update(model, gradients)
    return loss, answer


def with_penalty(model: Any, inputs: Any, targets: Any) -> Any:
    """The loss, and what else this port wants to know."""
    answer = model(inputs)
    penalty = 0.5 * jnp.sum(model.head.layers[0].kernel[...] ** 2)
    return jnp.mean((answer - targets) ** 2) + penalty, answer


def test_a_network_of_a_users_own():
    def build(_: str) -> keras.Model:
        model = compiled(Subclassed(), optimizer=keras.optimizers.SGD(0.125))
        model(np.zeros((1, 4, 3, 1)))
        return model

    port = FlaxTwin(
        lambda dtype: Port(options_of(dtype)),
        optax.sgd(0.125),
        with_penalty,
        train_step=train_step,
    )
    report = climb(
        KerasTwin(build),
        port,
        drawn((4, 3, 1), (1,)),
        compare_randomness=False,
        layers={"random_flip": None, "spatial_dropout1d": None},
    )
    assert report.passed, report.first_difference
    tensors = {tensor.name for tensor in report.rungs[0].tensors}
    assert {"scaled/count", "scaled_1/scale", "scaled/dense/kernel"} <= tensors


def test_a_network_written_by_hand_in_numpy():
    def build(_: str) -> keras.Model:
        hidden = layers.Dense(3, activation="tanh")
        model = keras.Sequential([keras.Input((4,)), hidden, layers.Dense(2)])
        sgd = keras.optimizers.SGD(hand_written.RATE, momentum=hand_written.MOMENTUM)
        return compiled(model, optimizer=sgd, run_eagerly=True)

    batches = hand_written.batches()
    report = climb(KerasTwin(build), hand_written.twin(), batches, compare_randomness=False)
    assert report.passed, report.first_difference
    assert "dense/kernel momentum" in names_after_all_steps(report)


def test_what_pytorch_remembers_is_compared():
    def build(_: str) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))

    def sgd(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, hand_written.RATE, momentum=hand_written.MOMENTUM)

    port = TorchTwin(build, sgd, lambda model, x, y: torch.mean((model(x) - y) ** 2))
    batches = hand_written.batches()
    report = climb(hand_written.twin(), port, batches, compare_randomness=False)
    assert report.passed, report.first_difference
    assert "hidden/kernel momentum" in names_after_all_steps(report)


def names_after_all_steps(report: Report) -> set[str]:
    (rung,) = (rung for rung in report.rungs if rung.name == ALL_STEPS)
    return {tensor.name for tensor in rung.tensors}


BACKEND = """
import keras, numpy as np
from keras import layers
from parity import KerasTwin, climb
from tests import hand_written
from tests.mutants.remembered import Remembered

def build(dtype):
    stack = [keras.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(2)]
    model = keras.Sequential(stack)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    return model

report = climb(KerasTwin(build), KerasTwin(build), hand_written.batches(), compare_randomness=False)
print(keras.backend.backend(), keras.config.floatx(), report.passed, report.first_difference)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_keras_climbs_on_its_other_backends(backend: str):
    answer = subprocess.run(
        [sys.executable, "-c", BACKEND],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.split() == [backend, "float32", "True", "None"], answer.stdout
