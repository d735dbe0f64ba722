"""What is known of every two runs: by the maps that can be read, and by all paths that were measured."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations

import numpy as np
from attrs import define, field

from globscope.pipeline.known_paths import PathsOfStudy
from globscope.pipeline.verdict.wording import names
from globscope.topology.membership import ROUNDING
from globscope.topology.runs_on_map import SEPARATE, SHARE, RunsOnMap
from globscope.values.field import Field
from globscope.values.known_path import KnownPath
from globscope.values.verdict import APART, DISAGREE, JOINED, SAME, UNKNOWN, Answer, PairVerdict


@define(frozen=True, kw_only=True, slots=False)
class PairJudge:
    """All that decides about pairs of runs.

    Attributes:
        known: All paths that the study knows.
        maps: The runs on each map that can be read, the most believable first.
        measure: Field of the paths and trees.
        threshold: The least difference of that field that the trees of these maps tell apart.
    """

    known: PathsOfStudy = field(repr=False)
    maps: Sequence[RunsOnMap] = field(repr=False)
    measure: Field
    threshold: float

    def pairs(self) -> Iterator[PairVerdict]:
        """Yield what is known of every two runs, in the runs' order."""
        for a, b in combinations(range(len(self._runs)), 2):
            yield self._pair(a, b)

    def counts(self) -> Counter[Answer]:
        """Return how many pairs there are of each answer, without what else is known of each: there may be millions."""
        counts = Counter[Answer]()
        for a in range(len(self._runs)):
            shared, apart = self._beside(a)
            counts += Counter(
                {
                    DISAGREE: int((shared & apart).sum()),
                    SAME: int((shared & ~apart).sum()),
                    APART: int((apart & ~shared).sum()),
                    UNKNOWN: int((~shared & ~apart).sum()),
                }
            )
            for b in self._joined.get(a, ()):
                counts[_answer(self._relations(a, b), is_joined=False)] -= 1
                counts[JOINED] += 1
        return +counts

    def _beside(self, a: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which later runs share a basin with a run on some map, and which are apart from it on some map."""
        later = slice(a + 1, None)
        shared, apart = np.zeros((2, len(self._runs) - a - 1), bool)
        for map_ in self.maps:
            shown = (map_.basins[a] >= 0) & (map_.basins[later] >= 0) & (map_.parts[a] == map_.parts[later])
            same = map_.basins[a] == map_.basins[later]
            shared |= shown & same
            apart |= shown & ~same
        return shared, apart

    @cached_property
    def _joined(self) -> Mapping[int, Sequence[int]]:
        """The runs that a low path joins with each run, all later ones."""
        places = {run: place for place, run in enumerate(self._runs)}
        joined: dict[int, list[int]] = {}
        for key, path in self.known.lowest.items():
            a, b = places[key[1]], places[key[2]]
            if key[0] == self.measure.key and self._is_joined(path, self._relations(a, b), a, b):
                joined.setdefault(a, []).append(b)
        return joined

    def _relations(self, a: int, b: int) -> dict[str, str]:
        return {map_.name: map_.relation(a, b) for map_ in self.maps}

    def _is_joined(self, path: KnownPath | None, relations: Mapping[str, str], a: int, b: int) -> bool:
        """Return whether a measured path between two runs stays as low as the worse of the two."""
        wall = self._wall(path, a, b)
        is_low = wall is not None and wall <= self._tolerance(a, b)
        # A pass of a map whose tree keeps the two apart is the wall between them, however low.
        return is_low and not (path is not None and relations.get(path.map) == SEPARATE)

    @cached_property
    def _runs(self) -> Sequence[str]:
        return self.known.atlas.population.variants

    @cached_property
    def _values(self) -> Sequence[float]:
        """The values of the runs' final networks; NaN where they were not measured."""
        rows, truth = self.known.atlas.population.finals, self.known.atlas.truth.get(self.measure.key)
        values: list[float] = [np.nan] * len(rows) if truth is None else np.asarray(truth, float)[rows].tolist()
        return values

    def _pair(self, a: int, b: int) -> PairVerdict:
        relations = self._relations(a, b)
        path = self.known.lowest.get((self.measure.key, self._runs[a], self._runs[b]))
        answer = _answer(relations, is_joined=self._is_joined(path, relations, a, b))
        lowest, found_by = self._lowest(path, a, b)
        return PairVerdict(
            one=self._runs[a],
            other=self._runs[b],
            answer=answer,
            on=relations,
            lowest=lowest,
            found_by=found_by,
            exact=path is not None,
            wall=self._wall(path, a, b),
            trust=self._trust(answer, relations, path, a, b),
        )

    def losses(self) -> tuple[float, float] | None:
        """Return the lowest and the highest value of the runs' final networks; None where one is not finite."""
        return (min(self._values), max(self._values)) if np.isfinite(self._values).all() else None

    def _worse(self, a: int, b: int) -> float:
        """Return the worse of two networks' own values, as a cost."""
        return float(self.measure.cost(np.array([self._values[a], self._values[b]])).max())

    def _wall(self, path: KnownPath | None, a: int, b: int) -> float | None:
        """Return how far a measured path rises above the worse of its ends."""
        if path is None:
            return None
        wall = float(self.measure.cost(np.array(path.worst))) - self._worse(a, b)
        return wall if np.isfinite(wall) else None

    def _tolerance(self, a: int, b: int) -> float:
        """Return by how much a path may rise: by what trees tell apart, or a hundredth of the worse network's own."""
        return max(self.threshold, ROUNDING * abs(self._worse(a, b)))

    def _lowest(self, path: KnownPath | None, a: int, b: int) -> tuple[float | None, str]:
        """Return the highest value on the lowest known path, and what found it.

        Where none was measured between the networks themselves: on the pass of the most believable map that has one.
        """
        if path is not None:
            return path.worst, path.found_by
        key = (self.measure.key, self._runs[a], self._runs[b])
        passes = ((self.known.pass_on(map_.name, key), map_.name) for map_ in self.maps)
        return next(((height, f"pass on {name}") for height, name in passes if height is not None), (None, ""))

    def _trust(self, answer: Answer, on: Mapping[str, str], path: KnownPath | None, a: int, b: int) -> str:
        """Return how far to trust an answer."""
        if answer == JOINED:
            apart = tuple(name for name, relation in on.items() if relation == SEPARATE)
            walls = f"; the wall on {names(apart)} is the map's" if apart else ""
            return (f"{path.networks} networks measured" if path and path.networks else "measured") + walls
        shown = [map_ for map_ in self.maps if on[map_.name] in (SHARE, SEPARATE)]
        if answer == DISAGREE:
            nearest = min(shown, key=lambda map_: map_.gap(a, b))
            verb = "share a basin" if on[nearest.name] == SHARE else "are apart"
            return f"they {verb} on {nearest.name}, which shows their losses best"
        if not shown:
            return "no readable map shows both"
        return "one map shows both" if len(shown) == 1 else f"{len(shown)} maps agree"


def _answer(relations: Mapping[str, str], *, is_joined: bool) -> Answer:
    """Return what is known of two runs, given what each map that can be read says."""
    if is_joined:
        return JOINED
    known = {relation for relation in relations.values() if relation in (SHARE, SEPARATE)}
    if len(known) == 2:
        return DISAGREE
    if not known:
        return UNKNOWN
    return SAME if known == {SHARE} else APART
