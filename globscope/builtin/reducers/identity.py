"""The chart whose latent points are the coordinates of its space."""

from collections.abc import Mapping, Sequence

import numpy as np

from globscope.api import Chart, Space


def identity_chart(
    space: Space,
    latents: np.ndarray,
    *,
    extent: np.ndarray | None = None,
    axes: Sequence[str] = (),
    arrays: Mapping[str, np.ndarray],
    notes: Mapping[str, float | str],
) -> Chart:
    """Return the chart that neither bends nor leaves out anything of a space: its axes are the space's own.

    Args:
        space: A space with orthonormal coordinates.
        latents: (N, r) coordinates of the members in it.
        extent: (2, r) corners of the part that is shown; None for the members' box.
        axes: Names of the axes for people.
        arrays: What `restore` makes the chart of.
        notes: Figures of the map.
    """
    return Chart(
        space=space,
        latents=latents,
        encode=np.array,  # a copy each
        decode=np.array,
        pullback=lambda _, gradients: np.array(gradients),
        exact_inverse=True,
        pointwise=True,
        flat=True,
        extent=extent,
        axes=axes,
        arrays=arrays,
        notes=notes,
    )
