"""The examples on which all networks are scored, and those on which their statistics are estimated."""

from typing import Any

from globscope.roles import Probe, ProbeTraits, traits

# Bytes of the examples in one forward pass: a convolution's activations are about thirty times as large.
BATCH = 64 * 2**20


def fixed_examples(probe: Probe, split: str, count: int | None = None) -> Any:
    """Return the sorted indices of `count` examples, or of all where there are fewer; the same on every call.

    Args:
        probe: The probe of the task.
        split: Name of the split of its data.
        count: How many are drawn, with seed 0; None means all.
    """
    import torch

    order = torch.randperm(probe.examples(split), generator=torch.Generator().manual_seed(0))
    return order[: len(order) if count is None else count].sort().values


def fixed_batches(
    probe: Probe, split: str, count: int | None = None, size: int | None = None, lead: int = 0
) -> list[Any]:
    """Return the batches of `fixed_examples`.

    Args:
        probe: The probe of the task.
        split: Name of the split of its data.
        count: How many examples; None means all.
        size: Examples per batch; None means as many as fill 64 MiB.
        lead: How many examples, the `fixed_examples` of this number, come first.
    """
    import torch

    rows, first = fixed_examples(probe, split, count), fixed_examples(probe, split, lead)
    if lead:
        rows = torch.cat([first, rows[~torch.isin(rows, first)]])
    batch_size = size or examples_per_batch(probe, split)
    return [probe.batch(split, indices) for indices in torch.split(rows, batch_size)]


def calibration_batches(probe: Probe, count: int = 1000, size: int | None = None) -> list[Any]:
    """Return the training batches on which statistics are re-estimated; none if the model has no statistics."""
    return fixed_batches(probe, probe.splits[0], count, size) if probe.statistics else []


def examples_per_batch(probe: Probe, split: str, limit: int | None = None) -> int:
    """Return how many examples of a split fill so many bytes, 64 MiB if unset; at least one."""
    import torch

    own = _bytes(probe.batch(split, torch.arange(1)))
    return max(1, (limit or BATCH) // max(own, traits(probe, ProbeTraits).example_bytes))


def _bytes(batch: Any) -> int:
    """Return the bytes of a batch's tensors, in any container."""
    from torch.utils._pytree import tree_leaves

    return max(1, sum(int(leaf.nbytes) for leaf in tree_leaves(batch) if hasattr(leaf, "nbytes")))
