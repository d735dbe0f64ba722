"""Rules of whether to believe a map: whether it shows the runs and their networks as they are.

Each function returns a sentence where its rule holds, and the empty string where it does not.
"""

from globscope.pipeline.verdict.map_facts import MapFacts, Rule
from globscope.pipeline.verdict.wording import names, share, verb
from globscope.values.findings import MOSTLY, NEAR
from globscope.values.number import number
from globscope.values.verdict import BELIEVE, CARE, UNREADABLE

# A decoded network is trusted within NEAR of the population's radius; squared, that is a share of its variance.
UNTRUSTED_VARIANCE = NEAR**2


def _absent(facts: MapFacts) -> str:
    count = len(facts.absent)
    if not count:
        return ""
    why = facts.why_absent and f": {'' if facts.one_reason else 'mostly, '}{facts.why_absent}"
    does = verb(count, "is", "are")
    return f"{count} of {facts.runs} runs {does} in none of its basins ({names(facts.absent)}){why}"


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
        f"tells apart ({number(facts.threshold)})"
    )


def _most_losses_wrong(facts: MapFacts) -> str:
    return _wrong_losses(facts) if facts.misjudged > MOSTLY * facts.checkpoints else ""


def _some_losses_wrong(facts: MapFacts) -> str:
    return _wrong_losses(facts) if 0 < facts.misjudged <= MOSTLY * facts.checkpoints else ""


def _aside(facts: MapFacts) -> str:
    does = verb(facts.aside, "does", "do")
    return f"{facts.aside} of {facts.runs} runs {does} not lie on it by its design" if facts.aside else ""


def _no_trusted_leaf(facts: MapFacts) -> str:
    return "all its basins lie where it extrapolates" if facts.leaves and not facts.leaves_trusted else ""


def _some_untrusted_leaves(facts: MapFacts) -> str:
    count = facts.leaves - facts.leaves_trusted
    some = f"{count} of its {facts.leaves} basins {verb(count, 'lies', 'lie')} where it extrapolates"
    return some if 0 < count < facts.leaves else ""


def _untrusted_share(facts: MapFacts) -> str:
    if facts.untrusted <= MOSTLY:
        return ""
    if facts.untrusted == 1:
        return "all of it is untrusted: it extrapolates everywhere"
    return f"{share(facts.untrusted)} of it is untrusted: it extrapolates there, and may invent basins and walls"


# Each with the belief that remains where it holds.
NETWORK_RULES: tuple[Rule, ...] = (
    (UNREADABLE, _most_absent),
    (UNREADABLE, _most_variance_unexplained),
    (UNREADABLE, _most_losses_wrong),
    (UNREADABLE, _no_trusted_leaf),
    (CARE, _some_absent),
    (CARE, _some_variance_unexplained),
    (CARE, _some_losses_wrong),
    (CARE, _some_untrusted_leaves),
    (BELIEVE, _aside),
    (BELIEVE, _untrusted_share),
)
