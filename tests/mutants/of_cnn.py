"""Mistakes in the port of the CNN."""

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
    TRAINING,
)
from tests.mutants.registry import OPTIONS, Mutant, Variant, step

NORM = "batch_normalization"
FIRST_CONV = 'nnx.Conv(2, 16, (3, 3), padding="SAME", **options)'
SECOND_CONV = 'nnx.Conv(16, 8, (3, 3), strides=2, padding="SAME", **options)'
NORM_LAYER = "nnx.BatchNorm(16, rngs=rngs, **norm)"
NORMED = "self.norm(nnx.relu(self.first(images)))"
POOL = "nnx.max_pool(features, (2, 2), strides=(2, 2))"
DROPPED = "self.dropout(nnx.relu(self.second(features)))"
DROPOUT = "nnx.Dropout(0.3, rngs=rngs)"
FLAT = "features.reshape(len(images), -1)"
HIDDEN = "nnx.relu(self.hidden(features))"
EPSILON = '"epsilon": 1e-3'
MEAN_AS = "model.norm.mean = nnx.BatchStat(jnp.zeros(16, dtype))"
VAR_AS = "model.norm.var = nnx.BatchStat(jnp.ones(16, dtype))"
GLOROT = "nnx.initializers.glorot_uniform()"
MEAN = "optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()"
LOGITS = "logits = model(images)"
ANSWER = "return nnx.softmax(model(images))"
RULE = "optax.sgd(0.05, momentum=0.9 if as_it_comes else MOMENTUM)"


def conv(old: str, new: str) -> tuple[str, str]:
    """The first convolution, changed."""
    return FIRST_CONV, FIRST_CONV.replace(old, new)


