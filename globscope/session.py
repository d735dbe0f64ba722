"""A study from Python: `globscope.load(path).run()`. The command line does the same and no more."""

from collections.abc import Callable, Mapping, Sequence
from multiprocessing import current_process
from pathlib import Path
from typing import Any, Literal, TypeVar

from attrs import Factory, define, evolve, field

from globscope.boundary import component_errors, within_boundary
from globscope.errors import RunError, SpecError, near
from globscope.pipeline.built_task import TaskCache, build_task
from globscope.pipeline.changes import MANIFEST, Changes, changes
from globscope.pipeline.compile_ahead import compiling_ahead
from globscope.pipeline.extent import NOTHING, WHOLE, Extent, OpenStage, PausedError
from globscope.pipeline.observer import Observer
from globscope.pipeline.plan.check import check
from globscope.pipeline.plan.estimate import Estimate, estimate, evaluations
from globscope.pipeline.pool import workers_of
from globscope.pipeline.preparation import PREPARED, Preparation, missing_parts
from globscope.pipeline.run import REPORT, Outcome, members_alone, run
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.take import NetworkRequest, SaveOptions, TakenNetwork, take
from globscope.pipeline.unchanged import FinishedRun, run_key, stage_labels, unchanged_run
from globscope.pipeline.workshop import Workshop
from globscope.registry import Registry, installed_registry
from globscope.roles import Workers
from globscope.spec.describe import as_toml
from globscope.spec.model import Spec
from globscope.spec.read import read_spec
from globscope.spec.style import AUTO, Style
from globscope.store import (
    LOCK,
    Store,
    claim,
    hold_lock,
    is_claimed,
    own_folder,
    read_written,
    write_bytes,
    write_json,
    written_file,
)
from globscope.torch_settings import float32_by_default
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.frames import data_frame
from globscope.values.landscape import Landscape
from globscope.values.verdict import Verdict
from globscope.workers import ThisProcess

RUNS, RESULTS, SPEC, STAGES = "runs", "results.json", "spec.toml", "stages"
# The folder of learned aligners in the run folder.
ALIGNERS = "aligners"
# Names in a sweep's folder: its spec, its results, and the folder of its cells' run folders.
SWEEP, TABLE, CELLS = "sweep.toml", "sweep.json", "cells"
Read = TypeVar("Read")


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
        """Return its title, its maps and its report, without what they hold."""
        maps = ", ".join(map_.name for map_ in self.atlas.maps)
        return f"Result({self.record['title']!r}: {maps}; {self.report})"

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

    def _restyle(self, options: Mapping[str, Any]) -> Style:
        """Return the study's style with some options of another value.

        Raises:
            RunError: An option does not exist, or asks for a field, a figure or a run that is not there.
        """
        style, runs = self.style.evolve(options), self.atlas.population.variants
        fields = {key: None for map_ in self.atlas.maps for one in map_.landscapes.values() for key in one.fields}
        if style.field is not None and style.field not in fields:
            raise RunError(
                f"field: no landscape of this study has a field {style.field!r}; {near(style.field, fields)}"
            )
        figures = {name for member in self.atlas.population.members for name in member.figures}
        if style.figure is not None and style.figure not in figures:
            raise RunError(f"figure: no table has a figure {style.figure!r}; {near(style.figure, figures)}")
        for name in style.labels if isinstance(style.labels, tuple) else ():
            if name not in runs:
                raise RunError(f"labels: this study has no run {name!r}; {near(name, runs)}")
        return style

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
        return figure_of_kind(kind, self.atlas, self._restyle(options), self.map(reducer), sampler)

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
        return depict(pictures[name], self.atlas, style=self._restyle(options)).figure


