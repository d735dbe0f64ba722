"""Checks of what tasks, evaluators, topologies, aligners and analyses return."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import evolve

from globscope.errors import PluginError
from globscope.returned.numbers import checked_arrays, checked_count, checked_instance, integers, numeric, real
from globscope.values.evaluation import GRADIENT
from globscope.values.landscape import Landscape
from globscope.values.members import Layout, Member, Population
from globscope.values.topology import MergeTree, Topology

PROBE_METHODS = ("initialise", "examples", "batch", "objective", "reduce", "calibrate")
# The arrays of vertices or rows in a merge tree, with their lowest values.
TREE_NUMBERS = {"nodes": 0, "arcs": 0, "pairs": -1, "elders": 0, "arc": -1, "basin": -1}


def checked_probe(component: str, probe: Any) -> Any:
    """Return a task's probe.

    Raises:
        PluginError: It lacks a method or a layout, or it names no split or measure.
    """
    missing = [name for name in PROBE_METHODS if not callable(getattr(probe, name, None))]
    if missing:
        raise PluginError(f"{component}: build returned {type(probe).__name__}, which has no {', '.join(missing)}()")
    checked_instance(f"{component}: layout", probe.layout if hasattr(probe, "layout") else None, Layout)
    for name, fewest in (("splits", 1), ("measures", 1), ("statistics", 0)):
        words = getattr(probe, name, None)
        if not isinstance(words, tuple) or len(words) < fewest or not all(isinstance(word, str) for word in words):
            wanted = "a tuple of at least one name" if fewest else "a tuple of names of buffers, or an empty one,"
            raise PluginError(f"{component}: {name} is {words!r}; {wanted} is accepted")
    return probe


def checked_topology(component: str, returned: Any, landscape: Landscape) -> Topology:
    """Return a component's topology, with numbers as float64 and int64.

    Raises:
        PluginError: It is not a topology, its field does not exist, or its arrays do not fit the samples or each other.
    """
    topology = checked_instance(component, returned, Topology)
    if topology.field not in landscape.fields:
        raise PluginError(f"{component}: its field {topology.field!r} is none of {', '.join(landscape.fields)}")
    samples = len(landscape.samples.points)
    tree, full = (_tree(f"{component}: {name}", getattr(topology, name), samples) for name in ("tree", "full"))
    threshold = float(real(f"{component}: threshold", topology.threshold, (), finite=False))
    left_out = checked_count(f"{component}: left_out", topology.left_out)
    return evolve(topology, threshold=threshold, left_out=left_out, tree=tree, full=full)


def _tree(what: str, returned: Any, samples: int) -> MergeTree:
    tree = checked_instance(what, returned, MergeTree)
    nodes, pairs, arcs = (len(np.atleast_1d(getattr(tree, name))) for name in ("nodes", "pairs", "arcs"))
    shapes = {"nodes": (nodes,), "arcs": (arcs, 2), "pairs": (pairs, 2), "elders": (pairs,)}
    shapes |= {"arc": (samples,), "basin": (samples,)}
    highest = {"nodes": samples, "arcs": nodes, "pairs": samples, "elders": pairs, "arc": arcs, "basin": samples}
    arrays: dict[str, Any] = {
        name: integers(f"{what}.{name}", getattr(tree, name), shapes[name], low, highest[name])
        for name, low in TREE_NUMBERS.items()
    }
    for name, size in (("values", nodes), ("births", pairs), ("deaths", pairs)):
        arrays[name] = real(f"{what}.{name}", getattr(tree, name), (size,), finite=False)
    if len(tree.kinds) != nodes:
        raise PluginError(f"{what}.kinds has {len(tree.kinds)} entries for {nodes} nodes")
    return evolve(tree, **arrays)


def checked_permutations(component: str, permutations: Any) -> dict[str, np.ndarray]:
    """Return an aligner's permutations, by name of the group.

    Raises:
        PluginError: One of them does not hold every unit once.
    """
    arrays = {}
    for name, array in checked_arrays(component, permutations).items():
        arrays[name] = integers(f"{component}: permutation {name!r}", array, (None,))
        if sorted(arrays[name].tolist()) != [*range(len(arrays[name]))]:
            raise PluginError(f"{component}: {name!r} is not a permutation: every unit must occur once")
    return arrays


def checked_population(component: str, returned: Any, layout: Layout) -> Population:
    """Return the members that an analysis derived.

    Raises:
        PluginError: It is not a population, or its weights are not one row of real numbers for each member.
    """
    population = checked_instance(component, returned, Population)
    for member in population.members:
        checked_instance(f"{component}: member", member, Member)
    shape = np.shape(population.weights)
    if shape != (len(population.members), layout.size):
        raise PluginError(
            f"{component}: weights have shape {shape}; ({len(population.members)}, {layout.size}) is wanted"
        )
    if not hasattr(population.weights, "dtype") or np.dtype(population.weights.dtype).kind not in "biuf":
        numeric(f"{component}: weights", population.weights)
    return population


def checked_fields(component: str, fields: Any, size: int, rank: int | None = None) -> dict[str, np.ndarray]:
    """Return the fields of `size` networks; losses are kept unchanged, also those that are not finite.

    Args:
        component: The evaluator, as messages name it.
        fields: What it scored.
        size: Number of networks.
        rank: Number of coordinates with respect to which a gradient was asked for; None where none was.

    Raises:
        PluginError: It is not a mapping of names to (size,) real numbers, with (size, rank) gradients where they were
            asked for.
    """
    if not isinstance(fields, Mapping) or not all(isinstance(name, str) for name in fields):
        raise PluginError(
            f"{component}: recorded {type(fields).__name__}; a mapping of field names to arrays is wanted"
        )
    if rank is not None and GRADIENT not in fields:
        raise PluginError(f"{component}: recorded no {GRADIENT!r}, which was asked for beside {', '.join(fields)}")
    shapes = {} if rank is None else {GRADIENT: (size, rank)}
    return {
        name: real(f"{component}: field {name!r}: values", values, shapes.get(name, (size,)), finite=False)
        for name, values in fields.items()
    }
