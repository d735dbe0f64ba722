"""Whether the mean of a run's checkpoints is better than its last, and where it lies on the maps."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from attrs.validators import deep_iterable, ge

from globscope.api import AnalysisTraits, Atlas, Bench, CheckFacts, Finding, Population, SpecError, Task
from globscope.builtin.analyses.averages.gains import averages_of, run_table, summary_rows, summary_table, warnings
from globscope.builtin.analyses.averages.pictures import overlays, plot
from globscope.builtin.analyses.averages.windows import Window, averages

NAME = "averages"
SHORT = "averages: no run has as many checkpoints as one of `last`, or two since one of `since`"


@attrs.define(frozen=True, kw_only=True)
class Averages:
    """Average the checkpoints of each run, and compare the mean with the run's last network.

    The mean of all checkpoints since a step is stochastic weight averaging (Izmailov et al., UAI 2018), where every
    checkpoint counts alike; the mean of the last k is latest weight averaging (Kaddour, "Stop wasting my time!", 2022).
    The averages are members of the population: they are evaluated, and placed on the maps.

    Attributes:
        last: Numbers of checkpoints that are averaged, the last ones.
        since: Steps from which all checkpoints are averaged.
        along: Whether the average is taken at every checkpoint that has enough before it; if not, at the end only.
        in_fit: Whether the study's maps are fitted to the averages too.
        field: Loss or accuracy in tables and pictures.
    """

    last: tuple[int, ...] = attrs.field(default=(3,), validator=deep_iterable(ge(2)))
    since: tuple[int, ...] = attrs.field(default=(), validator=deep_iterable(ge(0)))
    along: bool = True
    in_fit: bool = False
    field: str = "train_loss"

    @classmethod
    def quick_examples(cls) -> "tuple[Averages, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(last=(), since=(1,), along=False, in_fit=True),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The field that is compared."""
        return AnalysisTraits(field=self.field)

    @property
    def windows(self) -> list[Window]:
        """The choices of checkpoints."""
        found = [*(Window(last=count) for count in self.last), *(Window(since=step) for step in self.since)]
        return list(dict.fromkeys(found))

    def check(self, facts: CheckFacts) -> None:
        """Refuse to average nothing.

        Raises:
            SpecError: Neither `last` nor `since` has a number.
        """
        del facts
        if not self.windows:
            raise SpecError([f"{NAME}: needs a number in 'last' or 'since'"])

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        where = "at every checkpoint" if self.along else "at the end"
        return (
            f"{NAME} of {variants} run{'s' * (variants != 1)}, {', '.join(one.label for one in self.windows)}, {where}"
        )

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the least number of networks to score, the averages at the runs' ends."""
        del lattices, maps
        return variants * len(self.windows)

    def derive(self, task: Task, population: Population, bench: Bench, rng: np.random.Generator) -> Population:
        """Return the averages, run by run; none where a run has too few checkpoints."""
        del task, bench, rng  # nothing is drawn
        return averages(population, self.windows, along=self.along, in_fit=self.in_fit)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of gains, the field along the runs, and the averages on the maps.

        The generator draws runs for the intervals.
        """
        del bench
        found, by = averages_of(atlas, self.windows), atlas.field_of(self.field)
        if not found:
            return Finding(warnings=(SHORT,))
        summary = summary_rows(found, atlas, by, rng)
        pictures: list[Any] = [plot(found, atlas, by)] if self.along else []
        return Finding(
            tables=(summary_table(summary, by), run_table(found, atlas, by)),
            warnings=tuple(warnings(summary, by)),
            pictures=(*pictures, *overlays(found, atlas)),
        )
