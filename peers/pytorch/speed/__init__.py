"""PyTorch against the clock: eager, and compiled. Importing this imports no framework."""

from shared.timing import SpeedRung

RUNGS = (
    SpeedRung(
        name="torch-eager",
        framework="PyTorch",
        idea="eager loop",
        trainer="peers.pytorch.speed.trainers:eager",
        packages=("torch",),
    ),
    SpeedRung(
        name="torch-compile",
        framework="PyTorch",
        idea="torch.compile of the model",
        trainer="peers.pytorch.speed.trainers:compiled",
        packages=("torch",),
    ),
)
"""What a user of PyTorch would do."""