@define(frozen=True, kw_only=True, repr=False)
class Study:
    """A spec with the folder of its runs.

    Attributes:
        spec: The spec of the study.
        folder: The run folder, for results.
        registry: The components to choose from.
        trust_store: Whether stored stages are used even if they were damaged or edited, with a warning, instead of
            being computed again.
    """

    spec: Spec
    folder: Path
    registry: Registry = field(
        default=Factory(lambda study: installed_registry(study.spec.plugins.disable), takes_self=True), repr=False
    )
    trust_store: bool = False

    def __repr__(self) -> str:
        """Return its title, its maps and its folder, without the spec."""
        maps = ", ".join(entry.name for entry in self.spec.reducer)
        return f"Study({self.title!r}: {maps}; {self.folder})"

    def _repr_html_(self) -> str:
        from globscope.report import study_html

        return study_html(self.spec, self.title, self.folder)

    @property
    def title(self) -> str:
        """The spec's title, or the name of its file."""
        return self.spec.title or self.spec.source.stem

    @within_boundary
    def run(self, observer: Observer | None = None) -> Result:
        """Return the study's results; stages that an earlier run finished are not computed again.

        Raises:
            GlobscopeError: The study cannot run; the message says what to change.
        """
        observer = observer or Observer()
        self.begin(observer)
        with workers_of(self.spec, self.registry, observer) as workers:
            return self.finish(self.workshop(observer, workers=workers))

    @within_boundary
    def finished_run(self, observer: Observer | None = None) -> FinishedRun | None:
        """Return the finished run in the folder, where `run` would compute and write nothing; otherwise None."""
        observer = observer or Observer()
        if self.trust_store or not is_claimed(self.folder, "study"):
            return None  # a trusted stage may differ from that of the results
        store = Store(stages_root(self.folder), warn=observer.warning)
        found = unchanged_run(self.folder, RESULTS, self.spec, self.registry, store)
        if found is not None:
            self.begin(observer)
            for label in stage_labels(found.record):
                observer.reuse(label)
        return found

    def begin(self, observer: Observer) -> None:
        """Claim the run folder, and report it to the observer.

        Raises:
            RunError: It holds other files, is of another kind, or the spec would be overwritten.
        """
        begin(self.folder, "study", self.spec.source, observer)
        for text in self.registry.missing:
            observer.warning(text)

    @within_boundary
    def finish(self, workshop: Workshop) -> Result:
        """Run the study, write its results to its folder, and return them.

        Raises:
            GlobscopeError: The study cannot run; the message says what to change.
        """
        claim(self.folder, "study")
        made_from = run_key(self.spec, self.registry)  # before the run: a file may be edited meanwhile
        if not (self.folder / RESULTS).exists():  # else spec and results are replaced together, at the end
            write_spec(self.folder, self.spec)
        changed = changes(self.folder, self.spec)
        if changed != Changes():
            workshop.observer.warning(str(changed))
        with compiling_ahead(entry.component for entry in self.spec.reducer):
            outcome = run(workshop)
        with hold_lock(self.folder / LOCK, lambda: workshop.observer.waiting("report")):
            return self._write(workshop, outcome, _with_changes(outcome.record, changed), made_from)

    @within_boundary
    def advance(self, workshop: Workshop, extent: Extent) -> tuple[OpenStage, ...]:
        """Compute as much of the study as an extent has, without a report; return the stages that are left to others.

        Raises:
            GlobscopeError: The study cannot run; the message says what to change.
        """
        try:
            with compiling_ahead(entry.component for entry in self.spec.reducer if extent.shard is None):
                run(evolve(workshop, extent=extent))
        except PausedError as paused:
            return tuple(paused.stages)
        return ()

    def _write(self, workshop: Workshop, outcome: Outcome, record: Mapping[str, Any], made_from: str) -> Result:
        """Write everything outside of stages, one process at a time, since report and results belong together."""
        from globscope.report import explorer_warning, write_report

        write_spec(self.folder, self.spec)  # another process may have another one
        write_learned(workshop, self.folder)
        workshop.observer.step(REPORT)
        workshop.observer.stage("report")
        page = write_report(
            self.folder,
            title=self.title,
            atlas=outcome.atlas,
            findings=outcome.findings,
            learned=outcome.learned,
            record=record,
            style=self.spec.report,
            workers=workshop.workers,
        )
        if large := explorer_warning(self.folder):
            workshop.observer.warning(large)
        write_json(self.folder / MANIFEST, record["manifest"])
        write_json(self.folder / RESULTS, record, made_from=made_from)
        return Result(
            atlas=outcome.atlas,
            findings=outcome.findings,
            learned=outcome.learned,
            record=record,
            report=page,
            style=self.spec.report,
            workshop=workshop,
        )

    @within_boundary
    def train_aligners(self, observer: Observer | None = None) -> dict[str, tuple[Path, Finding]]:
        """Train the aligners only; return each one's file and report.

        Raises:
            GlobscopeError: No aligner of the spec learns, or it cannot learn; the message says what to change.
        """
        observer = observer or Observer()
        self.begin(observer)
        with workers_of(self.spec, self.registry, observer) as workers:
            workshop = self.workshop(observer, workers=workers)
            check(workshop)
            if not learners(workshop):
                raise SpecError([f"{self.spec.source}: no [[aligner]] of it learns anything"])
            files = write_learned(workshop, self.folder)
            return {
                learner.entry.name: (files[learner.entry.name], learner.learning()) for learner in learners(workshop)
            }

    @within_boundary
    def estimate(self) -> Estimate:
        """Return what a run would take, without running it."""
        return estimate(self.workshop())

    @within_boundary
    def evaluations(self) -> int:
        """Return how many networks a run scores at most; the task is built only where a map has an axis a member."""
        return evaluations(self.workshop())

    @within_boundary
    def workshop(
        self, observer: Observer | None = None, cache: TaskCache | None = None, workers: Workers | None = None
    ) -> Workshop:
        """Return the study at work, with its workers; its task is that of the cache if both are equal."""
        observer = observer or Observer()
        return Workshop(
            spec=self.spec,
            registry=self.registry,
            store=Store(stages_root(self.folder), trusting=self.trust_store, warn=observer.warning),
            tasks=build_task(self.spec, self.registry, cache or TaskCache()),
            observer=observer,
            workers=workers or ThisProcess(),
        )


