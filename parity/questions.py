"""What a twin is asked, rung by rung, and what it answers: the evidence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parity.compare import Evidence, Tensor
from parity.twin import Array, Arrays, Asked, Batch, ParityError, map_arrays

PARAMETERS = "parameters"
INFERENCE = "outputs in inference"
TRAINING = "outputs in training"
LOSS = "loss"
EXTREME_LOSS = "loss of extreme outputs"
GRADIENTS = "gradients"
FIRST_UPDATE = "optimizer's first step"
LATER_UPDATES = "optimizer's later steps"
ONE_STEP = "one step"
EVERY_LOSS = "loss of every step"
ALL_STEPS = "after all steps"
ASKED_AGAIN = "asked again after training"
ONE_CALL = "all steps in one call"
RANDOMNESS = "randomness"

RUNGS: Mapping[str, str] = {
    PARAMETERS: "layers and tensors pair up; values go in and out, and no bit changes",
    INFERENCE: "what enters and leaves each layer, and what users get",
    TRAINING: "the same, as in training, with what is random off",
    LOSS: "and metrics of the first batch, as in evaluation",
    EXTREME_LOSS: "the last kernel times 1,000: a clipped loss shows",
    GRADIENTS: "the loss as in training, and its gradient by each tensor",
    FIRST_UPDATE: "the reference's gradients into both optimizers",
    LATER_UPDATES: "three such steps: what the optimizer remembers",
    ONE_STEP: "parameters, state and the optimizer's memory after one whole step",
    EVERY_LOSS: "of every batch, the last one smaller",
    ALL_STEPS: "parameters, state and the optimizer's memory",
    ASKED_AGAIN: "predictions, loss and gradients after training: nothing old is kept",
    ONE_CALL: "as users train: `fit`, where the twin has one",
    RANDOMNESS: "initial values and dropout, in distribution",
}
"""What each rung compares, from the ground up."""
LOSS_IN_TRAINING = "loss in training"
EXTREME_FACTOR = 1_000.0
"""Makes outputs of hundreds, as a training that diverges would."""
UPDATE_FACTORS = (1.0, -0.5, 0.25)
"""Of the gradients, for three steps of the optimizer in which it turns round."""
NUM_RANDOM_ROWS = 1_024
"""Rows of inputs, the first batch's again and again, on which dropout is watched."""
STANDARD_ERRORS = 5.0
"""How far two samples of one distribution may be apart; once in 1.7 million by chance."""


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What a twin is asked with.

    start: every tensor that is paired, before the first step.
    gradients: for the optimizer by itself; None for the twin's own.
    compared: names of layers' inputs and outputs, and of the optimizer's slots.
    scaled: the tensor that makes outputs extreme; empty where there is none.
    initial: what the twin drew itself.
    rates: of its random layers, by the reference's names.
    dropouts: those of them that drop each number by itself.
    """

    start: Arrays
    batches: Sequence[Batch]
    gradients: Arrays | None
    compared: Sequence[str]
    scaled: str
    initial: Arrays
    rates: Mapping[str, float]
    dropouts: Sequence[str]
    with_randomness: bool


def gather(twin: Asked, questions: Questions) -> Iterator[Evidence]:
    """One twin's evidence, rung by rung, in the order of `RUNGS`."""
    inputs, _ = questions.batches[0]
    twin.set(questions.start)
    yield Evidence(rung=PARAMETERS, tensors=_tensors(twin.get(), questions.start), is_exact=True)
    yield _of_inference(twin, questions)
    outputs = twin.outputs(inputs, training=True)
    yield Evidence(rung=TRAINING, tensors=_between_layers(outputs, questions))
    yield Evidence(rung=LOSS, tensors=_figures(twin, questions))
    yield _of_extreme_loss(twin, questions)
    gradients = _gradients(twin, questions)
    yield Evidence(rung=GRADIENTS, tensors=gradients)
    yield from _of_updates(twin, questions, questions.gradients or gradients_in(gradients))
    yield from _of_steps(twin, questions)
    users = Tensor("what users get", twin.predict(inputs))
    again = (users, *_figures(twin, questions), *_gradients(twin, questions))
    num_steps = len(questions.batches)
    yield Evidence(rung=ASKED_AGAIN, tensors=again, num_steps=num_steps)
    twin.set(questions.start)
    twin.fit(questions.batches)
    yield Evidence(rung=ONE_CALL, tensors=_moved(twin, questions), num_steps=num_steps)
    yield _of_randomness(twin, questions)


