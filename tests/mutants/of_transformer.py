"""Mistakes in the port of the transformer block."""

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
    ONE_STEP,
    PARAMETERS,
    RANDOMNESS,
)
from tests.mutants.registry import OPTIONS, Mutant, Variant, step

ATTENTION, NORM, SECOND_NORM = (
    "multi_head_attention",
    "layer_normalization",
    "layer_normalization_1",
)
EMBED = 'nnx.Embed(NUM_TOKENS, WIDTH, **options["embedding"], **types)'
HEADS = "nnx.MultiHeadAttention(2, WIDTH, decode=False, **heads)"
SECOND_NORM_LAYER = "self.norm_second = nnx.LayerNorm(WIDTH, **norm)"
DROP_FIRST_LAYER = "self.drop_first = nnx.Dropout(0.1, rngs=rngs)"
DROP_SECOND_LAYER = "self.drop_second = nnx.Dropout(0.1, rngs=rngs)"
WIDE_LAYER = "nnx.Linear(WIDTH, 16, **dense)"
OUTPUT_LAYER = "nnx.Linear(WIDTH, 3, **dense)"
SCORES = 'scores = jnp.einsum("nqhd,nkhd->nhqk", query, key) / np.sqrt(query.shape[-1])'
WEIGHTED = 'jnp.einsum("nhqk,nkhd->nqhd", nnx.softmax(scores), value)'
GELU = '"activation": gelu,'
ROUNDED = "float(np.float32(np.sqrt(0.5)))"
EPSILON = '"epsilon": 1e-3'
OWN_ATTENTION = '"heads": {"attention_fn": attention}'
GLOROT = '"kernel": {"kernel_init": nnx.initializers.glorot_uniform()}'
UNIFORM = '"embedding": {"embedding_init": uniform}'
SEEN = "seen = self.embed(tokens)"
FIRST = "self.norm_first(seen + self.drop_first(self.attend(seen)))"
NARROW = "self.narrow(self.activation(self.wide(first)))"
SECOND = "self.norm_second(first + self.drop_second(narrow))"
ANSWERED = "return self.output(second.mean(axis=1))"
RULE = "keras_adam(0.001, 0.9, 0.999, 1e-7)"
COUNT = "count = state.count + 1"
SIZE = "size = rate * jnp.sqrt(1 - rounded_b2**count) / (1 - rounded_b1**count)"
STEPS = "-size * m / (jnp.sqrt(v) + eps)"
SQUARES = "v + (g * g - v) * (1 - b2)"
BETAS = "(float(np.float32(beta)) for beta in (b1, b2))"
MEAN = "optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()"
ANSWER = "return nnx.softmax(model(tokens))"


