"""The settings under which every framework is timed alike."""

from collections.abc import Mapping

from benchmarks.runner.processes import usable_cores


def common_variables(device: str, *, tf32: bool) -> dict[str, str]:
    """Environment variables of every measured process.

    Each framework may use every core that this process may use. A framework's own
    settings for fewer threads are left alone: JAX has none to be relied on.
    """
    variables = {
        "OMP_NUM_THREADS": str(len(usable_cores()) or 1),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **_DEVICE_VARIABLES[device],
    }
    if not tf32:
        # Without these a product of float32 matrices on a recent GPU keeps 10 bits
        # of each factor's fraction, and each framework chooses by itself.
        variables |= {"NVIDIA_TF32_OVERRIDE": "0", "JAX_DEFAULT_MATMUL_PRECISION": "highest"}
    return variables


def as_flags(variables: Mapping[str, str]) -> tuple[str, ...]:
    """`NAME=value` of each."""
    return tuple(f"{name}={value}" for name, value in sorted(variables.items()))


_DEVICE_VARIABLES = {
    "cpu": {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"},
    # Memory is taken as it is needed, so that what was taken can be told.
    "gpu": {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"},
}