def _with_changes(record: Mapping[str, Any], changed: Changes) -> Mapping[str, Any]:
    """Return results with the members that were added and removed, if there are any."""
    if changed == Changes():
        return record
    return {**record, "changes": changed.record, "warnings": [str(changed), *record["warnings"]]}


def write_spec(folder: Path, spec: Spec) -> None:
    """Write a run's spec into its folder; results of another spec are taken back first, so that none lie beside it."""
    text, path = as_toml(spec).encode(), folder / SPEC
    if not path.exists() or path.read_bytes() != text:
        (folder / RESULTS).unlink(missing_ok=True)
    write_bytes(path, text)


def begin(folder: Path, kind: str, spec: Path, observer: Observer) -> None:
    """Claim the folder of a study or a sweep, and report it to the observer.

    Raises:
        RunError: It holds other files, is of another kind, or the spec would be overwritten.
    """
    if hasattr(current_process(), "_inheriting"):
        raise SystemExit(1)  # a worker that starts imports the script that started it, and would run the study again
    for name in (SPEC, SWEEP):
        if (folder / name).exists() and (folder / name).samefile(spec):
            raise RunError(
                f"{folder}: its {name} is the spec that is read, which is never written over; copy it elsewhere"
            )
    claim(folder, kind)
    is_new = not (folder / STAGES).exists()
    observer.folder(folder, is_new=is_new, other=other_run(folder, kind, spec) if is_new else None)


def other_run(folder: Path, kind: str, spec: Path) -> Path | None:
    """Return another run folder of a spec: in `runs/` beside it, or in a folder above the current one."""
    places = [place / RUNS / spec.stem for place in (spec.absolute().parent, *Path.cwd().parents)]
    return next((place for place in places if is_claimed(place, kind) and not place.samefile(folder)), None)


def write_learned(workshop: Workshop, run_folder: Path) -> dict[str, Path]:
    """Write the learned aligners of a study, training them if needed; return the files by aligner's name."""
    from globscope.report.style.text import slug

    written: dict[str, Path] = {}
    for learner in learners(workshop):
        written[learner.entry.name] = own_folder(run_folder, ALIGNERS) / f"{slug(learner.entry.name)}.safetensors"
        write_bytes(written[learner.entry.name], learner.learned_file().read_bytes())
    return written


def stages_root(folder: Path) -> Path:
    """Return the folder that holds a run's stages: its own, or the sweep's if it is a cell of a sweep."""
    above = folder.absolute().parent
    return above.parent if above.name == CELLS and (above.parent / SWEEP).is_file() else folder


def prepared_folders(folder: Path) -> list[Path]:
    """Return the folders of a run, or of a sweep's cells, in which something was prepared for shards."""
    cells = sorted((folder / CELLS).glob("*")) if (folder / SWEEP).is_file() else []
    return [one for one in (folder, *cells) if (one / PREPARED).is_file()]


def load(
    path: str | Path,
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
    *,
    trust_store: bool = False,
    disable: Sequence[str] = (),
) -> Study:
    """Return the study of a spec's file; its results go to `folder`, by default `runs/<stem>/`.

    With `trust_store`, stored stages are used even if they were damaged or edited. Nothing is imported of the installed
    distributions that `disable` or the spec names.

    Raises:
        SpecError: The file has problems, which are all listed, or is a sweep, which `globscope.load` accepts.
    """
    spec = read_spec(Path(path), overrides, disable=disable)
    return Study(spec=spec, folder=results_folder(path, folder), trust_store=trust_store)


def results_folder(path: str | Path, folder: str | Path | None) -> Path:
    """Return the chosen folder of a spec's results; by default `runs/<stem>/`."""
    return Path(folder) if folder else Path(RUNS) / Path(path).stem


