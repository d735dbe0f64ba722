"""Compiles umap-learn's functions for later processes: `python -m globscope.builtin.reducers.compile_umap`."""

import numpy as np
from filelock import FileLock, Timeout

from globscope.api import Layout, Member, Population, ReducerInputs, span
from globscope.builtin.reducers.umap import Umap
from globscope.builtin.reducers.umap_learn import cache_folder, compiled_mark


def compile_all() -> None:
    """Fit, encode and decode a few members, and leave a mark; do nothing where another process is at it.

    The mark is left too where umap-learn is another than expected, since a second process could not compile more.
    """
    cache_folder().mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(cache_folder() / ".lock", timeout=0):
            chart = Umap(n_neighbors=4, n_epochs=10).reduce(_members(), np.random.default_rng(0))
            assert chart.decode is not None
            assert chart.encode is not None
            chart.encode(chart.decode(chart.latents))
            compiled_mark().touch()
    except Timeout:
        return


def _members() -> ReducerInputs:
    weights = np.random.default_rng(0).normal(size=(12, 20)).astype(np.float32)
    population = Population(
        members=tuple(Member(variant="A", step=step) for step in range(len(weights))),
        weights=weights,
        layout=Layout(names=("w",), shapes=((weights.shape[1],),)),
    )
    space = span(weights)
    return ReducerInputs(coordinates=space.members, population=population, space=space)


if __name__ == "__main__":
    compile_all()
