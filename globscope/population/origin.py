"""The names and number types that a network's tensors have in the checkpoint file that it came from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.population.adapter import STEM, is_adapter
from globscope.population.adapter_config import CONFIG as ADAPTER
from globscope.population.checkpoint import INDEX, raw_tensors
from globscope.population.find import CheckpointFile
from globscope.population.saved_network import SavedNetwork, as_type, number_types
from globscope.population.state_dict import StateDictChoice, new_name
from globscope.population.tensor_names import tensors_by_model_name
from globscope.roles import Probe, ProbeTraits, traits

# What frameworks write beside weights so that `from_pretrained` finds the model.
CONFIG, WEIGHTS = "config.json", "model.safetensors"
# The files of a model, and names of files of its training.
SUFFIXES = (".json", ".txt", ".model", ".jinja", ".py")
OF_TRAINING = ("trainer_state.json", "README.md")
# Stores of models lay links to files elsewhere. Links of other names may lead to what is no part of a model.
KNOWN = (
    "config",
    "tokenizer",
    "special_tokens",
    "added_tokens",
    "vocab",
    "merges",
    "spiece",
    "preprocessor",
    "processor",
)
# How many tensors a card names.
NAMED = 6


@define(frozen=True, kw_only=True)
class Origin:
    """A checkpoint file of a whole network as the pattern for another one of the same model.

    Attributes:
        file: The checkpoint file whose names and number types others follow.
        held: Its tensors by their names there, in their number types.
        names: Name of the model's tensor by name in the file; tensors that the model does not know are missing.
    """

    file: CheckpointFile
    held: Mapping[str, Any] = field(eq=False, repr=False)
    names: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, file: CheckpointFile, probe: Probe) -> "Origin":
        """Return a file as the pattern of networks of a probe's model.

        Raises:
            PopulationError: The file cannot be read as one network.
        """
        held = raw_tensors(file.path, StateDictChoice(key=file.choice.key))
        renamed = {new_name(name, file.choice.rename): name for name in held}
        twins = {twin: name for name, several in traits(probe, ProbeTraits).ties.items() for twin in several}
        by_model = tensors_by_model_name(renamed, probe, file.path)
        return cls(file=file, held=held, names={own: twins.get(name, name) for name, own in by_model.items()})

    def save(self, by_model_name: Mapping[str, Any], *, as_float32: bool = False) -> SavedNetwork:
        """Return a network as this file would hold it; what the model does not know is the file's.

        Args:
            by_model_name: The network's tensors by the model's names.
            as_float32: Whether floating numbers are float32, whatever they are in the file.
        """
        known = {name: by_model_name[own] for name, own in self.names.items() if own in by_model_name}
        tensors = {
            name: as_type(known.get(name, old).reshape(old.shape), old.dtype, as_float32=as_float32)
            for name, old in self.held.items()
        }
        facts = {"number types of that file": number_types(self.held)}
        unknown = [name for name in self.held if name not in known]
        if unknown:
            rest = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
            facts["taken from that file unchanged"] = ", ".join(unknown[:NAMED]) + rest
        # An adapter whose factors are themselves the weights of the study stays one.
        config, weights = (ADAPTER, f"{STEM}.safetensors") if is_adapter(self.file.path) else (CONFIG, WEIGHTS)
        return SavedNetwork(
            tensors=tensors,
            by_model_name={**by_model_name, **{self.names[name]: tensors[name] for name in known}},
            weights_name=weights,
            documents=documents_beside(self.file.path, config),
            facts=facts,
        )


def documents_beside(path: Path, config: str) -> dict[str, str | Path]:
    """Return the files beside a checkpoint that belong to the model, not to its training, where a config lies there."""
    folder = path if path.is_dir() else path.parent
    if not (folder / config).is_file():
        return {}
    files = sorted(one for one in folder.iterdir() if one.suffix in SUFFIXES and one.is_file())
    own = (one for one in files if not one.is_symlink() or any(word in one.name for word in KNOWN))
    return {one.name: one for one in own if one.name not in OF_TRAINING and not one.name.endswith(INDEX)}
