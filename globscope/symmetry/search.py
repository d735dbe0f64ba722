"""A task's network → its permutation symmetry, tried on a fresh network before it is used."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from attrs import define

from globscope.errors import SymmetryError
from globscope.roles import Probe, ProbeTraits, TakesInputs, capability, traits
from globscope.scoring.draws import device_of, fixed_seed
from globscope.stateless import stateless_call
from globscope.symmetry.flow import Flow
from globscope.symmetry.grouping import groups, unit_slots
from globscope.symmetry.symmetry import Symmetry
from globscope.symmetry.trace import tensors_of, trace_graph
from globscope.symmetry.walk import Walk, walk

# How many examples a network is traced and tried with.
FEW = 4
# Relative to the largest output. The sums are the same in another order: in float32 a layer's differ by about
# 1e-7, a hundred layers' by 1e-5. Units that do not belong together change outputs by a tenth and more.
SAME_OUTPUT = 1e-4
# How far a fresh network is disturbed for the trial, as a share of each tensor's largest weight: scales of 1 and
# shifts of 0, which every permutation leaves alone, would hide mistakes.
DISTURBANCE = 0.1


@define(frozen=True)
class TracedNetwork:
    """A probe's network whose units were followed through its graph.

    Attributes:
        walk: The network's graph with the axes of all values.
        units: The slots of every group's units, by the group's name.
        symmetry: The permutation symmetry that follows from them.
    """

    walk: Walk
    units: Mapping[str, np.ndarray]
    symmetry: Symmetry


# By probe and number of examples, since a graph has one batch size. The cache keeps no probe alive.
_TRACED: WeakKeyDictionary[Probe, dict[int, TracedNetwork]] = WeakKeyDictionary()


def symmetry(probe: Probe) -> Symmetry:
    """Return the permutation symmetry of the network of a task; it is computed once for each probe.

    Raises:
        SymmetryError: The network cannot be traced, no units can be exchanged, or the permutations that were
            found change its outputs.
    """
    return traced_network(probe, FEW).symmetry


def traced_network(probe: Probe, examples: int) -> TracedNetwork:
    """Return a probe's traced network, for a batch of at most so many examples of its first split."""
    networks = _cache(probe)
    count = min(examples, probe.examples(probe.splits[0]))
    if count not in networks:
        networks[count] = _trace_network(probe, _batch(probe, count))
    return networks[count]


def _cache(probe: Probe) -> dict[int, TracedNetwork]:
    try:
        return _TRACED.setdefault(probe, {})
    except TypeError:  # a plugin's class whose instances are not hashable
        return {}


def _batch(probe: Probe, count: int) -> Any:
    import torch

    return probe.batch(probe.splits[0], torch.arange(count))


def _trace_network(probe: Any, batch: Any) -> TracedNetwork:
    known = traits(probe, ProbeTraits)
    if known.module is None or capability(probe, TakesInputs) is None:
        raise SymmetryError("the task shows no module whose symmetry could be found: its probe has none")
    moving = statistics(probe)
    walked = walk(trace_graph(known.module, probe.inputs(batch)), {*probe.layout.names, *moving})
    units = unit_slots(walked, probe.layout.names)
    aliases = known.log_variance_names
    second = frozenset(aliases[name] for name in moving if name in aliases)
    frozen = tuple(dict.fromkeys(walked.flow.frozen))
    result = Symmetry(groups=groups(walked, units, aliases), frozen=frozen, statistics=moving | second)
    if not result.groups:
        raise SymmetryError(f"no units of the network can be exchanged: {_reasons(walked.flow)}")
    _require_same_outputs(probe, result, batch)
    return TracedNetwork(walked, units, result)


def statistics(probe: Probe) -> frozenset[str]:
    """Return the names of the statistics that have a value for each unit, unlike a layer's counter."""
    buffers = probe.initialise(0)[1] if probe.statistics else {}
    return frozenset(name for name in probe.statistics if buffers[name].ndim)


def _reasons(flow: Flow) -> str:
    """Return why the order of all units is fixed: operations that could not be followed, or that combine units."""
    if flow.bound:
        return f"their order is fixed by {'; '.join(map(str, dict.fromkeys(flow.frozen or flow.bound)))}"
    unmapped = ", ".join(repr(frozen.where) for frozen in flow.frozen)
    return "it has no hidden layer of several units" + (
        f" whose weights are mapped; not mapped: {unmapped}" * bool(unmapped)
    )


def _require_same_outputs(probe: Probe, symmetry: Symmetry, batch: Any) -> None:
    """Refuse a symmetry that changes the outputs of a fresh network with its units in another order.

    Raises:
        SymmetryError: The outputs change; the message says how much, and names the groups.
    """
    rng = np.random.default_rng(0)
    parameters = {name: _disturb(tensor, rng) for name, tensor in probe.initialise(0)[0].items()}
    buffers = probe.initialise(0)[1]
    if probe.statistics:
        with fixed_seed(0, device_of(parameters)):
            buffers = probe.calibrate(parameters, buffers, [batch])
    network = traits(probe, ProbeTraits).complete(parameters, buffers)
    # One cycle in every group, so that no unit stays in its place.
    permuted = symmetry.permute(network, {group.name: _cycle(group.size, rng) for group in symmetry.groups})
    before, after = (_outputs(probe, tensors, batch) for tensors in (network, permuted))
    change = np.abs(before - after).max(initial=0) / np.abs(before).max(initial=0)
    if not change <= SAME_OUTPUT:
        names = ", ".join(symmetry.sizes)
        raise SymmetryError(f"permuting units changes outputs by {change:.1g} of their size, so none is used: {names}")


def _disturb(tensor: Any, rng: np.random.Generator) -> Any:
    import torch

    if not tensor.is_floating_point():
        return tensor
    noise = torch.from_numpy(rng.standard_normal(tuple(tensor.shape), np.float32)).to(tensor)
    return tensor + DISTURBANCE * (tensor.abs().max() if tensor.any() else 1) * noise


def _cycle(size: int, rng: np.random.Generator) -> np.ndarray:
    order, cycle = rng.permutation(size), np.empty(size, int)
    cycle[order] = np.roll(order, 1)
    return cycle


def _outputs(probe: Any, tensors: Mapping[str, Any], batch: Any) -> np.ndarray:
    import torch

    module = traits(probe, ProbeTraits).module
    known = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
    with torch.no_grad(), fixed_seed(0, device_of(tensors)):
        held = {name: tensor for name, tensor in tensors.items() if name in known}
        outputs = stateless_call(module, held, probe.inputs(batch))
    return np.concatenate([tensor.cpu().double().numpy().ravel() for tensor in tensors_of(outputs)])
