"""Gradients by central differences, with model, examples and decoding in float64."""

import numpy as np
import torch
from torch.utils._pytree import tree_map

from globscope.api import AffineSpace, calibration_batches, fixed_batches

# Of what is in float64: its rounding, 1e-16 over the step, and the third derivative times the step's square are far
# below the rounding of the float32 gradients that are compared; a ReLU rarely has its kink within the step.
STEP = 1e-6


def differences(function, points, step=STEP):
    """Return (n, d) central differences of a function of one (d,) point."""
    moved = step * np.eye(points.shape[1])
    return np.array([[(function(z + m) - function(z - m)) / (2 * step) for m in moved] for z in points])


def as_doubles(tree):
    """Return a tree of tensors with the floating-point ones in float64."""
    return tree_map(lambda leaf: leaf.double() if torch.is_tensor(leaf) and leaf.is_floating_point() else leaf, tree)


def double_loss(task, field, mode="recalibrate", own=None, held=None, **examples):
    """Return a function of (D,) float64 weights: a field, with the statistics of a mode, computed in float64.

    Statistics are those of `held` weights where they are given.
    """
    probe = task.build("cpu")
    probe._module.double()
    split, measure = field.split("_")
    batches = as_doubles(fixed_batches(probe, split, **examples))
    calibrating = as_doubles(calibration_batches(probe, size=examples.get("size")))
    fresh = as_doubles(probe.initialise(0)[1])

    def buffers_of(row):
        parameters = probe.layout.unflatten(torch.tensor(row))
        others = {name: buffer for name, buffer in fresh.items() if name not in probe.statistics}
        if mode == "batch" or not probe.statistics:
            return others
        if mode == "recalibrate":
            return probe.calibrate(parameters, dict(others), calibrating)
        return fresh if mode == "initial" else fresh | {n: torch.as_tensor(b).to(fresh[n]) for n, b in own.items()}

    @torch.no_grad()
    def loss(row):
        parameters = probe.layout.unflatten(torch.tensor(row))
        buffers = {n: b.clone() for n, b in buffers_of(row if held is None else held).items()}
        parts = [probe.reduce(parameters, dict(buffers), batch)[measure] for batch in batches]
        mean = sum(float(total) for total, _ in parts) / sum(weight for _, weight in parts)
        return mean**0.5 if measure in probe.traits.roots else mean

    return loss


def plane_around(row, rank=3, seed=0):
    """Return an affine space of random directions around a network."""
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(row), rank)))[0].T
    return AffineSpace(origin=row.astype(np.float64), basis=basis)
