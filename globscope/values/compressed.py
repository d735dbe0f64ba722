"""What a compression of the population loses."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.values.arrays import read_only_fields


@define(frozen=True, kw_only=True)
class Compressed:
    """What a compression of the trained members loses.

    Attributes:
        numbers: How many numbers describe a compressed network.
        mse_per_weight: Mean squared error per weight between the members and their compressed networks.
        unexplained_variance: That error as a share of the members' variance per weight; None where they have none.
        fields: (N,) fields of the compressed networks of the trained members.
    """

    numbers: int
    mse_per_weight: float
    unexplained_variance: float | None
    fields: Mapping[str, np.ndarray] = field(converter=read_only_fields, eq=False, repr=False)