MUTANTS = (
    # What pairs up.
    Mutant("four heads", (HEADS, HEADS.replace("(2,", "(4,")), PARAMETERS, ATTENTION),
    Mutant(
        "attention without bias", (HEADS, HEADS[:-1] + ", use_bias=False)"), PARAMETERS, ATTENTION
    ),
    Mutant(
        "embedding kept in float32",
        (EMBED, EMBED[:-1] + ' | {"param_dtype": "float32"})'),
        PARAMETERS,
        "embedding",
    ),
    Mutant(
        "one norm for both places",
        (SECOND_NORM_LAYER, "self.norm_second = self.norm_first"),
        PARAMETERS,
        SECOND_NORM,
    ),
    Mutant(
        "norm without bias",
        (SECOND_NORM_LAYER, SECOND_NORM_LAYER[:-1] + ", use_bias=False)"),
        PARAMETERS,
        SECOND_NORM,
    ),
    Mutant(
        "first dropout missing",
        (FIRST, "self.norm_first(seen + self.attend(seen))"),
        PARAMETERS,
        "dropout",
        others=((f"        {DROP_FIRST_LAYER}\n", ""),),
    ),
    # The forward pass.
    Mutant(
        "tokens off by one",
        (SEEN, "seen = self.embed((tokens + 1) % NUM_TOKENS)"),
        INFERENCE,
        "embedding",
    ),
    Mutant("embedding scaled", (SEEN, SEEN + " * np.sqrt(WIDTH)"), INFERENCE, ATTENTION),
    Mutant(
        "positions added",
        (SEEN, SEEN + " + jnp.sin(jnp.arange(6.0))[:, None]"),
        INFERENCE,
        ATTENTION,
    ),
    Mutant("softmax of attention in float32", (OWN_ATTENTION, '"heads": {}'), INFERENCE, ATTENTION),
    Mutant(
        "scores divided by the width of a head",
        (SCORES, SCORES.replace("np.sqrt(query.shape[-1])", "query.shape[-1]")),
        INFERENCE,
        ATTENTION,
    ),
    Mutant(
        "scores not scaled",
        (SCORES, SCORES.replace(" / np.sqrt(query.shape[-1])", "")),
        INFERENCE,
        ATTENTION,
    ),
    Mutant(
        "scores scaled by the whole width",
        (SCORES, SCORES.replace("query.shape[-1]", "WIDTH")),
        INFERENCE,
        ATTENTION,
    ),
    Mutant(
        "query and key exchanged",
        (SCORES, SCORES.replace("query, key", "key, query")),
        INFERENCE,
        ATTENTION,
    ),
    Mutant(
        "softmax over queries",
        (WEIGHTED, WEIGHTED.replace("(scores)", "(scores, axis=-2)")),
        INFERENCE,
        ATTENTION,
    ),
    Mutant(
        "causal mask",
        (
            SCORES,
            SCORES + "\n    scores = jnp.where(jnp.tril(jnp.ones((6, 6), bool)), scores, -1e9)",
        ),
        INFERENCE,
        ATTENTION,
    ),
    Mutant("keys for values", (WEIGHTED, WEIGHTED.replace("value", "key")), INFERENCE, ATTENTION),
    Mutant("heads exchanged", (WEIGHTED, WEIGHTED + "[:, :, ::-1]"), INFERENCE, ATTENTION),
    Mutant(
        "attention in bfloat16",
        (WEIGHTED, WEIGHTED.replace("value", 'value.astype("bfloat16")')),
        INFERENCE,
        ATTENTION,
    ),
    Mutant("first residual missing", (FIRST, FIRST.replace("seen + ", "")), INFERENCE, NORM),
    Mutant(
        "second residual missing", (SECOND, SECOND.replace("first + ", "")), INFERENCE, SECOND_NORM
    ),
    Mutant(
        "second residual from the embedding",
        (SECOND, SECOND.replace("first + ", "seen + ")),
        INFERENCE,
        SECOND_NORM,
    ),
    Mutant(
        "normed before attention",
        (FIRST, "seen + self.drop_first(self.attend(self.norm_first(seen)))"),
        INFERENCE,
        ATTENTION,
    ),
    Mutant(
        "normed before the residual",
        (FIRST, "seen + self.norm_first(self.drop_first(self.attend(seen)))"),
        INFERENCE,
        NORM,
    ),
    Mutant(
        "dropout after the residual",
        (FIRST, "self.norm_first(self.drop_first(seen + self.attend(seen)))"),
        INFERENCE,
        "dropout",
    ),
    Mutant("epsilon 1e-6", (EPSILON, '"epsilon": 1e-6'), INFERENCE, NORM),
    Mutant(
        "second epsilon 1e-5",
        (SECOND_NORM_LAYER, SECOND_NORM_LAYER.replace("**norm", '**norm | {"epsilon": 1e-5}')),
        INFERENCE,
        SECOND_NORM,
    ),
    Mutant("gelu by tanh", (GELU, '"activation": nnx.gelu,'), INFERENCE, "dense_1"),
    Mutant("gelu without rounding", (ROUNDED, "np.sqrt(0.5)"), INFERENCE, "dense_1"),
    Mutant("relu for gelu", (GELU, '"activation": nnx.relu,'), INFERENCE, "dense_1"),
    Mutant(
        "pooled by the largest", (ANSWERED, ANSWERED.replace("mean", "max")), INFERENCE, "dense_2"
    ),
    Mutant("pooled by the sum", (ANSWERED, ANSWERED.replace("mean", "sum")), INFERENCE, "dense_2"),
    Mutant(
        "first token for the mean",
        (ANSWERED, ANSWERED.replace(".mean(axis=1)", "[:, 0]")),
        INFERENCE,
        "dense_2",
    ),
    Mutant("logits halved", (ANSWERED, ANSWERED + " / 2"), INFERENCE, ""),
    Mutant(
        "predicts log-probabilities",
        (ANSWER, ANSWER.replace("softmax", "log_softmax")),
        INFERENCE,
        "",
    ),
    # Loss and gradients.
    Mutant(
        "penalty in training alone",
        (MEAN, MEAN + " + 0.01 * (not model.drop_first.deterministic)"),
        LOSS,
        "",
        remark="the loss in training is now compared with the gradients, one rung later",
    ),
    Mutant("loss in bits", (MEAN, MEAN + " / np.log(2)"), LOSS, ""),
    Mutant(
        "loss of clipped probabilities",
        (MEAN, "mistakes.clipped_loss(logits, labels).mean()"),
        EXTREME_LOSS,
        "",
    ),
    Mutant(
        "embedding frozen",
        (SEEN, "seen = jax.lax.stop_gradient(self.embed(tokens))"),
        GRADIENTS,
        "embedding",
    ),
    Mutant(
        "gradient stopped at the first norm",
        (NARROW, NARROW.replace("(first)", "(jax.lax.stop_gradient(first))")),
        GRADIENTS,
        "embedding",
    ),
    # The optimizer.
    Mutant("Optax's adam", (RULE, "optax.adam(0.001, eps=1e-7)"), FIRST_UPDATE, "embedding"),
    Mutant("epsilon 1e-8", (RULE, RULE.replace("1e-7", "1e-8")), FIRST_UPDATE, "embedding"),
    Mutant(
        "epsilon within the root",
        (STEPS, "-size * m / jnp.sqrt(v + eps**2)"),
        FIRST_UPDATE,
        "embedding",
    ),
    Mutant("first beta 0.8", (RULE, RULE.replace("0.9,", "0.8,")), FIRST_UPDATE, "embedding"),
    Mutant("second beta 0.99", (RULE, RULE.replace("0.999", "0.99")), FIRST_UPDATE, "embedding"),
    Mutant("betas not rounded", (BETAS, "(b1, b2)"), FIRST_UPDATE, "embedding"),
    Mutant("no bias correction", (SIZE, "size = rate"), FIRST_UPDATE, "embedding"),
    Mutant(
        "bias correction one step late",
        (COUNT, "count = state.count + 2"),
        FIRST_UPDATE,
        "embedding",
    ),
    Mutant(
        "bias correction ends after three steps",
        (COUNT, "count = jnp.minimum(state.count + 1, 3)"),
        EVERY_LOSS,
        "",
    ),
    Mutant("squares never forgotten", (SQUARES, f"jnp.maximum({SQUARES}, v)"), EVERY_LOSS, ""),
    Mutant(
        "squares of the update before",
        (STEPS, "-size * m / (jnp.abs(m) + eps)"),
        FIRST_UPDATE,
        "embedding",
    ),
    Mutant(
        "adamw",
        (RULE, f"optax.chain({RULE}, optax.add_decayed_weights(-1e-5))"),
        FIRST_UPDATE,
        "embedding",
    ),
    Mutant(
        "warm-up of ten steps",
        (RULE, f"optax.chain({RULE}, optax.scale_by_schedule(lambda n: (n + 1) / 10))"),
        FIRST_UPDATE,
        "embedding",
    ),
    Mutant(
        "learning rate falls by the root",
        (RULE, f"optax.chain({RULE}, optax.scale_by_schedule(lambda n: (n + 1) ** -0.5))"),
        LATER_UPDATES,
        "embedding",
    ),
    Mutant(
        "embedding alone updated",
        (RULE, f'mistakes.only(lambda path: "embed" in path, {RULE})'),
        FIRST_UPDATE,
        ATTENTION,
    ),
    Mutant(
        "gradient one step late",
        (RULE, f"mistakes.one_step_late({RULE})"),
        FIRST_UPDATE,
        "embedding",
    ),
    # The step.
    Mutant(
        "gradients divided by rows again",
        step("step_with_scaled_gradients(loss_fn)"),
        ONE_STEP,
        "embedding",
    ),
    Mutant("each batch trained on twice", step("step_twice(loss_fn)"), ONE_STEP, "embedding"),
    Mutant(
        "fifth step skipped",
        step("step_except(loss_fn, lambda number, _: number == 4)"),
        EVERY_LOSS,
        "",
    ),
    Mutant(
        "last batch dropped",
        step("step_except(loss_fn, lambda _, rows: rows < 16)"),
        ALL_STEPS,
        "embedding",
    ),
    # After training, and what is random.
    Mutant(
        "first predictions kept",
        (OPTIONS, "predict=mistakes.first_answer_kept(predict))"),
        ASKED_AGAIN,
        "",
    ),
    Mutant("embedding drawn by Flax", (UNIFORM, '"embedding": {}'), RANDOMNESS, "embedding"),
    Mutant(
        "embedding drawn twice as wide",
        ("minval=-0.05, maxval=0.05", "minval=-0.1, maxval=0.1"),
        RANDOMNESS,
        "embedding",
    ),
    Mutant(
        "wide kernel drawn as zeros",
        (WIDE_LAYER, 'nnx.Linear(WIDTH, 16, **dense | {"kernel_init": nnx.initializers.zeros})'),
        RANDOMNESS,
        "dense",
    ),
    Mutant(
        "kernels drawn ten times too wide",
        (
            GLOROT,
            GLOROT.replace("glorot_uniform()", 'variance_scaling(100.0, "fan_avg", "uniform")'),
        ),
        RANDOMNESS,
        ATTENTION,
    ),
    Mutant(
        "dropout of a half",
        (DROP_SECOND_LAYER, DROP_SECOND_LAYER.replace("0.1", "0.5")),
        RANDOMNESS,
        "dropout_1",
    ),
    Mutant(
        "dropout within attention",
        (HEADS, HEADS[:-1] + ", dropout_rate=0.1)"),
        RANDOMNESS,
        ATTENTION,
    ),
)

