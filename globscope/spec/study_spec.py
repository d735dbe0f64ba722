"""The spec of a study: with its parts, the one declaration for structuring, messages and schema."""

from pathlib import Path

from attrs import define, field
from attrs.validators import and_, ge, max_len

from globscope.bounds import TITLE
from globscope.spec.component_entry import AlignerEntry, Entry, ReducerEntry
from globscope.spec.network_source import Zoo
from globscope.spec.plugins import ALL, Plugins
from globscope.spec.population import PopulationSpec
from globscope.spec.style import AUTO, Style
from globscope.spec.validators import one_line


@define(frozen=True, kw_only=True)
class Spec:
    """A study.

    Attributes:
        title: Title of the report.
        seed: Every stage's generator is spawned from it by the stage's name.
        task: Model, data and loss.
        population: The networks of the study.
        zoo: Further networks of the task, from which aligners learn: `checkpoints`, or `train` and `variant`.
        reducer: Maps, side by side.
        sampler: Which points of a map are decoded.
        evaluator: How decoded networks are scored.
        topology: Which fields are condensed into merge trees.
        aligner: How units of networks are matched, for analyses that align.
        analysis: Further analyses of the maps and networks.
        fidelity: Options of the fidelity analysis, which every study runs.
        run: Where the work is done; in this process if unset. No result depends on it.
        plugins: Which installed plugins the study does without. No result depends on it.
        report: How pictures look. No result depends on it.
        source: The file it was read from.
    """

    title: str = field(default="", validator=and_(max_len(TITLE), one_line))
    seed: int = field(default=0, validator=ge(0))
    task: Entry
    population: PopulationSpec
    zoo: Zoo | None = None
    reducer: tuple[ReducerEntry, ...]
    sampler: tuple[Entry, ...]
    evaluator: Entry
    topology: tuple[Entry, ...]
    aligner: tuple[AlignerEntry, ...] = ()
    analysis: tuple[Entry, ...] = ()
    fidelity: Entry
    run: Entry | None = None
    plugins: Plugins = ALL
    report: Style = AUTO
    source: Path = Path("study.toml")

    @property
    def folder(self) -> Path:
        """The folder from which the spec's relative paths lead."""
        return self.source.resolve().parent

    def seed_of(self, reducer: ReducerEntry) -> int:
        """Return the seed of a reducer's fit."""
        return self.seed if reducer.seed is None else reducer.seed

    def samplers_of(self, reducer: ReducerEntry) -> list[Entry]:
        """Return the samplers whose points a reducer decodes."""
        names = reducer.sampler or (self.sampler[0].name,)
        return [entry for name in names for entry in self.sampler if entry.name == name]
