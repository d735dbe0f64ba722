"""Whether a population's base is the network that its adapters name as theirs: a wrong one fits as well."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from globscope.errors import PopulationError
from globscope.population.adapter import is_adapter
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.population.find_base import base_file
from globscope.population.proposal.base import base_of
from globscope.population.saved_folder import checkpoint_in
from globscope.population.tensor_names import tensors_by_model_name
from globscope.roles import Probe
from globscope.spec.population import PopulationSpec


def base_warnings(source: PopulationSpec, folder: Path, probe: Probe) -> Iterator[str]:
    """Yield a warning for every network on this machine that adapters name as their base and that is not the base.

    Nothing can be said of a base that adapters do not name, or that is not on this machine.

    Args:
        source: The population, as a spec names it.
        folder: Patterns are relative to it.
        probe: By whose names tensors are compared.

    Raises:
        PopulationError: There are no such checkpoints, or the base cannot be read.
    """
    base = base_file(source)
    if base is None:
        return
    adapters = [file.path for file in find_checkpoints(source, folder) if is_adapter(file.path)]
    for named, count in Counter(filter(None, map(_named_base, adapters))).items():
        difference = _difference(base, named, probe)
        if difference:
            yield (
                f"population.base is {base.path}, and {count} of {len(adapters)} adapters name {named} as their base, "
                f"which is another network ({difference}): what an adapter adds means little on weights that it was "
                "not trained with"
            )


def _named_base(adapter: Path) -> Path | None:
    """Return the checkpoint that an adapter's configuration names, where it is on this machine under its whole name."""
    found = base_of(adapter)
    if found is None or found.folder is None:
        return None
    parts = Path(found.name).parts  # one that shares the last part alone may be another's
    return checkpoint_in(found.folder) if found.folder.parts[-len(parts) :] == parts else None


def _difference(base: CheckpointFile, named: Path, probe: Probe) -> str:
    """Return in what another checkpoint is not the base; empty where it is, or cannot be read as the base is."""
    if named.samefile(base.path):
        return ""
    own = _tensors(base, probe)
    try:
        other = _tensors(evolve(base, path=named), probe)
    except PopulationError:
        return ""
    common = [name for name in own if name in other]
    if not common:
        return "no tensor of one is in the other"
    return next((f"tensor {name!r} differs" for name in common if not _is_same(own[name], other[name])), "")


def _tensors(file: CheckpointFile, probe: Probe) -> Mapping[str, Any]:
    return tensors_by_model_name(file.read().tensors, probe, file.path)


def _is_same(one: Any, other: Any) -> bool:
    first, second = np.asarray(one), np.asarray(other)
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
