"""What of a run is prepared for shards: a file of the run folder, with the keys of what it was prepared from."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, define, fields

from globscope.errors import GlobscopeError
from globscope.pipeline.disk.journal import PLAN, read_plan
from globscope.pipeline.disk.shard_journal import is_recorded
from globscope.pipeline.extent import OpenStage
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.population.find import find_checkpoints
from globscope.spec.component_entry import Entry
from globscope.spec.network_source import NetworkSource
from globscope.spec.study_spec import Spec
from globscope.store import Store, key, read_written, write_json
from globscope.store.record import read

PREPARED = "prepared.json"


@define(frozen=True, kw_only=True)
class Preparation:
    """How far a run is prepared.

    Attributes:
        until: The stage before which it stopped.
        inputs: Keys of the tables of the spec, with the files that they name.
        stages: What was left then.
    """

    until: Stage
    inputs: Mapping[str, str]
    stages: Sequence[OpenStage]

    @classmethod
    def read(cls, folder: Path) -> "Preparation | None":
        """Return that of a run folder; None where there is none, or it is damaged."""
        try:
            found = read_written(folder, PREPARED)
            stages = [OpenStage(**one | {"stage": Stage(one["stage"])}) for one in found["stages"]]
            return cls(until=Stage(found["until"]), inputs=found["inputs"], stages=stages)
        except (GlobscopeError, OSError, KeyError, TypeError, ValueError):
            return None

    def write(self, folder: Path) -> None:
        """Write it into a run folder."""
        write_json(folder / PREPARED, asdict(self))

    def differences(self, inputs: Mapping[str, str]) -> list[str]:
        """Return the tables of the spec that are not as they were."""
        return [name for name in {**self.inputs, **inputs} if self.inputs.get(name) != inputs.get(name)]


def missing_parts(store: Store, one: OpenStage) -> int:
    """Return how many parts of a stage nobody has computed yet."""
    if store.place(one.stage, one.key).is_dir():
        return 0
    part = store.unfinished_place(one.stage, one.key)
    if one.stage is not Stage.EVALUATE or read(part) is None or not (part / PLAN).is_file():
        return one.parts
    folders = (part, *store.shard_folders(one.stage, one.key))
    return sum(not is_recorded(unit, folders) for unit in read_plan(part / PLAN).units)


def input_keys(workshop: Workshop) -> dict[str, str]:
    """Return the key of every table of a spec that has a part in stages, by the table."""
    return {f"[{name}]": key(value) for name, value in _inputs(workshop, workshop.spec)}


def _inputs(workshop: Workshop, spec: Spec) -> Iterator[tuple[str, Any]]:
    yield "seed", spec.seed
    yield "task", workshop.tasks.whole.key
    chosen = spec.population
    members: list[Any] = [chosen.flatten, chosen.align, chosen.null, chosen.null_seed]
    # What few specs have is named only there, so that what earlier versions prepared is still known.
    members += filter(None, [chosen.compress, chosen.reference])
    members += [] if workshop.task is workshop.tasks.whole else [workshop.task.key]
    yield "population", [*_networks(spec, chosen), *members]
    if spec.zoo is not None:
        yield "zoo", _networks(spec, spec.zoo)
    yield "evaluator", workshop.key_of(spec.evaluator.component)
    for role in ("reducer", "sampler", "topology", "aligner", "analysis"):
        entries = getattr(spec, role)
        if entries:
            yield f"[{role}]", [[entry.name, workshop.key_of(entry.component), *_own_keys(entry)] for entry in entries]
    if spec.fidelity.component != type(spec.fidelity.component)():
        yield "fidelity", workshop.key_of(spec.fidelity.component)


def _own_keys(entry: Entry) -> list[dict[str, Any]]:
    """Return the keys that an entry sets beside name and component, such as a reducer's space; nothing for none."""
    common = {one.name for one in fields(Entry)}
    own = {one.name: one.default for one in fields(type(entry)) if one.eq and one.name not in common}
    chosen = {name: getattr(entry, name) for name, default in own.items() if getattr(entry, name) != default}
    return [chosen] if chosen else []


def _networks(spec: Spec, source: NetworkSource) -> list[Any]:
    """Return what a source's networks follow from: the bytes of checkpoints, wherever they lie, or recipes."""
    if source.reads_files:
        return [one.key for one in find_checkpoints(source, spec.folder)]
    return [source.train, source.parent, list(source.variants), source.seed]
