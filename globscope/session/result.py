"""The result of a finished study: its maps, findings, networks and figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import define, evolve, field

from globscope.boundary import component_errors
from globscope.errors import RunError, near
from globscope.pipeline.extent import WHOLE
from globscope.pipeline.take import NetworkRequest, SaveOptions, TakenNetwork, take
from globscope.pipeline.workshop import Workshop
from globscope.session.restyle import restyle
from globscope.spec.style import AUTO, Style
from globscope.store import written_file
from globscope.torch_settings import float32_by_default
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.frames import data_frame
from globscope.values.landscape import Landscape
from globscope.values.verdict import Verdict
from globscope.workers import ThisProcess


@define(frozen=True, kw_only=True, repr=False)
class Result:
    """A finished study.

    Attributes:
        atlas: Population, truth and maps.
        findings: Findings by the analysis' name.
        learned: Reports on aligners that learned, by the aligner's name.
        record: The results as one JSON object, as `globscope show --json` prints it.
        report: Path of `report.html`.
        style: How its pictures look, unless an argument says otherwise: the table [report] of its spec.
        workshop: The study at work, for what is asked of it later; None of a result that was put together by hand.
    """

    atlas: Atlas = field(repr=False)
    findings: Mapping[str, Finding] = field(repr=False)
    learned: Mapping[str, Finding] = field(factory=dict, repr=False)
    record: Mapping[str, Any] = field(repr=False)
    report: Path
    style: Style = field(default=AUTO, repr=False)
    workshop: Workshop | None = field(default=None, repr=False, eq=False)

    def __repr__(self) -> str:
        """Return its title, else its folder's name, its maps and its report, without what they hold."""
        maps = ", ".join(map_.name for map_ in self.atlas.maps)
        return f"Result({self.record['title'] or self.report.parent.name!r}: {maps}; {self.report})"

    def __str__(self) -> str:
        """Return the verdict: which maps to believe, and what is known of every two runs; then its report's path."""
        from globscope.pipeline.verdict.verdict_lines import verdict_lines

        return "\n".join((*verdict_lines(self.record), str(self.report)))

    @property
    def verdict(self) -> Verdict:
        """Which maps to believe, how far, and what is known of every two runs."""
        return Verdict.of_record(self.record["verdict"])

    @property
    def network_names(self) -> frozenset[str]:
        """The names of the networks of the population, `A@40`, and of its runs."""
        population = self.atlas.population
        return frozenset({*population.variants, *(member.label for member in population.members)})

    def map(self, reducer: str | None = None) -> Map:
        """Return one reducer's map; the first where unnamed.

        Raises:
            RunError: There is no map of this name.
        """
        maps = {map_.name: map_ for map_ in self.atlas.maps}
        name = reducer or next(iter(maps))
        if name not in maps:
            raise RunError(f"this study has no map {name!r}; {near(name, maps)}")
        return maps[name]

    def plot(self, reducer: str | None = None, *, sampler: str | None = None, **options: Any) -> Any:
        """Return one map's landscape as a matplotlib figure.

        Args:
            reducer: Name of the map; the first where unnamed.
            sampler: Which of its landscapes; the first where unnamed.
            options: What of the style is otherwise, by the keys of the table [report] of a spec, such as
                `limits=(0.1, 3)` or `size="column"`.

        Raises:
            RunError: There is no map or sampler of this name, or an option is wrong.
        """
        return self.figure("landscape", reducer, sampler, **options)

    def profile(self, reducer: str | None = None, **options: Any) -> Any:
        """Return the profile of one map's first merge tree as a matplotlib figure, on the scale of all maps.

        Args:
            reducer: Name of the map; the first where unnamed.
            options: What of the style is otherwise, as for `plot`; `scale` is that of the heights too.

        Raises:
            RunError: There is no map of this name, it has no merge tree, or an option is wrong.
        """
        return self.figure("profile", reducer, **options)

    def passes(self, reducer: str | None = None, sampler: str | None = None, **options: Any) -> Any:
        """Return the minima of one map's landscape and the passes between them as a matplotlib figure.

        Args:
            reducer: Name of the map; the first where unnamed.
            sampler: Which of its landscapes; the first where unnamed.
            options: What of the style is otherwise, as for `plot`.

        Raises:
            RunError: There is no map or sampler of this name, no merge tree of the field that the colours show, or an
                option is wrong.
        """
        return self.figure("network", reducer, sampler, **options)

    def network(
        self, *, as_float32: bool = False, rank: int | None = None, merged: bool = False, **request: Any
    ) -> TakenNetwork:
        """Return a network of this study, to be used elsewhere: `result.network(map="autoencoder", at=(0.3, -0.2))`.

        Its statistics are re-estimated as the study's evaluator does, and its fields measured on its tensors.

        Args:
            as_float32: Whether its floating numbers are float32, whatever they are in the files of its origin.
            rank: Of a population of adapters: the most ranks of the adapter; as many as the network needs if unset.
            merged: Of a population of adapters: whether the whole network is wanted, like the base.
            request: One of `member="A@40"`, `at=(0.3, -0.2)`, `minimum=2`, `pass_between=("A", "B")`, `aligned=("B",
                "A")` and `curve=("G", "A", 0.5)`; with `at`, `minimum` and `pass_between` the name of a `map`, with
                the last two of a `sampler` and a `field` too, and with `aligned` that of an `aligner`.

        Raises:
            RunError: There is no such network, or the result was put together by hand.
            PopulationError: There is no such member, or its file is gone.
        """
        if self.workshop is None:
            raise RunError("network: a study's own result is wanted, as `Study.run` or `finished_result` returns it")
        workshop = evolve(self.workshop, workers=ThisProcess(), extent=WHOLE)  # those of the run have ended
        with component_errors(workshop.registry), float32_by_default():
            how = SaveOptions(as_float32=as_float32, rank=rank, merged=merged)
            choice = NetworkRequest.of(**request).choose(workshop, self.atlas)
            return take(workshop, self.atlas.population, choice, self.report.parent, how)

    def figure(self, kind: str, reducer: str | None = None, sampler: str | None = None, **options: Any) -> Any:
        """Return a picture of the report as a matplotlib figure.

        Args:
            kind: `landscape`, `surface` (two latent axes in space), `isosurfaces` (three), `network`, `tree`,
                `persistence`, `profile`; `overview` or `profiles` of all maps; or a picture of an analysis, as
                `analysis:picture`.
            reducer: Name of the map; the first where unnamed.
            sampler: Which of its landscapes; the first where unnamed.
            options: What of the style is otherwise, as for `plot`.

        Raises:
            RunError: There is no such kind, map, sampler or picture, or an option is wrong.
        """
        from globscope.report import figure_of_kind

        source, colon, name = kind.rpartition(":")
        if colon:
            return self.picture(source, name, **options)
        return figure_of_kind(kind, self.atlas, restyle(self.style, options, self.atlas), self.map(reducer), sampler)

    def frame(
        self,
        what: Literal["maps", "members", "samples"] = "maps",
        reducer: str | None = None,
        sampler: str | None = None,
    ) -> Any:
        """Return figures as a pandas data frame.

        Args:
            what: `maps` has a row for each map, with the figures by which they are compared; `members` a row for each
                network in the fit of one map, as `members/*.csv`; `samples` a row for each sample of one map.
            reducer: Name of the map; the first if unset.
            sampler: Name of the sampler of `samples`; the map's first if unset.

        Raises:
            RunError: There are no such figures, no map or sampler of this name, or no landscape.
            GlobscopeError: pandas is not installed.
        """
        from globscope.report import comparison_table, members_of

        if what == "maps":
            table = comparison_table(self.record)
            return data_frame([] if table is None else table.rows, None if table is None else table.columns)
        if what == "members":
            return data_frame(members_of(self.map(reducer), self.atlas).columns)
        if what == "samples":
            return self.landscape(reducer, sampler).frame()
        raise RunError(f"there are no figures of {what!r}; {near(what, ('maps', 'members', 'samples'))}")

    def landscape(self, reducer: str | None = None, sampler: str | None = None) -> Landscape:
        """Return the landscape of one map at the points of one sampler; the first of each where unnamed.

        Raises:
            RunError: There is no map or sampler of this name, or the map has no landscape.
        """
        map_ = self.map(reducer)
        if map_.landscape is None:
            raise RunError(f"map {map_.name!r} has no landscape: {map_.hidden or map_.chart.why_no_inverse}")
        if sampler is None:
            return map_.landscape
        if sampler not in map_.landscapes:
            raise RunError(f"map {map_.name!r} has no sampler {sampler!r}; {near(sampler, map_.landscapes)}")
        return map_.landscapes[sampler]

    def _repr_html_(self) -> str:
        from globscope.report import result_html

        return result_html(self.record, self.report)

    def explorer(self, height: int = 800) -> Any:
        """Return the explorer, which a notebook shows in a frame of this height in pixels.

        Raises:
            RunError: The run folder has none, or it was edited.
        """
        from globscope.report import EXPLORER, Frame

        return Frame(written_file(self.report.parent, EXPLORER), height)

    def picture(
        self, source: str, name: str, role: Literal["analysis", "aligner", "sampler"] = "analysis", **options: Any
    ) -> Any:
        """Return a picture of an analysis, or of an aligner that learned, as a matplotlib figure.

        A sampler that explains what it found on a map has the source `map: sampler`.

        Args:
            source: Name of what made the picture.
            name: Name of the picture.
            role: Whether an analysis, an aligner or a sampler made it.
            options: What of the style is otherwise, as for `plot`.

        Raises:
            RunError: There is no such analysis, aligner, sampler or picture, it cannot be drawn, or an option is wrong.
        """
        from globscope.report import depict, flaw

        roles = {"analysis": self.findings, "aligner": self.learned, "sampler": self.atlas.explanations}
        findings = roles[role]
        if source not in findings:
            raise RunError(f"this study has no {role} {source!r}; {near(source, findings)}")
        pictures = {picture.name: picture for picture in findings[source].pictures}
        if name not in pictures:
            raise RunError(f"{role} {source!r} has no picture {name!r}; {near(name, pictures)}")
        if problem := flaw(pictures[name], self.atlas):
            raise RunError(f"picture {name!r} of {role} {source!r} cannot be drawn: {problem}")
        return depict(pictures[name], self.atlas, style=restyle(self.style, options, self.atlas)).figure
