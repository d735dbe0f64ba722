"""The autoencoder's layers; torch is imported when they are made."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np


def network(sizes: Sequence[int], activation: str, normalisation: str, latent_bound: str) -> Any:
    """Return a torch module [encoder, decoder] of mirrored widths, initialised by torch's defaults."""
    from torch import nn

    encoder = _layers(sizes, activation, normalisation)
    if latent_bound == "tanh":
        encoder.append(nn.Tanh())
    return nn.Sequential(encoder, _layers(sizes[::-1], activation, normalisation))


def load(module: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Set a module's tensors."""
    import torch

    # Assigned, because the module may have been made without memory (on the meta device).
    module.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, assign=True)


def _layers(sizes: Sequence[int], activation: str, normalisation: str) -> Any:
    from torch import nn

    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU}
    layers: list[nn.Module] = []
    for below, above in pairwise(sizes):
        layers.append(nn.Linear(below, above))
        layers += [nn.LayerNorm(above)] if normalisation == "layer" else []
        layers.append(kinds[activation]())
    last = 2 if normalisation == "layer" else 1
    return nn.Sequential(*layers[:-last])  # the last layer is linear
