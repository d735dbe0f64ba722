"""Slots → groups: units that occur in the same places and are treated alike are exchangeable."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.symmetry.slots import FIXED
from globscope.symmetry.symmetry import Axis, Group
from globscope.symmetry.walk import Walk

# What identifies a slot: how often it occurs along which axis, and which marks it has.
Key = tuple[tuple[int, int], ...]
Place = tuple[str, int, np.ndarray]


def unit_slots(walked: Walk, trained: Collection[str]) -> dict[str, np.ndarray]:
    """Return the slots of every group's units by the group's name; a group must occur in a trained tensor."""
    slots = walked.flow.slots
    places = [(name, i, slots.roots(axis)) for name, axes in walked.tensors.items() for i, axis in enumerate(axes)]
    keys: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, along in enumerate([*(roots for *_, roots in places), *map(slots.roots, walked.flow.marks)]):
        for root, count in zip(*np.unique(along, return_counts=True), strict=True):
            if root != FIXED:
                keys[int(root)].append((number, int(count)))
    alike: dict[Key, list[int]] = defaultdict(list)
    for root, key in keys.items():
        alike[tuple(key)].append(root)
    return dict(_with_names([(key, units) for key, units in alike.items() if len(units) > 1], places, trained))


def _with_names(
    alike: Sequence[tuple[Key, list[int]]], places: Sequence[Place], trained: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield units by their group's name, in the order in which the network computes them."""
    classes = []
    for key, units in alike:
        first = key[0][0]
        if any(number < len(places) and places[number][0] in trained for number, _ in key):
            roots = places[first][2]
            order = roots[np.sort(np.unique(roots, return_index=True)[1])]
            classes.append((first, order[np.isin(order, units)]))
    counts: dict[str, int] = defaultdict(int)
    for first, ordered in sorted(classes, key=lambda pair: (pair[0], pair[1][0])):
        name = places[first][0].removesuffix(".weight")
        counts[name] += 1
        yield name if counts[name] == 1 else f"{name}#{counts[name]}", ordered


def groups(walked: Walk, slots: Mapping[str, np.ndarray], aliases: Mapping[str, str]) -> tuple[Group, ...]:
    """Return the groups with all axes of their units; those of tensors with a second name occur twice."""
    result = []
    for name, units in slots.items():
        axes = list[Axis]()
        for tensor, number, index in _places(walked, units):
            names = (tensor, aliases[tensor]) if tensor in aliases else (tensor,)
            axes += [Axis(tensor=name, axis=number, index=index) for name in names]
        result.append(Group(name=name, size=len(units), axes=tuple(axes)))
    return tuple(result)


def _places(walked: Walk, units: np.ndarray) -> Iterator[Place]:
    for name, axes in walked.tensors.items():
        for number, slots in enumerate(axes):
            places = index(walked, slots, units)
            if places is not None:
                yield name, number, places


def index(walked: Walk, slots: np.ndarray, units: np.ndarray) -> Any:
    """Return the (n, m) indices of n units along an axis; None where they do not occur there."""
    roots = walked.flow.slots.roots(slots)
    places = np.flatnonzero(np.isin(roots, units))
    if not len(places):
        return None
    # A stable sort keeps each unit's places in their order.
    ordered = places[np.argsort(roots[places], kind="stable")]
    return ordered.reshape(len(units), -1)[np.argsort(np.argsort(units))]
