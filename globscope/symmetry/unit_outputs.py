"""The activations of given networks' units."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from globscope.roles import ProbeTraits, Tensors, traits
from globscope.scoring.draws import device_of, fixed_seed
from globscope.symmetry.grouping import index
from globscope.symmetry.search import TracedNetwork, traced_network

if TYPE_CHECKING:
    from globscope.symmetry.interpreter import RecordedValue

# How many examples run through a network at once.
AT_ONCE = 128
# By name of the group, an array for every value that it is read from.
Activations = Mapping[str, tuple[np.ndarray, ...]]
# The values to record by name of the group, each with the operation that reads it.
ValuesToRecord = Mapping[str, Sequence[tuple[Any, "RecordedValue"]]]


def activations(probe: Any, tensors: Tensors, examples: np.ndarray) -> Iterator[Activations]:
    """Yield for each batch what the layers above read from the units of each group: values after the nonlinearity.

    Args:
        probe: The probe of the task.
        tensors: One network, numpy arrays by name. Missing statistics are re-estimated on these examples.
        examples: (m,) indices of examples of the first split. Batches have equal sizes, at most 128; a remainder is
            not used.

    Yields:
        By name of the group, (samples, n) arrays, one for every value that layers with weights read the group
        from, in an order that is the same for all networks. Places of an image, tokens and the like are samples.

    Raises:
        SymmetryError: As `symmetry` does.
    """
    from globscope.symmetry.interpreter import ActivationRecorder

    batches = _batches(probe, examples)
    network = traced_network(probe, len(examples) // len(batches))
    recorded = _values_to_record(network)
    by_reader: dict[Any, list[RecordedValue]] = defaultdict(list)
    for reader, value in (pair for pairs in recorded.values() for pair in pairs):
        by_reader[reader].append(value)
    recorder = ActivationRecorder(network.walk.graph, by_reader)
    complete = _complete(probe, tensors, batches, network)
    device = device_of(probe.initialise(0)[0])
    for number, batch in enumerate(batches):
        with fixed_seed(number, device):  # where a network draws, all draw the same
            values = recorder.record(complete, probe.inputs(batch))
        yield {name: tuple(values[value] for _, value in pairs) for name, pairs in recorded.items()}


def _batches(probe: Any, examples: np.ndarray) -> list[Any]:
    import torch

    count = -(-len(examples) // AT_ONCE)
    size = len(examples) // count
    parts = np.array(examples[: count * size]).reshape(count, size)
    return [probe.batch(probe.splits[0], torch.from_numpy(part)) for part in parts]


def _complete(probe: Any, tensors: Tensors, batches: Sequence[Any], network: TracedNetwork) -> Tensors:
    """Return a network's tensors on its device, with missing statistics added."""
    import torch

    known, (parameters, buffers) = traits(probe, ProbeTraits), probe.initialise(0)
    like = {**buffers, **parameters}
    given = {name: torch.from_numpy(np.array(tensors[name])).to(like[name]) for name in like if name in tensors}
    lacking = [name for name in network.symmetry.statistics if name in buffers and name not in given]
    if lacking:
        weights = {**parameters, **given}
        buffers = buffers | {name: tensor for name, tensor in given.items() if name in buffers}
        mapped = known.encodes_statistics
        buffers = buffers | probe.decode_buffers(weights) if mapped else _calibrate(probe, weights, buffers, batches)
    return known.complete(parameters, {**buffers, **given})


def _calibrate(probe: Any, weights: Tensors, buffers: Tensors, batches: Sequence[Any]) -> Tensors:
    with fixed_seed(0, device_of(weights)):
        statistics: Tensors = probe.calibrate(weights, buffers, batches)
    return statistics


def _values_to_record(network: TracedNetwork) -> ValuesToRecord:
    """Return the values from which each group is read; where it is never read, the last value that holds it."""
    first: dict[tuple[Any, int], Any] = {}
    for reader, node, axis in network.walk.flow.reads:
        first.setdefault((node, axis), reader)
    values = {}
    for name, units in network.units.items():
        pairs = ((reader, _recorded_value(network, node, axis, units)) for (node, axis), reader in first.items())
        values[name] = [(reader, value) for reader, value in pairs if value] or [_last_value(network, units)]
    return values


def _recorded_value(network: TracedNetwork, node: Any, axis: int, units: np.ndarray) -> "RecordedValue | None":
    from globscope.symmetry.interpreter import RecordedValue

    places = index(network.walk, network.walk.flow.values[node][axis], units)
    return None if places is None else RecordedValue(node, axis, places)


def _last_value(network: TracedNetwork, units: np.ndarray) -> tuple[Any, "RecordedValue"]:
    """Return the last value that holds the units, with its last user."""
    for node in reversed(network.walk.graph.nodes):
        axes = network.walk.flow.values[node]
        for axis in range(len(axes)) if isinstance(axes, tuple) and node.users else ():
            value = _recorded_value(network, node, axis, units)
            if value is not None:
                return [*node.users][-1], value
    raise AssertionError("a group without a value was found")
