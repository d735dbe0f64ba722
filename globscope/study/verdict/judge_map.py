"""Whether to believe a map: the rules, their bounds, and what is said where one of them holds.

Every bound is one by which something else in a study already decides; none is tuned. A map is not to be read where most
of what it shows is not its networks (`MOSTLY`, by which fidelity warns), and it is read with care where less than that
is wrong, as soon as anything is. What only bounds how far a map is right, such as where it extrapolates, leaves the
belief as it is, and is said beside it.
"""

from collections.abc import Callable

from globscope.study.verdict.map_facts import MapFacts
from globscope.values.findings import MOSTLY, NEAR
from globscope.values.verdict import BELIEFS, BELIEVE, CARE, NOTHING, UNREADABLE, Belief, MapVerdict

# A decoded network is trusted within NEAR of the population's radius; squared, that is a share of its variance.
UNTRUSTED_VARIANCE = NEAR**2
# At most so many runs or maps are named.
NAMED = 5

Rule = tuple[Belief, Callable[[MapFacts], str]]


def judge(facts: MapFacts) -> MapVerdict:
    """Return whether to believe a map, and why not: as the worst of the rules says that holds."""
    if facts.hidden:
        return MapVerdict(name=facts.name, belief=NOTHING, shows="it shows positions only", reasons=(facts.hidden,))
    held = [(belief, text) for belief, reason in RULEBOOK if (text := reason(facts))]
    held.sort(key=lambda rule: BELIEFS.index(rule[0]), reverse=True)
    belief = held[0][0] if held else BELIEVE
    return MapVerdict(name=facts.name, belief=belief, shows=_shows(facts), reasons=tuple(text for _, text in held))


def rank(facts: MapFacts) -> tuple[float, ...]:
    """Return what orders maps of one belief: those that show more runs, and show them better, come first."""
    share = facts.misjudged / facts.checkpoints if facts.checkpoints else 0.0
    return len(facts.absent) + facts.aside, share, facts.unexplained or 0.0, facts.gap or 0.0


