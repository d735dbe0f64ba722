"""A model that is called by a function of the user's, under its own tensor names."""

from collections.abc import Callable
from typing import Any

from torch import nn


class Forwarding(nn.Module):
    """Calls a function of (model, batch); its tensors and layers are the model's, by the model's names."""

    def __init__(self, model: nn.Module, function: Callable[[Any, Any], Any]) -> None:
        """Share the model's tensors and layers: whoever replaces one here replaces it in the model."""
        self.__dict__.update(model=model, function=function)
        super().__init__()
        shared = ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set")
        self.__dict__.update({name: model.__dict__[name] for name in shared})

    @property
    def training(self) -> bool:
        """Whether the model behaves as in training."""
        return bool(self.__dict__["model"].training)

    @training.setter
    def training(self, mode: bool) -> None:
        self.__dict__["model"].training = mode

    def forward(self, batch: Any) -> Any:
        """Return what the function returns."""
        return self.__dict__["function"](self.__dict__["model"], batch)


def call_with_first(model: Any, batch: Any) -> Any:
    """Return the model's outputs for the first item of a tuple or list, or for a batch of another kind."""
    return model(batch[0] if isinstance(batch, tuple | list) else batch)
