"""Evidence: what one implementation computes on each rung, through the protocol alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import BuilderName
from benchmarks.parity import rungs
from benchmarks.parity.questions import AnswerError, Questioned, build_questioned
from parity.compare import Evidence, Tensor
from shared.data.dataset import Dataset
from shared.draws import Draws
from shared.experiment import Experiment
from shared.oracle import cross_entropy
from shared.parameters import LayerParameters, Parameters
from shared.protocol import EpochMetrics, Examples, Implementation, Orders, Predictions

NUM_PROBE_ROWS = 1_000
EXTREME_FACTOR = 1_000.0
"""The output layer times this gives logits of hundreds, as a diverging training would."""
LARGEST_BIAS = 0.1
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
KERAS_EPSILON = 1e-7
"""Where Keras clips probabilities on backends that do not find the logits behind them.
Source: `keras.config.epsilon` and `keras/src/backend/jax/nn.py`."""
BUILDERS: tuple[BuilderName, ...] = ("build", "build_in_bulk")
"""Those that other commands train with; `build_recording` climbs."""
NUM_SHORT_EPOCHS = 3
LARGEST_LOSS = 1e4
DIVERGED = "the training diverged, and rounding decides how; try a smaller --learning-rate"

Build = Callable[[Experiment, BuilderName], Implementation]
"""Builds an implementation for a purpose, as `benchmarks.implementations` does."""


def gather_evidence(
    title: str,
    build: Build,
    *,
    experiment: Experiment,
    dataset: Dataset,
    draws: Draws,
    report: Callable[[Any], None],
) -> Iterator[Evidence]:
    """Yields the evidence of each rung in order; what nobody takes is never computed.

    The last of it, where the implementation fails to answer, says why.

    report: hears what the implementation runs on, then of each epoch of the run.
    """
    climber = Climber(title, build, experiment, dataset, draws, report)
    rungs_left = iter(rungs.rungs_within(experiment.num_epochs))
    rung = next(rungs_left)
    try:
        for evidence in climber.climb():
            rung = next(rungs_left, rung)
            yield evidence
    except AnswerError as error:
        yield Evidence(rung=rung.name, failure=str(error))


def with_random_biases(parameters: Parameters) -> Parameters:
    """Biases start at zero, and what loses or shifts them would pass until training moves them."""
    generator = np.random.default_rng(0)
    layers = []
    for layer in parameters.layers:
        bias = generator.uniform(-LARGEST_BIAS, LARGEST_BIAS, layer.bias.shape)
        bias = bias.astype(layer.bias.dtype)
        layers.append(LayerParameters(layer.name, np.copy(layer.kernel), bias))
    return Parameters(tuple(layers))


@dataclass(frozen=True)
class Climber:
    """One implementation on its way up; for the fields, see `gather_evidence`."""

    title: str
    build: Build
    experiment: Experiment
    dataset: Dataset
    draws: Draws
    report: Callable[[Any], None]

    def climb(self) -> Iterator[Evidence]:
        """Every rung in order."""
        start = with_random_biases(self.draws.parameters)
        asked = self._built(self.experiment, "build_recording")
        self.report(asked.device)
        asked.set_parameters(start)
        tensors = _of_parameters(asked.get_parameters())
        yield Evidence(rung=rungs.PARAMETERS.name, tensors=tensors, is_exact=True)
        predictions = asked.predict(self._probe.images)
        yield _evidence(rungs.LOGITS, Tensor("logits", predictions.logits))
        yield _evidence(rungs.PROBABILITIES, Tensor("probabilities", predictions.probabilities))
        yield _evidence(rungs.LOSS, *self._evaluations(asked))
        yield self._extreme_loss(asked, start)
        asked.set_parameters(start)
        yield _evidence(rungs.GRADIENTS, *self._gradients(asked))
        size = self.experiment.batch_size
        for num_steps, rung, num_rows in (
            (1, rungs.ONE_STEP, size),
            (2, rungs.LAST_BATCH, size + fewer_than(size)),
        ):
            asked.set_parameters(start)
            before = asked.get_parameters()
            orders = np.resize(self.draws.orders[0], (1, num_rows))
            asked.fit(
                self.dataset.training, validation=self._validation, orders=orders, num_epochs=1
            )
            yield _evidence(rung, *_of_parameters(asked.get_parameters(), before), after=num_steps)
        yield from self._train(asked)
        yield from self._ask_again(asked)
        yield from self._of_builders(start)

    @property
    def _probe(self) -> Examples:
        return self.dataset.test.rows(np.arange(min(NUM_PROBE_ROWS, len(self.dataset.test.labels))))

    @property
    def _validation(self) -> Examples:
        return self.dataset.validation.rows(slice(NUM_PROBE_ROWS))

    @property
    def _num_steps(self) -> int:
        """Of an epoch."""
        return -(-self.draws.orders.shape[1] // self.experiment.batch_size)

    @property
    def _has_run(self) -> bool:
        return len(self.draws.orders) >= rungs.FEWEST_EPOCHS_OF_A_RUN

    @property
    def _first_batch(self) -> Examples:
        return self.dataset.training.rows(self.draws.orders[0, : self.experiment.batch_size])

    def _built(self, experiment: Experiment, builder: BuilderName) -> Questioned:
        return build_questioned(lambda: self.build(experiment, builder), self.title)

    def _number(self, name: str, value: float, num_rows: int = 0) -> Tensor:
        """A figure in the climb's own type; a share, where rows are given."""
        unit = 1 / num_rows if num_rows else 0.0
        return Tensor(name, np.array(value, self.experiment.dtype), unit=unit)

    def _evaluations(self, asked: Questioned) -> Iterator[Tensor]:
        for prefix, examples in (("", self._probe), ("test ", self.dataset.test)):
            evaluation = asked.evaluate(examples)
            yield self._number(f"{prefix}loss", evaluation.loss)
            yield self._number(f"{prefix}accuracy", evaluation.accuracy, len(examples.labels))

    def _gradients(self, asked: Questioned) -> Iterator[Tensor]:
        computed = asked.loss_and_gradients(self._first_batch)
        yield self._number("loss of a batch", computed.loss)
        yield from _of_parameters(computed.gradients)

    def _extreme_loss(self, asked: Questioned, start: Parameters) -> Evidence:
        *hidden, output = start.layers
        kernel = output.kernel * output.kernel.dtype.type(EXTREME_FACTOR)
        asked.set_parameters(Parameters((*hidden, replace(output, kernel=kernel))))
        batch = self._first_batch
        loss = asked.evaluate(batch).loss
        is_clipped = _is_clipped(loss, asked.predict(batch.images), batch.labels)
        note = f"this loss takes probabilities clipped at {KERAS_EPSILON:g}, not logits"
        evidence = _evidence(rungs.EXTREME_LOSS, self._number("loss", loss))
        return replace(evidence, note=note) if is_clipped else evidence

    def _train(self, asked: Questioned) -> Iterator[Evidence]:
        """The first epoch, then the others: the run goes on where the epoch ended."""
        asked.set_parameters(self.draws.parameters)
        before = asked.get_parameters()
        told: list[EpochMetrics] = []
        returned: list[EpochMetrics] = []
        step_losses = np.zeros(0)

        def count_epoch(metrics: EpochMetrics) -> None:
            told.append(metrics)
            self.report(replace(metrics, epoch=len(told)))

        for orders, losses_rung, metrics_rung, weights_rung in self._stages():
            report, _ = asked.fit(
                self.dataset.training,
                validation=self.dataset.validation,
                orders=orders,
                num_epochs=len(orders),
                on_epoch=count_epoch,
            )
            returned += report.history
            step_losses = np.append(step_losses, report.step_losses)
            num_steps = len(told) * self._num_steps
            losses = step_losses.astype(self.experiment.dtype)
            evidence = _evidence(
                losses_rung, Tensor("loss", losses, is_by_step=True), after=num_steps
            )
            note = "" if np.all(np.abs(losses) < LARGEST_LOSS) else DIVERGED
            yield replace(evidence, note=note)
            metrics = self._of_history(told, returned, orders.shape[1], self.dataset.validation)
            yield _evidence(metrics_rung, *metrics, after=num_steps)
            weights = _of_parameters(asked.get_parameters(), before)
            yield _evidence(weights_rung, *weights, after=num_steps)

    def _ask_again(self, asked: Questioned) -> Iterator[Evidence]:
        num_steps = self._num_steps * (len(self.draws.orders) if self._has_run else 1)
        if self._has_run:
            scores = asked.predict(self.dataset.test.images).probabilities
            classes = Tensor("classes", scores, is_counted=True)
            yield _evidence(rungs.RUN_PREDICTIONS, classes, after=num_steps)
        predictions = asked.predict(self._probe.images)
        scores = Tensor("probabilities", predictions.probabilities)
        tensors = (Tensor("logits", predictions.logits), scores)
        tensors = (*tensors, *self._evaluations(asked), *self._gradients(asked))
        yield _evidence(rungs.ASKED_AGAIN, *tensors, after=num_steps)

    def _stages(self) -> Iterator[tuple[Orders, *tuple[rungs.ParityRung, ...]]]:
        """Orders of each stage, and the rungs of its losses, metrics and weights."""
        orders = self.draws.orders
        yield orders[:1], rungs.EPOCH_STEP_LOSSES, rungs.EPOCH_METRICS, rungs.EPOCH_WEIGHTS
        if self._has_run:
            yield orders[1:], rungs.RUN_STEP_LOSSES, rungs.RUN_METRICS, rungs.RUN_WEIGHTS

    def _of_history(
        self,
        told: Sequence[EpochMetrics],
        returned: Sequence[EpochMetrics],
        num_rows: int,
        validation: Examples,
        suffix: str = "",
    ) -> Iterator[Tensor]:
        """Every figure of every epoch, and the epochs' numbers, as told and as returned."""
        units = {"accuracy": 1 / num_rows, "val_accuracy": 1 / len(validation.labels)}
        for prefix, history in (("", told), ("returned ", returned)):
            for name in METRICS:
                values = np.array([getattr(each, name) for each in history], self.experiment.dtype)
                yield Tensor(f"{prefix}{name}{suffix}", values, unit=units.get(name, 0.0))
            numbers = np.array([each.epoch for each in history])
            yield Tensor(f"{prefix}epoch{suffix}", numbers)

    def _of_builders(self, start: Parameters) -> Iterator[Evidence]:
        """What every builder's implementation makes of a few steps, as other commands call it."""
        size = min(self.experiment.batch_size, NUM_PROBE_ROWS)  # several larger ones take minutes
        experiment = replace(self.experiment, num_epochs=NUM_SHORT_EPOCHS, batch_size=size)
        asked = {builder: self._built(experiment, builder) for builder in BUILDERS}
        few = fewer_than(size)
        orders = np.resize(self.draws.orders, (NUM_SHORT_EPOCHS, size + few))
        rows = self.dataset.training.rows
        # One batch has one mean, whatever the order of its rows; of equal rows so have several.
        one_batch, alike = rows(orders[0, :few]), rows(np.full(2 * size + few, orders[0, 0]))
        for rung, calls in (
            (rungs.GIVEN_ORDERS, {"": (self.dataset.training, orders)}),
            (rungs.OWN_ORDERS, {", one batch": (one_batch, None), ", equal rows": (alike, None)}),
        ):
            tensors: list[Tensor] = []
            for builder, (call, given) in product(BUILDERS, calls.items()):
                tensors += self._of_short_fit(asked[builder], start, *given, f" by {builder}{call}")
            yield _evidence(rung, *tensors, after=NUM_SHORT_EPOCHS)

    def _of_short_fit(
        self,
        asked: Questioned,
        start: Parameters,
        training: Examples,
        orders: Orders | None,
        suffix: str,
    ) -> Iterator[Tensor]:
        asked.set_parameters(start)
        before = asked.get_parameters()
        report, told = asked.fit(
            training, validation=self._validation, orders=orders, num_epochs=NUM_SHORT_EPOCHS
        )
        yield from _of_parameters(asked.get_parameters(), before, suffix)
        num_rows = len(training.labels) if orders is None else orders.shape[1]
        yield from self._of_history(told, report.history, num_rows, self._validation, suffix)


