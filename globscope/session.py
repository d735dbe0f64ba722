"""A study from Python: `globscope.load(path).run()`. The command line does the same and no more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.boundary import component_errors, within_boundary
from globscope.errors import FileError, RunError, SpecError, near
from globscope.registry import Registry, installed
from globscope.spec.describe import as_toml
from globscope.spec.model import Spec
from globscope.spec.read import read
from globscope.store import Store, read_json, write_bytes, write_json
from globscope.study.aligning import learners
from globscope.study.changes import MANIFEST, Changes, changes
from globscope.study.check import check
from globscope.study.context import Context, Latest
from globscope.study.estimate import Estimate, estimate, evaluations
from globscope.study.observer import Observer
from globscope.study.run import run
from globscope.values.findings import Atlas, Finding, Map

RESULTS = "results.json"
# Folder, in the run's, of what aligners learned.
ALIGNERS = "aligners"
# Of a sweep: its spec, its results, and the folder of its cells' run folders.
SWEEP, TABLE, CELLS = "sweep.toml", "sweep.json", "cells"


@define(frozen=True, kw_only=True)
class Result:
    """A finished study.

    Attributes:
        atlas: Population, truth and maps.
        findings: By analysis' name.
        record: The results as one JSON object, as `globscope show --json` prints it.
        report: Path of `report.html`.
    """

    atlas: Atlas = field(repr=False)
    findings: Mapping[str, Finding] = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
    report: Path

    def map(self, reducer: str | None = None) -> Map:
        """Return one reducer's map; the first where unnamed.

        Raises:
            RunError: There is none of this name.
        """
        maps = {one.name: one for one in self.atlas.maps}
        name = reducer or next(iter(maps))
        if name not in maps:
            raise RunError(f"this study has no map {name!r}; {near(name, maps)}")
        return maps[name]

    def plot(self, reducer: str | None = None) -> Any:
        """Return one map's landscape as a matplotlib figure."""
        from globscope.report import plot

        return plot(self.map(reducer), self.atlas)

    def profile(self, reducer: str | None = None) -> Any:
        """Return the profile of one map's first merge tree as a matplotlib figure, on the scale of all maps.

        Raises:
            RunError: There is no map of this name, or it has no merge tree.
        """
        from globscope.report import Profiles

        drawn, profiles = self.map(reducer), Profiles.of(self.atlas.maps)
        first = profiles.first(drawn)
        if first is None:
            why = drawn.hidden or drawn.chart.why_no_inverse or "the spec has no topology"
            raise RunError(f"map {drawn.name!r} has no merge tree, hence no profile: {why}")
        return profiles.plot(first)

    def picture(self, analysis: str, name: str) -> Any:
        """Return one of an analysis' pictures as a matplotlib figure.

        Raises:
            RunError: There is no such analysis or picture, or it cannot be drawn.
        """
        from globscope.report import depict, flaw

        if analysis not in self.findings:
            raise RunError(f"this study has no analysis {analysis!r}; {near(analysis, self.findings)}")
        pictures = {one.name: one for one in self.findings[analysis].pictures}
        if name not in pictures:
            raise RunError(f"analysis {analysis!r} has no picture {name!r}; {near(name, pictures)}")
        if says := flaw(pictures[name], self.atlas):
            raise RunError(f"picture {name!r} of analysis {analysis!r} cannot be drawn: {says}")
        return depict(pictures[name], self.atlas).figure


