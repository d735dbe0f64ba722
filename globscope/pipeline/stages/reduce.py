"""The fit of a reducer, stored so that a chart is had again without a fit where that is possible."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import define

from globscope.pipeline.disk.json_values import chart_attributes
from globscope.pipeline.pool import StageJob, compute_side_by_side
from globscope.pipeline.reducer_fit import ARRAYS, CHART, NOTES, OWN_SPACE, ReducerFit
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.space import basis_key, compute_spans, span_of
from globscope.pipeline.workshop import Workshop
from globscope.roles import ReducerTraits, Restores, capability, traits
from globscope.spec.component_entry import ReducerEntry
from globscope.store import key, read_arrays, read_json
from globscope.values.arrays import read_only
from globscope.values.chart import Chart, Progress
from globscope.values.findings import Map
from globscope.values.members import Population
from globscope.values.space import AffineSpace


@define(frozen=False, slots=False)
class ReducerStage:
    """One reducer fitted to one population.

    Attributes:
        workshop: The workshop of the study.
        entry: The reducer as the spec names it.
        population: Its members in the fit.
        seed: Seed of the fit.
        label: Name of the stage for observers.
    """

    workshop: Workshop
    entry: ReducerEntry
    population: Population
    seed: int
    label: str

    @cached_property
    def key(self) -> str:
        """Of the fit; a chart may look at the task's loss, which a population made elsewhere does not tell."""
        reducer = self.workshop.key_of(self.entry.component)
        basis = basis_key(self.population) if self.entry.space == "span" else ()
        return key(
            Stage.REDUCE, reducer, self.entry.space, self.population.key, self.workshop.task.key, self.seed, *basis
        )

    @property
    def kind(self) -> str:
        """The space of the members' coordinates."""
        # A chart with a space of its own has no use for the members', of which one alone would have none.
        return "none" if traits(self.entry.component, ReducerTraits).own_space else self.entry.space

    @property
    def restores(self) -> bool:
        """Whether its chart is had again from arrays, so that another process may fit it."""
        return capability(self.entry.component, Restores) is not None

    @cached_property
    def fit(self) -> ReducerFit:
        """All that the fit needs."""
        return ReducerFit(
            registry=self.workshop.registry,
            component=self.entry.component,
            use=self.entry.use,
            population=self.population,
            kind=self.kind,
            span=span_of(self.workshop, self.population) if self.kind == "span" else None,
            task=self.workshop.task,
            seed=self.seed,
        )

    @property
    def job(self) -> StageJob:
        """The fit as one of several."""
        return StageJob(key=self.key, label=self.label, fill=self.fit, component=self.entry.component)

    def map(self) -> Map:
        """Return the map, fitted now or stored before, without its landscape."""
        fit_side_by_side(self.workshop, [self])
        _ = self.fit  # which needs the weight space, a stage of its own beside this one
        folder = self.workshop.stage(Stage.REDUCE, self.key, self._work, self.label)
        chart, notes, arrays = self._stored_chart(folder), read_json(folder / NOTES), read_arrays(folder / CHART)
        coordinates, outside = self._members(chart, arrays)
        return Map(
            name=self.entry.name,
            kind=self.entry.place.name or self.entry.name,
            chart=chart,
            population=self.population,
            coordinates=coordinates,
            outside=outside,
            reconstruction=arrays.get("reconstruction"),
            seconds=notes["seconds"],
            hidden=chart.why_no_inverse if chart.decode is None else "",
            key=self.key,
        )

    def _members(self, chart: Chart, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the members' coordinates in the chart's space and the norms left outside."""
        if chart.space is self.fit.inputs.space:
            return self.fit.inputs.coordinates, np.zeros(len(self.population.members))
        if "outside" in arrays:
            return arrays["coordinates"], arrays["outside"]
        return self.fit.coordinates_in(chart)

    def _work(self, folder: Path, progress: Progress) -> None:
        self.__dict__["_chart"] = self.fit.write(folder, progress)

    def _stored_chart(self, folder: Path) -> Chart:
        """Return the chart from its files; its functions come from a restore or a refit when first called."""
        notes, arrays = read_json(folder / NOTES), read_arrays(folder / CHART)
        if notes["own_space"]:
            saved = folder / OWN_SPACE
            own = AffineSpace(**read_arrays(saved)) if saved.exists() else self._live(folder).space
        else:
            own = self.fit.inputs.space
        return Chart(
            space=own,
            latents=arrays["latents"],
            encode=(lambda c: self._call("encode", folder, c)) if notes["encodes"] else None,
            decode=(lambda p: self._call("decode", folder, p)) if notes["decodes"] else None,
            pullback=(lambda p, g: self._call("pullback", folder, p, g)) if notes.get("pulls_back") else None,
            **chart_attributes(notes),
            members=self.population.members,
            layout=self.population.layout,
        )

    def _call(self, function: str, folder: Path, *arguments: np.ndarray) -> np.ndarray:
        with self.workshop.errors_of(self.entry.component):
            live = self._live(folder)
            answer = getattr(live, function)(*map(read_only, arguments))
        return self.fit.check_rows(function, answer, live, len(arguments[0]))

    def _live(self, folder: Path) -> Chart:
        """Return the fitted chart itself: of this process, restored from its arrays, or fitted again."""
        if "_chart" not in self.__dict__:
            saved = folder / ARRAYS
            if self.restores and saved.exists():
                self.__dict__["_chart"] = self.fit.restore(read_arrays(saved))
            else:
                self.__dict__["_chart"] = self.fit.fit(self.workshop.observer.stage(f"refit {self.entry.name}"))
        chart: Chart = self.__dict__["_chart"]
        return chart


def fit_side_by_side(workshop: Workshop, stages: Sequence[ReducerStage]) -> None:
    """Fit several reducers, side by side where there are workers for that; those that cannot restore wait for `map`."""
    compute_spans(workshop, [stage.population for stage in stages if stage.kind == "span"])
    compute_side_by_side(workshop, Stage.REDUCE, [stage.job for stage in stages if stage.restores])