def project(
    folder: str | Path,
    files: Sequence[str | Path],
    observer: Observer | None = None,
    *,
    disable: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the points of checkpoints on a finished run's maps, without a new fit; see `globscope.pipeline.project`.

    Nothing is imported of the installed distributions that `disable` or the run's spec names.

    Raises:
        RunError: There is no finished run in the folder.
        PopulationError: A file holds no network of this model.
    """
    from globscope.pipeline.project import project as project_files

    results(Path(folder))  # an unfinished run would be continued here
    workshop = load(written_file(Path(folder), SPEC), folder=folder, disable=disable).workshop(observer)
    with component_errors(workshop.registry):
        return project_files(workshop, [Path(file) for file in files])


def finished_result(
    folder: str | Path,
    overrides: Sequence[str] = (),
    observer: Observer | None = None,
    *,
    disable: Sequence[str] = (),
) -> Result:
    """Return the result of a finished run from its folder. Everything is read from its stages; nothing is computed.

    Args:
        folder: The run folder.
        overrides: Keys of the table [report], as `--set` takes them.
        observer: Hears of what is read.
        disable: Names of installed distributions of which nothing is imported, besides those of the run's spec.

    Raises:
        RunError: There is no finished run in the folder, or a stage of it is missing.
    """
    record, study = results(Path(folder)), load(written_file(Path(folder), SPEC), overrides, folder, disable=disable)
    workshop, outcome = _read_stages(study, run, observer)
    return Result(
        atlas=outcome.atlas,
        findings=outcome.findings,
        learned=outcome.learned,
        record=record,
        report=study.folder / "report.html",
        style=study.spec.report,
        workshop=workshop,
    )


def finished_members(folder: str | Path, observer: Observer | None = None, *, disable: Sequence[str] = ()) -> Result:
    """Return the result of a finished run without maps and findings: its networks, for which their own stages suffice.

    Args:
        folder: The run folder.
        observer: Hears of what is read.
        disable: Names of installed distributions of which nothing is imported, besides those of the run's spec.

    Raises:
        RunError: There is no finished run in the folder, or a stage of its networks is missing.
    """
    record, study = results(Path(folder)), load(written_file(Path(folder), SPEC), folder=folder, disable=disable)
    workshop, atlas = _read_stages(study, members_alone, observer)
    report = study.folder / "report.html"
    return Result(atlas=atlas, findings={}, record=record, report=report, style=study.spec.report, workshop=workshop)


def _read_stages(study: Study, read: Callable[[Workshop], Read], observer: Observer | None) -> tuple[Workshop, Read]:
    """Return what is read from the stages of a study, and the workshop in which nothing is computed.

    Raises:
        RunError: Stages are missing.
    """
    workshop = evolve(study.workshop(observer), extent=NOTHING)
    try:
        with component_errors(workshop.registry):
            return workshop, read(workshop)
    except PausedError as paused:
        missing = ", ".join(dict.fromkeys(one.label for one in paused.stages))
        again = "the same `globscope study` command computes them again"
        missing = f"stages of this run are missing or were made with other code: {missing}"
        raise RunError(f"{study.folder}: {missing}; {again}") from paused


def prepared_parts(folder: Path) -> tuple[int, int]:
    """Return how many of the parts that were prepared for shards nobody has computed yet, and how many there are."""
    store, prepared = Store(stages_root(folder)), [Preparation.read(one) for one in prepared_folders(folder)]
    stages = {one.key: one for found in prepared if found is not None for one in found.stages if one.parts}
    return sum(missing_parts(store, one) for one in stages.values()), sum(one.parts for one in stages.values())


def _why_unfinished(folder: Path) -> str:
    """Return the message about a run that is not finished: how far it is prepared, and what continues it."""
    (missing, count), again = prepared_parts(folder), "the same `globscope study` command continues it"
    if not missing:
        return f"{folder}: this run is not finished; {again}"
    return (
        f"{folder}: this run is not finished: {count - missing} of {count} parts that were prepared for shards are "
        f"there; `globscope work {folder} --shard NUMBER/COUNT` computes others, and then {again}"
    )


def results(folder: Path) -> dict[str, Any]:
    """Return the JSON object of a finished run.

    Raises:
        RunError: There is no finished run in the folder, or its results are damaged.
    """
    if (folder / RESULTS).exists():
        record: dict[str, Any] = read_written(folder, RESULTS)
        return record
    if (folder / TABLE).exists():
        raise RunError(f"{folder}: is a sweep, whose cells are the runs: {folder / CELLS}/…")
    if any((folder / name).exists() for name in (STAGES, SPEC)):
        raise RunError(_why_unfinished(folder))
    runs = [p.parent.name for p in folder.parent.glob(f"*/{RESULTS}")]
    hint = near(folder.name, runs) if runs else "`globscope study SPEC` makes one"
    raise RunError(f"{folder}: there is no run here; {hint}")
