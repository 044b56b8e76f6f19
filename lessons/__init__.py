"""Lessons: each one difference between Keras and JAX that matters on exactly this network."""
