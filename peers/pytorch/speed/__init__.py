"""PyTorch against the clock: eager, and compiled. Importing this imports no framework."""

from functools import partial

from shared.timing import SpeedRung

_TRAINERS = "peers.pytorch.speed.trainers"
_in_torch = partial(SpeedRung, framework="PyTorch", packages=("torch",))

RUNGS = (
    _in_torch("torch-eager", "eager loop", f"{_TRAINERS}:LoopTrainer"),
    _in_torch("torch-compile", "torch.compile of the model", f"{_TRAINERS}:compiled"),
)
"""What a user of PyTorch would do."""
