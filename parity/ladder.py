"""The ladder: the same questions to reference and port, from the cheapest to the last.

Each rung asks both twins, and replicas of the reference whose weights are moved by their last
bit; the climb ends at the first rung where the two are farther apart than rounding makes them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.causes import find_causes
from parity.compare import Evidence, Tensor, compare_rungs
from parity.pairing import Pairing, faults_of, pair_layers
from parity.report import Curve, Report
from parity.twin import (
    Array,
    Arrays,
    Asked,
    Batch,
    DType,
    ParityError,
    Twin,
    map_arrays,
    num_rows,
)

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
RANDOMNESS = "randomness"

RUNGS: Mapping[str, str] = {
    PARAMETERS: "layers and tensors pair up; values go in and out, and no bit changes",
    INFERENCE: "what enters and leaves each layer, and what users get",
    TRAINING: "the same, as in training, with what is random off",
    LOSS: "of the first batch, as in evaluation and as in training",
    EXTREME_LOSS: "the last kernel times 1,000: a clipped loss shows",
    GRADIENTS: "of the first batch, by each tensor",
    FIRST_UPDATE: "the reference's gradients into both optimizers",
    LATER_UPDATES: "three such steps: what the optimizer remembers",
    ONE_STEP: "parameters, state and the optimizer's memory after one whole step",
    EVERY_LOSS: "of every batch, the last one smaller",
    ALL_STEPS: "parameters, state and the optimizer's memory",
    ASKED_AGAIN: "predictions, loss and gradients after training: nothing old is kept",
    RANDOMNESS: "initial values and dropout, in distribution",
}
"""What each rung compares, from the ground up."""
EXTREME_FACTOR = 1_000.0
"""Makes outputs of hundreds, as a training that diverges would."""
UPDATE_FACTORS = (1.0, -0.5, 0.25)
"""Of the gradients, for three steps of the optimizer in which it turns round."""
CONSTANT_SPREAD = 0.1
"""Tensors that start constant, as biases do, are moved by up to this: zeros hide mistakes."""
NUM_ONES = 100_000
"""Numbers that each random layer is shown."""
STANDARD_ERRORS = 5.0
"""How far two samples of one distribution may be apart; once in 1.7 million by chance."""
FEWEST_STEPS = 4
FAULTS_SHOWN = 3
RECURRENT = ("LSTM", "GRU")


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What a twin is asked with.

    start: every tensor that is paired, before the first step.
    gradients: for the optimizer by itself; None for the twin's own.
    compared: names of layers' inputs and outputs, and of the optimizer's slots.
    scaled: the tensor that makes outputs extreme; empty where there is none.
    initial: what the twin drew itself.
    rates: of its random layers, by the reference's names.
    """

    start: Arrays
    batches: Sequence[Batch]
    gradients: Arrays | None
    compared: Sequence[str]
    scaled: str
    initial: Arrays
    rates: Mapping[str, float]
    with_randomness: bool


