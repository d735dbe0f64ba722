"""Is it the members that are shown? Buffers that are not theirs, and scores that are not what they should be."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.api import Atlas, Member, Probe, ProbeTraits, traits

# Within this share of what guessing scores. The paper's own curves lie within 2.5 % of ln 10.
NEAR = 0.05
# A loss this many times the recorded one, or an accuracy so much lower, is neither another precision nor another
# sample of the examples.
WORSE, LOWER = 1.5, 0.1
# Losses below this say little by their ratio.
SMALL = 0.1
# Networks that a warning names one by one.
LISTED = 5
CAUSES = (
    "usual causes: BatchNorm statistics that are missing or of other weights (evaluator.batch_norm), other "
    "preprocessing than in training (task.normalise), another order of classes, or runs that did not train"
)


def foreign_buffers(atlas: Atlas, probe: Probe) -> Iterator[str]:
    """Yield a warning for every buffer that files lack, and for every one that decoded networks take from a member."""
    members = atlas.population.members
    for name in sorted({name for member in members for name in member.lacking}):
        labels = _listed([member.label for member in members if name in member.lacking])
        yield f"the checkpoints of {labels} have no buffer {name!r}: these networks are scored with the model's own"
    mapped = {*probe.statistics, *probe.layout.names, *traits(probe, ProbeTraits).logarithms}
    for name in sorted({name for member in members for name in member.buffers} - mapped):
        if _differs(name, members):
            yield (
                f"the members differ in the buffer {name!r}, which is neither mapped nor re-estimated: each decoded "
                "network is scored with that of the member nearest to it"
            )


def _differs(name: str, members: Sequence[Member]) -> bool:
    first, *others = (member.buffers[name] for member in members if name in member.buffers)
    return any(one is not first and not np.array_equal(one, first, equal_nan=one.dtype.kind == "f") for one in others)


def _listed(labels: Sequence[str]) -> str:
    return (
        ", ".join(labels) if len(labels) <= LISTED else f"{', '.join(labels[:LISTED])} and {len(labels) - LISTED} more"
    )


def at_chance(atlas: Atlas) -> Iterator[str]:
    """Yield a warning for every field in which final members are no better than guessing."""
    finals = atlas.population.finals
    for field, guess in atlas.chance.items():
        losses = atlas.truth[field][finals]
        # A loss that exploded is no better than one at chance; NaN compares as neither.
        lost = int((~(losses < (1 - NEAR) * guess)).sum())
        if lost:
            middle = float(np.median(losses))
            yield (
                f"{lost} of {len(finals)} final networks are no better than guessing: their median {field} is "
                f"{middle:.4g}, and guessing scores {guess:.4g}; {CAUSES}"
            )


def unlike_record(atlas: Atlas) -> Iterator[str]:
    """Yield a warning for every field in which final members score far worse than their files say."""
    finals = atlas.population.finals
    for field, measured in atlas.truth.items():
        said = {row: atlas.population.members[row].recorded[field] for row in finals if _says(atlas, row, field)}
        far = [row for row, value in said.items() if _far(field, float(measured[row]), value)]
        if far:
            label, found, recorded = atlas.population.members[far[0]].label, measured[far[0]], said[far[0]]
            yield (
                f"{len(far)} of {len(finals)} final networks score far worse than their files say: "
                f"{label} has {field} {found:.4g}, recorded {recorded:.4g}; {CAUSES}"
            )


def _says(atlas: Atlas, row: int, field: str) -> bool:
    return field in atlas.population.members[row].recorded


def _far(field: str, measured: float, recorded: float) -> bool:
    if field.endswith("accuracy"):
        return not measured > recorded - LOWER
    return not measured < max(WORSE * recorded, recorded + SMALL)
