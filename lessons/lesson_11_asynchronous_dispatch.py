"""Asynchronous dispatch: an epoch that seems to take no time."""

from dataclasses import dataclass

from lessons.lesson import Evidence, Exercise, Lesson, is_equal, is_near
from lessons.small_data import draw_rows
from shared.experiment import NUM_TRAINING_ROWS, Experiment

NUM_ROWS = 320
"""Rows on the device; an epoch takes them again and again, for the steps of 55,000."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What was seen of an epoch around its call.

    ready_after_call, ready_after_waiting: whether its losses were there.
    seconds_of_call, seconds: until the call returned, and until the weights were there.
    """

    ready_after_call: bool
    ready_after_waiting: bool
    seconds_of_call: float
    seconds: float


def keras_loss() -> object:
    """What one step on a batch hands back."""
    from keras_impl.model import build_model
    from keras_impl.train import prepare_training

    model = build_model(Experiment())
    prepare_training(model, Experiment())
    rows = draw_rows(32)
    return model.train_on_batch(rows.images, rows.labels, return_dict=True)["loss"]


def jax_epoch() -> Epoch:
    """Calls the port's epoch, 1,719 steps, and looks at once whether it is done."""
    import time

    import jax

    run_epoch, _ = compiled_epoch()
    started = time.perf_counter()
    trained, _, losses = run_epoch()
    seconds_of_call = time.perf_counter() - started
    ready_after_call = losses.is_ready()
    jax.block_until_ready((trained, losses))
    return Epoch(
        ready_after_call=ready_after_call,
        ready_after_waiting=losses.is_ready(),
        seconds_of_call=seconds_of_call,
        seconds=time.perf_counter() - started,
    )


def compiled_epoch():
    """The port's epoch, compiled and with its arguments; and the model, untrained."""
    from functools import partial

    import jax.numpy as jnp

    from jax_impl import model, train

    classifier = model.build_model(Experiment())
    optimizer = train.prepare_training(classifier, Experiment())
    data = train.to_device(draw_rows(NUM_ROWS))
    order = jnp.arange(NUM_TRAINING_ROWS) % NUM_ROWS
    arguments = (classifier, optimizer, data, data, order)
    compiled = train.run_epoch.lower(*arguments, batch_size=32).compile()
    return partial(compiled, *arguments), classifier


def run() -> tuple[Evidence, ...]:
    """Looks at both."""
    epoch = jax_epoch()
    return (
        is_equal("Keras: type of a step's loss", "float", type(keras_loss()).__name__),
        is_equal("JAX: losses ready when the call returned", False, epoch.ready_after_call),
        is_equal("JAX: losses ready after waiting", True, epoch.ready_after_waiting),
    )


def figure():
    """Draws how long the same epoch takes by two ways to measure, on this machine, this time."""
    from benchmarks.display.style import new_figure

    epoch = jax_epoch()
    drawn = new_figure(7.0, 2.0)
    axes = drawn.subplots()
    names = ("until the call returned", "until the weights were there")
    seconds = (epoch.seconds_of_call, epoch.seconds)
    bars = axes.barh(names, seconds)
    axes.bar_label(bars, [f" {value:.4f} s" for value in seconds])
    axes.set_xlim(0, 1.25 * max(seconds))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("seconds of one epoch, measured as this figure was drawn")
    return drawn


def solution() -> tuple[Evidence, ...]:
    """Evaluates with the weights of an epoch that is still running, then once more after it."""
    import jax

    from jax_impl.train import evaluate

    run_epoch, classifier = compiled_epoch()
    rows = draw_rows(NUM_ROWS)
    untrained = evaluate(classifier, rows).loss
    (trained, _), _, losses = run_epoch()
    was_ready = losses.is_ready()
    at_once = evaluate(trained, rows).loss
    jax.block_until_ready(trained)
    after_waiting = evaluate(trained, rows).loss
    return (
        is_near("loss before the epoch", 2.29, untrained, within=0.02),
        is_equal("epoch done when its weights were used", False, was_ready),
        is_near("loss with these weights, asked for at once", 0.28, at_once, within=0.02),
        is_near("the same, asked for after waiting", at_once, after_waiting, within=1e-6),
    )


LESSON = Lesson(
    question=(
        "Somebody times an epoch of the port: looks at the clock, calls `run_epoch`, which takes "
        "1,719 steps of training, and looks at the clock again. Next to nothing has passed. Is "
        "JAX that fast? And what did the call hand back?"
    ),
    keras=(keras_loss,),
    jax=(compiled_epoch, jax_epoch),
    run=run,
    explanation="""\
JAX *dispatches* work and returns at once. The arrays it hands back have a shape and a type and can
be passed on, but their numbers may still be in the making; `is_ready()` tells. So Python prepares
the next call while the device works on this one.

Keras' `fit` and `train_on_batch` hand back Python numbers. A Python number cannot be promised for
later: Keras has waited for it, and a clock around it is right.

A clock around JAX therefore stops too early, unless it waits: `jax.block_until_ready(result)`.
`float(…)`, `np.asarray(…)` and `print` wait as well, because they need the numbers. The port's
`fit` waits once an epoch, and there reads the clock. Do not wait at each step only to be safe: that
takes away what the dispatch gains.""",
    exercise=Exercise(
        task="Without waiting, evaluate the model that an epoch returned which is still running. "
        "Does the evaluation see the old weights, half-trained ones, or the trained "
        "ones?",
        solution=solution,
        answer="The trained ones. The evaluation is dispatched too, takes the promised arrays as "
        "its inputs, and starts when they are there. Asynchronous dispatch changes no number; only "
        "clocks have to wait for it.",
    ),
    figure=figure,
)
