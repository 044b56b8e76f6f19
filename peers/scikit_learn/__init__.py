"""A peer against the clock only: scikit-learn's `MLPClassifier` speaks no protocol but its own."""
