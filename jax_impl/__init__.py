"""The port: the documented experiment in JAX, with Flax NNX and Optax."""

TITLE = "JAX"
