"""What reducers require of a population."""

import numpy as np

from globscope.api import PopulationError, ReducerInputs

# A fit that solves for all members at once takes at most a second for so many.
MANY = 1000


def require_directions(inputs: ReducerInputs, name: str, latent_dim: int) -> None:
    """Refuse more latent axes than the members have directions.

    Raises:
        PopulationError: With both numbers, or because all members coincide.
    """
    members, width = inputs.coordinates.shape
    if not np.ptp(inputs.coordinates, axis=0).any():
        raise PopulationError(f"reducer {name!r} has nothing to map: the {members} members in the fit all coincide")
    # In the full space there are more coordinates than directions.
    directions = min(width, members - 1)
    if latent_dim > directions:
        raise PopulationError(
            f"reducer {name!r} wants latent_dim = {latent_dim}, "
            f"but the {members} members in the fit span only {directions} direction{'s' * (directions != 1)}"
        )
