"""A digest of what a figure shows, by which it is drawn only if it has changed."""

import hashlib
import pickle
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.transforms import TransformNode

# Distributions whose version may change how a figure is drawn; the fonts are matplotlib's.
DRAWN_BY = ("globscope", "matplotlib", "pillow", "kiwisolver", "numpy")


def figure_digest(figure: Figure, *settings: Any) -> str:
    """Return a hash of everything in a figure that is not drawn yet, and of the settings that it is drawn with.

    It is that of the pickled figure: whatever is drawn is in it, so that a figure with the digest of an earlier one
    looks like it. Empty where a figure cannot be pickled.
    """
    content = _Content()
    try:
        pickler = _Pickler(content, protocol=pickle.HIGHEST_PROTOCOL)
        pickler.dump([[version(name) for name in DRAWN_BY], _source(), settings])
        pickler.dump(figure)
    except (pickle.PicklingError, AttributeError, TypeError):
        return ""
    return content.sha256.hexdigest()


@cache
def _source() -> str:
    """Return a hash of the modules of this folder, of which some draw only when a figure is rendered."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class _Content:
    """A file that keeps nothing but a hash."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        return len(content)


class _Pickler(pickle.Pickler):
    """Leaves out what differs between equal figures."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, TransformNode):
            reduced: Any = value.__reduce_ex__(4)
            constructor, arguments, state = reduced[:3]
            # The transforms that depend on it, by their addresses in memory.
            return constructor, arguments, {name: part for name, part in state.items() if name != "_parents"}
        if isinstance(value, Colormap):  # a colormap computes its colours when it is first used
            colours = value(np.r_[-1, np.linspace(0, 1, value.N), 2, np.nan])
            return str, (value.name,), colours.tobytes()
        return NotImplemented
