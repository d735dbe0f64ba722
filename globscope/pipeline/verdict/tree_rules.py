"""Rules of whether to believe a map: whether its tree would be the same if it were made in another way.

Each function returns a sentence where its rule holds, and the empty string where it does not.
"""

from globscope.pipeline.verdict.map_facts import MapFacts, Rule
from globscope.pipeline.verdict.wording import verb
from globscope.values.findings import MOSTLY
from globscope.values.verdict import BELIEVE, CARE


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
    does = verb(facts.beaten, "is", "are")
    return f"{facts.beaten} of {facts.walls} walls between runs {does} too high: lower paths are known"


def _most_walls_beaten(facts: MapFacts) -> str:
    return _lower_paths(facts) if facts.beaten > MOSTLY * facts.walls else ""


def _some_walls_beaten(facts: MapFacts) -> str:
    return _lower_paths(facts) if 0 < facts.beaten <= MOSTLY * facts.walls else ""


def _lower_paths_between_basins(facts: MapFacts) -> str:
    does = verb(facts.bypassed, "is", "are")
    return (
        f"{facts.bypassed} of {facts.walls} walls between runs {does} too high: between networks that it decodes in "
        "the same basins, lower paths are known"
    )


def _most_walls_bypassed(facts: MapFacts) -> str:
    return _lower_paths_between_basins(facts) if facts.bypassed > MOSTLY * facts.walls else ""


def _some_walls_bypassed(facts: MapFacts) -> str:
    return _lower_paths_between_basins(facts) if 0 < facts.bypassed <= MOSTLY * facts.walls else ""


def _at_rim(facts: MapFacts) -> str:
    if not facts.saddles_at_rim:
        return ""
    does = verb(facts.saddles_at_rim, "lies", "lie")
    return (
        f"{facts.saddles_at_rim} of {facts.saddles} saddles {does} on its border: there the box decides the pass, and "
        "in a larger box (margin) it may be lower"
    )


def _noise(facts: MapFacts) -> str:
    return (
        f"{facts.within_noise} branches of its tree may be due to the draws of the loss" if facts.within_noise else ""
    )


# Each with the belief that remains where it holds.
TREE_RULES: tuple[Rule, ...] = (
    (CARE, _other_neighbours),
    (CARE, _unstable),
    (CARE, _other_resolution),
    (CARE, _most_walls_beaten),
    (CARE, _most_walls_bypassed),
    (BELIEVE, _some_walls_beaten),
    (BELIEVE, _some_walls_bypassed),
    (BELIEVE, _at_rim),
    (BELIEVE, _noise),
)
