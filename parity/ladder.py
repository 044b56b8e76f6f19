"""The ladder: the same questions to reference and port, from the cheapest to the last.

Each rung asks both twins, and replicas of the reference whose weights are moved by their last
bit; the climb ends at the first rung where the two are farther apart than rounding makes them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from parity.causes import find_causes
from parity.compare import Evidence, compare_rungs
from parity.pairing import Pairing, faults_of, pair_layers
from parity.questions import (
    EVERY_LOSS,
    GRADIENTS,
    PARAMETERS,
    RUNGS,
    Questions,
    gather,
    gradients_in,
)
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

FEWEST_STEPS = 4
CONSTANT_SPREAD = 0.1
"""Tensors that start constant, as biases do, are moved by up to this: zeros hide mistakes."""
FAULTS_SHOWN = 3
MIRRORED, FAR = ("up", "down"), 256
"""Two more replicas in float32, moved farther, against each other: see `measure_tolerances`."""
RECURRENT = ("LSTM", "GRU")


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
    title, port_title = (getattr(each, "title", type(each).__name__) for each in (reference, port))
    titles = (title, port_title if port_title != title else f"{title} (port)")
    report = Report(titles=titles, dtype=dtype)
    with ExitStack() as stack:
        for twin in (reference, port):
            stack.enter_context(getattr(twin, "precision", nullcontext)(dtype))
        try:
            prepared, notes = _prepare_batches(batches, dtype)
            first, second = Asked(reference, dtype, titles[0]), Asked(port, dtype, titles[1])
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
                compared=_compared(first, second, pairing, prepared[0]),
                scaled=_last_kernel(pairing),
                initial=initial[0],
                rates=_rates_of(pairing, 0),
                dropouts=_dropouts_of(pairing),
                with_randomness=compare_randomness,
            )
            judged = list(gather(first, questions))
            replicas = _gather_replicas(first, questions, judged, num_replicas, seed)
        except ParityError as error:
            failed = Evidence(rung=PARAMETERS, failure=str(error))
            return _compare(report, Pairing(()), [Evidence(rung=PARAMETERS)], {}, iter([failed]))
        own = {"initial": initial[1], "rates": _rates_of(pairing, 1)}
        theirs = replace(questions, gradients=_gradients_of(judged), **own)
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
    replicas: Mapping[str, list[Evidence]],
    port: Iterator[Evidence],
) -> Report:
    """Lays the port's evidence beside the reference's, as long as it passes."""
    reference, other = report.titles
    plain = [name for name in replicas if name not in MIRRORED]
    mirrored = [MIRRORED] if MIRRORED[0] in replicas else []
    answered: list[Evidence] = []

    def reports() -> Iterator[tuple[str, Evidence]]:
        for place, evidence in enumerate(port):
            answered.append(evidence)
            yield from ((name, each[place]) for name, each in replicas.items())
            yield reference, judged[place]
            yield other, evidence

    both, options = (reference, other), {"reference": reference, "mirrored": mirrored}
    rungs = tuple(compare_rungs(reports(), both, plain, **options))
    if not rungs[-1].passed:
        causes = find_causes(rungs[-1], pairing, (judged, answered), report.titles)
        rungs = (*rungs[:-1], replace(rungs[-1], notes=(*rungs[-1].notes, *causes)))
    not_reached = tuple(RUNGS)[len(rungs) :]
    curve = _curve(judged, answered, [replicas[name] for name in plain])
    return replace(report, rungs=rungs, not_reached=not_reached, curve=curve)


def _gather_or_fail(twin: Asked, questions: Questions) -> Iterator[Evidence]:
    """The port's evidence; where it cannot answer, that is the last of it."""
    rungs = iter(RUNGS)
    rung = next(rungs)
    try:
        for evidence in gather(twin, questions):
            rung = next(rungs, evidence.rung)
            yield evidence
    except ParityError as error:
        yield Evidence(rung=rung, failure=str(error))


def _gather_replicas(
    twin: Asked, questions: Questions, judged: list[Evidence], num_replicas: int, seed: int
) -> dict[str, list[Evidence]]:
    """What the reference answers when the last bits of its weights, and gradients, are moved."""
    moves = {f"replica {number}": (number, 1) for number in range(1, num_replicas + 1)}
    if twin.dtype == "float32":  # in float64 no unit is so near the edge
        moves |= dict(zip(MIRRORED, ((0, FAR), (0, -FAR)), strict=True))
    gradients, replicas = _gradients_of(judged), {}
    for name, (number, places) in moves.items():
        generator = np.random.default_rng((seed, number))
        moved = replace(
            questions,
            start=_move_last_bits(questions.start, generator, places),
            gradients=_move_last_bits(gradients, generator, places),
        )
        replicas[name] = list(gather(twin, moved))
    return replicas


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


def _dropouts_of(pairing: Pairing) -> list[str]:
    """Layers that drop each number by itself on both sides."""
    return [
        one.path
        for one, other in pairing.pairs
        if one.kind == other.kind == "Dropout"
        and not any(each.settings.get("noise_shape") for each in (one, other))
    ]


def _compared(first: Asked, second: Asked, pairing: Pairing, batch: Batch) -> list[str]:
    """Names of layers' inputs and outputs, of figures, and of slots, that both twins have."""
    common: list[str] = []
    for ask in (
        lambda twin: twin.outputs(batch[0], training=False),
        lambda twin: twin.evaluate(*batch),
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


def _move_last_bits(
    arrays: Arrays, generator: np.random.Generator, places: int
) -> dict[str, Array]:
    """Each number so many units in its last place away, above or below."""
    return {
        name: array
        + (places * generator.choice([-1, 1], array.shape)).astype(array.dtype)
        * np.spacing(np.abs(array))
        for name, array in arrays.items()
    }


def _last_kernel(pairing: Pairing) -> str:
    names = [f"{each.path}/{form.name}" for each, _ in pairing.pairs for form in each.tensors]
    return next((name for name in reversed(names) if name.endswith("kernel")), "")


def _gradients_of(judged: Iterable[Evidence]) -> dict[str, Array]:
    return next(gradients_in(each.tensors) for each in judged if each.rung == GRADIENTS)


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
