"""A warning about networks that maps do not decode."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.builtin.analyses.dimension.run_passes import RunPasses
from globscope.builtin.analyses.formatting import list_names


def warnings(found: Sequence[RunPasses]) -> Iterator[str]:
    """Yield a warning that names the maps on which passes lead from other networks than the runs' own."""
    names = [one.map.name for one in found if (np.isnan(one.certain_pairs) & ~np.isnan(one.pairs)).any()]
    if names:
        verb = "does" if len(names) == 1 else "do"
        yield (
            f"{list_names(names)} {verb} not sample the final networks of all runs: passes from there join other "
            "networks, and are no paths between the runs"
        )
