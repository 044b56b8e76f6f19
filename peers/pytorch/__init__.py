"""A peer: the documented experiment in PyTorch, a third framework in one folder."""

TITLE = "PyTorch"
PEER_NEEDS = "torch"
"""A peer takes part only when it is asked for, and needs this package: the extra `peers`."""
