"""What both implementations share: the experiment, the data, the parameters, the results.

NumPy in, NumPy out: nothing here imports a framework, and a test proves it.
"""
