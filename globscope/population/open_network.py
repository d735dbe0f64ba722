"""Opening a checkpoint as a member: a whole network, or an adapter with its base."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from globscope.population.adapted import open_adapted
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.member import open_checkpoint
from globscope.roles import Probe
from globscope.values.members import Member
from globscope.values.rows import Part, Source


class OpenedNetwork(Protocol):
    """A network whose tensors have the model's names and shapes; their values are not checked yet."""

    @property
    def member(self) -> Member:
        """Its variant, step, buffers and recorded scores."""
        ...

    @property
    def in_file(self) -> Sequence[str]:
        """Names of the flattened tensors, if all can be read where they lie, so that they need no copy; else none."""
        ...

    @property
    def parts(self) -> Sequence[Part]:
        """The flattened tensors, in order."""
        ...

    @property
    def row(self) -> Source:
        """What opens the flattened tensors again."""
        ...

    def require_finite(self) -> "OpenedNetwork":
        """Return this network after checking all values.

        Raises:
            PopulationError: A value is not finite.
        """
        ...

    def flat(self) -> np.ndarray:
        """Return the (D,) float32 weights."""
        ...


def open_network(file: CheckpointFile, probe: Probe) -> OpenedNetwork:
    """Return the network of a checkpoint that fits the model.

    Raises:
        PopulationError: A tensor is missing, has another shape or kind, or differs where all must be the same.
    """
    return open_checkpoint(file, probe) if file.base is None else open_adapted(file, probe)


def load_member(file: CheckpointFile, probe: Probe) -> tuple[Member, np.ndarray]:
    """Return a checkpoint as a member and its (D,) float32 weights.

    Raises:
        PopulationError: It does not fit the model, or has values that are not finite.
    """
    opened = open_network(file, probe).require_finite()
    return opened.member, opened.flat()
