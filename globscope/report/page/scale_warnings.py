"""Warnings about a colour scale that all maps share, and that hides what is on some of them."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.report.map.scene import Scene
from globscope.report.style.scale import Scale
from globscope.report.style.text import join_words
from globscope.values.number import number

# A map with less than this share of the colours has at most three of the fifteen contour lines that span them.
FLAT = 0.25


def scale_warnings(scenes: Sequence[Scene]) -> Iterator[str]:
    """Yield a sentence on the maps that the shared scale draws nearly in one colour, because others stretch it."""
    drawn = [scene for scene in scenes if scene.kind in ("surface", "slices") and scene.field.key in scene.fields]
    shares = {scene.map_.name: share(scene.scale, scene.values) for scene in drawn}
    flat = {name: part for name, part in shares.items() if part < FLAT}
    if not flat or len(flat) == len(shares):
        return
    scale, widest = drawn[0].scale, max(shares, key=lambda name: shares[name])
    listed = join_words(f"{name} has {part:.0%}" for name, part in flat.items())
    yield (
        f"all maps share one scale of {scale.field.name}, {number(scale.low)} to {number(scale.high)}, which {widest} "
        f"stretches: of its colours {listed}, so hardly anything can be seen there; in the explorer, you "
        "can set the ends of the colours (Options)"
    )


def share(scale: Scale, values: np.ndarray) -> float:
    """Return the share of a scale's colours that (n,) values take; 0 where none is finite."""
    drawn = scale.drawable(np.asarray(values, float))
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return 0.0
    low, high = np.asarray(scale.norm()(np.array([known.min(), known.max()])), float).tolist()
    return float(high - low)
