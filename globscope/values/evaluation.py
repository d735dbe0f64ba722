"""The networks that an evaluator scores, and the units in which it plans to score them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.values.arrays import read_only
from globscope.values.low_rank import low_rank_columns
from globscope.values.means import Means
from globscope.values.rows import Weights
from globscope.values.space import FullSpace, Lifting

GRADIENT = "gradient"
"""The name of the (n, r) gradients among what an evaluator scores; no field, whose names begin with a split's."""


@define(frozen=True, kw_only=True)
class Networks:
    """n networks, as coordinates in a space. Picklable, so that other processes can lift them.

    Attributes:
        space: Turns coordinates into weights.
        coordinates: (n, r) coordinates in the space.
        buffers: The N members' buffers by name, each with its tensor's shape; empty where they have none.
        nearest: (n,) row of the member nearest to each network, or None where it was not searched for.
        seed: The seed of what scoring draws, together with split, batch and repeat: the same for all networks of a
            study, so that only the networks differ. None where scoring draws nothing.
        gradient: Name of the field whose gradient with respect to the coordinates is wanted beside the fields, under
            the name `GRADIENT`; None where none is.
    """

    space: Lifting
    coordinates: Weights = field(converter=read_only, eq=False, repr=False)
    buffers: Sequence[Mapping[str, np.ndarray]] = field(default=(), eq=False, repr=False)
    nearest: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    seed: int | None = None
    gradient: str | None = None

    def __len__(self) -> int:
        """Count the networks."""
        return len(self.coordinates)

    @property
    def gradient_rank(self) -> int | None:
        """r, the number of coordinates with respect to which a gradient is wanted; None where none is."""
        return None if self.gradient is None else int(self.coordinates.shape[1])

    @classmethod
    def of(cls, weights: Weights, buffers: Sequence[Mapping[str, np.ndarray]] = ()) -> "Networks":
        """Return (n, D) weights as networks, unchanged, with their buffers if they have any."""
        nearest = np.arange(len(weights))
        if low_rank_columns(weights):  # which stay so, up to the rounding of a sum
            return cls(space=Means(weights=weights), coordinates=np.eye(len(weights)), buffers=buffers, nearest=nearest)
        space = FullSpace(mean=np.zeros(1, np.float32))
        return cls(space=space, coordinates=weights, buffers=buffers, nearest=nearest)

    def nearest_buffers(self, unit: "Unit") -> list[Mapping[str, np.ndarray]]:
        """Return for each network of a unit its nearest member's buffers, in their tensors' shapes; empty if none."""
        if self.nearest is None or not self.buffers:
            return [{}] * (unit.stop - unit.start)
        return [self.buffers[row] for row in self.nearest[unit.start : unit.stop]]

    def weights(self, unit: "Unit") -> np.ndarray:
        """Return the (stop − start, D) float32 weights of one unit."""
        return self.space.lift(self.coordinates[unit.start : unit.stop])


@define(frozen=True, kw_only=True, order=True)
class Unit:
    """Consecutive networks that are evaluated together; results depend on where units are cut.

    Attributes:
        start: Number of the first network.
        stop: Number of the last network plus one.
    """

    start: int
    stop: int

    def __len__(self) -> int:
        """Count the networks."""
        return self.stop - self.start

    def __str__(self) -> str:
        """For messages."""
        return f"network {self.start}" if len(self) == 1 else f"networks {self.start} … {self.stop - 1}"

    @property
    def halves(self) -> tuple["Unit", "Unit"]:
        """The two units into which it is cut if it does not fit into memory."""
        middle = (self.start + self.stop) // 2
        return Unit(start=self.start, stop=middle), Unit(start=middle, stop=self.stop)


# From a unit and the (n, r) gradients of its networks to the gradients that are kept of them.
UnitPullback = Callable[[Unit, np.ndarray], np.ndarray]


@define(frozen=True, kw_only=True)
class Plan:
    """How an evaluation is cut, recorded before it starts and reused on resume.

    Attributes:
        units: In order, covering all networks.
        method: `loop` scores one network after another, `graph` does so by repeating what a GPU has recorded of the
            first (a CUDA graph), `vmap` scores a unit at once, and `layers` does so without its weights, of which each
            tensor is formed when it is used.
        channels_last: Whether images and convolutions have their channels last in memory.
        fused: Whether BatchNorm statistics are estimated in the pass that scores.
        batch_size: Number of examples that are scored in one pass; None where the evaluator's options tell.
        reasons: Why faster ways that were considered are not taken.
    """

    units: tuple[Unit, ...]
    method: Literal["loop", "graph", "vmap", "layers"]
    channels_last: bool = False
    fused: bool = False
    batch_size: int | None = None
    reasons: Sequence[str] = field(default=(), converter=tuple[str, ...])
