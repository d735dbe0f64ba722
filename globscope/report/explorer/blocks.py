"""Arrays as one compressed block, from which the page's script reads them."""

import base64
import gzip

import numpy as np
from attrs import define, field

# `d2`: whole numbers of 16 bits as differences from the one before, all their low bytes before all their high ones:
# neighbouring samples differ little, so that this compresses well.
KINDS = {"f4": "<f4", "f8": "<f8", "i4": "<i4", "u1": "u1", "u2": "<u2", "u4": "<u4", "d2": "<u2"}
WIDTH = 8
LEVEL = 6  # of gzip; level 9 takes seven times as long for one byte in a hundred


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
        self.content.extend(_differences(array) if kind == "d2" else array.tobytes())
        return name

    @property
    def text(self) -> str:
        """The bytes, compressed, as the text of base 64."""
        return as_text(bytes(self.content))


def as_text(content: bytes) -> str:
    """Return bytes, compressed, as the text of base 64."""
    return base64.b64encode(gzip.compress(content, LEVEL, mtime=0)).decode()


def _differences(numbers: np.ndarray) -> bytes:
    steps = np.diff(numbers.ravel(), prepend=numbers.dtype.type(0))  # beyond 16 bits they wrap, here as in the page
    return steps.astype(KINDS["d2"]).view("u1").reshape(-1, 2).T.tobytes()
