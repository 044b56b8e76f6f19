"""What both implementations stand on: the experiment, the data, the parameters, the protocol.

NumPy in, NumPy out: nothing here imports a framework, and a test proves it.
"""
