"""Sweeps: many trainings of one kind, on the cores of this machine or on a cluster of others."""
