"""Mistakes in the port of the documented network."""

from parity.questions import (
    ALL_STEPS,
    ASKED_AGAIN,
    EVERY_LOSS,
    EXTREME_LOSS,
    FIRST_UPDATE,
    GRADIENTS,
    INFERENCE,
    LATER_UPDATES,
    LOSS,
    ONE_CALL,
    ONE_STEP,
    PARAMETERS,
    RANDOMNESS,
)
from tests.mutants.registry import OPTIONS, Mutant, Variant, step

FIRST = "nnx.relu(self.first(features))"
SECOND = "nnx.relu(self.second(features))"
OUTPUT = "return self.output(features)"
FLAT = "images.reshape(len(images), -1)"
LAST_LAYER = "nnx.Linear(100, 10, rngs=rngs, **options)"
TYPES = '{"dtype": dtype, "param_dtype": dtype}'
DRAW = "nnx.initializers.glorot_uniform()"
MEAN = "optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()"
LOGITS = "logits = model(images)"
ANSWER = "return nnx.softmax(model(images))"
RULE = "optax.sgd(0.01)"
TWIN = "return FlaxTwin("

BEST = "(model(images).argmax(axis=1) == labels).mean()"

MUTANTS = (
    # What pairs up, and what goes in and out.
    Mutant(
        "last bias missing",
        (LAST_LAYER, LAST_LAYER[:-1] + ", use_bias=False)"),
        PARAMETERS,
        "dense_2",
    ),
    Mutant(
        "built in float32",
        (TYPES, '{"dtype": "float32", "param_dtype": "float32"}'),
        PARAMETERS,
        "dense",
    ),
    Mutant("weights not taken over", (TWIN, "return mistakes.Deaf("), PARAMETERS, "dense"),
    Mutant(
        "weights rounded to bfloat16 once", (TWIN, "return mistakes.Rounded("), PARAMETERS, "dense"
    ),
    # The forward pass.
    Mutant("first relu leaky", (FIRST, FIRST.replace("relu", "leaky_relu")), INFERENCE, "dense_1"),
    Mutant("second relu is gelu", (SECOND, SECOND.replace("relu", "gelu")), INFERENCE, "dense_2"),
    Mutant("second relu missing", (SECOND, "self.second(features)"), INFERENCE, "dense_2"),
    Mutant("relu on logits", (OUTPUT, "return nnx.relu(self.output(features))"), INFERENCE, ""),
    Mutant("last bias added twice", (OUTPUT, OUTPUT + " + self.output.bias"), INFERENCE, ""),
    Mutant(
        "images transposed",
        (FLAT, FLAT.replace("images.", "images.swapaxes(1, 2).")),
        INFERENCE,
        "dense",
    ),
    Mutant("images divided by 255", (FLAT, FLAT + " / 255"), INFERENCE, "dense"),
    Mutant("features in float32", (FIRST, FIRST + '.astype("float32")'), INFERENCE, "dense_1"),
    Mutant("features in bfloat16", (SECOND, SECOND + '.astype("bfloat16")'), INFERENCE, "dense_2"),
    Mutant("predict returns logits", (ANSWER, "return model(images)"), INFERENCE, ""),
    Mutant("softmax over rows", (ANSWER, ANSWER[:-1] + ", axis=0)"), INFERENCE, ""),
    Mutant("softmax with temperature 2", (ANSWER, ANSWER[:-1] + " / 2)"), INFERENCE, ""),
    # The loss.
    Mutant("softmax twice", (LOGITS, "logits = nnx.softmax(model(images))"), LOSS, ""),
    Mutant("loss summed", (MEAN, MEAN.replace("mean", "sum")), LOSS, ""),
    Mutant("loss divided by classes", (MEAN, MEAN + " / 10"), LOSS, ""),
    Mutant(
        "labels shifted by one", (MEAN, MEAN.replace("labels)", "(labels + 1) % 10)")), LOSS, ""
    ),
    Mutant("labels smoothed", (MEAN, "mistakes.smoothed_loss(logits, labels).mean()"), LOSS, ""),
    Mutant(
        "squared kernels added to the loss",
        (MEAN, MEAN + " + 1e-4 * mistakes.squared_kernels(model)"),
        LOSS,
        "",
    ),
    Mutant(
        "loss of clipped probabilities",
        (MEAN, "mistakes.clipped_loss(logits, labels).mean()"),
        EXTREME_LOSS,
        "",
    ),
    # Gradients.
    Mutant(
        "first layer frozen",
        (FIRST, f"mistakes.jax.lax.stop_gradient({FIRST})"),
        GRADIENTS,
        "dense",
    ),
    Mutant(
        "gradient stopped at the last bias",
        (
            OUTPUT,
            "bias = self.output.bias[...]\n        "
            + OUTPUT
            + " + mistakes.jax.lax.stop_gradient(bias) - bias",
        ),
        GRADIENTS,
        "dense_2",
    ),
    # The optimizer.
    Mutant("learning rate 0.011", (RULE, "optax.sgd(0.011)"), FIRST_UPDATE, "dense"),
    Mutant(
        "momentum of a hundredth", (RULE, "optax.sgd(0.01, momentum=0.01)"), LATER_UPDATES, "dense"
    ),
    Mutant(
        "weight decay",
        (RULE, f"optax.chain(optax.add_decayed_weights(1e-4), {RULE})"),
        FIRST_UPDATE,
        "dense",
    ),
    Mutant(
        "gradients clipped by norm",
        (RULE, f"optax.chain(optax.clip_by_global_norm(0.1), {RULE})"),
        FIRST_UPDATE,
        "dense",
    ),
    Mutant(
        "gradients clipped by value",
        (RULE, f"optax.chain(optax.clip(1e-3), {RULE})"),
        FIRST_UPDATE,
        "dense",
    ),
    Mutant("adam for sgd", (RULE, "optax.adam(0.01)"), FIRST_UPDATE, "dense"),
    Mutant(
        "rate decays with every step",
        (RULE, "optax.sgd(optax.exponential_decay(0.01, 1, 0.999))"),
        LATER_UPDATES,
        "dense",
        remark="Optax computes schedules in float32: the first rate is 2e-10 off already",
    ),
    Mutant(
        "gradients gathered over two steps",
        (RULE, f"optax.MultiSteps({RULE}, 2)"),
        FIRST_UPDATE,
        "dense",
    ),
    Mutant(
        "gradient one step late", (RULE, f"mistakes.one_step_late({RULE})"), FIRST_UPDATE, "dense"
    ),
    Mutant(
        "biases never updated",
        (RULE, f'mistakes.only(lambda path: "kernel" in path, {RULE})'),
        FIRST_UPDATE,
        "dense",
    ),
    # The step.
    Mutant(
        "first step skipped",
        step("step_except(loss_fn, lambda number, _: number == 0)"),
        ONE_STEP,
        "dense",
    ),
    Mutant(
        "each batch trained on twice",
        step("step_twice(loss_fn)"),
        ONE_STEP,
        "dense",
    ),
    Mutant(
        "gradients divided by rows again",
        step("step_with_scaled_gradients(loss_fn)"),
        ONE_STEP,
        "dense",
    ),
    Mutant("arrays handed out alive", (TWIN, "return mistakes.Alive("), ONE_STEP, "dense"),
    Mutant(
        "loss told from after the step",
        step("step_with_loss_after(loss_fn)"),
        EVERY_LOSS,
        "",
    ),
    Mutant(
        "last batch divided by 32", (MEAN, MEAN.replace("mean()", "sum() / 32")), EVERY_LOSS, ""
    ),
    Mutant(
        "last batch dropped",
        step("step_except(loss_fn, lambda _, rows: rows < 32)"),
        ALL_STEPS,
        "dense",
    ),
    Mutant(
        "third step skipped",
        step("step_except(loss_fn, lambda number, _: number == 2)"),
        EVERY_LOSS,
        "",
    ),
    # After training, and what is drawn.
    Mutant(
        "first predictions kept",
        (OPTIONS, "predict=mistakes.first_answer_kept(predict))"),
        ASKED_AGAIN,
        "",
    ),
    Mutant(
        "predicts with the first weights",
        (OPTIONS, "predict=mistakes.first_weights_kept(predict))"),
        ASKED_AGAIN,
        "",
    ),
    Mutant("LeCun's kernels", (DRAW, "nnx.initializers.lecun_normal()"), RANDOMNESS, "dense"),
    Mutant("He's kernels", (DRAW, "nnx.initializers.he_uniform()"), RANDOMNESS, "dense"),
    Mutant(
        "Glorot's normal kernels", (DRAW, "nnx.initializers.glorot_normal()"), RANDOMNESS, "dense"
    ),
    Mutant(
        "last kernel drawn as zeros",
        (
            LAST_LAYER,
            'nnx.Linear(100, 10, rngs=rngs, **options | {"kernel_init": nnx.initializers.zeros})',
        ),
        RANDOMNESS,
        "dense_2",
    ),
    Mutant(
        "biases drawn as a hundredth",
        (
            f'options["kernel_init"] = {DRAW}',
            f'options["kernel_init"] = {DRAW}\n'
            '        options["bias_init"] = nnx.initializers.constant(0.01)',
        ),
        RANDOMNESS,
        "dense",
    ),
    # Figures besides the loss, and the calls of a whole training.
    Mutant("accuracy of the worst class", (BEST, BEST.replace("argmax", "argmin")), LOSS, ""),
    Mutant(
        "batches backwards in one call",
        (OPTIONS, "predict=predict, fit=mistakes.fit_on(loss_fn, lambda each: each[::-1]))"),
        ONE_CALL,
        "dense",
    ),
)

