"""The branches of a sweep from low to high: where each is born, where it dies, and into which branch."""

import numpy as np
from attrs import define, field


@define(frozen=True, kw_only=True)
class Branches:
    """Every minimum's branch, by the elder rule: where branches meet, all but the lowest die.

    Vertices are numbered by their place in the sweep, 0 … m − 1, branches by rising birth.

    Attributes:
        births: (p,) minimum of each branch.
        deaths: (p,) vertex at which it meets a lower branch; m for a component's lowest.
        elders: (p,) branch that continues where it dies; itself for a component's lowest.
        own: (m,) branch of each vertex, once the vertex has been swept.
        tops: (components,) last vertex of each component.
    """

    births: np.ndarray = field(eq=False)
    deaths: np.ndarray = field(eq=False)
    elders: np.ndarray = field(eq=False)
    own: np.ndarray = field(eq=False)
    tops: np.ndarray = field(eq=False)
