"""State: `jax.jit` forgets the step, `nnx.jit` keeps it."""

from typing import Any

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment

NUM_STEPS = 20


def keras_losses() -> list[float]:
    """The loss of each of 20 steps on the same batch."""
    from keras_impl.model import build_model, set_parameters
    from keras_impl.train import prepare_training

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    prepare_training(model, Experiment())
    rows = draw_rows(32)
    figures = [model.train_on_batch(rows.images, rows.labels) for _ in range(NUM_STEPS)]
    return [loss for loss, _accuracy in figures]


def jax_losses(compiled_step: Any) -> list[float]:
    """The same in JAX, with the port's step compiled in one way or another."""
    from jax_impl.model import build_model, set_parameters
    from jax_impl.train import prepare_training, to_device

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    images, labels = to_device(draw_rows(32))
    steps = [compiled_step(model, optimizer, images, labels) for _ in range(NUM_STEPS)]
    return [float(loss) for loss, _num_correct in steps]


def losses_with_jax_jit() -> list[float]:
    """Compiled by JAX alone."""
    import jax

    from jax_impl.train import train_step

    return jax_losses(jax.jit(train_step))


def losses_with_nnx_jit() -> list[float]:
    """Compiled by Flax."""
    from flax import nnx

    from jax_impl.train import train_step

    return jax_losses(nnx.jit(train_step))


def step_on_captured_model() -> Any:
    """A compiled step that finds the network outside, and is not handed it."""
    import jax

    from jax_impl.model import build_model
    from jax_impl.train import prepare_training, to_device, train_step

    model = build_model(Experiment())
    optimizer = prepare_training(model, Experiment())

    @jax.jit
    def step(images, labels):
        return train_step(model, optimizer, images, labels)

    return step(*to_device(draw_rows(32)))


def run() -> tuple[Evidence, ...]:
    """Three times 20 steps on the same batch from the same weights."""
    keras, with_jax, with_nnx = keras_losses(), losses_with_jax_jit(), losses_with_nnx_jit()
    captured = step_on_captured_model
    return (
        is_near("Keras: loss of step 1", 2.329, keras[0], within=0.001),
        is_near("Keras: loss of step 20", 2.048, keras[-1], within=0.001),
        is_near("nnx.jit: loss of step 20", 2.048, with_nnx[-1], within=0.001),
        is_near("jax.jit: loss of step 20", 2.329, with_jax[-1], within=0.001),
        is_equal("jax.jit: how many different losses in 20 steps", 1, len(set(with_jax))),
        fails("jax.jit, network captured", "ValueError", "different trace level", captured),
    )


def figure() -> Any:
    """The loss of each step."""
    from benchmarks.display.style import new_figure

    drawing = new_figure(7, 4)
    axes = drawing.subplots()
    steps = range(1, NUM_STEPS + 1)
    axes.plot(steps, keras_losses(), linewidth=6, alpha=0.4, label="Keras, train_on_batch")
    axes.plot(steps, losses_with_nnx_jit(), label="JAX, nnx.jit")
    axes.plot(steps, losses_with_jax_jit(), label="JAX, jax.jit")
    axes.set(xlabel="step", ylabel="loss", xticks=range(2, NUM_STEPS + 1, 2))
    axes.legend()
    return drawing


def solution() -> tuple[Evidence, ...]:
    """Compiles the loss before a step of SGD, and calls it before and after."""
    import jax
    from flax import nnx

    from jax_impl.model import build_model, set_parameters
    from jax_impl.train import loss_fn, prepare_training, to_device, train_step

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    images, labels = to_device(draw_rows(32))

    captured = jax.jit(lambda images, labels: loss_fn(model, images, labels)[0])
    handed_over = jax.jit(lambda model, images, labels: loss_fn(model, images, labels)[0])
    before = float(captured(images, labels))
    nnx.jit(train_step)(model, optimizer, images, labels)
    after = float(captured(images, labels))
    today = float(handed_over(model, images, labels))
    return (
        is_near("before the step", 2.329, before, within=0.001),
        is_near("after it, network captured", 2.329, after, within=0.001),
        is_near("after it, network handed over", 2.310, today, within=0.001),
    )


LESSON = Lesson(
    question=(
        "`train_step` of the port changes the network in place. You compile it once with `jax.jit` "
        "and once with `nnx.jit`, and call each 20 times on the same batch. What does the loss do, "
        "and does anything complain?"
    ),
    keras=(keras_losses,),
    jax=("jax_impl.train:train_step", losses_with_jax_jit, losses_with_nnx_jit, jax_losses),
    run=run,
    figure=figure,
    explanation="""\
`jax.jit` compiles *functions*: arrays in, arrays out, and nothing else. A Flax network may be
handed to it, since JAX can take it apart into its arrays. Inside the function a copy is put
together from them. The step changes that copy, and when the function returns, the copy is gone;
only what was *returned* comes out. So each call starts from the same weights and finds the same
loss. There is no warning: to JAX nothing is wrong.

`nnx.jit` does the same and more: it also returns the arrays behind your back, and writes them into
your network when the call is over. In Keras the step changes variables, and `train_on_batch` sees
to it that they stay changed. Either way the network learns, and the two agree on the loss.

What about a step that finds the network outside the function? Then no copy is made, and the change
would leak out of the compilation: Flax raises an error.

In a port, choose one of two: `nnx.jit` and changes in place, or `jax.jit` around a function that
*returns* the network and the optimiser that it changed. This project does the second for whole
epochs (`run_epoch` in `jax_impl/train.py`), because taking a network apart at each call costs
time. And watch the loss of the first steps: one that does not move at all is a step that was
lost.""",
    exercise=Exercise(
        task="You compile the loss with the network captured, "
        "`jax.jit(lambda images, labels: loss_fn(model, images, labels))`, and only read from it. "
        "That raises no error. Call it, do one step of SGD, and call it again. What does it give?",
        solution=solution,
        answer="It gives the old loss, and will for ever: the weights of the first call were "
        "compiled in as constants. Hand the network over as an argument, and the loss is today's.",
    ),
)
