"""The lowest known path between every two runs, for the explorer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from globscope.report.explorer.blocks import Blocks
from globscope.spec.entries import KNOWN_PATHS
from globscope.study.known_paths import PathsOfStudy
from globscope.values.findings import Atlas, Finding


def path_data(atlas: Atlas, findings: Mapping[str, Finding], variants: Sequence[str], blocks: Blocks) -> dict[str, Any]:
    """Return the lowest known paths by field, as `study_data` describes them.

    Args:
        atlas: Population and maps.
        findings: Findings by analysis' name; the paths are those of the study's own finding.
        variants: Names of the runs, by the numbers that they have in the page.
        blocks: Where the arrays go.
    """
    known = findings.get(KNOWN_PATHS)
    if known is None:
        return {"finders": [], "fields": {}}
    lowest = PathsOfStudy(atlas=atlas, paths=known.paths, passes=()).lowest
    finders = list(dict.fromkeys(path.found_by for path in lowest.values()))
    number = {variant: place for place, variant in enumerate(variants)}
    fields = {}
    for key in dict.fromkeys(field for field, _, _ in lowest):
        rows = [
            (*sorted((number[one], number[other])), path.worst, finders.index(path.found_by))
            for (field, one, other), path in lowest.items()
            if field == key
        ]
        one, other, worst, found_by = np.array(rows, float).T
        fields[key] = {
            "one": blocks.add(f"paths/{key}/one", one, "u2"),
            "other": blocks.add(f"paths/{key}/other", other, "u2"),
            "worst": blocks.add(f"paths/{key}/worst", worst, "f8"),
            "found_by": blocks.add(f"paths/{key}/found_by", found_by, "u2"),
        }
    return {"finders": finders, "fields": fields}
