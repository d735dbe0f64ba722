"""What a measured field is called, in which direction it is better, and how it is drawn."""

import numpy as np
from attrs import define

# Words of a field's key that people write otherwise.
WORDS = {"train": "training", "val": "validation", "acc": "accuracy", "iou": "IoU", "mse": "MSE"}
SHARES = ("accuracy", "acc", "iou")


@define(frozen=True)
class Field:
    """A figure that is measured of every network, such as `train_loss`.

    Attributes:
        key: Its name in files, specs and JSON: `<split>_<measure>`, or whatever a task calls it.
    """

    key: str

    @property
    def name(self) -> str:
        """The key as people say it, such as `training loss`."""
        return " ".join(WORDS.get(word, word) for word in self.key.split("_") if word)

    @property
    def is_loss(self) -> bool:
        """Whether it is a loss, and not a share such as an accuracy."""
        return self.key.endswith("loss")

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value is the better one."""
        return self.key.endswith(SHARES)

    def cost(self, values: np.ndarray) -> np.ndarray:
        """Return values with the sign by which lower is better, so that a barrier of an accuracy is its fall."""
        return -values if self.higher_is_better else values

    @property
    def unit(self) -> str:
        """What a value is counted in; empty where only the task knows."""
        return "share" if self.higher_is_better else "mean per example" if self.is_loss else ""

    @property
    def is_logarithmic(self) -> bool:
        """Whether it is drawn on a logarithmic scale, as losses are, which span decades."""
        return self.is_loss
