"""The fit of a reducer, stored so that a chart is had again without a fit where that is possible."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from time import perf_counter

import numpy as np
from attrs import define, evolve

from globscope.returned.maps import checked_chart, checked_coordinates, checked_rows
from globscope.roles import ReducerTraits, Restores, capability, traits
from globscope.spec.model import ReducerEntry
from globscope.store import key, read_arrays, read_json, write_arrays, write_json
from globscope.study.disk.json_values import chart_attributes, chart_notes
from globscope.study.stage_keys import Stage, generator
from globscope.study.stages.space import SPACE, space
from globscope.study.workshop import Workshop
from globscope.values.arrays import read_only
from globscope.values.chart import Chart, Progress, ReducerInputs
from globscope.values.findings import Map
from globscope.values.members import Population
from globscope.values.space import AffineSpace

CHART, ARRAYS, NOTES = "latents.safetensors", "chart.safetensors", "chart.json"


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
        return key(Stage.REDUCE, reducer, self.entry.space, self.population.key, self.workshop.task.key, self.seed)

    @cached_property
    def inputs(self) -> ReducerInputs:
        """What the reducer sees."""
        # A chart with a space of its own has no use for the members', of which one alone would have none.
        kind = "none" if traits(self.entry.component, ReducerTraits).own_space else self.entry.space
        found, coordinates = space(self.workshop, self.population, kind)
        coordinates.flags.writeable = False
        task = self.workshop.task
        return ReducerInputs(coordinates=coordinates, population=self.population, space=found, task=lambda: task)

    def map(self) -> Map:
        """Return the map, fitted now or stored before, without its landscape."""
        _ = self.inputs  # the weight space is a stage of its own, beside this one
        folder = self.workshop.stage(Stage.REDUCE, self.key, self._work, self.label)
        chart, notes, arrays = self._stored_chart(folder), read_json(folder / NOTES), read_arrays(folder / CHART)
        coordinates, outside = self._members(chart, arrays)
        return Map(
            name=self.entry.name,
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
        if chart.space is self.inputs.space:
            return self.inputs.coordinates, np.zeros(len(self.population.members))
        if "outside" in arrays:
            return arrays["coordinates"], arrays["outside"]
        return self._in_space(chart)

    def _in_space(self, chart: Chart) -> tuple[np.ndarray, np.ndarray]:
        """Return the members' coordinates in a space of the chart's own, and the norms left outside."""
        with self.workshop.errors_of(self.entry.component):
            pair, rank = chart.space.coordinates(self.population.weights), chart.space.rank
        place = f"{self.workshop.label_of(self.entry.component)}: coordinates of its space"
        return checked_coordinates(place, pair, len(self.population.members), rank)

    def _reduce(self, progress: Progress) -> Chart:
        component = self.entry.component
        inputs = evolve(self.inputs, progress=progress)
        with self.workshop.errors_of(component):
            chart: Chart = component.reduce(inputs, generator(self.seed, "reduce", self.entry.use))
            chart = checked_chart(self.workshop.label_of(component), chart, len(self.population.members))
        return evolve(chart, members=self.population.members, layout=self.population.layout)

    def _work(self, folder: Path, progress: Progress) -> None:
        start = perf_counter()
        chart = self._reduce(progress)
        seconds = round(perf_counter() - start, 3)
        arrays = {"latents": np.asarray(chart.latents, np.float64)}
        if chart.decode is not None:
            with self.workshop.errors_of(self.entry.component):
                found = chart.decode(chart.latents)
            arrays["reconstruction"] = self._check_rows("decode", found, chart, len(self.population.members))
        own = chart.space is not self.inputs.space
        if own:
            arrays["coordinates"], arrays["outside"] = self._in_space(chart)
        write_arrays(folder / CHART, arrays)
        if chart.arrays is not None:
            write_arrays(folder / ARRAYS, chart.arrays)
        elif isinstance(chart.space, AffineSpace):  # else its arrays hold it
            write_arrays(folder / SPACE, {"origin": chart.space.origin, "basis": chart.space.basis})
        self.__dict__["_chart"] = chart
        write_json(folder / NOTES, {"seconds": seconds, "own_space": own, **chart_notes(chart)})

    def _stored_chart(self, folder: Path) -> Chart:
        """Return the chart from its files; its functions come from a restore or a refit when first called."""
        notes, arrays = read_json(folder / NOTES), read_arrays(folder / CHART)
        if notes["own_space"]:
            saved = folder / SPACE
            own = AffineSpace(**read_arrays(saved)) if saved.exists() else self._live(folder).space
        else:
            own = self.inputs.space
        return Chart(
            space=own,
            latents=arrays["latents"],
            encode=(lambda c: self._call("encode", folder, c)) if notes["encodes"] else None,
            decode=(lambda p: self._call("decode", folder, p)) if notes["decodes"] else None,
            **chart_attributes(notes),
            members=self.population.members,
            layout=self.population.layout,
        )

    def _call(self, function: str, folder: Path, argument: np.ndarray) -> np.ndarray:
        with self.workshop.errors_of(self.entry.component):
            live = self._live(folder)
            answer = getattr(live, function)(read_only(argument))
        return self._check_rows(function, answer, live, len(argument))

    def _check_rows(self, function: str, answer: np.ndarray, chart: Chart, rows: int) -> np.ndarray:
        width = chart.dimension if function == "encode" else chart.space.rank
        return checked_rows(f"{self.workshop.label_of(self.entry.component)}: {function}", answer, rows, width)

    def _live(self, folder: Path) -> Chart:
        """Return the fitted chart itself: of this process, restored from its arrays, or fitted again."""
        if "_chart" not in self.__dict__:
            component, saved = self.entry.component, folder / ARRAYS
            if capability(component, Restores) is not None and saved.exists():
                self.__dict__["_chart"] = self._restore(saved)
            else:
                self.__dict__["_chart"] = self._reduce(self.workshop.observer.stage(f"refit {self.entry.name}"))
        chart: Chart = self.__dict__["_chart"]
        return chart

    def _restore(self, saved: Path) -> Chart:
        component = self.entry.component
        with self.workshop.errors_of(component):
            chart = component.restore(self.inputs, read_arrays(saved))
        return checked_chart(f"{self.workshop.label_of(component)}: restore", chart, len(self.population.members))
