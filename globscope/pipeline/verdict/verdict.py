"""The verdict of a study, from its maps' figures and from all paths that are known."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from globscope.pipeline.known_paths import PathsOfStudy
from globscope.pipeline.verdict.judge_map import judge, rank
from globscope.pipeline.verdict.judge_pairs import PairJudge
from globscope.pipeline.verdict.map_facts import map_facts
from globscope.pipeline.verdict.wording import names
from globscope.topology.runs_on_map import RunsOnMap
from globscope.values.findings import Atlas
from globscope.values.verdict import (
    ANSWERS,
    APART,
    BELIEFS,
    BELIEVE,
    CARE,
    DISAGREE,
    JOINED,
    NOTHING,
    SAME,
    UNKNOWN,
    UNREADABLE,
    Answer,
    MapVerdict,
    Verdict,
)

# Of more pairs, results list only the first, as the tables of pairs do.
LISTED = 5000
SENTENCES = {
    BELIEVE: "Believe {}.",
    CARE: "Read {} with care.",
    UNREADABLE: "Do not read {}.",
    NOTHING: "There is nothing to read on {}: no landscape.",
}
# A map is readable if it is believed, or read with care.
CLAUSES: Mapping[Answer, str] = {
    JOINED: "{count} {are} joined by a measured path that stays as low as the worse of the two",
    SAME: "{count} {are} in one basin on every readable map that shows both",
    APART: "{count} {are} apart on every readable map that shows both, and no path is known that stays as low as the "
    "worse of the two",
    DISAGREE: "on {count}, the readable maps disagree",
    UNKNOWN: "{count} {are} shown by no readable map",
}
# Said where it holds of each of several pairs; by default, their clause with "all".
OF_ALL: Mapping[Answer, str] = {UNKNOWN: "none is shown by a readable map"}


def verdict(atlas: Atlas, record: Mapping[str, Any], known: PathsOfStudy) -> Verdict:
    """Return which maps of a study to believe, how far, and what is known of every two runs.

    Nothing is computed but the places of the runs on the maps: every figure was measured by the study.

    Args:
        atlas: Population, truth and maps.
        record: The results as one JSON object, with the figures of `reducers`.
        known: All paths that the study knows.
    """
    figures = {row["name"]: row for row in record.get("reducers", ())}
    placed = {map_.name: RunsOnMap.on_map(map_) for map_ in atlas.maps}
    facts = [map_facts(map_, figures.get(map_.name, {}), known, placed[map_.name]) for map_ in atlas.maps]
    judged = [(judge(each), rank(each)) for each in facts]
    judged.sort(key=lambda pair: (BELIEFS.index(pair[0].belief), pair[1]))
    maps = tuple(map_ for map_, _ in judged)
    readable = [on for map_ in maps if map_.belief in (BELIEVE, CARE) and (on := placed[map_.name]) is not None]
    judge_of_pairs = _judge_of_pairs(atlas, known, readable)
    counts = judge_of_pairs.counts() if judge_of_pairs else Counter()
    return Verdict(
        headline=_headline(maps),
        maps=maps,
        field=judge_of_pairs.measure.key if judge_of_pairs else "",
        summary=_summary(counts),
        losses=judge_of_pairs.losses() if judge_of_pairs else None,
        runs=tuple(atlas.population.variants),
        pairs=tuple(islice(judge_of_pairs.pairs(), LISTED)) if judge_of_pairs else (),
        count=counts.total(),
    )


def _judge_of_pairs(atlas: Atlas, known: PathsOfStudy, readable: Sequence[RunsOnMap]) -> PairJudge | None:
    """Return what judges pairs, by the field of the most believable map's tree; None if nothing is known of any."""
    topologies = {map_.name: map_.topology for map_ in atlas.maps}
    trees = [tree for on_map in readable if (tree := topologies[on_map.name]) is not None]
    keys = [tree.field for tree in trees] or [field.key for field in known.fields]
    if not keys:
        return None
    of_field = [on_map for on_map in readable if (tree := topologies[on_map.name]) and tree.field == keys[0]]
    thresholds = [tree.threshold for tree in trees if tree.field == keys[0]]
    return PairJudge(known=known, maps=of_field, measure=atlas.field_of(keys[0]), threshold=min(thresholds, default=0))


def _headline(maps: Sequence[MapVerdict]) -> str:
    return " ".join(_sentences(maps)) if maps else "This study has no maps."


def _sentences(maps: Sequence[MapVerdict]) -> Iterator[str]:
    beliefs = {map_.belief for map_ in maps}
    if BELIEVE not in beliefs:
        yield "No map can be believed without reserve." if CARE in beliefs else "No map of this study can be read."
    for belief in BELIEFS:
        chosen = tuple(map_.name for map_ in maps if map_.belief == belief)
        if chosen:
            yield SENTENCES[belief].format(names(chosen))


def _summary(counts: Counter[Answer]) -> str:
    """Return how many pairs there are of each answer."""
    count = counts.total()
    if not count:
        return ""
    clauses = "; ".join(_clause(answer, counts[answer], count) for answer in ANSWERS if counts[answer])
    return f"Of {count:,} pair{'s' * (count != 1)} of runs, {clauses}."


def _clause(answer: Answer, part: int, count: int) -> str:
    """Return what holds of so many of the pairs."""
    if 1 < part == count:
        return OF_ALL.get(answer, CLAUSES[answer]).format(count="all", are="are")
    return CLAUSES[answer].format(count=f"{part:,}", are="is" if part == 1 else "are")
