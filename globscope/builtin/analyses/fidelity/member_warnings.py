"""Warnings about members and scores: buffers that are not their own, random numbers, and worse scores than due."""

from collections.abc import Iterator, Sequence
from functools import partial
from math import sqrt

import numpy as np

from globscope.api import REPEATS, Atlas, Field, Member, Probe, ProbeTraits, number, traits
from globscope.builtin.analyses.formatting import list_names


def noise_warnings(atlas: Atlas) -> Iterator[str]:
    """Yield the spread of a network's scores, and how many branches of the merge trees may be due to it."""
    deviations = {name: deviation for name, deviation in atlas.noise.items() if deviation > 0}
    if deviations:
        figures = ", ".join(
            f"{number(deviation)} ({atlas.field_of(name).name})" for name, deviation in deviations.items()
        )
        yield (
            f"scoring draws random numbers: over {REPEATS} evaluations of each run's final network, the standard "
            f"deviation is {figures}; all networks of this study are scored with the same numbers"
        )
    for map_ in atlas.maps:
        topology = map_.topology
        within = 0 if topology is None else int(topology.within_noise.sum())
        if topology is not None and within:
            name = atlas.field_of(topology.field).name
            yield (
                f"{map_.name}: {within} of {len(topology.tree.pairs)} branches of its merge tree have a persistence "
                f"below {number(topology.noise)}, the standard deviation of the draws of {name}: they may be chance"
            )


# Share of the score of guessing within which a network is no better. The paper's own curves lie within 2.5 % of ln 10.
NEAR = 0.05
# A loss this many times the recorded one, or an accuracy so much lower, cannot come from another precision or another
# sample of the examples, if it is large.
WORSE, LOWER = 1.5, 0.1
# Standard errors by which a share of few examples may be lower: a normal deviation falls below once in 30,000 times.
ERRORS = 4
# Ratios of losses below this mean little.
SMALL = 0.1
CAUSES = (
    "usual causes: BatchNorm statistics that are missing or of other weights (evaluator.batch_norm), other "
    "preprocessing than in training (task.normalise), another order of classes, or runs that did not train"
)


def buffer_warnings(atlas: Atlas, probe: Probe) -> Iterator[str]:
    """Yield a warning for every buffer that files lack, and for every one that decoded networks take from a member."""
    members = atlas.population.members
    for name in sorted({name for member in members for name in member.lacking}):
        labels = list_names([member.label for member in members if name in member.lacking])
        yield f"the checkpoints of {labels} have no buffer {name!r}: these networks are scored with the model's own"
    mapped = {*probe.statistics, *probe.layout.names, *traits(probe, ProbeTraits).log_variance_names}
    for name in sorted({name for member in members for name in member.buffers} - mapped):
        if _differs(name, members):
            yield (
                f"the members differ in the buffer {name!r}, which is neither mapped nor re-estimated: each decoded "
                "network is scored with that of the member nearest to it"
            )


def _differs(name: str, members: Sequence[Member]) -> bool:
    first, *others = (member.buffers[name] for member in members if name in member.buffers)
    floats = first.dtype.kind == "f"
    return any(other is not first and not np.array_equal(other, first, equal_nan=floats) for other in others)


def chance_warnings(atlas: Atlas) -> Iterator[str]:
    """Yield a warning for every field in which final members are no better than guessing."""
    finals = atlas.population.finals
    for field, guess in atlas.chance.items():
        losses = atlas.truth[field][finals]
        # A loss that exploded is no better than one at chance; NaN compares as neither.
        count = int((~(losses < (1 - NEAR) * guess)).sum())
        if count:
            name, middle = atlas.field_of(field).name, float(np.median(losses))
            yield (
                f"{count} of {len(finals)} final networks are no better than guessing: their median {name} is "
                f"{number(middle, 4)}, and guessing scores {number(guess, 4)}; {CAUSES}"
            )


def record_warnings(atlas: Atlas) -> Iterator[str]:
    """Yield a warning for every field in which final members score far worse than their files record."""
    finals = atlas.population.finals
    for field, measured in atlas.truth.items():
        members = {row: atlas.population.members[row] for row in finals}
        recorded = {row: member.recorded[field] for row, member in members.items() if field in member.recorded}
        is_worse = partial(_is_far_worse, atlas.field_of(field), atlas.examples.get(field))
        worse = [row for row, value in recorded.items() if is_worse(float(measured[row]), value)]
        if worse:
            first, name = worse[0], atlas.field_of(field).name
            yield (
                f"{len(worse)} of {len(finals)} final networks score far worse than their files record: "
                f"{members[first].label} has {name} {number(measured[first], 4)}, recorded "
                f"{number(recorded[first], 4)}; {CAUSES}"
            )


def _is_far_worse(field: Field, examples: int | None, measured: float, recorded: float) -> bool:
    if field.higher_is_better:
        return not measured > recorded - max(LOWER, ERRORS * _standard_error(recorded, examples))
    return not measured < max(WORSE * recorded, recorded + SMALL)


def _standard_error(share: float, examples: int | None) -> float:
    """Return the largest that the mean of so many values in [0, 1] can have; 0 where the number is not known."""
    return sqrt(share * (1 - share) / examples) if examples and 0 <= share <= 1 else 0.0