VARIANTS = (
    Variant(
        "scores by matmul",
        (SCORES, "scores = query.swapaxes(1, 2) @ key.transpose(0, 2, 3, 1) / 2"),
    ),
    Variant(
        "query scaled first", (SCORES, 'scores = jnp.einsum("nqhd,nkhd->nhqk", query / 2, key)')
    ),
    Variant(
        "attention of all rows at once",
        (WEIGHTED, "(nnx.softmax(scores) @ value.swapaxes(1, 2)).swapaxes(1, 2)"),
    ),
    Variant(
        "keys in reverse",
        (WEIGHTED, 'jnp.einsum("nhqk,nkhd->nqhd", nnx.softmax(scores)[..., ::-1], value[:, ::-1])'),
    ),
    Variant(
        "softmax by hand",
        (
            WEIGHTED,
            WEIGHTED.replace(
                "nnx.softmax(scores)", "jnp.exp(scores) / jnp.exp(scores).sum(-1, keepdims=True)"
            ),
        ),
    ),
    Variant(
        "gelu by erf",
        (
            "values / 2 * jax.lax.erfc(-values * float(np.float32(np.sqrt(0.5))))",
            "values / 2 * (1 + jax.lax.erf(values * float(np.float32(np.sqrt(0.5)))))",
        ),
    ),
    Variant("mean as sum by six", (ANSWERED, ANSWERED.replace("mean(axis=1)", "sum(axis=1) / 6"))),
    Variant(
        "residual in another order",
        (FIRST, "self.norm_first(self.drop_first(self.attend(seen)) + seen)"),
    ),
    Variant(
        "embedding by one-hot rows",
        (
            SEEN,
            "table = self.embed.embedding[...]\n"
            "        seen = jax.nn.one_hot(tokens, NUM_TOKENS, dtype=table.dtype) @ table",
        ),
    ),
    Variant("fast variance", ('"use_fast_variance": False', '"use_fast_variance": True')),
)
