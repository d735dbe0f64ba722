"""The names and number types that a network's tensors have in the checkpoint file that it came from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.population.checkpoint import raw_tensors
from globscope.population.find import CheckpointFile
from globscope.population.state_dict import StateDictChoice, new_name
from globscope.population.tensor_names import tensors_by_model_name
from globscope.roles import Probe, ProbeTraits, traits

# What Trainer and PEFT write beside weights so that `from_pretrained` finds the model, and names of files of training.
CONFIG, ADAPTER = "config.json", "adapter_config.json"
WEIGHTS = {CONFIG: "model.safetensors", ADAPTER: "adapter_model.safetensors"}
SUFFIXES = (".json", ".txt", ".model", ".jinja", ".py")
OF_TRAINING = ("trainer_state.json", "README.md")
INDEX = ".index.json"


@define(frozen=True, kw_only=True)
class Origin:
    """A checkpoint file as the pattern for another one of the same model.

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

    def tensors(self, by_model_name: Mapping[str, Any], *, as_float32: bool = False) -> dict[str, Any]:
        """Return a network as this file would hold it, as new tensors; what the model does not know is the file's.

        Args:
            by_model_name: The network's tensors by the model's names.
            as_float32: Whether floating numbers are float32, whatever they are in the file.
        """
        known = {name: by_model_name[own] for name, own in self.names.items() if own in by_model_name}
        return {name: _as_type(known.get(name, old), old, as_float32) for name, old in self.held.items()}

    def unknown(self, by_model_name: Mapping[str, Any]) -> list[str]:
        """Return the names in the file of the tensors that a network of these does not have."""
        return [name for name in self.held if self.names.get(name) not in by_model_name]

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.file.path if self.file.path.is_dir() else self.file.path.parent

    @property
    def kind(self) -> str | None:
        """The file beside it that says what its framework loads, `config.json` or `adapter_config.json`; else None."""
        return next((name for name in (ADAPTER, CONFIG) if (self.folder / name).is_file()), None)

    @property
    def weights_name(self) -> str:
        """The name of the file of weights for which its framework looks."""
        return WEIGHTS[self.kind or CONFIG]

    @property
    def beside(self) -> list[Path]:
        """The files beside it that belong to the model and not to its training: configuration and tokeniser."""
        if self.kind is None:
            return []
        files = sorted(path for path in self.folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
        return [path for path in files if path.name not in OF_TRAINING and not path.name.endswith(INDEX)]


def _as_type(tensor: Any, old: Any, as_float32: bool) -> Any:
    import torch

    kind = torch.float32 if as_float32 and old.is_floating_point() else old.dtype
    # A copy: tensors that share memory, as tied ones do, cannot be written under two names.
    return tensor.detach().reshape(old.shape).to("cpu", kind, copy=True).contiguous()
