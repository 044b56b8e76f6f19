"""What cannot be climbed with ends in one clear sentence, never in a traceback of the library's."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from flax import nnx

from parity import FlaxTwin, KerasTwin, NumpyTwin, ParityError, Report, TorchTwin, climb
from tests import hand_written


def sentence_of(port: Any, batches: Any = None, reference: Any = None, **options: Any) -> str:
    """The one line in which a climb ends that must not pass."""
    given = hand_written.batches() if batches is None else batches
    report = climb(reference or hand_written.twin(), port, given, **options)
    assert isinstance(report, Report)
    assert not report.passed
    assert report.first_difference
    assert "\n" not in report.first_difference
    assert str(report)
    return report.first_difference


def broken(verb: str, answer: Callable[..., Any]) -> NumpyTwin:
    """The network with a mistake in one verb, which gets the twin and what it is asked with."""
    twin = hand_written.twin(type("Broken", (NumpyTwin,), {verb: answer}))
    twin.title = "The port"
    return twin


def raising(*_: Any, **__: Any) -> Any:
    raise ValueError("shapes (5, 4) and (3, 3)\nnot aligned")


VERBS = (
    *("build", "get", "set", "outputs", "evaluate", "gradients", "update", "slots", "step"),
    "predict",
)
ANSWERING = [verb for verb in VERBS if verb not in ("set", "update")]


def test_the_network_written_by_hand_climbs_with_itself():
    report = climb(hand_written.twin(), hand_written.twin(), hand_written.batches())
    assert report.passed, report.first_difference


@pytest.mark.parametrize("verb", [*VERBS, "fit"])
def test_a_verb_that_raises(verb: str):
    sentence = sentence_of(broken(verb, raising))
    assert f"The port: `{verb}` raised ValueError: shapes (5, 4) and (3, 3) not al" in sentence


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_is_missing(verb: str):
    sentence = sentence_of(broken(verb, None))  # pyright: ignore[reportArgumentType]
    assert f"The port has no verb `{verb}`" in sentence


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        (verb, answer)
        for verb in ANSWERING
        for answer in (None, "text", np.array(3.0), [1.0], {"hidden/kernel": 2.0})
        if not (verb == "step" and isinstance(answer, np.ndarray))  # which is one number
    ],
)
def test_a_verb_that_answers_in_another_form(verb: str, answer: Any):
    sentence = sentence_of(broken(verb, lambda *_, **__: answer))
    returned = "None (is a `return` missing?)" if answer is None else type(answer).__name__
    assert f"The port: `{verb}` returned {returned}" in sentence
    assert "expected" in sentence


@pytest.mark.parametrize("side", ["reference", "port"])
def test_either_twin_is_named(side: str):
    twins = {"port": hand_written.twin(), side: broken("predict", raising)}
    assert "The port: `predict` raised" in sentence_of(**twins)


def test_predictions_of_another_number_of_rows():
    sentence = sentence_of(broken("predict", lambda *_: np.zeros((3, 2))))
    assert "The port: `predict` returned ndarray of shape (3, 2), expected" in sentence
    assert "row" in sentence


def test_predictions_of_another_width():
    sentence = sentence_of(broken("predict", lambda _, inputs: np.zeros((len(inputs), 3))))
    assert "outputs in inference" in sentence
    assert "shape (5, 2)" in sentence
    assert "shape (5, 3)" in sentence


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("evaluate", lambda *_: {"loss": float("nan")}),
        ("step", lambda twin, *given: NumpyTwin.step(twin, *given) * np.inf),
        ("predict", lambda _, inputs: np.full((len(inputs), 2), np.nan)),
        ("get", lambda twin: {n: a * np.nan for n, a in NumpyTwin.get(twin).items()}),
    ],
)
def test_a_value_that_is_no_number(verb: str, answer: Callable[..., Any]):
    sentence = sentence_of(broken(verb, answer))
    assert "The port nan" in sentence or "The port inf" in sentence


@pytest.mark.parametrize("verb", ["get", "predict", "gradients"])
def test_float32_in_a_climb_in_float64(verb: str):
    def answer(self: NumpyTwin, *given: Any) -> Any:
        found = getattr(NumpyTwin, verb)(self, *given)
        rounded = {
            "get": lambda: {n: a.astype("float32") for n, a in found.items()},
            "predict": lambda: found.astype("float32"),
            "gradients": lambda: (found[0], {n: a.astype("float32") for n, a in found[1].items()}),
        }
        return rounded[verb]()

    assert "float32" in sentence_of(broken(verb, answer))


def test_parameters_of_float32_in_a_climb_in_float64():
    port = hand_written.twin(parameters=lambda _: hand_written.parameters("float32"))
    sentence = sentence_of(port)
    assert "float32" in sentence
    assert "float64" in sentence


def test_arrays_that_were_given_are_changed():
    def predict(self: NumpyTwin, inputs: Any) -> Any:
        inputs *= 1.0000001
        return NumpyTwin.predict(self, inputs)

    assert "The port: `predict` changed an array that it was given" in sentence_of(
        broken("predict", predict)
    )


@pytest.mark.parametrize("verb", ["evaluate", "gradients", "outputs", "predict"])
def test_a_question_that_moves_the_weights(verb: str):
    def answer(self: NumpyTwin, *given: Any, **options: Any) -> Any:
        found = getattr(NumpyTwin, verb)(self, *given, **options)
        arrays = self.get()
        NumpyTwin.set(self, {name: array * 1.5 for name, array in arrays.items()})
        return found

    assert f"The port: `{verb}` changed hidden/kernel" in sentence_of(broken(verb, answer))


def test_arrays_that_are_alive():
    def step(arrays: Any, memory: Any, gradients: Any) -> Any:
        moved, kept = hand_written.step(arrays, memory, gradients)
        for name, array in moved.items():
            arrays[name][...] = array
        return arrays, kept

    class Alive(NumpyTwin):
        def get(self) -> Any:
            return self._arrays

    port = hand_written.twin(Alive, step=step)
    port.title = "The port"
    sentence = sentence_of(port)
    assert "The port: `get` handed out hidden/kernel" in sentence
    assert "copy" in sentence


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([], "no batch"),
        ([1, 2], "batch 1 is no pair"),
        (7, "climb takes pairs of inputs and targets"),
        ([(np.zeros((5, 4)),)], "batch 1 is no pair"),
        ([(np.zeros((5, 4)), np.zeros((4, 2)))], "batch 1 has 5 rows of inputs and 4 of targets"),
        ([(np.zeros((0, 4)), np.zeros((0, 2)))], "batch 1 has 0 rows"),
        ([(np.float64(1), np.float64(2))], "batch 1"),
        ([((), ())], "batch 1"),
        ([(["a", "b"], [1, 2])], "batch 1"),
        ([(np.zeros((5, 7)), np.zeros((5, 2)))], "NumPy: `outputs` raised ValueError"),
        ([(np.zeros((5, 4)), np.zeros((5, 9)))], "`evaluate` raised ValueError"),
    ],
)
def test_batches_that_do_not_fit(batches: Any, expected: str):
    assert expected in sentence_of(hand_written.twin(), batches)


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": "float16"},
        {"num_replicas": 0},
    ],
)
def test_options_that_make_no_sense(options: Any):
    with pytest.raises(ParityError):
        climb(hand_written.twin(), hand_written.twin(), hand_written.batches(), **options)


def test_a_map_of_layers_that_there_are_not():
    sentence = sentence_of(hand_written.twin(), layers={"hidden": "dense_9"})
    assert "dense_9" in sentence
    assert "output" in sentence


KERAS_HINTS = {
    "not compiled": (lambda _: keras.Sequential([keras.Input((4,))]), "model.compile("),
    "not built": (lambda _: compiled(keras.Sequential([keras.layers.Dense(2)])), "keras.Input"),
    "a class": (lambda _: keras.Model, "the class Model"),
    "nothing": (lambda _: None, "NoneType"),
}


def compiled(model: keras.Model) -> keras.Model:
    model.compile(optimizer="sgd", loss="mse")
    return model


@pytest.mark.parametrize("case", KERAS_HINTS)
@pytest.mark.parametrize("side", ["reference", "port"])
def test_a_keras_model_that_is_none(case: str, side: str):
    build, hint = KERAS_HINTS[case]
    twins = {"port": hand_written.twin(), side: KerasTwin(build)}
    sentence = sentence_of(**twins)
    assert "Keras: `build` returned" in sentence
    assert hint in sentence


@pytest.mark.parametrize(
    ("build", "given"), [(lambda _: nnx.Linear, "the class Linear"), (lambda _: 3, "int")]
)
def test_a_flax_module_that_is_none(build: Any, given: str):
    sentence = sentence_of(FlaxTwin(build, optax.sgd(0.1), lambda *_: 0.0))
    assert f"Flax: `build` returned {given}, expected an nnx.Module" in sentence


@pytest.mark.parametrize(
    ("build", "given"),
    [(lambda _: torch.nn.Linear, "the class Linear"), (lambda _: 3, "int")],
)
def test_a_torch_module_that_is_none(build: Any, given: str):
    twin = TorchTwin(build, lambda own: torch.optim.SGD(own, 0.1), lambda *_: 0.0)
    assert f"PyTorch: `build` returned {given}, expected an nn.Module" in sentence_of(twin)


def flax_network(dtype: str) -> nnx.Module:
    options = {"rngs": nnx.Rngs(0), "param_dtype": dtype, "dtype": dtype}

    class Network(nnx.Module):
        def __init__(self) -> None:
            self.hidden = nnx.Linear(4, 3, **options)
            self.output = nnx.Linear(3, 2, **options)

        def __call__(self, inputs: Any) -> Any:
            return self.output(jnp.tanh(self.hidden(inputs)))

    return Network()


def flax_twin(**changes: Any) -> FlaxTwin:
    parts = {
        "build": flax_network,
        "optimizer": optax.sgd(hand_written.RATE, momentum=hand_written.MOMENTUM),
        "loss_fn": lambda model, x, y: jnp.mean((model(x) - y) ** 2),
    }
    return FlaxTwin(**(parts | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"loss_fn": lambda *_: None}, "Flax: `evaluate` raised"),
        ({"loss_fn": lambda model, x, y: (model(x) - y) ** 2}, "Flax: `evaluate` raised"),
        ({"predict": lambda *_: None}, "Flax: `predict` returned"),
        ({"train_step": lambda *_: None}, "Flax: `step`"),
        ({"train_step": lambda _model, _optimizer: None}, "Flax: `step` raised TypeError"),
        ({"build": lambda _: flax_network("float32")}, "float32"),
    ],
)
def test_a_flax_port_with_a_mistake(changes: Any, expected: str):
    assert expected in sentence_of(flax_twin(**changes))


def test_the_flax_port_is_right_without_a_mistake():
    report = climb(
        hand_written.twin(), flax_twin(), hand_written.batches(), compare_randomness=False
    )
    assert report.passed, report.first_difference
    assert not report.not_reached


def test_what_a_twin_changes_globally_is_restored():
    def raising_in_float64(dtype: str) -> Any:
        assert keras.config.floatx() == dtype
        assert torch.get_default_dtype() == getattr(torch, dtype)
        raise RuntimeError("out of memory")

    before = global_types()
    port = TorchTwin(raising_in_float64, lambda own: torch.optim.SGD(own, 0.1), lambda *_: 0.0)
    sentence_of(port, reference=KerasTwin(lambda _: compiled_network()))
    assert global_types() == before


def global_types() -> tuple[Any, ...]:
    """What frameworks compute in, as long as nobody says otherwise."""
    return (
        keras.config.floatx(),
        keras.config.dtype_policy().name,
        torch.get_default_dtype(),
        jax.config.jax_enable_x64,  # pyright: ignore[reportAttributeAccessIssue]
    )


def compiled_network() -> keras.Model:
    return compiled(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
