"""The autoencoder's layers; torch is imported when they are made."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np


def network(sizes: Sequence[int], activation: str, normalisation: str, latent_bound: str, *, skip: bool) -> Any:
    """Return a torch module [encoder, decoder] of mirrored widths, initialised by torch's defaults."""
    from torch import nn

    encoder, decoder = (_layers(widths, activation, normalisation) for widths in (sizes, sizes[::-1]))
    if skip:
        return _with_skips(encoder, decoder, sizes[0], sizes[-1], latent_bound)
    if latent_bound == "tanh":
        encoder.append(nn.Tanh())
    return nn.Sequential(encoder, decoder)


def _with_skips(encoder: Any, decoder: Any, width: int, latent_dim: int, latent_bound: str) -> Any:
    from torch import nn

    from globscope.builtin.reducers.autoencoder.skip import Skip

    bound = nn.Tanh() if latent_bound == "tanh" else nn.Identity()
    return nn.Sequential(Skip(encoder, width, latent_dim, bound), Skip(decoder, latent_dim, width, nn.Identity()))


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
