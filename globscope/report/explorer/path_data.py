"""What is known of paths between every two runs, for the explorer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.pipeline.known_paths import PathsOfStudy
from globscope.report.explorer.blocks import Blocks
from globscope.spec.entries import KNOWN_PATHS
from globscope.values.findings import Atlas, Finding
from globscope.values.known_path import KnownPath

# Runs up to which paths through others are there too: each needs a text of its own.
CHAINED = 50


def path_data(atlas: Atlas, findings: Mapping[str, Finding], variants: Sequence[str], blocks: Blocks) -> dict[str, Any]:
    """Return the best path between every two runs of everything that found one, as `study_data` describes them.

    Args:
        atlas: Population and maps.
        findings: Findings by analysis' name; the paths are those of the study's own finding.
        variants: Names of the runs, by the numbers that they have in the page.
        blocks: Where the arrays go.
    """
    known = findings.get(KNOWN_PATHS)
    if known is None:
        return {"finders": [], "fields": {}}
    best = _best(atlas, [*known.paths, *_chains(atlas, known.paths)])
    finders = list(dict.fromkeys(path.found_by for path in best))
    number = {variant: place for place, variant in enumerate(variants)}
    fields = {}
    for key in dict.fromkeys(path.field for path in best):
        rows = [
            (*sorted((number[path.one], number[path.other])), path.worst, finders.index(path.found_by))
            for path in best
            if path.field == key
        ]
        one, other, worst, found_by = np.array(rows, float).T
        fields[key] = {
            "one": blocks.add(f"paths/{key}/one", one, "u2"),
            "other": blocks.add(f"paths/{key}/other", other, "u2"),
            "worst": blocks.add(f"paths/{key}/worst", worst, "f8"),
            "found_by": blocks.add(f"paths/{key}/found_by", found_by, "u2"),
        }
    return {"finders": finders, "fields": fields}


def _chains(atlas: Atlas, paths: tuple[KnownPath, ...]) -> Iterator[KnownPath]:
    """Yield the paths through other runs that are lower than those of two runs' own."""
    if len(atlas.population.variants) <= CHAINED:
        own, lowest = set(paths), PathsOfStudy(atlas=atlas, paths=paths, passes=()).lowest
        yield from (path for path in lowest.values() if path not in own)


def _best(atlas: Atlas, paths: Iterable[KnownPath]) -> list[KnownPath]:
    """Return, of the paths that can be compared, the best of each field, pair of runs and finder; the best first."""
    known = [path for path in paths if not path.why_not_compared]
    known.sort(key=lambda path: float(atlas.field_of(path.field).cost(np.array(path.worst))))
    best: dict[tuple[str, frozenset[str], str], KnownPath] = {}
    for path in known:
        best.setdefault((path.field, frozenset((path.one, path.other)), path.found_by), path)
    return list(best.values())
