"""What an evaluator is handed, networks to score, and what it plans: units."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.values.frozen import read_only
from globscope.values.rows import Weights
from globscope.values.space import FullSpace, Lifting


@define(frozen=True, kw_only=True)
class Networks:
    """n networks, as coordinates in a space. Picklable, so that another process can lift them.

    Attributes:
        space: Turns coordinates into weights.
        coordinates: (n, r).
        buffers: Of the members, (N) mappings by name; empty where they have none.
        nearest: (n,) row of the member nearest to each network, or None where nobody looked.
        seed: From which follows, with split, batch and repeat, what scoring a network draws: the same for all networks
            of a study, so that what differs is the networks. None where scoring draws nothing.
    """

    space: Lifting
    coordinates: Weights = field(converter=read_only, eq=False, repr=False)
    buffers: Sequence[Mapping[str, np.ndarray]] = field(default=(), eq=False, repr=False)
    nearest: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    seed: int | None = None

    def __len__(self) -> int:
        """Count the networks."""
        return len(self.coordinates)

    @classmethod
    def of(cls, weights: Weights, buffers: Sequence[Mapping[str, np.ndarray]] = ()) -> "Networks":
        """Return given networks, (n, D), exactly as they are, with their own buffers where they have any."""
        space = FullSpace(mean=np.zeros(1, np.float32))
        return cls(space=space, coordinates=weights, buffers=buffers, nearest=np.arange(len(weights)))

    def stored(self, unit: "Unit") -> list[Mapping[str, np.ndarray]]:
        """Return the buffers of the members nearest to one unit's networks; empty mappings where there are none."""
        if self.nearest is None or not self.buffers:
            return [{}] * (unit.stop - unit.start)
        return [self.buffers[row] for row in self.nearest[unit.start : unit.stop]]

    def weights(self, unit: "Unit") -> np.ndarray:
        """Return the (stop − start, D) float32 weights of one unit."""
        return self.space.lift(self.coordinates[unit.start : unit.stop])


@define(frozen=True, kw_only=True, order=True)
class Unit:
    """Consecutive networks evaluated together; the cut is part of the result's identity.

    Attributes:
        start: First network.
        stop: One past the last.
    """

    start: int
    stop: int

    def __len__(self) -> int:
        """Count the networks."""
        return self.stop - self.start

    @property
    def halves(self) -> tuple["Unit", "Unit"]:
        """The two units that it is cut into where it does not fit into memory."""
        middle = (self.start + self.stop) // 2
        return Unit(start=self.start, stop=middle), Unit(start=middle, stop=self.stop)


@define(frozen=True, kw_only=True)
class Plan:
    """How an evaluation is cut, recorded before it starts and reused on resume.

    Attributes:
        units: In order, covering all networks.
        method: `loop` evaluates one network after another, `vmap` a unit at once.
    """

    units: tuple[Unit, ...]
    method: Literal["loop", "vmap"]
