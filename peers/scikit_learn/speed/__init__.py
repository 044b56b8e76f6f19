"""scikit-learn against the clock. Importing this imports no framework."""

from shared.timing import SpeedRung

RUNGS = (
    SpeedRung(
        "sklearn",
        "MLPClassifier",
        "peers.scikit_learn.speed.trainer:ClassifierTrainer",
        framework="scikit-learn",
        packages=("sklearn",),
        devices=("cpu",),
    ),
)
"""What a user without a framework would pick."""
