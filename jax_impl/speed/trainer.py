"""What all of JAX's trainers share: the port's model, its optimizer and the rows, on the device."""

import jax

from jax_impl.model import Classifier, build_model, get_parameters, set_parameters
from jax_impl.train import prepare_training, to_device
from shared.parameters import Parameters
from shared.timing import Device, Workload


class JaxTrainer:
    """Holds what is trained; how, and what is compiled, is up to each trainer."""

    def __init__(self, workload: Workload) -> None:
        self.batch_size = workload.experiment.batch_size
        model = self.build(workload)
        self.trained = (model, prepare_training(model, workload.experiment))
        self.data = to_device(workload.training)

    def build(self, workload: Workload) -> Classifier:
        """The port's model with the given weights."""
        model = build_model(workload.experiment)
        set_parameters(model, workload.parameters[0])
        return model

    @property
    def device(self) -> Device:
        return "cpu" if jax.default_backend() == "cpu" else "gpu"

    def get_parameters(self) -> tuple[Parameters, ...]:
        return (get_parameters(self.trained[0]),)
