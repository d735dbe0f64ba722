"""A first spec for a folder of checkpoints: `globscope init FOLDER`."""

from globscope.population.proposal.write import propose

__all__ = ["propose"]
