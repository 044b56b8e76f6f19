"""Twins of frameworks: each in a file that imports its own."""
