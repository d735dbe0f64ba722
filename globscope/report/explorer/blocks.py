"""Arrays as one compressed block, from which the page's script reads them."""

import base64
import gzip

import numpy as np
from attrs import define, field

# Samples of a field up to which its values are kept as they are; beyond, as 16 bits and the exact values of the nodes.
EXACT = 5_000
LEVELS = 65_535  # 0 … 65,534; the last number of 16 bits is of values that are not finite
KINDS = {"f4": "<f4", "f8": "<f8", "i4": "<i4", "u1": "u1", "u2": "<u2", "u4": "<u4"}
WIDTH = 8


@define(frozen=True)
class Blocks:
    """Arrays by name, one after another.

    Attributes:
        places: Where each lies, as the page reads it: first byte, number of elements, kind of element.
        content: The bytes, each array at a multiple of eight.
    """

    places: dict[str, dict[str, int | str]] = field(factory=dict)
    content: bytearray = field(factory=bytearray)

    def add(self, name: str, values: np.ndarray, kind: str = "f4") -> str:
        """Add an array in row-major order, and return its name."""
        array = np.ascontiguousarray(values, dtype=KINDS[kind])
        self.content.extend(b"\0" * (-len(self.content) % WIDTH))
        self.places[name] = {"at": len(self.content), "count": int(array.size), "kind": kind}
        self.content.extend(array.tobytes())
        return name

    @property
    def text(self) -> str:
        """The bytes, compressed, as the text of base 64."""
        return base64.b64encode(gzip.compress(bytes(self.content), 9, mtime=0)).decode()


def add_field(blocks: Blocks, name: str, values: np.ndarray, nodes: np.ndarray) -> dict[str, object]:
    """Add a field's values, and return how they are kept.

    Up to 5,000 samples they are float64. Beyond, 16 bits show them to a part in 65,534 of their range (of its
    logarithm, where all are positive), `ties` keep the order of samples that share these bits, and the values of
    `nodes`, sample numbers, are exact: so the page finds the merge tree that Python finds.
    """
    if len(values) <= EXACT:
        return {"as": "exact", "values": blocks.add(name, values, "f8")}
    levels, about = _levels(values)
    ties = _ties(levels, np.where(levels == LEVELS, 0, values))
    return {
        "as": "levels", **about,
        "levels": blocks.add(f"{name}/levels", levels, "u2"),
        "ties": blocks.add(f"{name}/ties", ties, _narrowest(ties)) if ties.any() else None,
        "nodes": blocks.add(f"{name}/nodes", nodes, "u4"),
        "values": blocks.add(f"{name}/values", values[nodes], "f8"),
    }  # fmt: skip


def _levels(values: np.ndarray) -> tuple[np.ndarray, dict[str, object]]:
    """Return the 16 bits of values, and how to read them."""
    finite = np.isfinite(values)
    log = bool((values[finite] > 0).all())
    numbers = np.log(values, where=finite, out=np.full(len(values), np.nan)) if log else values
    low, high = (float(numbers[finite].min()), float(numbers[finite].max())) if finite.any() else (0.0, 0.0)
    span = high - low or 1.0
    levels = np.full(len(values), LEVELS)
    levels[finite] = np.rint((numbers[finite] - low) / span * (LEVELS - 1))
    return levels, {"log": log, "low": low, "high": high}


def add_figure(blocks: Blocks, name: str, values: np.ndarray) -> dict[str, object]:
    """Add figures that are shown and compared with nothing: as a field, beyond 5,000 samples without order or nodes."""
    if len(values) <= EXACT:
        return {"as": "exact", "values": blocks.add(name, values, "f4")}
    levels, about = _levels(values)
    return {"as": "levels", **about, "levels": blocks.add(f"{name}/levels", levels, "u2"), "ties": None, "nodes": None}


def _ties(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return each sample's place among the different values of its level; equal values have equal places."""
    order = np.lexsort((values, levels))
    same_level = np.diff(levels[order], prepend=-1) == 0
    rises = same_level & (np.diff(values[order], prepend=np.nan) > 0)
    steps = np.cumsum(rises)
    starts = np.maximum.accumulate(np.where(same_level, 0, steps))
    places = np.empty(len(values), int)
    places[order] = steps - starts
    return places


def _narrowest(numbers: np.ndarray) -> str:
    """Return the narrowest kind of elements that holds whole numbers from 0."""
    highest = numbers.max(initial=0)
    return "u1" if highest < 2**8 else "u2" if highest < 2**16 else "u4"
