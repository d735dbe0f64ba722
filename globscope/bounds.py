"""Bounds of counts, declared once: larger numbers are mistakes, which would need too much memory or time.

A validator for options: `epochs: int = field(default=40, validator=and_(ge(1), EPOCHS))`. Messages give the value, the
bound and why; the JSON schema gives the bound as `maximum`.
"""

from typing import Any

from attrs import define


@define(frozen=True, slots=False)
class UpperBound:
    """A validator: a count is at most a bound.

    Attributes:
        bound: The largest value that is accepted.
        why: Why larger values are too large, as the end of a sentence.
    """

    bound: int
    why: str
    compare_op = "<="

    def __call__(self, _: Any, attribute: Any, value: Any) -> None:
        """Refuse a larger count.

        Raises:
            ValueError: The count is larger; the message has the bound and the reason.
        """
        if value > self.bound:
            raise ValueError(f"{attribute.name} {self.words}")

    @property
    def words(self) -> str:
        """The condition on a value, with the reason."""
        return f"must be <= {self.bound:,}: {self.why}"


AXES = UpperBound(1000, "every latent axis is a direction in weight space that is kept in memory")
"""Latent axes of a map."""
BATCH = UpperBound(10**8, "a batch is held in memory as a whole")
"""Examples of a batch."""
COMPONENTS = UpperBound(1000, "every one of them is computed by itself")
DRAWS = UpperBound(10**7, "every draw is a computation of its own")
"""Random draws."""
EPOCHS = UpperBound(10**6, "every epoch is a pass over the data, and its checkpoints are listed before the first")
"""Epochs of a training."""
EXAMPLES = UpperBound(10**9, "examples are held in memory")
"""Examples of a data set."""
LAYERS = UpperBound(10**4, "every layer is built before the first step")
"""Layers of a network."""
NEIGHBOURS = UpperBound(10**5, "every sample lists its neighbours")
"""Neighbours of a sample."""
POINTS = UpperBound(10**6, "every point is a network that is scored")
"""Points of a path or of a slice."""
PROCESSES = UpperBound(10**4, "every one is started and takes memory")
"""Processes of a pool."""
REFITS = UpperBound(10**4, "every one is a fit of all maps, with its landscape")
"""Refits of the maps."""
RUNS = UpperBound(10**4, "every run is a network that is trained and kept")
"""Training runs of a population."""
SAMPLES = UpperBound(10**8, "every sample is a network that is decoded and scored")
"""Samples of a map."""
SIDE = UpperBound(10**4, "the points of a grid are held in memory")
"""Points along a side of a grid."""
STEPS = UpperBound(10**9, "every step is a computation of its own")
"""Steps of an optimiser."""
UNITS = UpperBound(10**6, "every unit of a layer has weights to all units of the next")
"""Units of a layer."""
# Networks of a population, whose Gram matrix has as many rows and columns.
NETWORKS = UpperBound(10**5, "maps compare every two networks")
# The most letters of a name and of a title.
NAME = 200
TITLE = 1000