def names(listed: tuple[str, ...]) -> str:
    """Return one or more names as text: the first five, and the number of the others."""
    shown = listed if len(listed) <= NAMED else (*listed[:NAMED], f"{len(listed) - NAMED} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def share(part: float) -> str:
    """Return a share in per cent; one that is not 0 never reads as 0 %, nor one that is not whole as 100 %."""
    if 0 < part < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= part < 1 else f"{part:.0%}"


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _shows(facts: MapFacts) -> str:
    """Return what a map shows of the runs, and how near its losses are to theirs."""
    shown = facts.runs - len(facts.absent) - facts.aside
    if not shown:
        return "it shows none of the runs in a basin"
    count = f"all {shown} runs" if shown == facts.runs else f"{shown} of {facts.runs} runs"
    gap = f", and its {facts.loss} is off by {facts.gap:.2g} at the median" if facts.gap else ""
    gap = f", with {_verb(shown, 'its', 'their')} own {facts.loss}" if facts.gap == 0 else gap
    return f"it shows {count if facts.runs > 1 else 'the run'}, in {facts.basins} basin{'s' * (facts.basins != 1)}{gap}"


def _absent(facts: MapFacts) -> str:
    count = len(facts.absent)
    if not count:
        return ""
    why = facts.why_absent and f": {'' if facts.one_reason else 'mostly, '}{facts.why_absent}"
    verb = _verb(count, "is", "are")
    return f"{count} of {facts.runs} runs {verb} in none of its basins ({names(facts.absent)}){why}"


def _most_absent(facts: MapFacts) -> str:
    return _absent(facts) if len(facts.absent) > MOSTLY * facts.runs else ""


def _some_absent(facts: MapFacts) -> str:
    return "" if _most_absent(facts) else _absent(facts)


def _unexplained_variance(facts: MapFacts) -> str:
    return f"{share(facts.unexplained or 0)} of the networks' variance is unexplained: what it shows are other networks"


def _most_variance_unexplained(facts: MapFacts) -> str:
    return _unexplained_variance(facts) if (facts.unexplained or 0) >= MOSTLY else ""


def _some_variance_unexplained(facts: MapFacts) -> str:
    return _unexplained_variance(facts) if UNTRUSTED_VARIANCE < (facts.unexplained or 0) < MOSTLY else ""


def _wrong_losses(facts: MapFacts) -> str:
    return (
        f"for {facts.misjudged} of {facts.checkpoints} checkpoints, its {facts.loss} is off by more than its tree "
        f"tells apart ({facts.threshold:.3g})"
    )


def _most_losses_wrong(facts: MapFacts) -> str:
    return _wrong_losses(facts) if facts.misjudged > MOSTLY * facts.checkpoints else ""


def _some_losses_wrong(facts: MapFacts) -> str:
    return _wrong_losses(facts) if 0 < facts.misjudged <= MOSTLY * facts.checkpoints else ""


def _no_trusted_leaf(facts: MapFacts) -> str:
    return "all its basins lie where it extrapolates" if facts.leaves and not facts.leaves_trusted else ""


def _some_untrusted_leaves(facts: MapFacts) -> str:
    count = facts.leaves - facts.leaves_trusted
    some = f"{count} of its {facts.leaves} basins {_verb(count, 'lies', 'lie')} where it extrapolates"
    return some if 0 < count < facts.leaves else ""


def _aside(facts: MapFacts) -> str:
    verb = _verb(facts.aside, "does", "do")
    return f"{facts.aside} of {facts.runs} runs {verb} not lie on it by its design" if facts.aside else ""


def _untrusted_share(facts: MapFacts) -> str:
    if facts.untrusted <= MOSTLY:
        return ""
    if facts.untrusted == 1:
        return "all of it is untrusted: it extrapolates everywhere"
    return f"{share(facts.untrusted)} of it is untrusted: it extrapolates there; read only the rest"


def _other_neighbours(facts: MapFacts) -> str:
    counts = facts.leaves_by_neighbours
    if len({*counts.values()}) < 2:
        return ""
    return (
        f"its count of basins depends on which samples are neighbours: {counts['freudenthal']} by Freudenthal's "
        f"triangulation, {counts['full']} if all around a sample are"
    )


def _unstable(facts: MapFacts) -> str:
    if not facts.basins_again or facts.basins_again[0] == facts.basins_again[-1]:
        return ""
    low, high = facts.basins_again
    return f"over {facts.fits} fits of it, the runs end in {low} to {high} basins"


def _other_resolution(facts: MapFacts) -> str:
    if facts.leaves_fine is None or facts.leaves_fine == facts.leaves:
        return ""
    return f"with twice as many samples per axis it has {facts.leaves_fine} basins, not {facts.leaves}"


def _lower_paths(facts: MapFacts) -> str:
    verb = _verb(facts.beaten, "is", "are")
    return f"{facts.beaten} of {facts.walls} walls between runs {verb} the map's alone: lower paths are known"


def _most_walls_beaten(facts: MapFacts) -> str:
    return _lower_paths(facts) if facts.beaten > MOSTLY * facts.walls else ""


def _some_walls_beaten(facts: MapFacts) -> str:
    return _lower_paths(facts) if 0 < facts.beaten <= MOSTLY * facts.walls else ""


def _lower_paths_between_basins(facts: MapFacts) -> str:
    verb = _verb(facts.bypassed, "is", "are")
    return (
        f"{facts.bypassed} of {facts.walls} walls between runs {verb} the map's: between networks that it decodes in "
        "the same basins, lower paths are known"
    )


def _most_walls_bypassed(facts: MapFacts) -> str:
    return _lower_paths_between_basins(facts) if facts.bypassed > MOSTLY * facts.walls else ""


def _some_walls_bypassed(facts: MapFacts) -> str:
    return _lower_paths_between_basins(facts) if 0 < facts.bypassed <= MOSTLY * facts.walls else ""


def _at_rim(facts: MapFacts) -> str:
    if not facts.saddles_at_rim:
        return ""
    verb = _verb(facts.saddles_at_rim, "lies", "lie")
    return (
        f"{facts.saddles_at_rim} of {facts.saddles} saddles {verb} on its border: there the box decides the pass, and "
        "in a larger box (margin) it may be lower"
    )


def _noise(facts: MapFacts) -> str:
    return (
        f"{facts.within_noise} branches of its tree may be due to the draws of the loss" if facts.within_noise else ""
    )


# Each with the belief that remains where it holds.
RULEBOOK: tuple[Rule, ...] = (
    (UNREADABLE, _most_absent),
    (UNREADABLE, _most_variance_unexplained),
    (UNREADABLE, _most_losses_wrong),
    (UNREADABLE, _no_trusted_leaf),
    (CARE, _some_absent),
    (CARE, _some_variance_unexplained),
    (CARE, _some_losses_wrong),
    (CARE, _some_untrusted_leaves),
    (CARE, _other_neighbours),
    (CARE, _unstable),
    (CARE, _other_resolution),
    (CARE, _most_walls_beaten),
    (CARE, _most_walls_bypassed),
    (BELIEVE, _aside),
    (BELIEVE, _untrusted_share),
    (BELIEVE, _some_walls_beaten),
    (BELIEVE, _some_walls_bypassed),
    (BELIEVE, _at_rim),
    (BELIEVE, _noise),
)
