"""The loop: four ways to write it, one training."""

import numpy as np

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.parameters import Parameters, largest_difference

NUM_ROWS = 32 + 32 + 24
EXPERIMENT = Experiment(num_epochs=2)


def orders() -> np.ndarray:
    """The order of the rows in each of two epochs, (2, 88)."""
    generator = np.random.default_rng(EXPERIMENT.seed)
    return np.stack([generator.permutation(NUM_ROWS) for _ in range(EXPERIMENT.num_epochs)])


def keras_fit() -> Parameters:
    """The weights after two epochs of `fit`."""
    from keras_impl.implementation import build

    return trained_by(build(EXPERIMENT))


def jax_scan() -> Parameters:
    """The weights after the same two epochs, each one call of a compiled `scan`."""
    from jax_impl.implementation import build

    return trained_by(build(EXPERIMENT))


def trained_by(twin) -> Parameters:
    """The weights of an implementation after two epochs, by the verbs of `shared.protocol`."""
    rows = draw_rows(NUM_ROWS)
    twin.set_parameters(draw_weights())
    twin.fit(rows, validation=rows, orders=orders(), on_epoch=lambda _: None)
    return twin.get_parameters()


def jax_module_steps() -> Parameters:
    """The weights after the same two epochs, `nnx.jit` around each step."""
    from jax_impl.speed.steps import module_steps

    return trained_against_a_clock(module_steps)


def jax_pytree_steps() -> Parameters:
    """The weights after the same two epochs, `jax.jit` around each step on pytrees."""
    from jax_impl.speed.steps import pytree_steps

    return trained_against_a_clock(pytree_steps)


def trained_against_a_clock(make_trainer) -> Parameters:
    """The weights of one of the trainers that `twins speed` times; its clock is not read."""
    from shared.timing import EpochClock

    trainer = make_trainer(workload())
    trainer.train(orders()[None], EpochClock())
    return trainer.get_parameters()[0]


def workload():
    """What a trainer of `twins speed` trains: the same rows, from the same weights."""
    from jax_impl.speed import RUNGS
    from shared.timing import Workload

    return Workload(
        rung=RUNGS[0],
        experiment=EXPERIMENT,
        training=draw_rows(NUM_ROWS),
        parameters=(draw_weights(),),
    )


def run() -> tuple[Evidence, ...]:
    """Trains by all four from the same weights on the same batches."""
    keras = keras_fit()
    ways = {
        "nnx.jit": jax_module_steps(),
        "jax.jit on pytrees": jax_pytree_steps(),
        "scan": jax_scan(),
    }
    moved = largest_difference(keras, draw_weights())
    return (
        is_near("fit: largest change of a weight by the training", 0.0045, moved, within=0.0001),
        *(
            is_near(
                f"{name}: largest difference from fit, in billionths",
                0,
                1e9 * largest_difference(parameters, keras),
                within=100,
            )
            for name, parameters in ways.items()
        ),
    )


def figure():
    """Draws the seconds of an epoch that `twins speed` measured of each, as it stored them."""
    import json
    from importlib.resources import files

    from benchmarks.display.style import new_figure

    stored = json.loads((files("benchmarks") / "results" / "speed.json").read_text())
    seconds = {rung["name"]: rung["median"] for rung in stored["rungs"]}
    ways = {
        "Keras: fit": seconds["keras-fit"],
        "JAX: nnx.jit, a call per step": seconds["jax-nnx-jit"],
        "JAX: jax.jit on pytrees, a call per step": seconds["jax-jit"],
        "JAX: scan, a call per epoch": seconds["jax-scan"],
    }
    drawn = new_figure(7.0, 2.6)
    axes = drawn.subplots()
    bars = axes.barh(list(ways), list(ways.values()))
    axes.bar_label(bars, [f" {value:.1f} s" for value in ways.values()])
    axes.set_xlim(0, 1.15 * max(ways.values()))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("seconds of an epoch (benchmarks/results/speed.json)")
    return drawn


def solution() -> tuple[Evidence, ...]:
    """Keeps the network from before a step, and its weights as NumPy arrays."""
    import jax
    import jax.numpy as jnp

    from jax_impl.speed.steps import pytree_steps

    trainer = pytree_steps(workload())
    weights = trainer.get_parameters()[0]
    before = trainer.trained
    trainer.trained = trainer.advance(jnp.arange(32))
    kept = fails(
        "the first array of the network from before the step",
        "RuntimeError",
        "Array has been deleted",
        lambda: float(jax.tree.leaves(before)[0].sum()),
    )
    change = largest_difference(trainer.get_parameters()[0], weights)
    return (
        kept,
        is_near("largest change of a weight since the copy", 0.0011, change, within=0.0001),
    )


LESSON = Lesson(
    question=(
        "The same training can be written in four ways: Keras' `fit`; a step under `nnx.jit`; a "
        "step under `jax.jit` that takes and returns the model as a pytree; a `scan` that takes a "
        "whole epoch in one call. Two epochs from the same weights on the same batches: how far "
        "apart do the weights end?"
    ),
    keras=(keras_fit, "keras_impl.train:fit"),
    jax=(
        "jax_impl.speed.steps:step",
        "jax_impl.speed.steps:step_of_pytrees",
        "jax_impl.train:train_epoch",
    ),
    run=run,
    explanation="""\
They end in the same place: some billionths apart, while training moved a weight by up to 4.5
thousandths. That is float32's rounding. How a loop is written is no part of the experiment.

What differs is how often Python takes part. `fit` comes back to Python after each step, for its
callbacks and figures. `nnx.jit` lets you write the step on a model that changes in place, and for
that walks through model and optimiser at every call (`nnx.jit(graph=False)` and
`nnx.cached_partial` make that walk shorter). A module is also a *pytree* of arrays: `jax.jit`
takes it as it is, may use the old arrays' memory for the new (*donation*), and gives back what
the function returns. `scan` records one step and repeats it in compiled code: Python is called
once an epoch, not 1,719 times. It can, because a step is a function from a model and an optimiser
to a model and an optimiser.

The figure shows what that is worth; how it was measured is told in the README. For a port:
begin with `nnx.jit`, which is easiest to read, prove it right, and then take Python out of it, with
the first as the judge of the second.""",
    exercise=Exercise(
        task="Keep the trainer's network from before a step of `step_of_pytrees`, to see "
        "afterwards how far the weights moved. What happens, and what should you keep instead?",
        solution=solution,
        answer="The step was given the network's memory (`donate_argnames`), so its arrays are "
        "deleted. Keep a copy: `get_parameters` copies to NumPy. Without donation the old arrays "
        "would live on, and every step would need memory for both.",
    ),
    figure=figure,
)
