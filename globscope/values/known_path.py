"""What is known of the loss along a path between two training runs, whatever found it."""

from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.values.field import Field

JOINED = 0.01
"""An end that lies within this share of the distance between two networks counts as the network."""


@define(frozen=True, kw_only=True)
class KnownPath:
    """A path in weight space between the final networks of two training runs, as it was measured.

    Its worst value bounds the lowest pass between the two networks from above, as finely as the path was sampled.

    Attributes:
        one: Variant of the run at one end.
        other: Variant of the run at the other end.
        field: Key of the field that was measured.
        worst: The highest value on the path; of a field of which higher is better, the lowest. Finite.
        found_by: What found it, in a few words, such as `straight line`.
        map: Name of the map on which it runs; empty where it runs on none.
        networks: How many networks on it were measured, both ends included; None where nobody counted.
        ends: Distance in weight space from its ends to the two final networks, the larger one, as a share of the
            distance between these; None if unknown.
        examples: Which examples were scored, if not those of the study's evaluator; empty if those.
    """

    one: str
    other: str
    field: str
    worst: float
    found_by: str
    map: str = ""
    networks: int | None = None
    ends: float | None = 0.0
    examples: str = ""

    @classmethod
    def of_values(
        cls, runs: tuple[str, str], field: Field, values: np.ndarray, found_by: str, **about: Any
    ) -> "tuple[KnownPath, ...]":
        """Return the path between two runs on which (n,) values were measured; none if one of them is not finite.

        Args:
            runs: Variants of the two runs.
            field: Field of the values.
            values: Values along the path, both ends included.
            found_by: What found it.
            about: Its `map`, `ends` and `examples`.
        """
        values = np.asarray(values, float)
        if not np.isfinite(values).all():
            return ()
        worst = float(values.min() if field.higher_is_better else values.max())
        path = cls(one=runs[0], other=runs[1], field=field.key, worst=worst, found_by=found_by, networks=len(values))
        return (evolve(path, **about),)

    @property
    def why_not_compared(self) -> str:
        """Why its worst value says nothing of the two networks beside other paths' values; empty where it does."""
        if self.examples:
            return f"measured on other examples: {self.examples}"
        if self.ends is None:
            return "it begins or ends at another network"
        return f"its ends lie {self.ends:.1%} of the distance off" if self.ends > JOINED else ""
