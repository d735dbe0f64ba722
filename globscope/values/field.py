"""What people call a measured field, in which direction it is better, and how it is drawn."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from attrs import asdict, define

# Words of a key that people write otherwise.
WORDS = {"train": "training", "val": "validation", "acc": "accuracy", "iou": "IoU", "mse": "MSE"}
# Headings of the two sides of a pair, whatever is compared: runs, maps, basins, values.
HEADINGS = {"one": "first", "other": "second", "two": "second"}


def in_words(key: str) -> str:
    """Return an identifier as words: `train_loss` as `training loss`, `pca.train_loss` as `pca: training loss`."""
    place, dot, name = key.rpartition(".")
    return f"{place}{': ' * len(dot)}" + " ".join(WORDS.get(word, word) for word in name.split("_") if word)


def column_heading(key: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what a table calls a column with this key: its name among `names`, or the key in words."""
    return names.get(key) or HEADINGS.get(key) or in_words(key)


@define(frozen=True, kw_only=True)
class Description:
    """How people read what a task measures.

    Attributes:
        name: For people, such as `relative error`.
        unit: What a value is counted in; empty where it has no unit.
        higher_is_better: Whether a higher value is the better one.
        is_logarithmic: Whether it is drawn on a logarithmic scale, since its values span decades.
    """

    name: str
    unit: str = ""
    higher_is_better: bool = False
    is_logarithmic: bool = False


SHARE = Description(name="share", unit="share", higher_is_better=True)
# What files and tasks measure without a description, by the end of its key.
KNOWN = {
    "loss": Description(name="loss", unit="mean per example", is_logarithmic=True),
    **dict.fromkeys(("accuracy", "acc", "iou"), SHARE),
    "gradient_norm": Description(name="gradient norm", unit="loss per distance in weight space", is_logarithmic=True),
}


@define(frozen=True, kw_only=True)
class Field(Description):
    """A measure on one split of the data.

    Attributes:
        key: Its name in files, specs and JSON: `<split>_<measure>`, or whatever a file calls it.
    """

    key: str

    @classmethod
    def of(cls, key: str) -> "Field":
        """Return the field of a key that nobody describes: called by its words, a loss or a share by its end."""
        known = next((measure for end, measure in KNOWN.items() if key.endswith(end)), Description(name=""))
        return cls(**asdict(known) | {"key": key, "name": in_words(key)})

    @classmethod
    def from_description(cls, split: str, measure: str, description: Description) -> "Field":
        """Return the field of a measure on a split as its task describes the measure."""
        own = {"key": f"{split}_{measure}", "name": f"{in_words(split)} {description.name}"}
        return cls(**asdict(description) | own)

    @property
    def is_loss(self) -> bool:
        """Whether it is a loss, and not a share such as an accuracy."""
        return self.key.endswith("loss")

    def cost(self, values: np.ndarray) -> np.ndarray:
        """Return values of any shape with the sign by which lower is better: a barrier of an accuracy is its fall."""
        return -values if self.higher_is_better else values
