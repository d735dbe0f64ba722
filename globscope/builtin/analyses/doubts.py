"""Members that score as if they guessed, or unlike what their files say: is it they that are shown?"""

from collections.abc import Iterator

import numpy as np

from globscope.api import Atlas

# Within this share of what guessing scores. The paper's own curves lie within 2.5 % of ln 10.
NEAR = 0.05
# A loss this many times the recorded one, or an accuracy so much lower, is neither another precision nor another
# sample of the examples.
WORSE, LOWER = 1.5, 0.1
# Losses below this say little by their ratio.
SMALL = 0.1
CAUSES = (
    "usual causes: BatchNorm statistics that are missing or of other weights (evaluator.batch_norm), other "
    "preprocessing than in training (task.normalise), another order of classes, or runs that did not train"
)


def at_chance(atlas: Atlas) -> Iterator[str]:
    """Yield a warning for every field in which final members are no better than guessing."""
    finals = atlas.population.finals
    for field, guess in atlas.chance.items():
        losses = atlas.truth[field][finals]
        # A loss that exploded is no better than one at chance; NaN compares as neither.
        lost = int((~(losses < (1 - NEAR) * guess)).sum())
        if lost:
            middle = float(np.median(losses))
            yield (
                f"{lost} of {len(finals)} final networks are no better than guessing: their median {field} is "
                f"{middle:.4g}, and guessing scores {guess:.4g}; {CAUSES}"
            )


def unlike_record(atlas: Atlas) -> Iterator[str]:
    """Yield a warning for every field in which final members score far worse than their files say."""
    finals = atlas.population.finals
    for field, measured in atlas.truth.items():
        said = {row: atlas.population.members[row].recorded[field] for row in finals if _says(atlas, row, field)}
        far = [row for row, value in said.items() if _far(field, float(measured[row]), value)]
        if far:
            who, found, told = atlas.population.members[far[0]].label, measured[far[0]], said[far[0]]
            yield (
                f"{len(far)} of {len(finals)} final networks score far worse than their files say: "
                f"{who} has {field} {found:.4g}, recorded {told:.4g}; {CAUSES}"
            )


def _says(atlas: Atlas, row: int, field: str) -> bool:
    return field in atlas.population.members[row].recorded


def _far(field: str, measured: float, recorded: float) -> bool:
    if field.endswith("accuracy"):
        return not measured > recorded - LOWER
    return not measured < max(WORSE * recorded, recorded + SMALL)
