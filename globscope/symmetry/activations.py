"""What passes through the units of given networks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from globscope.roles import ProbeTraits, Tensors, traits
from globscope.scoring.draws import device_of, seeded
from globscope.symmetry.grouping import index
from globscope.symmetry.search import Traced, traced

if TYPE_CHECKING:
    from globscope.symmetry.recorder import Watched

# Examples that run through a network at once.
AT_ONCE = 128
# By name of the group, an array for every value that it is read from.
Activations = Mapping[str, tuple[np.ndarray, ...]]
# By name of the group, what is watched, each with the operation that reads it.
Watching = Mapping[str, Sequence[tuple[Any, "Watched"]]]


def activations(probe: Any, tensors: Tensors, examples: np.ndarray) -> Iterator[Activations]:
    """Yield, batch by batch, what the layers above read from the units of each group: after the nonlinearity.

    Args:
        probe: Of the task.
        tensors: One network, numpy arrays by name. Statistics that are not among them are re-estimated on these
            examples.
        examples: Numbers of examples of the first split. Batches are of equal size, at most 128; what is left
            over is not used.

    Yields:
        By name of the group, (samples, n) arrays, one for every value that layers with weights read the group
        from, in an order that is the same for all networks. Places of an image, tokens and the like are samples.

    Raises:
        SymmetryError: As `symmetry` does.
    """
    from globscope.symmetry.recorder import Recorder

    drawn = _batches(probe, examples)
    followed = traced(probe, len(examples) // len(drawn))
    watching = _watching(followed)
    by_reader: dict[Any, list[Watched]] = defaultdict(list)
    for reader, watched in (pair for several in watching.values() for pair in several):
        by_reader[reader].append(watched)
    recorder = Recorder(followed.walk.graph, by_reader)
    network = _network(probe, tensors, drawn, followed)
    device = device_of(probe.initialise(0)[0])
    for number, batch in enumerate(drawn):
        with seeded(number, device):  # where a network draws, all draw the same
            found = recorder.record(network, probe.inputs(batch))
        yield {name: tuple(found[watched] for _, watched in several) for name, several in watching.items()}


def _batches(probe: Any, examples: np.ndarray) -> list[Any]:
    import torch

    count = -(-len(examples) // AT_ONCE)
    size = len(examples) // count
    parts = np.array(examples[: count * size]).reshape(count, size)
    return [probe.batch(probe.splits[0], torch.from_numpy(part)) for part in parts]


def _network(probe: Any, tensors: Tensors, drawn: Sequence[Any], followed: Traced) -> Tensors:
    """Return a network's tensors on its device, with the statistics that it lacks."""
    import torch

    parameters, buffers = probe.initialise(0)
    like = {**buffers, **parameters}
    given = {name: torch.from_numpy(np.array(tensors[name])).to(like[name]) for name in like if name in tensors}
    lacking = [name for name in followed.symmetry.statistics if name in buffers and name not in given]
    if lacking:
        own = {**parameters, **given}
        buffers = buffers | {name: tensor for name, tensor in given.items() if name in buffers}
        travels = traits(probe, ProbeTraits).travels
        buffers = buffers | probe.encoded(own) if travels else _calibrated(probe, own, buffers, drawn)
    return {**traits(probe, ProbeTraits).rest, **parameters, **buffers, **given}


def _calibrated(probe: Any, own: Tensors, buffers: Tensors, drawn: Sequence[Any]) -> Tensors:
    with seeded(0, device_of(own)):
        found: Tensors = probe.calibrate(own, buffers, drawn)
    return found


def _watching(followed: Traced) -> Watching:
    """Return the values that each group is read from; where none is, the last that has it."""
    first: dict[tuple[Any, int], Any] = {}
    for reader, node, axis in followed.walk.flow.reads:
        first.setdefault((node, axis), reader)
    found = {}
    for name, units in followed.units.items():
        several = ((reader, _watched(followed, node, axis, units)) for (node, axis), reader in first.items())
        found[name] = [(reader, watched) for reader, watched in several if watched] or [_last(followed, units)]
    return found


def _watched(followed: Traced, node: Any, axis: int, units: np.ndarray) -> "Watched | None":
    from globscope.symmetry.recorder import Watched

    places = index(followed.walk, followed.walk.flow.values[node][axis], units)
    return None if places is None else Watched(node, axis, places)


def _last(followed: Traced, units: np.ndarray) -> tuple[Any, "Watched"]:
    """Return the last value that has the units, with the operation that uses it last."""
    for node in reversed(followed.walk.graph.nodes):
        axes = followed.walk.flow.values[node]
        for axis in range(len(axes)) if isinstance(axes, tuple) and node.users else ():
            watched = _watched(followed, node, axis, units)
            if watched is not None:
                return [*node.users][-1], watched
    raise AssertionError("a group without a value was found")
