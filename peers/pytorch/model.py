"""The network in PyTorch, and its weights in and out."""

import torch
from torch import nn

from shared.experiment import Experiment
from shared.network import dense_layers
from shared.parameters import LayerParameters, Parameters


class TorchClassifier(nn.Module):
    """Flatten 28×28, Linear ReLU layers, Linear: returns logits, (n, 10).

    Each layer is an attribute named as in Keras.
    """

    def __init__(self, experiment: Experiment) -> None:
        """Creates the layers with PyTorch's default: uniform within 1 / sqrt(fan_in)."""
        super().__init__()
        self.layer_names = tuple(layer.name for layer in dense_layers(experiment))
        for layer in dense_layers(experiment):
            linear = nn.Linear(layer.fan_in, layer.fan_out, dtype=getattr(torch, experiment.dtype))
            setattr(self, layer.name, linear)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, (n, 10), of images, (n, 28, 28)."""
        features = images.flatten(start_dim=1)
        for name in self.layer_names[:-1]:
            features = torch.relu(getattr(self, name)(features))
        return getattr(self, self.layer_names[-1])(features)


def build_model(experiment: Experiment) -> TorchClassifier:
    """The documented network with weights drawn by PyTorch from `experiment.seed`."""
    torch.manual_seed(experiment.seed)
    return TorchClassifier(experiment).to("cuda" if torch.cuda.is_available() else "cpu")


def set_parameters(model: TorchClassifier, parameters: Parameters) -> None:
    """Copies the given weights into the model; PyTorch stores kernels as (fan_out, fan_in)."""
    with torch.no_grad():
        for layer in parameters.layers:
            linear = getattr(model, layer.name)
            linear.weight.copy_(torch.tensor(layer.kernel.T))
            linear.bias.copy_(torch.tensor(layer.bias))


def get_parameters(model: TorchClassifier) -> Parameters:
    """Copies the model's weights out."""
    layers = []
    for name in model.layer_names:
        linear = getattr(model, name)
        kernel, bias = linear.weight.detach().cpu().numpy(), linear.bias.detach().cpu().numpy()
        layers.append(LayerParameters(name, kernel.T.copy(), bias.copy()))
    return Parameters(tuple(layers))
