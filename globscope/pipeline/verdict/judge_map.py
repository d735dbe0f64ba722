"""Whether to believe a map: all rules, and what remains of the belief where one of them holds.

Every bound is one by which something else in a study already decides; none is tuned. A map is not to be read where most
of what it shows is not its networks (`MOSTLY`, by which fidelity warns), and it is read with care where less than that
is wrong, as soon as anything is. What only bounds how far a map is right, such as where it extrapolates, leaves the
belief as it is, and is said beside it.
"""

from globscope.pipeline.verdict.map_facts import MapFacts
from globscope.pipeline.verdict.network_rules import NETWORK_RULES
from globscope.pipeline.verdict.tree_rules import TREE_RULES
from globscope.pipeline.verdict.wording import verb
from globscope.values.number import number
from globscope.values.verdict import BELIEFS, BELIEVE, NOTHING, MapVerdict


def judge(facts: MapFacts) -> MapVerdict:
    """Return whether to believe a map, and why not: as the worst of the rules says that holds."""
    if facts.hidden:
        return MapVerdict(name=facts.name, belief=NOTHING, shows="it shows positions only", reasons=(facts.hidden,))
    held = [(belief, text) for belief, reason in NETWORK_RULES + TREE_RULES if (text := reason(facts))]
    held.sort(key=lambda rule: BELIEFS.index(rule[0]), reverse=True)
    belief = held[0][0] if held else BELIEVE
    return MapVerdict(name=facts.name, belief=belief, shows=_shows(facts), reasons=tuple(text for _, text in held))


def rank(facts: MapFacts) -> tuple[float, ...]:
    """Return what orders maps of one belief: those that show more runs, and show them better, come first."""
    share = facts.misjudged / facts.checkpoints if facts.checkpoints else 0.0
    return len(facts.absent) + facts.aside, share, facts.unexplained or 0.0, facts.gap or 0.0


def _shows(facts: MapFacts) -> str:
    """Return what a map shows of the runs, and how near its losses are to theirs."""
    shown = facts.runs - len(facts.absent) - facts.aside
    if not shown:
        return "it shows none of the runs in a basin"
    count = f"all {shown} runs" if shown == facts.runs else f"{shown} of {facts.runs} runs"
    gap = f", and its {facts.loss} is off by {number(facts.gap, 2)} at the median" if facts.gap else ""
    gap = f", with {verb(shown, 'its', 'their')} own {facts.loss}" if facts.gap == 0 else gap
    return f"it shows {count if facts.runs > 1 else 'the run'}, in {facts.basins} basin{'s' * (facts.basins != 1)}{gap}"
