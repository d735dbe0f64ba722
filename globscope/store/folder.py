"""Whose folder it is: GlobScope writes into folders of its own, and removes or reads there what it wrote itself."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from globscope.errors import FileError, RunError
from globscope.reading import read_json
from globscope.store.lock import LOCK, hold_lock
from globscope.store.record import NAME, UNLISTED, Content, begin, read, rewrite
from globscope.store.write import discard_rests

# What a folder may hold before it is anybody's: a lock, a file of the system's, stages that were copied here.
NOBODYS, STAGES = (LOCK, ".DS_Store"), "stages"
AGAIN = "the same `globscope study` command writes it again, from the stages that are stored"


def claim(folder: Path, kind: str) -> None:
    """Make a folder GlobScope's, or see that it is.

    Args:
        folder: What is written goes there.
        kind: What that is: `study`, `sweep`, `comparison`, `topology` or `export`.

    Raises:
        RunError: The folder is somebody else's, or of another kind, or a link leads out of it.
    """
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise RunError(f"{folder}: is no folder; expected a folder that is new or empty, or that of {_of(kind)}")
    folder.mkdir(parents=True, exist_ok=True)
    _require_own(folder, kind)  # first, so that no lock is left in what is somebody else's
    with hold_lock(folder / LOCK):
        if read(folder) is None:
            (folder / NAME).unlink(missing_ok=True)  # killed before its first line was written
            begin(folder, kind)
        discard_rests(folder)
    _require_own(folder, kind)
    for path in folder.iterdir():
        if path.is_symlink() and path.is_dir():
            raise RunError(f"{path}: is a link, and nothing is written through one; remove it, or link {folder} itself")


def is_claimed(folder: Path, kind: str) -> bool:
    """Whether a folder is GlobScope's and of a kind."""
    record = read(folder)
    return record is not None and record.of == kind


def _require_own(folder: Path, kind: str) -> None:
    """Refuse the folder of another kind, and one without a record in which somebody else's files lie."""
    held = sorted(path.name for path in folder.iterdir() if path.name not in NOBODYS)
    record = read(folder)  # after the look, for another process may be about to claim it
    if record is not None and record.of != kind:
        raise RunError(f"{folder}: is the folder of {_of(record.of)}, not of {_of(kind)}; give another one by --out")
    if NAME in held and not (folder / NAME).stat().st_size:
        held.remove(NAME)
    if record is not None or held in ([], [STAGES]):
        return
    if STAGES in held:
        raise RunError(
            f"{folder}: its {NAME}, the list of what GlobScope wrote there, is missing or damaged; give another folder "
            f"by --out: with {STAGES}/ moved there, nothing is computed again"
        )
    listed = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
    raise RunError(
        f"{folder}: holds {listed}, and is no folder of GlobScope's; expected one that is new or empty, or that of "
        f"{_of(kind)}"
    )


def _of(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def own_folder(root: Path, *parts: str) -> Path:
    """Return a folder below one of ours, made where it is not there.

    Raises:
        FileError: One on the way is a link.
    """
    path = root
    for part in parts:
        path /= part
        if path.is_symlink():
            raise FileError(f"{path}: is a link, and nothing is written through one; remove it, or link {root} itself")
    path.mkdir(parents=True, exist_ok=True)
    return path


def times_written(folder: Path) -> dict[str, int]:
    """Return how often each file was written, as the record of its folder says."""
    record = read(folder)
    return {} if record is None else {name: len(contents) for name, contents in record.files.items()}


def remove_stale(folder: Path, before: Mapping[str, int], places: Collection[str]) -> None:
    """Remove the files that were written before, but not since.

    A file that was edited since it was written stays, and so does everything that GlobScope did not write.

    Args:
        folder: Of ours.
        before: How often each file had been written.
        places: The folders in it in which files are removed.
    """
    with hold_lock(folder / LOCK):
        _remove_stale(folder, before, places)


def _remove_stale(folder: Path, before: Mapping[str, int], places: Collection[str]) -> None:
    record = read(folder)
    assert record is not None
    kept: dict[str, Content] = {}
    for name, contents in record.files.items():
        path = folder / name
        is_stale = len(contents) == before.get(name) and name.partition("/")[0] in places
        if is_stale and not path.parent.is_symlink() and record.is_as_written(folder, name):
            path.unlink()
        if path.is_file():
            again = len(set(contents)) > 1 and record.is_as_written(folder, name)
            there = Content.of(path) if again else contents[-1]
            kept[name] = next(content for content in reversed(contents) if content == there)
    rewrite(folder, record.of, kept)


def written_file(folder: Path, name: str) -> Path:
    """Return a file of a finished run, which is as it was written.

    Raises:
        RunError: It is not there, damaged or edited.
    """
    record = read(folder)
    if record is None:
        raise RunError(
            f"{folder}: its {NAME}, the list of what GlobScope wrote there, is missing or damaged; the same "
            "`globscope study` command with --out, for another folder, writes the run again"
        )
    if not (folder / name).exists():
        raise RunError(f"{folder / name}: there is no such file; {AGAIN}")
    if name not in record.files:
        raise RunError(f"{folder / name}: {UNLISTED}; move it elsewhere, and {AGAIN}")
    if not record.is_as_written(folder, name):
        raise RunError(f"{folder / name}: is not as GlobScope wrote it, but damaged or edited; {AGAIN}")
    return folder / name


def is_as_written(folder: Path) -> bool:
    """Whether all that GlobScope wrote into a folder of its own, but for stages, is there and as it was written."""
    record = read(folder)
    return record is not None and all(record.is_as_written(folder, name) for name in record.files)


def made_from(folder: Path, name: str) -> str:
    """Return the digest of what a file of a folder of ours was made from; empty where none was recorded."""
    record = read(folder)
    contents = record.files.get(name) if record is not None else None
    return contents[-1].made_from if contents else ""


def read_written(folder: Path, name: str) -> Any:
    """Return the value of a JSON file of a folder of ours, which is as it was written.

    Raises:
        RunError: It is not there, damaged or edited.
    """
    return read_json(written_file(folder, name))


def written_files(folder: Path, place: str) -> list[Path]:
    """Return the files that a finished run has in one of its folders, in the order of their names.

    Raises:
        RunError: One is not there, damaged or edited.
    """
    record = read(folder)
    names = [] if record is None else sorted(name for name in record.files if name.startswith(f"{place}/"))
    return [written_file(folder, name) for name in names]