def _of_inference(twin: Asked, questions: Questions) -> Evidence:
    """What the layers say, also where the answer itself fails: there the reason is."""
    inputs, _ = questions.batches[0]
    tensors = _between_layers(twin.outputs(inputs, training=False), questions)
    try:
        users = Tensor("what users get", twin.predict(inputs))
    except ParityError as error:
        return Evidence(rung=INFERENCE, tensors=tensors, failure=str(error))
    return Evidence(rung=INFERENCE, tensors=(*tensors, users))


def _of_extreme_loss(twin: Asked, questions: Questions) -> Evidence:
    factor = {questions.scaled: EXTREME_FACTOR}
    twin.set({name: array * factor.get(name, 1) for name, array in questions.start.items()})
    figures = _figures(twin, questions)
    twin.set(questions.start)
    return Evidence(rung=EXTREME_LOSS, tensors=figures)


def _of_updates(twin: Asked, questions: Questions, gradients: Arrays) -> Iterator[Evidence]:
    """The optimizer by itself: parameters and what it remembers, after one step and after three."""
    for number, factor in enumerate(UPDATE_FACTORS, 1):
        scaled = {name: array * array.dtype.type(factor) for name, array in gradients.items()}
        twin.update(scaled)
        if number in (1, len(UPDATE_FACTORS)):
            rung = FIRST_UPDATE if number == 1 else LATER_UPDATES
            yield Evidence(rung=rung, tensors=_moved(twin, questions), num_steps=number)
    twin.set(questions.start)


def _of_steps(twin: Asked, questions: Questions) -> Iterator[Evidence]:
    """Whole steps, as users take them: after the first, and after all."""
    handed_out = twin.get()
    copies = {name: np.array(array) for name, array in handed_out.items()}
    losses = []
    for batch in questions.batches:
        losses.append(twin.step(*batch))
        if len(losses) == 1:
            for name, copy in copies.items():
                if not np.array_equal(copy, handed_out[name], equal_nan=True):
                    raise ParityError(
                        f"{twin.title}: `get` handed out {name}, which a later step changed: "
                        "hand out a copy"
                    )
            yield Evidence(rung=ONE_STEP, tensors=_moved(twin, questions), num_steps=1)
    by_step = Tensor(LOSS_IN_TRAINING, np.array(losses, twin.dtype), is_by_step=True)
    num_steps = len(losses)
    yield Evidence(rung=EVERY_LOSS, tensors=(by_step,), num_steps=num_steps)
    yield Evidence(rung=ALL_STEPS, tensors=_moved(twin, questions), num_steps=num_steps)


def _of_randomness(twin: Asked, questions: Questions) -> Evidence:
    """Figures of what was drawn, each with what chance allows it."""
    tensors = []
    for name in questions.start if questions.with_randomness else ():
        tensors += _figures_of(name, questions.initial[name])
    tensors += [_number(f"{layer}/rate", rate, 0.0) for layer, rate in questions.rates.items()]
    inputs = map_arrays(_many_rows, questions.batches[0][0])
    for mode, is_training in (("training", True), ("evaluation", False)):
        outputs = twin.outputs(inputs, training=is_training, random=True)
        for layer in questions.dropouts:
            tensors += _figures_of_dropout(layer, outputs, mode)
    return Evidence(rung=RANDOMNESS, tensors=tuple(tensors))


def _many_rows(array: Array) -> Array:
    return np.resize(array, (NUM_RANDOM_ROWS, *array.shape[1:]))


