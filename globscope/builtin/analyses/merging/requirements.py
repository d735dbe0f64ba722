"""What a spec must have so that networks can be merged as its options ask."""

from collections.abc import Iterator, Sequence

from globscope.api import CheckFacts, ProbeTraits, SpecError, near, traits

# More networks than this have more pairs than a table, a picture and a bootstrap can hold.
MOST = 100


def require_networks(facts: CheckFacts, members: Sequence[str], sets: Sequence[Sequence[str]]) -> None:
    """Refuse names that no network has, and too few or too many networks.

    Raises:
        SpecError: With everything that is wrong with the names.
    """
    faults = [f"merging{text}" for text in _faults(facts.variants, members, sets)]
    if faults:
        raise SpecError(faults)


def _faults(variants: Sequence[str], members: Sequence[str], sets: Sequence[Sequence[str]]) -> Iterator[str]:
    count = len(members) or len(variants)
    if not 2 <= count <= MOST:
        advice = "" if count < 2 else "; name fewer in `members`"
        yield f": merges 2 to {MOST} networks, here are {count}{advice}"
    for number, name in enumerate(members):
        if name not in variants and name.rpartition("@")[0] not in variants:
            yield f".members.{number}: there is no network {name!r}; {near(name, variants)}"
    chosen = tuple(members) or variants
    for number, names in enumerate(sets):
        if len(set(names)) < max(2, len(names)):
            yield f".sets.{number}: needs two networks or more, each named once"
        for name in names:
            if name not in chosen:
                yield f".sets.{number}: {name!r} is not among the networks that are merged; {near(name, chosen)}"


def require_field(facts: CheckFacts, select: str | None) -> None:
    """Refuse a field of selection that the task does not measure.

    Raises:
        SpecError: It is none.
    """
    if select is not None and select not in facts.fields:
        raise SpecError([f"merging.select: {facts.why_unscored(select)}"])


def require_symmetry(facts: CheckFacts) -> None:
    """Refuse to align networks whose statistics are flattened.

    Raises:
        SpecError: They are.
    """
    if traits(facts.probe, ProbeTraits).encodes_statistics:
        raise SpecError(["merging.aligner: networks can be aligned only if population.flatten is 'parameters'"])
