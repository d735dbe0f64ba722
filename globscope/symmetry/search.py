"""A task's network → its permutation symmetry, tried on a fresh network before anyone relies on it."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from attrs import define

from globscope.errors import SymmetryError
from globscope.roles import Probe, ProbeTraits, TakesInputs, offered, traits
from globscope.scoring.draws import device_of, seeded
from globscope.stateless import stateless_call
from globscope.symmetry.flow import Flow
from globscope.symmetry.found import Symmetry
from globscope.symmetry.grouping import classes, groups
from globscope.symmetry.trace import graph, tensors_of
from globscope.symmetry.walk import Walk, walk

# Examples that a network is traced and tried with.
FEW = 4
# Relative to the largest output. The sums are the same in another order: in float32 a layer's differ by about
# 1e-7, a hundred layers' by 1e-5. Units that do not belong together change outputs by a tenth and more.
SAME_OUTPUT = 1e-4
# How far a fresh network is disturbed for the trial, as a share of each tensor's largest weight: scales of 1 and
# shifts of 0, which every permutation leaves alone, would hide mistakes.
DISTURBANCE = 0.1


@define(frozen=True)
class Traced:
    """A probe's network, followed.

    Attributes:
        walk: Through its graph.
        units: The slots of every group's units, by the group's name.
        symmetry: What follows from them.
    """

    walk: Walk
    units: Mapping[str, np.ndarray]
    symmetry: Symmetry


# By probe and number of examples: a graph is of one size of batch. No probe is kept alive by it.
_KNOWN: WeakKeyDictionary[Probe, dict[int, Traced]] = WeakKeyDictionary()


def symmetry(probe: Probe) -> Symmetry:
    """Return the permutation symmetry of the network of a task; a probe is asked once.

    Raises:
        SymmetryError: The network cannot be traced, or no units can be exchanged, or the permutations that were
            found change what it computes.
    """
    return traced(probe, FEW).symmetry


def traced(probe: Probe, examples: int) -> Traced:
    """Return a probe's network, followed for a batch of so many examples of its first split, or of all it has."""
    known = _known(probe)
    count = min(examples, probe.examples(probe.splits[0]))
    if count not in known:
        known[count] = _traced(probe, _batch(probe, count))
    return known[count]


def _known(probe: Probe) -> dict[int, Traced]:
    try:
        return _KNOWN.setdefault(probe, {})
    except TypeError:  # a stranger's class whose instances cannot be keys
        return {}


def _batch(probe: Probe, count: int) -> Any:
    import torch

    return probe.batch(probe.splits[0], torch.arange(count))


def _traced(probe: Any, batch: Any) -> Traced:
    known = traits(probe, ProbeTraits)
    if known.module is None or offered(probe, TakesInputs) is None:
        raise SymmetryError("the task shows no module whose symmetry could be found: its probe has none")
    moving = statistics(probe)
    walked = walk(graph(known.module, probe.inputs(batch)), {*probe.layout.names, *moving})
    units = classes(walked, probe.layout.names)
    aliases = known.logarithms
    second = frozenset(aliases[name] for name in moving if name in aliases)
    made, frozen = groups(walked, units, aliases), tuple(dict.fromkeys(walked.flow.frozen))
    found = Symmetry(groups=made, frozen=frozen, statistics=moving | second)
    if not found.groups:
        raise SymmetryError(f"no units of the network can be exchanged: {_reasons(walked.flow)}")
    _try(probe, found, batch)
    return Traced(walked, units, found)


def statistics(probe: Probe) -> frozenset[str]:
    """Return the names of the statistics that each unit has one of; a counter is of the whole layer."""
    buffers = probe.initialise(0)[1] if probe.statistics else {}
    return frozenset(name for name in probe.statistics if buffers[name].ndim)


def _reasons(flow: Flow) -> str:
    """Return what fixes the order of all units: what could not be followed, or else what they are combined with."""
    if flow.bound:
        return f"their order is fixed by {'; '.join(map(str, dict.fromkeys(flow.frozen or flow.bound)))}"
    unmapped = ", ".join(repr(one.where) for one in flow.frozen)
    return "it has no hidden layer of several units" + (
        f" whose weights are mapped; not mapped: {unmapped}" * bool(unmapped)
    )


def _try(probe: Probe, found: Symmetry, batch: Any) -> None:
    """Refuse a symmetry that changes the outputs of a fresh network with its units in another order.

    Raises:
        SymmetryError: By how much, and which groups were found.
    """
    rng = np.random.default_rng(0)
    parameters = {name: _disturbed(tensor, rng) for name, tensor in probe.initialise(0)[0].items()}
    buffers = probe.initialise(0)[1]
    if probe.statistics:
        with seeded(0, device_of(parameters)):
            buffers = probe.calibrate(parameters, buffers, [batch])
    network = {**traits(probe, ProbeTraits).rest, **parameters, **buffers}
    # One cycle a group, so that no unit stays.
    moved = found.permute(network, {group.name: _cycle(group.size, rng) for group in found.groups})
    before, after = (_outputs(probe, tensors, batch) for tensors in (network, moved))
    off = np.abs(before - after).max(initial=0) / np.abs(before).max(initial=0)
    if not off <= SAME_OUTPUT:
        names = ", ".join(found.sizes)
        raise SymmetryError(f"permuting units changes outputs by {off:.1g} of their size, so none is used: {names}")


def _disturbed(tensor: Any, rng: np.random.Generator) -> Any:
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

    module = probe.module
    known = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
    with torch.no_grad(), seeded(0, device_of(tensors)):
        own = {name: tensor for name, tensor in tensors.items() if name in known}
        outputs = stateless_call(module, own, probe.inputs(batch))
    return np.concatenate([one.cpu().double().numpy().ravel() for one in tensors_of(outputs)])
