"""A network as a LoRA adapter of its base, written as peft writes it: what it adds to the base, in few ranks."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import PopulationError
from globscope.population.adapted import is_transposed
from globscope.population.adapted_names import changed_names
from globscope.population.adapted_tensors import base_of, changes_of
from globscope.population.adapter import ROOT, STEM, Change, Product, names_of_whole
from globscope.population.adapter_config import CONFIG
from globscope.population.changed_tensor import ChangedTensor
from globscope.population.checkpoint import raw_tensors
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.origin import documents_beside
from globscope.population.saved_network import SavedNetwork, as_type, number_types
from globscope.population.tensor_names import tensors_by_model_name
from globscope.reading import read_json
from globscope.roles import Probe
from globscope.values.truncated import Truncated

# By tensor of the model, the factors of what is added to the base: (rows, R) and (R, columns).
FactorPairs = Mapping[str, tuple[np.ndarray, np.ndarray]]
# Options that say otherwise which modules are adapted, and by which scales.
CLEARED = {
    "rank_pattern": {},
    "alpha_pattern": {},
    "use_rslora": False,
    "layers_to_transform": None,
    "layers_pattern": None,
    "exclude_modules": None,
    "init_lora_weights": True,
    "inference_mode": True,
}


@define(frozen=True, kw_only=True)
class AdapterOrigin:
    """The adapters of a population as the pattern for another adapter of the same base.

    Attributes:
        file: The adapter whose configuration others follow.
        changed: What any of the adapters changes, by the model's names.
        names: Names in the files of tensors that adapters hold whole, by peft's name of the base's tensor.
    """

    file: CheckpointFile
    changed: Mapping[str, ChangedTensor] = field(repr=False)
    names: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, file: CheckpointFile, files: Sequence[CheckpointFile], probe: Probe) -> "AdapterOrigin":
        """Return adapters as the pattern of others: one of them, and all of the population.

        Raises:
            PopulationError: One cannot be read.
        """
        changed, names = dict[str, ChangedTensor](), dict[str, str]()
        base = tensors_by_model_name(base_of(file), probe, file.path)
        for other in (file, *(one for one in files if one.path not in (file.path, one.base))):
            changes = changes_of(other)
            names = names_of_whole(other.path, other.choice) | names
            for name, own in changed_names(other, probe, changes).items():
                if name not in changed:
                    held = base.get(name)
                    changed[name] = ChangedTensor(
                        name=own,
                        change=changes[own],
                        transposed=_is_transposed(other, probe, name, changes[own]),
                        base=None if held is None else held.array,
                    )
        return cls(file=file, changed=changed, names=names)

    def save(
        self, by_model_name: Mapping[str, Any], factors: FactorPairs, *, rank: int | None, as_float32: bool
    ) -> SavedNetwork:
        """Return a network as an adapter of the base.

        Args:
            by_model_name: The network's tensors by the model's names.
            factors: What it adds to the base, as far as it is known in factors; the rest follows from the tensors.
            rank: The most ranks of a tensor; as many as it has if None.
            as_float32: Whether the factors are float32, whatever they are in the files.

        Raises:
            PopulationError: The rank is none.
        """
        if rank is not None and rank < 1:
            raise PopulationError(f"rank: must be at least 1, got {rank}")
        products = {
            name: one.truncate(by_model_name[name], factors.get(name), rank)
            for name, one in self.changed.items()
            if isinstance(one.change, Product)
        }
        common = max((product.rank for product in products.values()), default=1)
        kind = self._kind
        tensors: dict[str, Any] = {}
        written = dict(by_model_name)
        for name, one in self.changed.items():
            held = self._tensors_of(one, by_model_name[name], products.get(name), common)
            own = {key: as_type(tensor, kind, as_float32=as_float32) for key, tensor in held.items()}
            tensors |= own
            written[name] = one.as_read(list(own.values()), by_model_name[name])
        return SavedNetwork(
            tensors=tensors,
            by_model_name=written,
            weights_name=f"{STEM}.safetensors",
            documents={**documents_beside(self.file.path, CONFIG), CONFIG: self._config(common)},
            facts={"number types of that file": number_types(tensors), **_facts(products.values(), common)},
        )

    @property
    def _kind(self) -> Any:
        """The number type of the adapter's floating tensors."""
        held = raw_tensors(self.file.path, self.file.choice).values()
        return next(tensor.dtype for tensor in held if tensor.is_floating_point())

    def _tensors_of(self, one: ChangedTensor, tensor: Any, product: Truncated | None, rank: int) -> dict[str, Any]:
        """Return what the file holds of one tensor, by names in the file."""
        import torch

        if product is None or not isinstance(one.change, Product):
            return {self.names.get(one.name, f"{ROOT}{one.name}"): one.held_whole(tensor)}
        up, down = product.with_zeros(rank)
        a, b = (up.T, down.T) if one.transposed else (down, up)
        module, is_embedding = one.name.rpartition(".")[0], one.change.embedding
        side = "lora_embedding_{}" if is_embedding else "lora_{}.weight"
        shapes = {"A": (rank, *one.change.down.shape[1:]), "B": (len(b), rank, *one.change.up.shape[2:])}
        return {
            f"{ROOT}{module}.{side.format(key)}": torch.from_numpy(np.ascontiguousarray(array).reshape(shapes[key]))
            for key, array in (("A", a), ("B", b))
        }

    def _config(self, rank: int) -> str:
        config = dict(read_json(self.file.path.with_name(CONFIG)))
        adapted = [one.name.rpartition(".")[0] for one in self.changed.values() if isinstance(one.change, Product)]
        # A list of names would stand for all modules that end so; peft matches an expression with whole names.
        config |= {"r": rank, "lora_alpha": rank, "target_modules": f"({'|'.join(map(re.escape, adapted))})", **CLEARED}
        return json.dumps(config, indent=2) + "\n"


def _is_transposed(file: CheckpointFile, probe: Probe, name: str, change: Change) -> bool:
    shapes = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    return name in shapes and is_transposed(file, probe, name, shapes[name], change)


def _facts(products: Collection[Truncated], rank: int) -> dict[str, str]:
    """Return what a card says of the ranks; nothing of an adapter that only holds whole tensors."""
    if not products:
        return {}
    lost, size = (sqrt(sum(square)) for square in zip(*((one.lost**2, one.size**2) for one in products), strict=True))
    share = lost / size if size else 0.0
    return {
        "ranks of the adapter": f"{rank} of up to {max(one.whole for one in products)}",
        "lost by truncation, of the norm of what is added to the base": f"{share:.3g}",
    }
