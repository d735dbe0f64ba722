"""Buffers for networks that an analysis made and handed over without any."""

from collections.abc import Mapping

import numpy as np
from attrs import evolve

from globscope.errors import PluginError
from globscope.roles import Probe
from globscope.values.evaluation import Networks
from globscope.values.members import Population


def with_buffers(networks: Networks, members: Population, probe: Probe, asking: str) -> Networks:
    """Return networks that were handed over without buffers with those that all members have in common.

    Raises:
        PluginError: The members differ in one, so that nobody knows whose is meant.
    """
    if networks.buffers or not members.buffers:
        return networks
    return evolve(networks, buffers=(_common(members, probe, asking),), nearest=np.zeros(len(networks), int))


def with_own_buffers(derived: Population, members: Population, probe: Probe, asking: str) -> Population:
    """Return derived members, each with the buffers that it lacks and that all `members` have in common.

    Raises:
        PluginError: The members differ in one that a derived one lacks.
    """
    wanted = {name for member in members.members for name in member.buffers} - {*probe.statistics}
    if all(wanted <= set(member.buffers) for member in derived.members):
        return derived
    common = _common(members, probe, asking)
    completed = tuple(evolve(member, buffers={**common, **member.buffers}) for member in derived.members)
    return evolve(derived, members=completed)


def _common(members: Population, probe: Probe, asking: str) -> Mapping[str, np.ndarray]:
    """Return the buffers that all members have, statistics left out."""
    first, *others = (member.buffers for member in members.members)
    found = {name: array for name, array in first.items() if name not in probe.statistics}
    for name, array in found.items():
        if not all(one[name] is array or np.array_equal(one[name], array) for one in others):
            raise PluginError(
                f"{asking}: hands over networks without their buffers, and the members differ in {name!r}: give each "
                "network those of the member that it comes from (Member.buffers; Networks.buffers and nearest)"
            )
    return found
