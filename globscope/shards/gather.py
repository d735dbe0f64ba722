"""Brings copies of a run together: the units and finished stages that shards computed in them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import define

from globscope.errors import RunError
from globscope.pipeline.disk.journal import RECORDS
from globscope.pipeline.disk.shard_journal import take_units
from globscope.pipeline.observer import Observer
from globscope.pipeline.preparation import Preparation
from globscope.pipeline.stage_keys import Stage
from globscope.session.prepared_parts import prepared_folders
from globscope.session.run_folder import stages_root
from globscope.store import PART, SHARDS, Store

# The folder for units that a study, not a shard, scored in a copy.
STUDY = "study"


@define
class Gathered:
    """What came of copies.

    Attributes:
        units: How many units of evaluations were copied.
        stages: How many finished stages were copied.
    """

    units: int = 0
    stages: int = 0


def gather(folder: Path, copies: Sequence[Path], observer: Observer | None = None) -> Gathered:
    """Copy what copies of a run have and it lacks.

    Everything is checked against the digests in its folder. What the run has already stays: where a copy has other
    values for it, the observer is warned.

    Raises:
        RunError: One is no copy of the run; then nothing was copied.
    """
    observer, gathered = observer or Observer(), Gathered()
    _require_copies(folder, copies)
    store = Store(stages_root(folder), warn=observer.warning)
    for copy in copies:
        for stage in Stage:
            for place in _stage_folders(stages_root(copy), stage):
                _gather_stage(store, stage, place, gathered, observer)
    return gathered


def _gather_stage(store: Store, stage: Stage, place: Path, gathered: Gathered, observer: Observer) -> None:
    """Take what a folder of a copy holds: a finished stage, the folders of shards, or units of an unfinished stage."""
    key, kind = place.stem, place.suffix
    if not kind:
        problem = store.adopt(stage, key, place)
        gathered.stages += problem is None
        if problem:
            observer.warning(problem)
    elif stage is Stage.EVALUATE and not store.is_finished(stage, key):
        shards = sorted(place.glob(f"*{PART}")) if kind == SHARDS else [place] if kind == PART else []
        for shard in (shard for shard in shards if any(shard.glob(f"{RECORDS}/*"))):
            target = store.shard_folder(stage, key, STUDY if shard == place else shard.stem)
            taken = take_units(shard, target, f"{stage}/{key}")
            gathered.units += taken.count
            for problem in taken.problems:
                observer.warning(problem)


def _require_copies(folder: Path, copies: Sequence[Path]) -> None:
    problems = list(_problems(folder, copies))
    if problems:
        raise RunError("\n".join(problems))


def _problems(folder: Path, copies: Sequence[Path]) -> Iterator[str]:
    own = _inputs(folder)
    if not own:
        yield f"{folder}: nothing is prepared for shards here; expected the run folder that was copied"
        return
    for copy in copies:
        found = _inputs(copy)
        if not copy.is_dir():
            yield f"{copy}: there is no such folder; expected a copy of {folder}"
        elif not found:
            yield f"{copy}: nothing is prepared for shards here; expected a copy of {folder}"
        elif copy.samefile(folder):
            yield f"{copy}: is the run itself, not a copy of it"
        elif differences := [name for name in {**own, **found} if own.get(name) != found.get(name)]:
            verb = "differs" if len(differences) == 1 else "differ"
            yield f"{copy}: is no copy of {folder}: {', '.join(differences)} {verb}"


def _inputs(folder: Path) -> dict[str, str]:
    """Return the keys of the tables of a run's spec; those of a sweep with the names of its cells."""
    found = dict[str, str]()
    for one in prepared_folders(folder):
        prepared = Preparation.read(one)
        cell = f"{one.name} " if one != folder else ""
        found |= {} if prepared is None else {f"{cell}{table}": key for table, key in prepared.inputs.items()}
    return found


def _stage_folders(root: Path, stage: Stage) -> list[Path]:
    return sorted(path for path in (root / "stages" / stage).glob("*") if path.is_dir() and not path.is_symlink())
