"""The base of a folder of adapters, by what their configuration calls it."""

from pathlib import Path

from attrs import define

from globscope.errors import FileError
from globscope.population.adapter import is_adapter
from globscope.population.adapter_config import CONFIG
from globscope.population.saved_folder import checkpoint_in
from globscope.reading import read_json

# How many folders above an adapter its base may lie.
ABOVE = 4


@define(frozen=True, kw_only=True)
class ProposedBase:
    """The network on which adapters were trained.

    Attributes:
        name: What the adapters call it; empty where they do not say.
        folder: Its folder, or its file; None where it is not on this machine.
    """

    name: str
    folder: Path | None

    @property
    def sentence(self) -> str:
        """What a proposal says of it."""
        if self.folder is not None:
            return f"LoRA adapters of {self.folder}"
        called = f"{self.name}, which is not here" if self.name else "a network that they do not name"
        return f"LoRA adapters of {called}: name its folder as the base"


def base_of(adapter: Path) -> ProposedBase | None:
    """Return the base of an adapter: at its path, or beside the adapter or above it; None for other checkpoints."""
    if not is_adapter(adapter):
        return None
    try:
        name = read_json(adapter.with_name(CONFIG)).get("base_model_name_or_path")
    except (FileError, AttributeError):
        name = None
    if not isinstance(name, str) or not name:
        return ProposedBase(name="", folder=None)
    above = [Path(), *adapter.absolute().parents[1 : 2 + ABOVE]]
    places = [place / part for part in (name, Path(name).name) for place in above]
    return ProposedBase(name=name, folder=next((place for place in places if _is_network(place)), None))


def _is_network(place: Path) -> bool:
    file = checkpoint_in(place)
    return file.is_file() and not is_adapter(file)
