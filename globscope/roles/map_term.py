"""A term of a learned map's loss, in the user's or a stranger's code, and what it sees of the fit."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from attrs import define, field

from globscope.values.members import Member


@define(frozen=True, kw_only=True)
class MapFit:
    """A learned map while it is fitted.

    Tensors are float32, on the device of the fit. Coordinates are in units of `scale`.

    Attributes:
        points: (N, r) tensor of the members' coordinates; row i belongs to member i.
        members: The N members.
        scale: The root mean square of the members' coordinates.
        encode: Maps (n, r) coordinates to (n, d) latent points, differentiable in the map's parameters.
        decode: Maps (n, d) latent points to (n, r) coordinates, likewise.
        losses: Returns the (n,) training losses of the networks of (n, r) coordinates, differentiable in these, on 128
            examples that are drawn at each call; of (n,) members' rows it takes their buffers. A step that calls it
            with 8 networks takes seven times as long.
        rng: What random choices are drawn from, so that a seed gives one map.
    """

    points: Any = field(eq=False, repr=False)
    members: tuple[Member, ...] = field(repr=False)
    scale: float
    encode: Callable[[Any], Any] = field(eq=False, repr=False)
    decode: Callable[[Any], Any] = field(eq=False, repr=False)
    losses: Callable[[Any, np.ndarray], Any] = field(eq=False, repr=False)
    rng: np.random.Generator = field(eq=False, repr=False)


class MapTerm(Protocol):
    """A function that a spec names under `terms` of the `autoencoder`."""

    def __call__(self, fit: MapFit, **options: Any) -> Any:
        """Return a scalar tensor, differentiable in the map's parameters, which is added to the error in every step.

        The error is the mean square of coordinates in units of `scale`: about 1 for a map that returns nothing.
        """
        ...
