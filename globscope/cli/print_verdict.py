"""A study's verdict on the terminal: the last that a reader sees of a run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Of more reasons, the report has the others.
REASONS = 2


def verdict_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield which maps to believe and why, and what is known of the pairs of runs; nothing for an earlier version."""
    verdict = record.get("verdict")
    if verdict:
        yield f"Verdict: {verdict['headline']}"
        for map_ in verdict["maps"]:
            yield f"  {map_['name']}, {map_['belief']}: {'; '.join((map_['shows'], *_reasons(map_['reasons'])))}"
        if verdict["summary"]:
            yield verdict["summary"]


def _reasons(reasons: Sequence[str]) -> Iterator[str]:
    """Yield the first reasons, and how many more there are."""
    yield from reasons[:REASONS]
    if (more := len(reasons) - REASONS) > 0:
        yield f"{more} more reason{'s' * (more > 1)} in the report"
