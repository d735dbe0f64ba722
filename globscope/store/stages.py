"""Stages on disk: a folder each, under the key of everything that the stage depends on.

A stage is worked on in `<key>.part/` and renamed to `<key>/` when it is whole. Old keys stay beside new ones. A folder
that is not as it was written is moved aside to `<key>.damaged/`, and the stage is computed again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define
from filelock import FileLock, Timeout

from globscope.errors import FileError, RunError
from globscope.store.folder import own_folder
from globscope.store.seal import DAMAGED, damage_of, move_aside, reopen, seal, trust
from globscope.store.write import PART, flush_folder

STAGES = "stages"


def _unheard(text: str) -> None:
    del text


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
    warn: Callable[[str], None] = _unheard

    def place(self, stage: str, identity: str) -> Path:
        """Return where a finished stage lies, or would lie."""
        return self.root / STAGES / stage / identity

    def done(self, stage: str, identity: str) -> bool:
        """Whether a stage is finished, and as it was written; one that is not is moved aside, unless it is trusted."""
        place = self.place(stage, identity)
        for folder in (place.parent.parent, place.parent):
            if folder.is_symlink():
                raise FileError(
                    f"{folder}: is a link, and nothing is written through one; remove it, or link {self.root}"
                )
        if not place.exists() and not place.is_symlink():
            return False
        damage = damage_of(place, _name(stage, identity))
        if not damage:
            return True
        if self.trusting and place.is_dir():
            self.warn(f"{place}: {damage}; used as it is, since the store is trusted")
            trust(place)
            return True
        aside = move_aside(place, place.with_name(f"{place.name}{DAMAGED}"))
        self.warn(f"{place}: {damage}; computed again, what was there is now in {aside.name}")
        return False

    def stage(self, stage: str, identity: str, work: Callable[[Path], None]) -> Path:
        """Return the folder of a finished stage, after `work` has filled it if it was not there.

        An earlier, unfinished folder is handed to `work` as it was left, without what is damaged, to continue.
        """
        if not self.done(stage, identity):
            part = self._part(stage, identity)
            work(part)
            self._finish(stage, identity)
        return self.place(stage, identity)

    def stages(
        self, stage: str, identities: Sequence[str], work: Callable[[Mapping[str, Path]], Iterator[str]]
    ) -> None:
        """Let `work` fill the folders of several stages that are not finished; each is as soon as `work` yields it."""
        parts = {identity: self._part(stage, identity) for identity in identities}
        for identity in work(parts):
            self._finish(stage, identity)

    def _part(self, stage: str, identity: str) -> Path:
        """Return the folder of an unfinished stage, of which nothing is damaged."""
        part = own_folder(self.root, STAGES, stage) / f"{identity}{PART}"
        for damage in reopen(part, _name(stage, identity)):
            self.warn(f"{part}: {damage}; computed again")
        return part

    def _finish(self, stage: str, identity: str) -> None:
        """Rename an unfinished stage, with all of it on the disk."""
        place = self.place(stage, identity)
        part = place.with_name(f"{identity}{PART}")
        seal(part, _name(stage, identity))
        part.replace(place)
        flush_folder(place.parent)
        trust(place)

    def lock(self) -> FileLock:
        """Return a lock on the run folder, held; the system frees it if we are killed.

        Raises:
            RunError: Another process works in this folder.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise RunError(f"{self.root}: another globscope is at work in this folder") from error
        return lock


def _name(stage: str, identity: str) -> str:
    return f"{stage}/{identity}"