def climb(
    reference: Twin,
    port: Twin,
    batches: Iterable[Batch],
    *,
    dtype: DType = "float64",
    layers: Mapping[str, str | None] | None = None,
    num_replicas: int = 3,
    compare_randomness: bool = True,
    seed: int = 0,
) -> Report:
    """Climbs the ladder; see `RUNGS`. What goes wrong in a twin is a rung that it fails.

    Args:
        reference: the twin that is right by definition.
        port: the twin that is compared with it.
        batches: inputs and targets of each step, NumPy arrays whose numbers, where they are
            floating-point, are brought to `dtype`.
        dtype: "float64", where rounding hides nothing, or "float32".
        layers: names of the reference's layers with those of the port's, where structure does
            not tell; None for a layer that the port does without.
        num_replicas: how often rounding is measured.
        compare_randomness: whether the port must draw its initial values as the reference does.
        seed: of the last bits, and of what moves constant tensors.

    Raises:
        ParityError: `dtype` is neither of the two, or there is no replica.
    """
    if dtype not in ("float32", "float64") or num_replicas < 1:
        raise ParityError("a climb takes dtype float32 or float64, and one replica or more")
    other_title = port.title if port.title != reference.title else f"{port.title} (port)"
    titles = (reference.title, other_title)
    report = Report(titles=titles, dtype=dtype)
    with ExitStack() as stack:
        for twin in (reference, port):
            stack.enter_context(getattr(twin, "precision", nullcontext)(dtype))
        try:
            prepared, notes = _prepare_batches(batches, dtype)
            first = Asked(reference, dtype, reference.title)
            second = Asked(port, dtype, other_title)
            forms = first.build(dtype), second.build(dtype)
            pairing = pair_layers(*forms, layers or {})
            second.names = pairing.names()
            faults = faults_of(pairing, dtype, titles)
            more_faults = faults[FAULTS_SHOWN:]
            notes = (*notes, *_notes_on(pairing), *more_faults)
            pairs = tuple((one.path, other.path) for one, other in pairing.pairs)
            report = replace(report, pairs=pairs, notes=notes)
            if faults:
                raise ParityError(_in_one_line(faults))
            initial = first.get(), second.get()
            questions = Questions(
                start=_move_constants(initial[0], pairing, dtype, seed),
                batches=prepared,
                gradients=None,
                compared=_compared(first, second, pairing, prepared[0][0]),
                scaled=_last_kernel(pairing),
                initial=initial[0],
                rates=_rates_of(pairing, 0),
                with_randomness=compare_randomness,
            )
            judged = list(_gather(first, questions))
            replicas = _gather_replicas(first, questions, judged, num_replicas, seed)
        except ParityError as error:
            failed = Evidence(rung=PARAMETERS, failure=str(error))
            return _compare(report, Pairing(()), [Evidence(rung=PARAMETERS)], [], iter([failed]))
        own = {"initial": initial[1], "rates": _rates_of(pairing, 1)}
        theirs = replace(questions, gradients=_gradients_in(judged), **own)
        return _compare(report, pairing, judged, replicas, _gather_or_fail(second, theirs))


def assert_same_training(
    reference: Twin, port: Twin, batches: Iterable[Batch], **options: Any
) -> None:
    """For tests: climbs, with the options of `climb`.

    Raises:
        AssertionError: the two differ; the message is the ladder's sentence.
    """
    __tracebackhide__ = True  # pytest shows the test's own line
    report = climb(reference, port, batches, **options)
    if not report.passed:
        raise AssertionError(report.first_difference)


def _compare(
    report: Report,
    pairing: Pairing,
    judged: list[Evidence],
    replicas: list[list[Evidence]],
    port: Iterator[Evidence],
) -> Report:
    """Lays the port's evidence beside the reference's, as long as it passes."""
    reference, other = report.titles
    names = [f"replica {number}" for number in range(1, len(replicas) + 1)]
    answered: list[Evidence] = []

    def reports() -> Iterator[tuple[str, Evidence]]:
        for place, evidence in enumerate(port):
            answered.append(evidence)
            yield from ((name, each[place]) for name, each in zip(names, replicas, strict=True))
            yield reference, judged[place]
            yield other, evidence

    rungs = tuple(compare_rungs(reports(), (reference, other), names, reference=reference))
    if not rungs[-1].passed:
        causes = find_causes(rungs[-1], pairing, (judged, answered), report.titles)
        rungs = (*rungs[:-1], replace(rungs[-1], notes=(*rungs[-1].notes, *causes)))
    not_reached = tuple(RUNGS)[len(rungs) :]
    curve = _curve(judged, answered, replicas)
    return replace(report, rungs=rungs, not_reached=not_reached, curve=curve)


