"""Mutants: the ports of `docs/examples` with one mistake each, which the ladder must reject.

Each is a change to a port's source, with the rung and the layer at which it must be found,
written down before any was run. `python -m tests.mutants` climbs with all of them, with
variants that are no mistakes, and with other seeds, and writes `benchmarks/results/mutants.json`.
"""
