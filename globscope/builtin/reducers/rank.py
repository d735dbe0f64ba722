"""What a population must offer before a reducer can start."""

from globscope.api import PopulationError, ReducerInputs


def require(inputs: ReducerInputs, name: str, latent_dim: int) -> None:
    """Refuse more latent axes than the members have directions.

    Raises:
        PopulationError: With both numbers.
    """
    members, directions = inputs.coordinates.shape
    if latent_dim > directions:
        raise PopulationError(
            f"reducer {name!r} wants latent_dim = {latent_dim}, "
            f"but the {members} members in the fit span only {directions} directions"
        )