MUTANTS = (
    # What pairs up.
    Mutant(
        "running statistics in float32",
        (MEAN_AS, "pass"),
        PARAMETERS,
        NORM,
        others=((VAR_AS, "pass"),),
    ),
    Mutant(
        "convolution without bias",
        conv("**options", "use_bias=False, **options"),
        PARAMETERS,
        "conv2d",
    ),
    Mutant(
        "grouped convolution",
        (SECOND_CONV, SECOND_CONV[:-1] + ", feature_group_count=2)"),
        PARAMETERS,
        "conv2d_1",
    ),
    Mutant(
        "normalised along the height",
        (NORM_LAYER, "nnx.BatchNorm(8, axis=1, rngs=rngs, **norm)"),
        PARAMETERS,
        NORM,
        others=((MEAN_AS, MEAN_AS.replace("16", "8")), (VAR_AS, VAR_AS.replace("16", "8"))),
    ),
    Mutant(
        "normalised by layer",
        (NORM_LAYER, "nnx.LayerNorm(16, rngs=rngs, **norm)"),
        PARAMETERS,
        NORM,
    ),
    Mutant(
        "normalisation without scale",
        (NORM_LAYER, NORM_LAYER[:-1] + ", use_scale=False)"),
        PARAMETERS,
        NORM,
    ),
    Mutant(
        "dropout missing",
        (DROPPED, "nnx.relu(self.second(features))"),
        PARAMETERS,
        "dropout",
        others=((f"        self.dropout = {DROPOUT}\n", ""),),
    ),
    # The forward pass.
    Mutant("padded in a circle", conv("SAME", "CIRCULAR"), INFERENCE, "conv2d"),
    Mutant("padded by reflection", conv("SAME", "REFLECT"), INFERENCE, "conv2d"),
    Mutant(
        "padded alike on both sides at stride 2",
        (SECOND_CONV, SECOND_CONV.replace('"SAME"', "((1, 1), (1, 1))")),
        INFERENCE,
        "conv2d_1",
    ),
    Mutant(
        "valid padding",
        (SECOND_CONV, SECOND_CONV.replace("SAME", "VALID")),
        INFERENCE,
        "",
        remark="a port that fails midway now shows how far it came, and so names the layer",
    ),
    Mutant("dilated", conv("**options", "kernel_dilation=2, **options"), INFERENCE, "conv2d"),
    Mutant(
        "kernel's height and width exchanged",
        conv("nnx.Conv", "mistakes.TransposedConv"),
        INFERENCE,
        "conv2d",
    ),
    Mutant(
        "channels in reverse",
        (NORMED, NORMED.replace("images", "images[..., ::-1]")),
        INFERENCE,
        "conv2d",
    ),
    Mutant(
        "normalised before relu",
        (NORMED, "nnx.relu(self.norm(self.first(images)))"),
        INFERENCE,
        NORM,
    ),
    Mutant(
        "leaky relu before the norm",
        (NORMED, NORMED.replace("relu", "leaky_relu")),
        INFERENCE,
        NORM,
    ),
    Mutant("epsilon 1e-5", (EPSILON, '"epsilon": 1e-5'), INFERENCE, NORM),
    Mutant(
        "batch statistics in evaluation",
        (NORMED, NORMED[:-1] + ", use_running_average=False)"),
        INFERENCE,
        NORM,
    ),
    Mutant("averaged for the largest", (POOL, POOL.replace("max", "avg")), INFERENCE, "conv2d_1"),
    Mutant(
        "pooled over 3 by 3",
        (POOL, 'nnx.max_pool(features, (3, 3), strides=(2, 2), padding="SAME")'),
        INFERENCE,
        "conv2d_1",
    ),
    Mutant("features in bfloat16", (POOL, POOL + '.astype("bfloat16")'), INFERENCE, "conv2d_1"),
    Mutant(
        "a tenth rounded to float32",
        (POOL, POOL + " * float(np.float32(0.1)) * 10"),
        INFERENCE,
        "conv2d_1",
    ),
    Mutant(
        "leaky relu before dropout",
        (DROPPED, DROPPED.replace("relu", "leaky_relu")),
        INFERENCE,
        "dropout",
        remark="what enters dropout is compared where it is positive, so the next layer tells",
    ),
    Mutant(
        "dropout after the hidden layer",
        (DROPPED, "nnx.relu(self.second(features))"),
        INFERENCE,
        "dropout",
        others=((HIDDEN, f"self.dropout({HIDDEN})"),),
    ),
    Mutant(
        "flattened channels first",
        (FLAT, FLAT.replace("features.", "features.transpose(0, 3, 1, 2).")),
        INFERENCE,
        "dense",
    ),
    Mutant(
        "flattened columns first",
        (FLAT, FLAT.replace("features.", "features.swapaxes(1, 2).")),
        INFERENCE,
        "dense",
    ),
    Mutant("hidden relu missing", (HIDDEN, "self.hidden(features)"), INFERENCE, "dense_1"),
    Mutant("sigmoid for softmax", (ANSWER, ANSWER.replace("softmax", "sigmoid")), INFERENCE, ""),
    Mutant(
        "predicts in training mode",
        (OPTIONS, "predict=mistakes.in_training_mode(predict))"),
        INFERENCE,
        NORM,
    ),
    # Training mode.
    Mutant(
        "running statistics in training",
        (NORMED, NORMED[:-1] + ", use_running_average=True)"),
        TRAINING,
        NORM,
    ),
    Mutant(
        "images shifted in training",
        (NORMED, NORMED.replace("(images)", "(images + 0.01 * (not self.dropout.deterministic))")),
        TRAINING,
        "conv2d",
    ),
    # Loss and gradients.
    Mutant("loss doubled", (MEAN, MEAN + " * 2"), LOSS, ""),
    Mutant("softmax twice", (LOGITS, "logits = nnx.softmax(model(images))"), LOSS, ""),
    Mutant(
        "last class weighs double", (MEAN, f"({MEAN[:-7]} * (1 + (labels == 2))).mean()"), LOSS, ""
    ),
    Mutant(
        "loss of clipped probabilities",
        (MEAN, "mistakes.clipped_loss(logits, labels).mean()"),
        EXTREME_LOSS,
        "",
    ),
    Mutant(
        "convolution frozen",
        (
            NORMED,
            NORMED.replace(
                "self.first(images)", "mistakes.jax.lax.stop_gradient(self.first(images))"
            ),
        ),
        GRADIENTS,
        "conv2d",
    ),
    Mutant(
        "second convolution frozen",
        (
            DROPPED,
            DROPPED.replace(
                "self.second(features)", "mistakes.jax.lax.stop_gradient(self.second(features))"
            ),
        ),
        GRADIENTS,
        "conv2d",
    ),
    # The optimizer.
    Mutant(
        "momentum not rounded", (RULE, "optax.sgd(0.05, momentum=0.9)"), LATER_UPDATES, "conv2d"
    ),
    Mutant("momentum 0.99", (RULE, "optax.sgd(0.05, momentum=0.99)"), LATER_UPDATES, "conv2d"),
    Mutant("momentum missing", (RULE, "optax.sgd(0.05)"), LATER_UPDATES, "conv2d"),
    Mutant(
        "nesterov",
        (RULE, "optax.sgd(0.05, momentum=MOMENTUM, nesterov=True)"),
        FIRST_UPDATE,
        "conv2d",
    ),
    Mutant(
        "momentum dampened",
        (RULE, "optax.chain(optax.ema(MOMENTUM, debias=False), optax.scale(-0.05))"),
        FIRST_UPDATE,
        "conv2d",
    ),
    Mutant(
        "learning rate 0.5", (RULE, "optax.sgd(0.5, momentum=MOMENTUM)"), FIRST_UPDATE, "conv2d"
    ),
    Mutant(
        "decoupled weight decay",
        (RULE, f"optax.chain({RULE}, optax.add_decayed_weights(-1e-4))"),
        FIRST_UPDATE,
        "conv2d",
    ),
    Mutant(
        "gradient one step late", (RULE, f"mistakes.one_step_late({RULE})"), FIRST_UPDATE, "conv2d"
    ),
    Mutant(
        "learning rate halved after four steps",
        (RULE, "optax.sgd(optax.piecewise_constant_schedule(0.05, {4: 0.5}), momentum=MOMENTUM)"),
        EVERY_LOSS,
        "",
    ),
    Mutant(
        "scale and bias of the norm not updated",
        (RULE, f'mistakes.only(lambda path: "norm" not in path, {RULE})'),
        FIRST_UPDATE,
        NORM,
    ),
    # The step.
    Mutant("norm's momentum 0.9", (EPSILON, EPSILON + ', "momentum": 0.9'), ONE_STEP, NORM),
    Mutant(
        "running statistics never updated",
        (NORM_LAYER, NORM_LAYER.replace("nnx.", "mistakes.Forgetful")),
        ONE_STEP,
        NORM,
    ),
    Mutant(
        "Bessel's correction",
        (NORM_LAYER, NORM_LAYER.replace("nnx.", "mistakes.Bessel")),
        ONE_STEP,
        NORM,
    ),
    Mutant("trained in evaluation mode", step("step_in_evaluation(loss_fn)"), ONE_STEP, "conv2d"),
    Mutant(
        "first step skipped",
        step("step_except(loss_fn, lambda number, _: number == 0)"),
        ONE_STEP,
        "conv2d",
    ),
    Mutant(
        "last batch divided by 16", (MEAN, MEAN.replace("mean()", "sum() / 16")), EVERY_LOSS, ""
    ),
    Mutant(
        "last batch dropped",
        step("step_except(loss_fn, lambda _, rows: rows < 16)"),
        ALL_STEPS,
        "conv2d",
    ),
    # After training, and what is random.
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
    Mutant("LeCun's kernels", (GLOROT, "nnx.initializers.lecun_normal()"), RANDOMNESS, "conv2d"),
    Mutant(
        "running variance starts at zero",
        (VAR_AS, VAR_AS.replace("ones", "zeros")),
        RANDOMNESS,
        NORM,
    ),
    Mutant("dropout of a half", (DROPOUT, "nnx.Dropout(0.5, rngs=rngs)"), RANDOMNESS, "dropout"),
    Mutant(
        "dropout not scaled",
        (DROPOUT, "mistakes.UnscaledDropout(0.3, rngs=rngs)"),
        RANDOMNESS,
        "dropout",
    ),
    Mutant(
        "dropout in evaluation too",
        (DROPPED, DROPPED[:-1] + ", deterministic=False)"),
        RANDOMNESS,
        "dropout",
    ),
    Mutant(
        "dropout never on",
        (DROPPED, DROPPED[:-1] + ", deterministic=True)"),
        RANDOMNESS,
        "dropout",
    ),
    Mutant(
        "smaller batch dropped in one call",
        (OPTIONS, "predict=predict, fit=mistakes.fit_on(loss_fn, lambda each: each[:-1]))"),
        ONE_CALL,
        "conv2d",
    ),
)

VARIANTS = (
    Variant("dropout before relu", (DROPPED, "nnx.relu(self.dropout(self.second(features)))")),
    Variant("fast variance", ('"use_fast_variance": False', '"use_fast_variance": True')),
    Variant("relu by hand", (HIDDEN, "jnp.maximum(self.hidden(features), 0)")),
    Variant(
        "largest of a reshaped window",
        (POOL, "features.reshape(-1, 4, 2, 4, 2, 16).max(axis=(2, 4))"),
    ),
    Variant("padded by hand", conv('padding="SAME"', "padding=((1, 1), (1, 1))")),
    Variant(
        "log_softmax by hand",
        (MEAN, "-jnp.take_along_axis(nnx.log_softmax(logits), labels[:, None], 1).mean()"),
    ),
    Variant(
        "momentum by trace and scale",
        (RULE, "optax.chain(optax.trace(MOMENTUM), optax.scale(-0.05))"),
    ),
)
