"""A study's verdict as lines of text: the last that a reader sees of a run, and what `print(result)` shows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from globscope.values.number import number

# Of more reasons, the report has the others.
REASONS = 2
# Of more pairs of runs, the report has the table.
PAIRS = 10


def verdict_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield which maps to believe and why, and what is known of the pairs of runs; nothing for an earlier version."""
    verdict = record.get("verdict")
    if verdict:
        yield f"Verdict: {verdict['headline']}"
        for map_ in verdict["maps"]:
            yield f"  {map_['name']}, {map_['belief']}: {'; '.join((map_['shows'], *_reasons(map_['reasons'])))}"
        if verdict["summary"]:
            yield verdict["summary"]
        if len(verdict["pairs"]) <= PAIRS:
            yield from map(_pair, verdict["pairs"])


def _reasons(reasons: Sequence[str]) -> Iterator[str]:
    """Yield the first reasons, and how many more there are."""
    yield from reasons[:REASONS]
    if (more := len(reasons) - REASONS) > 0:
        yield f"{more} more reason{'s' * (more > 1)} in the report"


def _pair(pair: Mapping[str, Any]) -> str:
    """Return what is known of two runs."""
    path = "no path was measured"
    if pair["lowest"] is not None:
        path = f"{number(pair['lowest'])} at worst on the lowest known path, {pair['found_by']}"
    return f"  {pair['one']} and {pair['other']}, {pair['answer']}: {path}; {pair['trust']}"
