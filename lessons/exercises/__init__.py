"""Exercises that the parity ladder judges: a port to be filled in, and ports with one mistake."""
