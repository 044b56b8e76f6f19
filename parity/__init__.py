"""Parity: proves, rung by rung, that two programs train the same network."""
