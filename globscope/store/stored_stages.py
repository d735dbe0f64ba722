"""Stages on disk: a folder each, under the key of everything that the stage depends on.

A stage is worked on in `<key>.part/` and renamed to `<key>/` when it is whole. Old keys stay beside new ones. A folder
that is not as it was written is moved aside to `<key>.damaged/`, and the stage is computed again. Whoever computes a
stage holds its lock, so that processes on one run folder wait only for what another is computing.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import define

from globscope.errors import FileError
from globscope.store.folder import own_folder
from globscope.store.keys import FORMAT
from globscope.store.lock import LOCK, discard_lock, hold_lock
from globscope.store.record import read
from globscope.store.seal import DAMAGED, damage_of, differing_arrays, flush_files, move_aside, reopen, seal, trust
from globscope.store.write import PART, discard, flush_folder

STAGES = "stages"
# Of the folder in which shards have folders of their own for what they compute of an unfinished stage.
SHARDS = ".shards"
# Of the folder of a stage that is being copied from another run folder.
COPY = ".copy"
# Called when another process is computing what is wanted.
Waiting = Callable[[], object]
# Roots whose stages this process has looked at for their version.
_COMPARED: set[Path] = set()


def _ignore(*_: object) -> None:
    pass


@define(frozen=True)
class Store:
    """The stages of one run folder.

    Attributes:
        root: The run folder.
        trusting: Whether finished stages that are not as they were written are used nevertheless.
        warn: Hears of those.
    """

    root: Path
    trusting: bool = False
    warn: Callable[[str], None] = _ignore

    def place(self, stage: str, key: str) -> Path:
        """Return where a finished stage lies, or would lie."""
        return self.root / STAGES / stage / key

    def unfinished_place(self, stage: str, key: str) -> Path:
        """Return where an unfinished stage lies, or would lie."""
        return self.place(stage, key).with_name(f"{key}{PART}")

    def is_begun(self, stage: str, key: str) -> bool:
        """Whether a stage is finished or was begun."""
        return self.place(stage, key).is_dir() or self.unfinished_place(stage, key).is_dir()

    def remove(self, stage: str, key: str) -> None:
        """Remove a stage that another one holds as a whole; a kill meanwhile leaves an unfinished one."""
        if self.is_begun(stage, key):
            with self._hold(stage, key):
                if self.place(stage, key).is_dir():
                    discard(self.unfinished_place(stage, key))
                    self.place(stage, key).replace(self.unfinished_place(stage, key))
                discard(self.unfinished_place(stage, key))

    def shard_folders(self, stage: str, key: str) -> list[Path]:
        """Return the folders of all shards of an unfinished stage."""
        return sorted(self._shards(stage, key).glob(f"*{PART}"))

    def shard_folder(self, stage: str, key: str, name: str) -> Path:
        """Return the folder of one shard, of which nothing is damaged; only that shard writes there."""
        folder = own_folder(self.root, STAGES, stage, self._shards(stage, key).name, f"{name}{PART}")
        with hold_lock(folder / LOCK):
            for damage in reopen(folder, _name(stage, key)):
                self.warn(f"{folder}: {damage}; computed again")
        return folder

    def discard_shards(self, stage: str, key: str) -> None:
        """Remove the folders of all shards of a finished stage, which has all of them."""
        if self._shards(stage, key).is_dir():
            discard(self._shards(stage, key))

    def adopt(self, stage: str, key: str, source: Path) -> str | None:
        """Copy a finished stage of another run folder, unless it is there.

        Returns:
            None if it was copied; else why it was not, which is empty where both are the same.
        """
        place, name = self.place(stage, key), _name(stage, key)
        if damage := damage_of(source, name):
            return f"{source}: not used: {damage}"
        with self._hold(stage, key):
            if self.is_finished(stage, key):
                differing = list(differing_arrays(source, place))
                return f"{source}: not used: {place} has other values in {', '.join(differing)}" if differing else ""
            copied = place.with_name(f"{key}{COPY}")
            discard(copied)
            shutil.copytree(source, copied)
            if damage := damage_of(copied, name):
                discard(copied)
                return f"{source}: not used: {damage} while it was copied"
            flush_files(copied)
            copied.replace(place)
            flush_folder(place.parent)
            discard(self.unfinished_place(stage, key))
            return None

    def _shards(self, stage: str, key: str) -> Path:
        return self.place(stage, key).with_name(f"{key}{SHARDS}")

    def is_finished(self, stage: str, key: str) -> bool:
        """Whether a stage is finished, and as it was written; one that is not is moved aside, unless it is trusted."""
        place = self.place(stage, key)
        for folder in (place.parent.parent, place.parent):
            if folder.is_symlink():
                raise FileError(
                    f"{folder}: is a link, and nothing is written through one; remove it, or link {self.root}"
                )
        damage = self._damage(place, _name(stage, key))
        if damage and not self._use_damaged(place, damage):
            at = place.lstat().st_ino
            with self._hold(stage, key):
                # Unless another process has moved it meanwhile.
                if (place.exists() or place.is_symlink()) and place.lstat().st_ino == at:
                    aside = move_aside(place, place.with_name(f"{place.name}{DAMAGED}"))
                    self.warn(f"{place}: {damage}; computed again, what was there is now in {aside.name}")
        return place.is_dir()

    def _damage(self, place: Path, name: str) -> str:
        """Return in what a stage differs from what was written; nothing where it is whole, or not there."""
        return damage_of(place, name) if place.exists() or place.is_symlink() else ""

    def _use_damaged(self, place: Path, damage: str) -> bool:
        """Whether a damaged stage is used nevertheless."""
        if not self.trusting or not place.is_dir():
            return False
        self.warn(f"{place}: {damage}; used as it is, since the store is trusted")
        trust(place)
        return True

    def stage(self, stage: str, key: str, work: Callable[[Path], None], waiting: Waiting = _ignore) -> Path:
        """Return the folder of a finished stage, after `work` has filled it if it was not there.

        An earlier, unfinished folder is handed to `work` as it was left, without what is damaged, to continue. Where
        another process is computing the stage, `waiting` is called, and its result is awaited.
        """
        if not self.is_finished(stage, key):
            with self._hold(stage, key, waiting):
                if not self.is_finished(stage, key):
                    work(self._part(stage, key))
                    self._finish(stage, key)
        return self.place(stage, key)

    def stages(
        self,
        stage: str,
        keys: Sequence[str],
        work: Callable[[Mapping[str, Path]], Iterator[str]],
        waiting: Waiting = _ignore,
    ) -> None:
        """Let `work` fill the folders of the stages that are not finished; each is as soon as `work` yields it."""
        with ExitStack() as held:
            # In one order for all processes, so that no two wait for each other.
            for key in sorted(key for key in keys if not self.is_finished(stage, key)):
                held.enter_context(self._hold(stage, key, waiting))
            parts = {key: self._part(stage, key) for key in keys if not self.is_finished(stage, key)}
            for key in work(parts) if parts else ():
                self._finish(stage, key)

    @contextmanager
    def _hold(self, stage: str, key: str, waiting: Waiting = _ignore) -> Iterator[None]:
        """Hold the lock of a stage; of one that is finished nobody needs it again."""
        lock = own_folder(self.root, STAGES, stage) / f".{key}{LOCK}"
        with hold_lock(lock, waiting) as is_outermost:
            yield
            if is_outermost:
                discard_lock(lock)

    def _part(self, stage: str, key: str) -> Path:
        """Return the folder of an unfinished stage, of which nothing is damaged."""
        self._warn_of_other_versions()
        part = own_folder(self.root, STAGES, stage) / f"{key}{PART}"
        for damage in reopen(part, _name(stage, key)):
            self.warn(f"{part}: {damage}; computed again")
        return part

    def _finish(self, stage: str, key: str) -> None:
        """Rename an unfinished stage, with all of it on the disk."""
        place = self.place(stage, key)
        part = self.unfinished_place(stage, key)
        seal(part, _name(stage, key))
        discard_lock(part / LOCK)
        part.replace(place)
        flush_folder(place.parent)
        trust(place)

    def _warn_of_other_versions(self) -> None:
        """Warn, before the first stage is computed, where all that are there are of other versions of GlobScope."""
        root = (self.root / STAGES).absolute()
        if root in _COMPARED:
            return
        _COMPARED.add(root)
        stored = [place for place in root.glob("*/*") if not place.suffix]
        records = (read(place) for place in stored)
        if stored and FORMAT not in (FORMAT if record is None else record.format for record in records):
            self.warn(
                f"{self.root / STAGES}: these stages were stored by another version of GlobScope; all are computed "
                "again, and the old ones stay beside the new until you delete them"
            )


def _name(stage: str, key: str) -> str:
    return f"{stage}/{key}"