@define(frozen=True, kw_only=True)
class Study:
    """A spec with the folder of its runs.

    Attributes:
        spec: What is asked.
        folder: Where results go.
        registry: Where its components come from.
    """

    spec: Spec
    folder: Path
    registry: Registry = field(factory=installed, repr=False)

    @within_boundary
    def run(self, observer: Observer | None = None) -> Result:
        """Return the study's results; what an earlier run finished is not computed again.

        Raises:
            GlobscopeError: With what to mend.
        """
        context = self.context(observer)
        with context.store.lock():
            return self.finish(context)

    @within_boundary
    def finish(self, context: Context) -> Result:
        """Return the results of the study at work, whose store is locked already.

        Raises:
            GlobscopeError: With what to mend.
        """
        from globscope.report import write_report

        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self.folder / "spec.toml", as_toml(self.spec).encode())
        changed = changes(self.folder, self.spec)
        if changed != Changes():
            context.observer.warning(str(changed))
        outcome = run(context)
        record = _with_changes(outcome.record, changed)
        keep(context, self.folder / ALIGNERS)
        context.observer.stage("report")
        page = write_report(
            self.folder,
            title=self.spec.title or self.spec.source.stem,
            atlas=outcome.atlas,
            findings=outcome.findings,
            record=record,
        )
        write_json(self.folder / MANIFEST, record["manifest"])
        write_json(self.folder / RESULTS, record)
        return Result(atlas=outcome.atlas, findings=outcome.findings, record=record, report=page)

    @within_boundary
    def teach(self, observer: Observer | None = None) -> dict[str, tuple[Path, Finding]]:
        """Return the file of what each of its aligners learned, and how that went; nothing else of the study is run.

        Raises:
            GlobscopeError: With what to mend; no aligner of the spec learns.
        """
        context = self.context(observer)
        with context.store.lock():
            check(context)
            if not learners(context):
                raise SpecError([f"{self.spec.source}: no [[aligner]] of it learns anything"])
            files = keep(context, self.folder / ALIGNERS)
            return {one.entry.name: (files[one.entry.name], one.told()) for one in learners(context)}

    @within_boundary
    def estimate(self) -> Estimate:
        """Return what a run would take, without running it."""
        return estimate(self.context())

    @within_boundary
    def evaluations(self) -> int:
        """Return how many networks a run scores at most, counted without building the task."""
        return evaluations(self.spec)

    @within_boundary
    def context(self, observer: Observer | None = None, latest: Latest | None = None) -> Context:
        """Return the study at work, with the latest task of its sweep where that is its own."""
        store = Store(shelf(self.folder))
        return Context(self.spec, self.registry, store, observer or Observer(), latest or Latest())


def _with_changes(record: Mapping[str, Any], changed: Changes) -> Mapping[str, Any]:
    """Return results that tell which members came and went; as they are where none did."""
    if changed == Changes():
        return record
    return {**record, "changes": changed.record, "warnings": [str(changed), *record["warnings"]]}


def keep(context: Context, folder: Path) -> dict[str, Path]:
    """Write what the study's aligners learned, learning it if needed; return the files by aligner's name."""
    from globscope.report.text import slug

    written: dict[str, Path] = {}
    for one in learners(context):
        written[one.entry.name] = folder / f"{slug(one.entry.name)}.safetensors"
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(written[one.entry.name], one.lesson().read_bytes())
    return written


def shelf(folder: Path) -> Path:
    """Return the folder that holds a run's stages: its own, but the sweep's where it is a sweep's cell."""
    above = folder.absolute().parent
    return above.parent if above.name == CELLS and (above.parent / SWEEP).is_file() else folder


def load(path: str | Path, overrides: Sequence[str] = (), folder: str | Path | None = None) -> Study:
    """Return the study of a spec's file; its results go to `runs/<stem>/` unless `folder` says otherwise.

    Raises:
        SpecError: With every problem of the file; a sweep, which `globscope.load` takes, is one.
    """
    spec = read(Path(path), overrides)
    return Study(spec=spec, folder=Path(folder) if folder else Path("runs") / Path(path).stem)


def project(folder: str | Path, files: Sequence[str | Path], observer: Observer | None = None) -> list[dict[str, Any]]:
    """Return where checkpoints lie on a finished run's maps, without a fit; see `globscope.study.project`.

    Raises:
        RunError: There is no finished run in the folder.
        PopulationError: A file that is not such a network.
    """
    from globscope.study.project import project as placed

    results(Path(folder))  # a run that is not finished would be continued here
    context = load(Path(folder) / "spec.toml", folder=folder).context(observer)
    with component_errors(context.registry), context.store.lock():
        return placed(context, [Path(file) for file in files])


def results(folder: Path) -> dict[str, Any]:
    """Return the JSON object of a finished run.

    Raises:
        RunError: There is no finished run in the folder, or its results are damaged.
    """
    path = folder / RESULTS
    if path.exists():
        return _read(path)
    if (folder / TABLE).exists():
        raise RunError(f"{folder}: is a sweep, whose cells are the runs: {folder / CELLS}/…")
    if any((folder / name).exists() for name in ("stages", "spec.toml")):
        raise RunError(f"{folder}: this run is not finished; the same `globscope study` command continues it")
    runs = [p.parent.name for p in folder.parent.glob(f"*/{RESULTS}")]
    hint = near(folder.name, runs) if runs else "`globscope study SPEC` makes one"
    raise RunError(f"{folder}: there is no run here; {hint}")


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = read_json(path)
    except FileError as error:
        raise RunError(f"{error}; the same `globscope study` command writes it again") from error
    return found