def fewer_than(batch_size: int) -> int:
    """Rows of a smaller batch: 24 of 32, as in the last step of the documented epoch."""
    return max(1, 3 * batch_size // 4)


def _evidence(rung: rungs.ParityRung, *tensors: Tensor, after: int = 0) -> Evidence:
    """The rung's evidence, after so many steps of training."""
    return Evidence(rung=rung.name, tensors=tensors, num_steps=after)


def _of_parameters(
    parameters: Parameters, before: Parameters | None = None, suffix: str = ""
) -> tuple[Tensor, ...]:
    """Kernels and biases by name, with what they were before an update of them."""
    former = dict(before.named_arrays()) if before else {}
    return tuple(
        Tensor(f"{name}{suffix}", array, before=former.get(name))
        for name, array in parameters.named_arrays()
    )


def _is_clipped(loss: float, predictions: Predictions, labels: NDArray[np.int32]) -> bool:
    """Whether the loss is that of clipped probabilities rather than that of the logits."""
    true_loss = cross_entropy(predictions.logits.astype(np.float64), labels)
    clipped = np.clip(
        predictions.probabilities.astype(np.float64), KERAS_EPSILON, 1 - KERAS_EPSILON
    )
    clipped_loss = cross_entropy(np.log(clipped), labels)  # they sum to 1, but for 1e-6
    return abs(loss - clipped_loss) < 1e-3 * abs(loss - true_loss)
