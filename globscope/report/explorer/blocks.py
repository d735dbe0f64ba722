"""Arrays as one compressed block, from which the page's script reads them."""

import base64
import gzip

import numpy as np
from attrs import define, field

# Samples of a field up to which its values are kept as they are; beyond, as 16 bits and the exact values of the nodes.
EXACT = 5_000
LEVELS = 65_535  # 0 … 65,534; the last number of 16 bits is of values that are not finite
KINDS = {"f4": "<f4", "f8": "<f8", "u1": "u1", "u2": "<u2", "u4": "<u4"}
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
    finite = np.isfinite(values)
    log = bool((values[finite] > 0).all())
    numbers = np.log(values, where=finite, out=np.full(len(values), np.nan)) if log else values
    low, high = (float(numbers[finite].min()), float(numbers[finite].max())) if finite.any() else (0.0, 0.0)
    span = high - low or 1.0
    levels = np.full(len(values), LEVELS)
    levels[finite] = np.rint((numbers[finite] - low) / span * (LEVELS - 1))
    return {
        "as": "levels", "log": log, "low": low, "high": high,
        "levels": blocks.add(f"{name}/levels", levels, "u2"),
        "ties": blocks.add(f"{name}/ties", _ties(levels, values), "u2"),
        "nodes": blocks.add(f"{name}/nodes", nodes, "u4"),
        "values": blocks.add(f"{name}/values", values[nodes], "f8"),
    }  # fmt: skip


def _ties(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return each sample's rank by (value, number) among the samples of its level."""
    order = np.lexsort((np.arange(len(values)), values, levels))
    starts = np.flatnonzero(np.diff(levels[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    ranks = np.empty(len(values), int)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return ranks
