"""The optimiser's state: what Keras keeps as variables, and Optax does not keep at all."""

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal, is_near
from lessons.small_data import draw_rows
from shared.experiment import Experiment
from shared.parameters import largest_difference


def keras_state() -> dict[str, float]:
    """The variables of Keras' SGD for this network, by name."""
    from keras_impl.model import build_model
    from keras_impl.train import prepare_training

    model = build_model(Experiment())
    prepare_training(model, Experiment())
    rows = draw_rows(32)
    model.train_on_batch(rows.images, rows.labels)
    return {variable.name: float(variable.value) for variable in model.optimizer.variables}


def jax_state(momentum: float | None) -> list[tuple[int, ...]]:
    """The shapes of the arrays that Optax' SGD keeps for this network."""
    import jax
    import optax
    from flax import nnx

    from jax_impl.model import build_model

    weights = nnx.state(build_model(Experiment()), nnx.Param)
    return [array.shape for array in jax.tree.leaves(optax.sgd(0.01, momentum).init(weights))]


def jax_steps() -> int:
    """How many steps Flax' own optimiser has counted after one."""
    from flax import nnx

    from jax_impl.model import build_model
    from jax_impl.train import prepare_training, to_device, train_step

    model = build_model(Experiment())
    optimizer = prepare_training(model, Experiment())
    nnx.jit(train_step)(model, optimizer, *to_device(draw_rows(32)))
    return int(optimizer.step[...])


def jax_without_wrt() -> object:
    """Creates the optimiser without saying what it optimises."""
    import optax
    from flax import nnx

    from jax_impl.model import build_model

    return nnx.Optimizer(build_model(Experiment()), optax.sgd(0.01))  # pyright: ignore[reportCallIssue]


def run() -> tuple[Evidence, ...]:
    """Looks into both after one step."""
    import math

    variables = keras_state()
    momentum = jax_state(0.9)
    return (
        is_equal("Keras: variables of SGD", ["iteration", "learning_rate"], list(variables)),
        is_equal("Keras: value of iteration after one step", 1.0, variables["iteration"]),
        is_near("Keras: value of learning_rate", 0.01, variables["learning_rate"], within=1e-6),
        is_equal("Optax: arrays in the state of sgd", [], jax_state(None)),
        is_equal("Flax: value of step after one step", 1, jax_steps()),
        is_equal(
            "Optax: numbers in the state of sgd with momentum",
            266_610,
            sum(math.prod(shape) for shape in momentum),
        ),
        fails("Flax: nnx.Optimizer without wrt", "TypeError", "`wrt`", jax_without_wrt),
    )


def solution() -> tuple[Evidence, ...]:
    """Takes two steps from the same weights, and divides the rate by ten in between."""
    import optax
    from flax import nnx

    from jax_impl.model import build_model, get_parameters, set_parameters
    from jax_impl.train import to_device, train_step

    traces, lengths = [], []

    @nnx.jit
    def step(model, optimizer, images, labels):
        traces.append(len(labels))
        return train_step(model, optimizer, images, labels)

    model = build_model(Experiment())
    start = get_parameters(model)
    sgd = optax.inject_hyperparams(optax.sgd)(learning_rate=0.01)
    optimizer = nnx.Optimizer(model, sgd, wrt=nnx.Param)
    for rate in (0.01, 0.001):
        optimizer.opt_state.hyperparams["learning_rate"][...] = rate
        set_parameters(model, start)
        step(model, optimizer, *to_device(draw_rows(32)))
        lengths.append(largest_difference(get_parameters(model), start))
    ratio = lengths[1] / lengths[0]
    return (
        is_near("second step's largest change over the first's", 0.1, ratio, within=0.001),
        is_equal("traces of the step", 1, len(traces)),
    )


LESSON = Lesson(
    question=(
        "Both optimisers do plain SGD: weight minus 0.01 times gradient. What does each have to "
        "remember from one step to the next? And how many numbers does momentum add?"
    ),
    keras=(keras_state,),
    jax=(jax_state, jax_steps, jax_without_wrt, "jax_impl.train:prepare_training"),
    run=run,
    explanation="""\
Plain SGD needs no memory. Optax takes that at its word: the state of `optax.sgd(0.01)` holds no
array. The rate is a number inside the function that computes the update. Momentum is the first
thing to be remembered: one number for each weight and bias, 266,610.

Keras keeps two variables in any case: `iteration`, which counts steps, and `learning_rate`. That
is why `model.optimizer.learning_rate = 0.001` works in mid-training, and why both are in its
checkpoints. In JAX the counter is Flax' addition: `nnx.Optimizer` wraps Optax and counts in `step`.

`nnx.Optimizer` also wants to know *what* it optimises: `wrt=nnx.Param`, the weights, and not, say,
the statistics of a normalisation. Tutorials older than Flax 0.11 leave it out, and end in the
TypeError above.

For a port: do not look in Optax for what SGD does not need. But when you compare or store
checkpoints, know what is in them: Keras' hold the rate, Optax' do not, and a restored run takes the
rate that your code says.""",
    exercise=Exercise(
        task="Change the rate of `optax.sgd` from 0.01 to 0.001 between two steps, as Keras allows "
        "it, without compiling the step again.",
        solution=solution,
        answer="`optax.inject_hyperparams(optax.sgd)(learning_rate=0.01)` moves the rate into the "
        "state, where it can be assigned. The step gets ten times smaller, and its Python code "
        "ran only once: the rate is now an input of the compiled step, no longer a part of it.",
    ),
)
