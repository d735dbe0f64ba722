"""A checkpoint's buffers: those in its file, and the model's where a missing one is the same in every model."""

from collections.abc import Collection, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from globscope.errors import PopulationError
from globscope.population.checkpoint import as_array
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.flatten import FlattenedProbe
from globscope.roles import Probe, ProbeTraits, traits
from globscope.scoring.buffers import COUNTER

# Two fresh networks' buffers by probe: building a model for every file of a population would take long.
_FRESH: WeakKeyDictionary[Probe, tuple[Mapping[str, Any], Mapping[str, Any]]] = WeakKeyDictionary()


def buffers_of(
    file: CheckpointFile, probe: Probe, tensors: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return a network's buffers by name, and the names of those that its file should have but lacks.

    These, and those that no file holds (`ProbeTraits.unsaved`), are taken from the model. Missing statistics stay
    missing: only some ways of scoring need them.

    Raises:
        PopulationError: A buffer has another shape than the model's, or is missing and drawn anew for every model.
    """
    fresh, again = _fresh(probe)
    buffers, lacking = dict[str, np.ndarray](), list[str]()
    for name, buffer in fresh.items():
        if name in tensors and not name.endswith(COUNTER):
            _require_shape(file, name, tensors[name], tuple(buffer.shape))
        if name in tensors:
            buffers[name] = np.asarray(tensors[name])
        elif name not in probe.statistics:
            _require_constant(file, probe, name, same=buffer.equal(again[name]))
            buffers[name] = as_array(buffer.cpu(), name)
            lacking += [] if name in traits(probe, ProbeTraits).unsaved else [name]
    return buffers, lacking


def buffer_names(probe: Probe) -> Collection[str]:
    """Return the names of a model's buffers."""
    return _fresh(probe)[0].keys()


def _fresh(probe: Probe) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    # Whatever is flattened, the buffers are those of the whole network.
    probe = probe.whole if isinstance(probe, FlattenedProbe) else probe
    try:
        if probe not in _FRESH:
            _FRESH[probe] = (probe.initialise(0)[1], probe.initialise(1)[1])
        return _FRESH[probe]
    except TypeError:  # a plugin's class whose instances are not hashable
        return probe.initialise(0)[1], probe.initialise(1)[1]


def _require_shape(file: CheckpointFile, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise PopulationError(f"{file.path}: buffer {name!r} has shape {array.shape}, the model wants {shape}")


def _require_constant(file: CheckpointFile, probe: Probe, name: str, *, same: bool) -> None:
    if same:
        return
    remedy = "register it as persistent" if name in traits(probe, ProbeTraits).unsaved else "save it with the weights"
    raise PopulationError(
        f"{file.path}: has no buffer {name!r}, and the model draws another one each time it is made; {remedy}, or let "
        "the model make the same one every time"
    )