VARIANTS = (
    Variant(
        "accuracy as the mean of a count", (BEST, BEST.replace("mean()", "sum() / len(labels)"))
    ),
    Variant("relu by hand", (FIRST, "mistakes.jnp.maximum(self.first(features), 0)")),
    Variant(
        "loss by logsumexp",
        (
            MEAN,
            "(nnx.logsumexp(logits, 1) - logits[mistakes.jnp.arange(len(labels)), labels]).mean()",
        ),
    ),
    Variant("sum divided by rows", (MEAN, MEAN.replace("mean()", "sum() / len(labels)"))),
    Variant(
        "softmax from log_softmax",
        (ANSWER, "return mistakes.jnp.exp(nnx.log_softmax(model(images)))"),
    ),
    Variant(
        "layers made in another order",
        ("        self.first = nnx.Linear(784, 300, rngs=rngs, **options)\n", ""),
        others=(
            (
                LAST_LAYER,
                LAST_LAYER + "\n        self.first = nnx.Linear(784, 300, rngs=rngs, **options)",
            ),
        ),
    ),
    Variant(
        "first sum in two halves",
        (
            FIRST,
            "nnx.relu(features[:, 392:] @ self.first.kernel[392:]"
            " + features[:, :392] @ self.first.kernel[:392] + self.first.bias)",
        ),
    ),
    Variant("step of scale by hand", (RULE, "optax.scale(-0.01)")),
    Variant("rows of each batch reversed", (LOGITS, "logits = model(images[::-1])[::-1]")),
)
