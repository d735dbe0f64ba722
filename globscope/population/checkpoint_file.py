"""A checkpoint file of a population, and what is known of its network before it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.population.adapter_config import CONFIG
from globscope.population.checkpoint import Checkpoint, checkpoint_files, read_checkpoint
from globscope.population.shared_key import shared_key
from globscope.population.state_dict import StateDictChoice
from globscope.store import key


@define(frozen=True, kw_only=True)
class CheckpointFile:
    """One checkpoint file.

    Attributes:
        path: Where the file is.
        variant: The training run that it belongs to, from its path.
        step: The training step, from its path; 0 where the path has none.
        choice: Which of the file's state dicts is the network, and how its tensors are renamed.
        base: The checkpoint of the network that the file changes, if it is an adapter, or the base of adapters.
        figures: What tables know of the network, by column.
        place: The row of a table that names it, for messages; empty where a pattern does.
    """

    path: Path
    variant: str
    step: int
    choice: StateDictChoice = field(factory=StateDictChoice)
    base: Path | None = None
    figures: Mapping[str, Any] = field(factory=dict, eq=False)
    place: str = ""

    def __str__(self) -> str:
        """Its path, and the row of a table that names it."""
        return f"{self.path} ({self.place})" if self.place else str(self.path)

    def read(self) -> Checkpoint:
        """Return the file's contents.

        Raises:
            PopulationError: It cannot be read as one network.
        """
        return read_checkpoint(self.path, self.choice)

    @property
    def key(self) -> str:
        """Of variant, step, the files' bytes, and the choice of a state dict if one is set."""
        files = checkpoint_files(self.path)
        if self.base is not None:
            beside = self.path.with_name(CONFIG)
            files = [*files, *([beside] if beside.is_file() else [])]
        parts = (self.variant, self.step, files, *([] if self.base is None else [shared_key(self.base)]))
        return key(*parts) if self.choice == StateDictChoice() else key(*parts, self.choice)
