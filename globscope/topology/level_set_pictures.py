"""Join, split and contour trees, and barcodes, as pictures."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.topology.branch_layout import BranchLayout
from globscope.topology.level_sets import persistence_pairs
from globscope.values.field import Field
from globscope.values.level_set_tree import JOIN_SADDLE, MAXIMUM, SPLIT_SADDLE, LevelSetTree
from globscope.values.pictures import Panel, Plot, Series
from globscope.values.topology import MINIMUM, MULTI_SADDLE

# A ratio of values beyond which a linear axis shows only the highest.
WIDE = 30
# Bars beyond which a barcode is a grey block.
MOST_BARS = 80
TITLES = {
    "join": "join tree: sublevel sets",
    "split": "split tree: superlevel sets",
    "contour": "contour tree: level sets",
}
TREES = (
    "Trees of {field} {where}. Heights are values; places across mean nothing. join: pools that appear at minima and "
    "meet at saddles as the level rises. split: islands that appear at maxima and meet as the level falls. contour: "
    "pieces of the level set, which end in minima and in maxima. A vertical line is a branch, from its leaf to the "
    "saddle where it meets the one that goes on. Leaves whose persistence is at most {threshold:.3g} are removed."
)
BARS = (
    "Persistence of the components of the sublevel sets of {field} {where}, from the minimum where one appears to the "
    "saddle where it meets a lower one, and of the superlevel sets, from the maximum down. The longest bar is at the "
    "bottom; bars of one that never ends are drawn to the other end of the values. Bars of at most {threshold:.3g} "
    "are removed from the simplified trees.{more}"
)


def tree_plot(trees: Sequence[LevelSetTree], field: Field, threshold: float, where: str = "") -> Plot:
    """Return the picture of trees of one field, side by side.

    Args:
        trees: The trees, as they are to be drawn.
        field: How people read the field.
        threshold: Height of branches that were cut off, in the field's unit.
        where: Whose field it is, such as `on autoencoder`.
    """
    panels = tuple(Panel(title=TITLES[tree.kind], series=tuple(_tree_series(tree))) for tree in trees)
    return Plot(
        name=" ".join(filter(None, ("trees", where))),
        title=" ".join(filter(None, (f"Level sets of {field.name}", where))),
        caption=TREES.format(field=field.name, where=where, threshold=threshold),
        x="branches side by side",
        numbered=False,
        y=field.name,
        panels=panels,
        log=_is_wide(*(tree.values for tree in trees)),
    )


def barcode_plot(join: LevelSetTree, split: LevelSetTree, field: Field, threshold: float, where: str = "") -> Plot:
    """Return the barcodes of the sublevel and superlevel sets of a field, from trees of every pair.

    The other arguments are those of `tree_plot`.
    """
    titles = ("sublevel sets: minima", "superlevel sets: maxima")
    bars = [_bars(tree) for tree in (join, split)]
    panels = tuple(
        Panel(title=title, series=tuple(_bar_series(one, threshold))) for title, one in zip(titles, bars, strict=True)
    )
    more = f" Only the {MOST_BARS} longest are drawn." if max(map(len, bars)) > MOST_BARS else ""
    return Plot(
        name=" ".join(filter(None, ("barcode", where))),
        title=" ".join(filter(None, (f"Barcode of {field.name}", where))),
        caption=BARS.format(field=field.name, where=where, threshold=threshold, more=more),
        x=field.name,
        y="bars by length",
        panels=panels,
        log_x=_is_wide(join.values),
    )


def _tree_series(tree: LevelSetTree) -> Iterator[Series]:
    layout, values = BranchLayout.of(tree), tree.values
    lines = [
        point
        for own, branch in zip(layout.across.tolist(), layout.decomposition.branches, strict=True)
        for point in (
            (own, values[branch.leaf]),
            (own, values[branch.saddle]),
            (own, values[branch.saddle]),
            (layout.nodes[branch.saddle], values[branch.saddle]),
        )
    ]
    across, heights = np.array(lines, float).reshape(-1, 2).T
    yield Series.of("branch", across, heights, "segments")
    kinds = np.array(tree.kinds, str)
    marks = {"minimum": (MINIMUM,), "saddle": (JOIN_SADDLE, SPLIT_SADDLE, MULTI_SADDLE), "maximum": (MAXIMUM,)}
    for label, which in marks.items():
        chosen = np.isin(kinds, which)
        if chosen.any():
            yield Series.of(label, layout.nodes[chosen], values[chosen], "points")


def _bars(tree: LevelSetTree) -> list[tuple[float, float, bool]]:
    """Return where each component of a tree appears, where it ends, and whether it never does; the longest first."""
    pairs, never = persistence_pairs(tree)
    return [(*ends, end) for ends, end in zip(tree.values[pairs].tolist(), never.tolist(), strict=True)]


def _bar_series(bars: Sequence[tuple[float, float, bool]], threshold: float) -> Iterator[Series]:
    labels = ["never ends" if never else "kept" if abs(a - b) > threshold else "removed" for a, b, never in bars]
    for label in ("never ends", "kept", "removed"):
        rows = [row for row, own in enumerate(labels[:MOST_BARS]) if own == label]
        if rows:
            ends = np.array([bars[row][:2] for row in rows])
            yield Series.of(label, ends.ravel(), np.repeat(np.array(rows) + 1, 2), "segments")


def _is_wide(*values: np.ndarray) -> bool:
    """Whether values are positive and span so much that a logarithmic axis shows more."""
    every = np.concatenate(values)
    return bool(len(every)) and bool(every.min() > 0) and bool(every.max() > WIDE * every.min())
