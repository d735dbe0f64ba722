"""Members that score as if they guessed: their picture would show nothing but that."""

from collections.abc import Iterator

import numpy as np

from globscope.api import Atlas

# Within this share of what guessing scores. The paper's own curves lie within 2.5 % of ln 10.
NEAR = 0.05
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
