"""The fit of a reducer, in whatever process."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.boundary import component_errors
from globscope.pipeline.disk.json_values import chart_notes
from globscope.pipeline.stage_keys import generator
from globscope.registry import Registry
from globscope.returned.maps import checked_chart, checked_coordinates, checked_rows
from globscope.roles import Task
from globscope.store import write_arrays, write_json
from globscope.values.chart import Chart, Progress, ReducerInputs
from globscope.values.members import Population
from globscope.values.space import AffineSpace, FullSpace, PrincipalSpace, Space, SpanSpace

CHART, ARRAYS, NOTES = "latents.safetensors", "chart.safetensors", "chart.json"
OWN_SPACE = "space.safetensors"


@define(frozen=True, kw_only=True, slots=False)
class ReducerFit:
    """A reducer with all that it needs to be fitted.

    Attributes:
        registry: Of all components, by which errors name theirs.
        component: The reducer's options.
        use: Its name in the registry.
        population: The members in the fit.
        kind: The space of the members' coordinates: `span`, `full` or `none`.
        span: The members' span; None for another kind.
        task: The task of the members.
        seed: Seed of the fit.
    """

    registry: Registry
    component: Any
    use: str
    population: Population
    kind: str
    span: SpanSpace | PrincipalSpace | None
    task: Task
    seed: int

    def __call__(self, folder: Path, progress: Progress) -> None:
        """Write the fitted chart into a folder."""
        self.write(folder, progress)

    def write(self, folder: Path, progress: Progress) -> Chart:
        """Return the chart after writing what is needed to have it again."""
        start = perf_counter()
        chart = self.fit(progress)
        seconds = round(perf_counter() - start, 3)
        arrays = {"latents": np.asarray(chart.latents, np.float64)}
        if chart.decode is not None:
            with component_errors(self.registry, self.component):
                found = chart.decode(chart.latents)
            arrays["reconstruction"] = self.check_rows("decode", found, chart, len(self.population.members))
        own = chart.space is not self.inputs.space
        if own:
            arrays["coordinates"], arrays["outside"] = self.coordinates_in(chart)
        write_arrays(folder / CHART, arrays)
        if chart.arrays is not None:
            write_arrays(folder / ARRAYS, chart.arrays)
        elif own and isinstance(chart.space, AffineSpace):  # else its arrays hold it
            write_arrays(folder / OWN_SPACE, {"origin": chart.space.origin, "basis": chart.space.basis})
        write_json(folder / NOTES, {"seconds": seconds, "own_space": own, **chart_notes(chart)})
        return chart

    def fit(self, progress: Progress) -> Chart:
        """Return the chart."""
        inputs = evolve(self.inputs, progress=progress)
        with component_errors(self.registry, self.component):
            chart: Chart = self.component.reduce(inputs, generator(self.seed, "reduce", self.use))
            chart = checked_chart(self.label, chart, len(self.population.members))
        return evolve(chart, members=self.population.members, layout=self.population.layout)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart whose arrays these are, of a reducer that restores."""
        with component_errors(self.registry, self.component):
            chart = self.component.restore(self.inputs, arrays)
        return checked_chart(f"{self.label}: restore", chart, len(self.population.members))

    @cached_property
    def inputs(self) -> ReducerInputs:
        """What the reducer sees."""
        found, coordinates = self._space()
        coordinates.flags.writeable = False
        task = self.task
        return ReducerInputs(coordinates=coordinates, population=self.population, space=found, task=lambda: task)

    def _space(self) -> tuple[Space, np.ndarray]:
        """Return the population's span (or weight space itself, or nothing) and the members' coordinates in it."""
        weights = self.population.weights
        if self.kind == "none":
            return AffineSpace(origin=weights[0], basis=np.empty((0, weights.shape[1]))), np.empty((len(weights), 0))
        if self.kind == "full":
            full = FullSpace(mean=weights.mean(axis=0, dtype=np.float64))
            return full, full.coordinates(weights)[0]
        assert self.span is not None
        return self.span, self.span.members

    def coordinates_in(self, chart: Chart) -> tuple[np.ndarray, np.ndarray]:
        """Return the members' coordinates in a space of the chart's own, and the norms left outside."""
        with component_errors(self.registry, self.component):
            pair, rank = chart.space.coordinates(self.population.weights), chart.space.rank
        return checked_coordinates(f"{self.label}: coordinates of its space", pair, len(self.population.members), rank)

    def check_rows(self, function: str, answer: np.ndarray, chart: Chart, rows: int) -> np.ndarray:
        """Return what a function of the chart answered, of so many rows."""
        width = chart.space.rank if function == "decode" else chart.dimension
        return checked_rows(f"{self.label}: {function}", answer, rows, width)

    @property
    def label(self) -> str:
        """The reducer's name with its distribution, for messages."""
        return self.registry.of(self.component).label

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of, without its inputs: the worker has them by itself."""
        return {name: value for name, value in self.__dict__.items() if name != "inputs"}
