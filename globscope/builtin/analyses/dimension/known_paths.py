"""Paths between the runs' final networks that no map has part in: straight lines and trained curves."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from attrs import define, field as attribute

from globscope.api import Atlas, Bench, KnownPath, Population, lengths_along
from globscope.builtin.analyses.curves.evaluated_path import EvaluatedPath, trained_paths
from globscope.builtin.analyses.curves.straight_lines import measure_lines
from globscope.builtin.analyses.curves.training import CurveTraining, pair_training
from globscope.builtin.analyses.curves.training_step import Settings


@define(frozen=True, kw_only=True)
class KnownPaths:
    """The highest values along paths between pairs of networks, in the order of the pairs.

    Attributes:
        straight: (k,) highest values on the straight lines.
        curves: (k,) highest values on the trained curves; NaN where none was trained.
        distances: (k,) Euclidean distances in weight space.
        failed: Messages of trainings that failed.
    """

    straight: np.ndarray = attribute(eq=False, repr=False)
    curves: np.ndarray = attribute(eq=False, repr=False)
    distances: np.ndarray = attribute(eq=False, repr=False)
    failed: tuple[str, ...] = ()

    def between(self, names: Sequence[str], field: str, points: int) -> Iterator[KnownPath]:
        """Yield the paths of finite values, each of so many networks, between the runs of these names."""
        for number, (one, other) in enumerate(combinations(names, 2)):
            for found_by, worst in (("straight line", self.straight[number]), ("Bezier curve", self.curves[number])):
                if np.isfinite(worst):
                    yield KnownPath(
                        one=one, other=other, field=field, worst=float(worst), found_by=found_by, networks=points
                    )


def known_paths(
    atlas: Atlas, bench: Bench, name: str, *, points: int, settings: Settings | None, device: str
) -> KnownPaths:
    """Return the paths between every two runs, in one field: straight lines and, with settings, trained curves."""
    finals = atlas.population.take(atlas.population.finals)
    own, pairs = atlas.truth[name][atlas.population.finals], list(combinations(range(len(finals.members)), 2))
    t = np.linspace(0, 1, points)
    ends = own[np.array(pairs, int).reshape(-1, 2)].max(axis=1)
    straight = np.maximum(measure_lines(finals, pairs, t, bench)[name].max(axis=1), ends) if pairs else ends
    trainings = [] if settings is None else [_training(finals, pair, bench, settings, device) for pair in pairs]
    curves, failed = np.full(len(pairs), np.nan), list[str]()
    for number, found in enumerate(trained_paths(bench, trainings, points)):
        if isinstance(found, EvaluatedPath):
            curves[number] = found.fields[name].max()
        else:
            failed.append(found)
    distances = [lengths_along(finals.take(pair).weights)[-1] for pair in pairs]
    return KnownPaths(straight=straight, curves=curves, distances=np.array(distances), failed=tuple(failed))


def _training(
    finals: Population, pair: tuple[int, int], bench: Bench, settings: Settings, device: str
) -> CurveTraining:
    one, other = (finals.members[row].variant for row in pair)
    return pair_training((one, other), finals.take(pair), bench.task, settings=settings, seed=bench.seed, device=device)
