"""Slerp, TIES and DARE as mergekit has them (Goddard et al., "Arcee's MergeKit", EMNLP 2024, industry track)."""

from typing import Any

import numpy as np


def slerp(tensors: np.ndarray) -> np.ndarray:
    """Return the middle of the great arc between (2, size) tensors."""
    import torch
    from mergekit.merge_methods.slerp import slerp as arc

    one, other = torch.from_numpy(tensors)[:, None]
    return np.asarray(arc(torch.tensor([0.5]), one, other)[0])


def ties(tensors: np.ndarray, density: float) -> np.ndarray:
    """Return what mergekit's `ties` makes of (k + 1, size) tensors, the base last, with weights 1."""
    return _merge("ties", tensors, density, 1.0)


def dare(tensors: np.ndarray, density: float, rng: np.random.Generator) -> np.ndarray:
    """Return what mergekit's `dare_linear` makes of (k + 1, size) tensors, the base last, with weights 1.

    What is kept is divided by its share, as in the paper; mergekit's own default restores each change's sum of
    absolute values. The generator gives the seed of torch's.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**63)))
        return _merge("dare_linear", tensors, density, 1 / density)


def _merge(method: str, tensors: np.ndarray, density: float, scale: float) -> np.ndarray:
    import torch
    from mergekit.merge_methods import registry
    from mergekit.merge_methods.base import TensorGroup

    base = len(tensors) - 1
    group = TensorGroup.from_tensors(list(torch.from_numpy(tensors)), base_index=base)
    shared: dict[str, Any] = {"normalize": True, "rescale": False, "int8_mask": False, "lambda": scale}
    each = {"weight": dict.fromkeys(range(base), 1.0), "density": dict.fromkeys(range(base), density)}
    return np.asarray(registry.get(method).merge_group(group, **shared, **each))