def _gather_or_fail(twin: Asked, questions: Questions) -> Iterator[Evidence]:
    """The port's evidence; where it cannot answer, that is the last of it."""
    rungs = iter(RUNGS)
    rung = next(rungs)
    try:
        for evidence in _gather(twin, questions):
            rung = next(rungs, evidence.rung)
            yield evidence
    except ParityError as error:
        yield Evidence(rung=rung, failure=str(error))


def _gather_replicas(
    twin: Asked, questions: Questions, judged: list[Evidence], num_replicas: int, seed: int
) -> list[list[Evidence]]:
    """What the reference answers when the last bit of its weights, and gradients, is moved."""
    generator = np.random.default_rng(seed)
    replicas = []
    for _ in range(num_replicas):
        moved = replace(
            questions,
            start=_move_last_bits(questions.start, generator),
            gradients=_move_last_bits(_gradients_in(judged), generator),
        )
        replicas.append(list(_gather(twin, moved)))
    return replicas


def _gather(twin: Asked, questions: Questions) -> Iterator[Evidence]:
    """One twin's evidence, rung by rung, in the order of `RUNGS`."""
    inputs, targets = questions.batches[0]
    twin.set(questions.start)
    yield Evidence(rung=PARAMETERS, tensors=_tensors(twin.get(), questions.start), is_exact=True)
    yield _of_inference(twin, questions)
    outputs = twin.outputs(inputs, training=True)
    yield Evidence(rung=TRAINING, tensors=_tensors(outputs, questions.compared))
    loss, gradients = twin.gradients(inputs, targets)
    losses = {"evaluation": twin.loss(inputs, targets), "training": loss}
    yield Evidence(
        rung=LOSS, tensors=tuple(_loss(twin, mode, value) for mode, value in losses.items())
    )
    yield _of_extreme_loss(twin, questions)
    yield Evidence(rung=GRADIENTS, tensors=_tensors(gradients, questions.start))
    yield from _of_updates(twin, questions, questions.gradients or gradients)
    yield from _of_steps(twin, questions)
    loss, gradients = twin.gradients(inputs, targets)
    tensors = (
        Tensor("what users get", twin.predict(inputs)),
        _loss(twin, "evaluation", twin.loss(inputs, targets)),
        *_tensors(gradients, questions.start),
    )
    yield Evidence(rung=ASKED_AGAIN, tensors=tensors, num_steps=len(questions.batches))
    yield _of_randomness(twin, questions)


def _of_inference(twin: Asked, questions: Questions) -> Evidence:
    """What the layers say, also where the answer itself fails: there the reason is."""
    inputs, _ = questions.batches[0]
    tensors = _tensors(twin.outputs(inputs, training=False), questions.compared)
    try:
        users = Tensor("what users get", twin.predict(inputs))
    except ParityError as error:
        return Evidence(rung=INFERENCE, tensors=tensors, failure=str(error))
    return Evidence(rung=INFERENCE, tensors=(*tensors, users))


def _of_extreme_loss(twin: Asked, questions: Questions) -> Evidence:
    inputs, targets = questions.batches[0]
    factor = {questions.scaled: EXTREME_FACTOR}
    twin.set({name: array * factor.get(name, 1) for name, array in questions.start.items()})
    loss = twin.loss(inputs, targets)
    twin.set(questions.start)
    return Evidence(rung=EXTREME_LOSS, tensors=(_loss(twin, "evaluation", loss),))


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
    by_step = Tensor("loss in training", np.array(losses, twin.dtype), is_by_step=True)
    num_steps = len(losses)
    yield Evidence(rung=EVERY_LOSS, tensors=(by_step,), num_steps=num_steps)
    yield Evidence(rung=ALL_STEPS, tensors=_moved(twin, questions), num_steps=num_steps)


