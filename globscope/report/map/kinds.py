"""As what a landscape can be drawn."""

from typing import Literal

import numpy as np

from globscope.values.landscape import Landscape, Samples

# `line`: over the one latent axis. `path`: over the length walked. `surface`: over two axes. `slices`: of a lattice
# of more axes. `members`: no landscape can be drawn.
Kind = Literal["line", "path", "surface", "slices", "members"]


def kind(scape: Landscape | None, field: str) -> Kind:
    """Return as what a field of a landscape can be drawn."""
    if scape is None or field not in scape.fields:
        return "members"
    if is_line(scape.samples):
        return "line"
    if is_path(scape.samples):
        return "path"
    if scape.samples.points.shape[1] == 2:
        return "surface"
    return "slices" if _fills(scape.samples) and np.isfinite(scape.fields[field]).any() else "members"


def is_volume(scape: Landscape | None, field: str) -> bool:
    """Whether a field of a landscape can be drawn in space, beside its slices."""
    return scape is not None and kind(scape, field) == "slices" and scape.samples.points.shape[1] == 3


def is_line(samples: Samples) -> bool:
    """Whether the samples lie on a map of one latent axis, which they fill rather than cross."""
    one: bool = samples.points.shape[1] == 1
    return one


def is_path(samples: Samples) -> bool:
    """Whether the samples form a lattice of one axis across a map of more."""
    return not is_line(samples) and _axes(samples) == 1


def _fills(samples: Samples) -> bool:
    """Whether the samples form a lattice along all latent axes."""
    return _axes(samples) == len(samples.points.T)


def _axes(samples: Samples) -> int:
    """Return how many axes the samples' lattice has; 0 where they are scattered."""
    return 0 if samples.index is None or samples.shape is None else len(samples.shape)
