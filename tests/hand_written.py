"""A network of two layers, written by hand in NumPy: fast to climb with."""

from typing import Any

import numpy as np

from parity import NumpyTwin

RATE, MOMENTUM = 0.1, 0.5
SHAPES = {
    "hidden/kernel": (4, 3),
    "hidden/bias": (3,),
    "output/kernel": (3, 2),
    "output/bias": (2,),
}


def parameters(dtype: str) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    return {name: generator.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}


def forward(arrays: Any, inputs: Any) -> tuple[Any, Any]:
    hidden = np.tanh(inputs @ arrays["hidden/kernel"] + arrays["hidden/bias"])
    return hidden, hidden @ arrays["output/kernel"] + arrays["output/bias"]


def predict(arrays: Any, inputs: Any) -> Any:
    return forward(arrays, inputs)[1]


def outputs(arrays: Any, inputs: Any) -> dict[str, Any]:
    hidden, answer = forward(arrays, inputs)
    before = inputs @ arrays["hidden/kernel"] + arrays["hidden/bias"]
    names = ("hidden/input", "hidden/output", "output/input", "output/output")
    return dict(zip(names, (inputs, before, hidden, answer), strict=True))


def loss_and_gradients(arrays: Any, inputs: Any, targets: Any) -> tuple[float, dict[str, Any]]:
    """Mean squared error."""
    hidden, answer = forward(arrays, inputs)
    errors = answer - targets
    by_output = 2 * errors / errors.size
    by_hidden = by_output @ arrays["output/kernel"].T * (1 - hidden**2)
    return np.mean(errors**2), {
        "hidden/kernel": inputs.T @ by_hidden,
        "hidden/bias": by_hidden.sum(axis=0),
        "output/kernel": hidden.T @ by_output,
        "output/bias": by_output.sum(axis=0),
    }


def step(arrays: Any, memory: Any, gradients: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Stochastic gradient descent with momentum."""
    moved, kept = {}, {}
    for name, gradient in gradients.items():
        before = memory.get(f"{name} momentum", np.zeros_like(gradient))
        kept[f"{name} momentum"] = before * before.dtype.type(MOMENTUM) + gradient
        moved[name] = arrays[name] - arrays[name].dtype.type(RATE) * kept[f"{name} momentum"]
    return moved, kept


def twin(cls: type[NumpyTwin] = NumpyTwin, **changes: Any) -> NumpyTwin:
    """The network as a twin, or one with some of its functions changed."""
    functions = {
        "parameters": parameters,
        "loss_and_gradients": loss_and_gradients,
        "step": step,
        "predict": predict,
        "outputs": outputs,
    }
    return cls(**(functions | changes))


def batches(num_batches: int = 4, num_rows: int = 5) -> list[tuple[Any, Any]]:
    generator = np.random.default_rng(1)
    return [
        (generator.normal(size=(num_rows, 4)), generator.normal(size=(num_rows, 2)))
        for _ in range(num_batches)
    ]