def _of_randomness(twin: Asked, questions: Questions) -> Evidence:
    """Figures of what was drawn, each with what chance allows it."""
    tensors = []
    for name in questions.start if questions.with_randomness else ():
        tensors += _figures_of(name, questions.initial[name])
    tensors += [_number(f"{layer}/rate", rate, 0.0) for layer, rate in questions.rates.items()]
    ones = np.ones(NUM_ONES)
    for layer, array in twin.random_outputs(ones).items():
        kept = array[array != 0.0]
        allowed = STANDARD_ERRORS * np.sqrt(0.5 / len(array))  # two samples, of variance 1/4
        tensors.append(_number(f"{layer}/share kept", len(kept) / len(array), float(allowed)))
        scale = float(kept.mean()) if len(kept) else 0.0
        tensors.append(_number(f"{layer}/scale of what is kept", scale, 1e-5))
    return Evidence(rung=RANDOMNESS, tensors=tuple(tensors))


def _figures_of(name: str, drawn: Array) -> Iterator[Tensor]:
    """Mean, spread and form of initial values; constants have no spread, and must be equal.

    The form is the mean distance from the mean over the standard deviation: 0.866 if uniform,
    0.798 if normal. The standard errors, of the difference of two samples of n normal values, are
    those of mean (1.5 / √n, rounded up), standard deviation (1 / √n) and form (0.3 / √n).
    """
    values = drawn.astype(np.float64).ravel()
    spread, error = float(values.std()), STANDARD_ERRORS / float(np.sqrt(len(values)))
    yield _number(f"{name} as drawn: mean", float(values.mean()), 1.5 * error * spread)
    yield _number(f"{name} as drawn: standard deviation", spread, error * spread)
    if spread:
        form = float(np.abs(values - values.mean()).mean() / spread)
        yield _number(f"{name} as drawn: mean distance over it", form, 0.3 * error)


