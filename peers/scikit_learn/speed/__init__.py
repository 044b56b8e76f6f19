"""scikit-learn against the clock. Importing this imports no framework."""

from shared.timing import SpeedRung

RUNGS = (
    SpeedRung(
        name="sklearn",
        framework="scikit-learn",
        idea="MLPClassifier",
        trainer="peers.scikit_learn.speed.trainer:ClassifierTrainer",
        packages=("sklearn",),
        devices=("cpu",),
    ),
)
"""What a user without a framework would pick."""
