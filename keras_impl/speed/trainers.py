"""Keras' `fit` against the clock, with each of the options that make it faster."""

from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_impl.model import build_model, get_parameters, set_parameters
from keras_impl.train import QUIET, STEPS_IN_BULK, prepare_training
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload


class FitTrainer:
    """The documented model, trained by `fit` on rows in the given order.

    Without options, one step at a time, as Keras compiles it unless told otherwise.
    """

    def __init__(self, workload: Workload, **options: Any) -> None:
        self.workload = workload
        self.is_compiled = False
        self.model = build_model(workload.experiment)
        set_parameters(self.model, workload.parameters[0])
        prepare_training(self.model, workload.experiment, **options)

    @property
    def device(self) -> Device:
        # As `…/device:CPU:0` in TensorFlow, `TFRT_CPU_0` in JAX, `cpu` in PyTorch.
        tensor: Any = keras.ops.zeros(())
        return "cpu" if "cpu" in str(tensor.device).lower() else "gpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One `fit` for each epoch; its rows are put in order before the clock starts."""
        training = self.workload.training

        def end_step(*_: Any, **__: Any) -> None:
            if not self.is_compiled:  # the first step, or Keras' first execution of many
                clock.compiled()
                self.is_compiled = True

        for order in orders[0]:
            watch = keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda *_, **__: clock.start(),
                # Called with the epoch's figures as numbers, so that its work is done.
                on_epoch_end=lambda *_, **__: clock.stop(),
                # Only where nothing is compiled yet: Keras turns the figures of every step
                # into numbers where any callback asks to hear of steps.
                on_train_batch_end=None if self.is_compiled else end_step,
            )
            self.model.fit(
                training.images[order],
                training.labels[order],
                batch_size=self.workload.experiment.batch_size,
                shuffle=False,
                callbacks=[watch],
                **QUIET,
            )

    def get_parameters(self) -> tuple[Parameters, ...]:
        return (get_parameters(self.model),)


compiled_step = partial(FitTrainer, jit_compile=True)
"""XLA compiles the step; on a GPU Keras chooses that by itself."""
many_steps = partial(FitTrainer, steps_per_execution=STEPS_IN_BULK)
"""Many steps before Keras comes back to Python."""
many_compiled_steps = partial(many_steps, jit_compile=True)
"""Both."""
