"""What a compression of the networks loses: their own fields stay the truth, whatever maps are made of."""

import numpy as np

from globscope.pipeline.stages.compressed import compress, compression_error
from globscope.pipeline.stages.evaluate import evaluate
from globscope.pipeline.truth import Truth, truth_of, with_keys
from globscope.pipeline.workshop import Workshop
from globscope.store import key
from globscope.values.compressed import Compressed
from globscope.values.evaluation import Networks
from globscope.values.finite import finite_or_none
from globscope.values.members import Population


def with_own_truth(workshop: Workshop, members: Population, compressed: Population, known: Truth) -> Truth:
    """Return the fields of networks, and of compressed members: theirs are those of the networks themselves."""
    if workshop.spec.population.compress is None:
        return known
    fields = truth_of(workshop, members, known)
    own = {
        of_member: {name: float(values[row]) for name, values in fields.items()}
        for row, of_member in enumerate(with_keys(compressed).keys)
    }
    return {**known, **own}


def compression_loss(workshop: Workshop, members: Population) -> Compressed | None:
    """Return what the compression of members loses; None where the spec compresses none."""
    if workshop.spec.population.compress is None:
        return None
    small, lost = compress(workshop, members, members), compression_error(workshop, members)
    networks = Networks.of(small.weights, small.buffers)
    fields, _ = evaluate(workshop, networks, key("truth", small.key), "evaluate compressed members")
    share = lost["error"] / lost["variance"] if lost["variance"] else np.nan
    return Compressed(
        numbers=int(lost["numbers"]),
        mse_per_weight=lost["error"],
        unexplained_variance=finite_or_none(share),
        fields=fields,
    )
