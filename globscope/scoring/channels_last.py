"""Images and convolutions with their channels last in memory, as a GPU's convolutions read them fastest."""

from typing import Any

from globscope.memory import is_out_of_memory
from globscope.roles import Probe
from globscope.scoring.draws import fixed_seed
from globscope.torch_settings import Precision

# Examples of the trial.
FEW = 4
# Of sums that float32 takes in another order; a model that mixes up its axes is far off.
ALIKE = 1e-3


def channels_last(tree: Any) -> Any:
    """Return a tree of tensors, such as a batch, with those of four axes channels-last; others as they are."""
    import torch
    from torch.utils._pytree import tree_map

    def convert(leaf: Any) -> Any:
        is_image = isinstance(leaf, torch.Tensor) and leaf.ndim == 4
        return leaf.contiguous(memory_format=torch.channels_last) if is_image else leaf

    return tree_map(convert, tree)


def prefers_channels_last(precision: Precision, device: str) -> bool:
    """Return whether convolutions are faster so.

    ResNet-56 on an H200, torch 2.11, milliseconds a network with channels first and last: float32 93 and 230, TF32 73
    and 43, bfloat16 69 and 37.
    """
    return device.startswith("cuda") and precision != "float32"


def takes_channels_last(probe: Probe, device: str) -> bool:
    """Return whether a model has convolutions and gives the same with channels last; tried on a fresh network.

    A model that calls `view` on an image does not: it needs the channels first, and `reshape` in its place.
    """
    if not any(len(shape) == 4 for shape in probe.layout.shapes):
        return False
    try:
        first, last = (_sums(probe, device, converted=converted) for converted in (False, True))
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        return False
    return bool(first.isclose(last, rtol=ALIKE, atol=ALIKE, equal_nan=True).all())


def _sums(probe: Probe, device: str, *, converted: bool) -> Any:
    """Return the sums of a fresh network over a few examples, (measures,)."""
    import torch

    parameters, buffers = probe.initialise(0)
    with torch.inference_mode(not probe.grad_inside), fixed_seed(0, device):
        rows = torch.arange(min(FEW, probe.examples(probe.splits[0])))
        batch = probe.batch(probe.splits[0], rows)
        if converted:
            parameters, batch = channels_last(parameters), channels_last(batch)
        parts = probe.reduce(parameters, buffers, batch)
        return torch.stack([total.detach().sum().double() for total, _ in parts.values()])
