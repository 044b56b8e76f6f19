"""Names of the files that `twins run` writes for each implementation, in a folder of its name."""

WEIGHTS_FILE = "weights.safetensors"
"""Trained weights, see `shared.parameters`."""
PREDICTIONS_FILE = "test-probabilities.npy"
"""Probabilities of the test images, (10000, 10), in the experiment's type of numbers."""
