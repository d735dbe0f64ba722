"""A field's values, or other figures of all samples, as the explorer keeps them.

`as` says how:

- `exact`: `values`, as they are
- `few`: `levels` are numbers in `values`, all different values in rising order; 65,535 is of what is not finite
- `levels`: `levels` count `steps` from `low` to `high`, which are logarithms if `log`; 65,535 is of what is not finite.
  `ties` (null: no need) order the samples of one level, and the samples `nodes` have the exact `values`

Equal values are ordered by the samples' numbers, as everywhere.
"""

import numpy as np

from globscope.report.explorer.blocks import Blocks

# Samples up to which all values of a field with a merge tree are kept as they are.
EXACT = 5_000
# So many different values are kept once each: those of an accuracy on some examples.
FEW = 4_096
MISSING = 65_535
# Steps of a field, and of figures that are only shown.
STEPS, COARSE = 65_534, 4_095


def add_field(blocks: Blocks, name: str, values: np.ndarray, nodes: np.ndarray) -> dict[str, object]:
    """Add a field's values, and return how they are kept.

    Their order is exact, and so are the values of `nodes`, the samples that are nodes of the study's merge trees: so
    the page finds the trees that Python finds. A field with a tree has all its values exact up to 5,000 samples, and
    any field of at most 4,096 different ones. Other values are exact to a part in 131,068 of their range (of its
    logarithm, where all are positive).
    """
    finite = np.isfinite(values)
    known, places = np.unique(values[finite], return_inverse=True)
    if len(known) <= min(FEW, len(values) // 2):
        levels = np.full(len(values), MISSING)
        levels[finite] = places
        return {
            "as": "few",
            "levels": blocks.add(f"{name}/levels", levels, "d2"),
            "values": blocks.add(name, known, "f8"),
        }
    if len(nodes) and len(values) <= EXACT:
        return {"as": "exact", "values": blocks.add(name, values, "f8")}
    levels, about = _levels(values, STEPS)
    ties = _ties(levels, np.where(finite, values, 0))
    return {
        "as": "levels",
        **about,
        "levels": blocks.add(f"{name}/levels", levels, "d2"),
        "ties": blocks.add(f"{name}/ties", ties, _narrowest(ties)) if ties.any() else None,
        "nodes": blocks.add(f"{name}/nodes", nodes, "u4"),
        "values": blocks.add(f"{name}/values", values[nodes], "f8"),
    }


def add_figure(blocks: Blocks, name: str, values: np.ndarray) -> dict[str, object]:
    """Add figures that are only shown: in 4,095 steps, without order or nodes."""
    levels, about = _levels(values, COARSE)
    return {"as": "levels", **about, "levels": blocks.add(f"{name}/levels", levels, "d2"), "ties": None, "nodes": None}


def _levels(values: np.ndarray, steps: int) -> tuple[np.ndarray, dict[str, object]]:
    """Return the number of steps from the lowest value to each, and how to read them."""
    finite = np.isfinite(values)
    log = bool((values[finite] > 0).all())
    numbers = np.log(values, where=finite, out=np.full(len(values), np.nan)) if log else values
    low, high = (float(numbers[finite].min()), float(numbers[finite].max())) if finite.any() else (0.0, 0.0)
    levels = np.full(len(values), MISSING)
    levels[finite] = np.rint((numbers[finite] - low) / ((high - low) or 1.0) * steps)
    return levels, {"steps": steps, "log": log, "low": low, "high": high}


def _ties(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return each sample's place among the different values of its level; equal values have equal places."""
    order = np.lexsort((values, levels))
    same_level = np.diff(levels[order], prepend=-1) == 0
    steps = np.cumsum(same_level & (np.diff(values[order], prepend=np.nan) > 0))
    places = np.empty(len(values), int)
    places[order] = steps - np.maximum.accumulate(np.where(same_level, 0, steps))
    return places


def _narrowest(numbers: np.ndarray) -> str:
    """Return the narrowest kind of elements that holds whole numbers from 0."""
    highest = numbers.max(initial=0)
    return "u1" if highest < 2**8 else "u2" if highest < 2**16 else "u4"
