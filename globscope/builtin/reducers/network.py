"""The autoencoder's layers, and how many threads they are worth; torch is imported when they are made."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

# Products narrower than this gain nothing from a second thread (1.6 ms a step with one or two), and
# where another process wants the core, threads that wait for each other make a step many times slower.
NARROW = 4096


def network(sizes: Sequence[int], activation: str, normalisation: str, latent_bound: str) -> Any:
    """Return a torch module [encoder, decoder] of mirrored widths, initialised by torch's defaults."""
    from torch import nn

    encoder = _chain(sizes, activation, normalisation)
    if latent_bound == "tanh":
        encoder.append(nn.Tanh())
    return nn.Sequential(encoder, _chain(sizes[::-1], activation, normalisation))


def load(module: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Set a module's tensors."""
    import torch

    # Assigned, because the module may have been made without memory (on the meta device).
    module.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, assign=True)


@contextmanager
def threads_for(width: int) -> Iterator[None]:
    """Keep torch to one thread where rows are narrow: then the bits do not depend on the cores either."""
    import torch

    before = torch.get_num_threads()
    if width < NARROW:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _chain(sizes: Sequence[int], activation: str, normalisation: str) -> Any:
    from torch import nn

    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU}
    layers: list[nn.Module] = []
    for below, above in pairwise(sizes):
        layers.append(nn.Linear(below, above))
        layers += [nn.LayerNorm(above)] if normalisation == "layer" else []
        layers.append(kinds[activation]())
    last = 2 if normalisation == "layer" else 1
    return nn.Sequential(*layers[:-last])  # the last layer is linear
