"""What a folder of checkpoints seems to hold, as a spec to begin with: `globscope init FOLDER`."""

from globscope.population.proposal.write import propose

__all__ = ["propose"]