def _figures_of_dropout(layer: str, outputs: Arrays, mode: str) -> Iterator[Tensor]:
    """The share of numbers that is kept, and how they are scaled; zeros do not tell."""
    before, after = outputs[f"{layer}/input"].ravel(), outputs[f"{layer}/output"].ravel()
    before, after = before[before != 0.0], after[before != 0.0]
    is_kept = after != 0.0
    share = float(is_kept.mean()) if len(after) else 0.0
    # Two samples, of variance 1/4 at most; where all is kept, chance has no part in it.
    allowed = STANDARD_ERRORS * float(np.sqrt(0.5 / max(len(after), 1)))
    yield _number(f"{layer}/share kept in {mode}", share, allowed)
    scale = float(np.median(after[is_kept] / before[is_kept])) if is_kept.any() else 0.0
    yield _number(f"{layer}/scale of what is kept in {mode}", scale, 1e-5)


def _figures_of(name: str, drawn: Array) -> Iterator[Tensor]:
    """Spread, mean and form of initial values; constants have no spread, and must be equal.

    The form is the mean distance from the mean over the standard deviation: 0.866 if uniform,
    0.798 if normal. The standard errors are those of a difference of two samples of n values: of
    the standard deviation √((κ − 1) / 2n) where κ, 3 if normal, is the drawn values' kurtosis, of
    the mean 1.5 / √n, rounded up, and of the form 0.3 / √n, as if normal.
    """
    values = drawn.astype(np.float64).ravel()
    spread, error = float(values.std()), STANDARD_ERRORS / float(np.sqrt(len(values)))
    scaled = (values - values.mean()) / spread if spread else np.zeros(1)
    excess = float(np.sqrt(max((scaled**4).mean() - 1, 0.0) / 2))
    yield _number(f"{name} as drawn: standard deviation", spread, excess * error * spread)
    yield _number(f"{name} as drawn: mean", float(values.mean()), 1.5 * error * spread)
    yield _number(
        f"{name} as drawn: mean distance over it", float(np.abs(scaled).mean()), 0.3 * error
    )


def _moved(twin: Asked, questions: Questions) -> tuple[Tensor, ...]:
    """Every tensor as it is now, with where it started, and the optimizer's slots."""
    arrays, slots = twin.get(), twin.slots()
    return (
        *(Tensor(name, arrays[name], before=questions.start[name]) for name in questions.start),
        *(Tensor(name, slots[name]) for name in questions.compared if name in slots),
    )


def _between_layers(outputs: Arrays, questions: Questions) -> tuple[Tensor, ...]:
    """What enters and leaves layers; dropout may stand before a ReLU or behind it, all the same."""
    found = dict(outputs)
    for layer in questions.dropouts:
        for name in (f"{layer}/input", f"{layer}/output"):
            if name in found:
                found[name] = np.maximum(found[name], 0)
    return _tensors(found, questions.compared)


def _tensors(arrays: Arrays, names: Iterable[str]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name, arrays[name]) for name in names if name in arrays)


def _figures(twin: Asked, questions: Questions) -> tuple[Tensor, ...]:
    """Loss and metrics of the first batch, those that both twins have."""
    figures = twin.evaluate(*questions.batches[0])
    names = [name for name in questions.compared if name in figures]
    return tuple(Tensor(name, np.array(figures[name], twin.dtype)) for name in names)


def _gradients(twin: Asked, questions: Questions) -> tuple[Tensor, ...]:
    """The loss of the first batch as in training, then every gradient."""
    loss, gradients = twin.gradients(*questions.batches[0])
    loss_tensor = Tensor(LOSS_IN_TRAINING, np.array(loss, twin.dtype))
    return (loss_tensor, *_tensors(gradients, questions.start))


def gradients_in(tensors: Iterable[Tensor]) -> dict[str, Array]:
    """The gradients of the evidence of that rung, by name."""
    return {each.name: each.values for each in tensors if each.name != LOSS_IN_TRAINING}


def _number(name: str, value: float, tolerance: float | None = None) -> Tensor:
    return Tensor(name, np.array(value), tolerance=tolerance)