def _prepare_batches(batches: Iterable[Batch], dtype: DType) -> tuple[list[Batch], list[str]]:
    """The batches in the climb's type, at least four of them, the last one smaller."""
    prepared = []
    for number, batch in enumerate(batches if isinstance(batches, Iterable) else (), 1):
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise ParityError(f"batch {number} is no pair of inputs and targets")
        inputs, targets = (map_arrays(lambda array: _in_type(array, dtype), each) for each in batch)
        if num_rows(inputs) != num_rows(targets) or not num_rows(inputs):
            raise ParityError(
                f"batch {number} has {num_rows(inputs)} rows of inputs and {num_rows(targets)} "
                "of targets: both need the same, one or more"
            )
        prepared.append((inputs, targets))
    if not prepared:
        raise ParityError("there is no batch: climb takes pairs of inputs and targets")
    notes = []
    if len(prepared) < FEWEST_STEPS:
        notes.append(f"{len(prepared)} of batches were given; they were repeated")
        prepared = [prepared[step % len(prepared)] for step in range(FEWEST_STEPS)]
    rows = [num_rows(inputs) for inputs, _ in prepared]
    if rows[-1] == rows[0] > 1:
        kept = -(-3 * rows[0] // 4)
        notes.append(f"the last batch was cut from {rows[0]} to {kept} rows, to be a smaller one")
        prepared[-1] = map_arrays(lambda array: array[:kept], prepared[-1])
    return prepared, notes


def _in_type(array: Any, dtype: DType) -> Array:
    array = np.asarray(array)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _in_one_line(faults: Sequence[str]) -> str:
    """The first faults; the others are notes of the report."""
    others = len(faults) - FAULTS_SHOWN
    return "; ".join(faults[:FAULTS_SHOWN]) + (f"; and {others} more" if others > 0 else "")


def _notes_on(pairing: Pairing) -> list[str]:
    """What the reader should know of what is not compared."""
    random = [each.path for each, _ in pairing.pairs if "rate" in each.settings]
    text = "dropout and augmentation are off; what is random is compared in distribution"
    return [f"{text}: {', '.join(random)}"] if random else []


def _rates_of(pairing: Pairing, side: int) -> dict[str, float]:
    """Dropout rates of the reference's layers, side 0, or of the port's, by the same names."""
    random = [pair for pair in pairing.pairs if any("rate" in each.settings for each in pair)]
    return {pair[0].path: float(pair[side].settings.get("rate", 0.0)) for pair in random}


def _compared(first: Asked, second: Asked, pairing: Pairing, inputs: Any) -> list[str]:
    """Names of layers' inputs and outputs, and of slots, that both twins have."""
    common: list[str] = []
    for ask in (
        lambda twin: twin.outputs(inputs, training=False),
        lambda twin: twin.slots(),
    ):
        judged = ask(first)
        try:
            answered = ask(second)
        except ParityError:  # it will say so again at its rung
            answered = judged
        # A recurrent layer may return its last output, or all.
        recurrent = {f"{each.path}/output" for each, _ in pairing.pairs if each.kind in RECURRENT}
        common += [
            name
            for name, array in judged.items()
            if name in answered and (name not in recurrent or array.shape == answered[name].shape)
        ]
    return common


def _move_constants(arrays: Arrays, pairing: Pairing, dtype: DType, seed: int) -> dict[str, Array]:
    """Where both twins start: the reference's own values, constant tensors moved at random."""
    generator = np.random.default_rng(seed)
    paired = {f"{each.path}/{form.name}" for each, _ in pairing.pairs for form in each.tensors}
    start = {}
    for name, array in arrays.items():
        if name in paired:
            is_constant = array.size > 0 and np.all(array == array.flat[0])
            noise = generator.uniform(-CONSTANT_SPREAD, CONSTANT_SPREAD, array.shape)
            start[name] = (array + noise if is_constant else array).astype(dtype)
    return start


def _move_last_bits(arrays: Arrays, generator: np.random.Generator) -> dict[str, Array]:
    """Each number's neighbour, above or below; towards infinity of its own type."""
    return {
        name: np.nextafter(
            array, generator.choice([-np.inf, np.inf], array.shape).astype(array.dtype)
        )
        for name, array in arrays.items()
    }


def _last_kernel(pairing: Pairing) -> str:
    names = [f"{each.path}/{form.name}" for each, _ in pairing.pairs for form in each.tensors]
    return next((name for name in reversed(names) if name.endswith("kernel")), "")


def _gradients_in(judged: Sequence[Evidence]) -> dict[str, Array]:
    (evidence,) = (each for each in judged if each.rung == GRADIENTS)
    return {tensor.name: tensor.values for tensor in evidence.tensors}


def _moved(twin: Asked, questions: Questions) -> tuple[Tensor, ...]:
    """Every tensor as it is now, with where it started, and the optimizer's slots."""
    arrays, slots = twin.get(), twin.slots()
    return (
        *(Tensor(name, arrays[name], before=questions.start[name]) for name in questions.start),
        *(Tensor(name, slots[name]) for name in questions.compared if name in slots),
    )


def _tensors(arrays: Arrays, names: Iterable[str]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name, arrays[name]) for name in names if name in arrays)


def _loss(twin: Asked, mode: str, value: float) -> Tensor:
    return Tensor(f"loss in {mode}", np.array(value, twin.dtype))


def _number(name: str, value: float, tolerance: float | None = None) -> Tensor:
    return Tensor(name, np.array(value), tolerance=tolerance)


def _curve(
    judged: list[Evidence], answered: list[Evidence], replicas: list[list[Evidence]]
) -> Curve | None:
    """How far every step's loss is from the reference's, and what rounding does to it."""

    def losses(every: list[Evidence]) -> Array | None:
        found = [each.tensors[0].values for each in every if each.rung == EVERY_LOSS]
        return found[0] if found else None

    own, reference = losses(answered), losses(judged)
    if own is None or reference is None:
        return None
    noise = [np.abs(moved - reference) for each in replicas if (moved := losses(each)) is not None]
    return Curve(np.abs(own - reference), np.max(noise, axis=0))
