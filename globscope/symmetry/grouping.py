"""Slots → groups: what stands at the same places, and is treated alike, is exchangeable."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.symmetry.found import Axis, Group
from globscope.symmetry.slots import FIXED
from globscope.symmetry.walk import Walk

# What one slot is known by: how often it stands along which axis, and which marks it has.
Key = tuple[tuple[int, int], ...]
Place = tuple[str, int, np.ndarray]


def classes(walked: Walk, trained: Collection[str]) -> dict[str, np.ndarray]:
    """Return the slots of every group's units by the group's name, where they stand in a trained tensor."""
    slots = walked.flow.slots
    places = [(name, at, slots.roots(axis)) for name, axes in walked.tensors.items() for at, axis in enumerate(axes)]
    keys: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, along in enumerate([*(roots for *_, roots in places), *map(slots.roots, walked.flow.marks)]):
        for root, count in zip(*np.unique(along, return_counts=True), strict=True):
            if root != FIXED:
                keys[int(root)].append((number, int(count)))
    alike: dict[Key, list[int]] = defaultdict(list)
    for root, key in keys.items():
        alike[tuple(key)].append(root)
    return dict(_named([(key, units) for key, units in alike.items() if len(units) > 1], places, trained))


def _named(
    alike: Sequence[tuple[Key, list[int]]], places: Sequence[Place], trained: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield classes by name, in the order in which the network makes them."""
    found = []
    for key, units in alike:
        first = key[0][0]
        if any(number < len(places) and places[number][0] in trained for number, _ in key):
            roots = places[first][2]
            order = roots[np.sort(np.unique(roots, return_index=True)[1])]
            found.append((first, order[np.isin(order, units)]))
    taken: dict[str, int] = defaultdict(int)
    for first, ordered in sorted(found, key=lambda one: (one[0], one[1][0])):
        name = places[first][0].removesuffix(".weight")
        taken[name] += 1
        yield name if taken[name] == 1 else f"{name}#{taken[name]}", ordered


def groups(walked: Walk, found: Mapping[str, np.ndarray], aliases: Mapping[str, str]) -> tuple[Group, ...]:
    """Return the groups with all the places of their units, those of tensors with a second name twice."""
    made = []
    for name, units in found.items():
        axes = list[Axis]()
        for tensor, at, index in _places(walked, units):
            names = (tensor, aliases[tensor]) if tensor in aliases else (tensor,)
            axes += [Axis(tensor=one, axis=at, index=index) for one in names]
        made.append(Group(name=name, size=len(units), axes=tuple(axes)))
    return tuple(made)


def _places(walked: Walk, units: np.ndarray) -> Iterator[Place]:
    for name, axes in walked.tensors.items():
        for at, slots in enumerate(axes):
            found = index(walked, slots, units)
            if found is not None:
                yield name, at, found


def index(walked: Walk, slots: np.ndarray, units: np.ndarray) -> Any:
    """Return the (n, m) places of n units along an axis; None where they do not stand there."""
    roots = walked.flow.slots.roots(slots)
    places = np.flatnonzero(np.isin(roots, units))
    if not len(places):
        return None
    # A stable sort keeps each unit's places in their order.
    ordered = places[np.argsort(roots[places], kind="stable")]
    return ordered.reshape(len(units), -1)[np.argsort(np.argsort(units))]
