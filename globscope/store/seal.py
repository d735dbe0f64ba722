"""Whether a stage's folder is as it was written: sealed when it is whole, looked at before it is used."""

from collections.abc import Iterator
from pathlib import Path

from globscope.store.record import (
    NAME,
    UNFINISHED,
    Content,
    Record,
    begin,
    files_below,
    flush_file,
    free_name,
    read,
    rewrite,
)
from globscope.store.write import discard_rests, flush_folder

# Every file's inode, size and time of change, where a folder was found whole: what this process has read once and has
# not changed since is not read again. Nothing of it outlasts the process, so that also a bit that the disk has flipped
# is found by the next run.
Stamp = tuple[tuple[str, int, int, int], ...]
_WHOLE: dict[Path, Stamp] = {}
DAMAGED = ".damaged"
# The files that equal runs write with equal bytes; of arrays, only these hold times.
ARRAYS, TIMES = (".npz", ".safetensors", ".npy"), "times.safetensors"


def seal(part: Path, of: str) -> None:
    """Bring a stage's files to the disk, and close their record.

    What was written with its digest is recorded as it was handed over, without reading it again.
    """
    record, found = read(part) or Record(of), dict[str, Content]()
    for name in files_below(part):
        last = (record.files.get(name) or [UNFINISHED])[-1]
        found[name] = Content.of(part / name) if last == UNFINISHED else last
    rewrite(part, of, found)
    flush_files(part)


def flush_files(folder: Path) -> None:
    """Bring all files in a stage's folder to the disk, with their names."""
    paths = [folder / name for name in (*files_below(folder), NAME)]
    for path in paths:
        with path.open("r+b") as opened:
            flush_file(opened)
    for parent in {path.parent for path in paths}:
        flush_folder(parent)


def damage_of(place: Path, of: str) -> str:
    """Return in what a finished stage differs from what was written; nothing where it is whole.

    Every file is read once a process, at the speed of SHA-256.
    """
    if place.is_symlink() or not place.is_dir():
        return "is a link" if place.is_symlink() else "is no folder"
    stamp = _stamp(place)
    if _WHOLE.get(place.absolute()) == stamp:
        return ""
    record = read(place)
    if record is None:
        return "the record of its files is missing or damaged"
    if record.of != of:
        return f"holds the files of {record.of}"
    damage = next(_differences(place, record), "")
    if not damage:
        _WHOLE[place.absolute()] = stamp
    return damage


def differing_arrays(one: Path, two: Path) -> Iterator[str]:
    """Yield the files of arrays in which two finished stages differ, by their records; other files have times."""
    records = [read(one), read(two)]
    first, second = ({} if record is None else record.files for record in records)
    for name in sorted(first.keys() | second.keys()):
        if Path(name).suffix in ARRAYS and name != TIMES and first.get(name) != second.get(name):
            yield name


def trust(place: Path) -> None:
    """Take a stage for whole for as long as this process runs and nobody changes it."""
    _WHOLE[place.absolute()] = _stamp(place)


def _differences(place: Path, record: Record) -> Iterator[str]:
    held = set(files_below(place))
    for name in sorted(held | record.files.keys()):
        if name not in record.files:
            yield f"{name} was added"
        elif name not in held:
            yield f"{name} is missing"
        elif not record.is_as_written(place, name):
            yield f"{name} is damaged or was changed"


def _stamp(place: Path) -> Stamp:
    states = [(name, (place / name).lstat()) for name in (*files_below(place), NAME) if (place / name).exists()]
    return tuple((name, state.st_ino, state.st_size, state.st_mtime_ns) for name, state in states)


def move_aside(path: Path, to: Path) -> Path:
    """Return where something lies after it was moved out of the way: what may be somebody's is not removed."""
    aside = free_name(to)
    path.rename(aside)
    return aside


def reopen(part: Path, of: str) -> list[str]:
    """Make the folder of an unfinished stage fit to be continued, or make it; return what of it was damaged.

    A file that is not as it was written is removed, so that it is computed again. What GlobScope did not write is moved
    out.
    """
    damage = _open_part(part, of)
    record = read(part)
    assert record is not None
    discard_rests(part)
    damage += [text for name in list(files_below(part)) if (text := _remove_damaged(part, record, name))]
    if record.files:
        rewrite(part, of, {name: Content.of(part / name) for name in files_below(part)}, flush=False)
    return damage


def _open_part(part: Path, of: str) -> list[str]:
    """Make a folder with a record, unless it is there; what cannot be continued is moved out of its way."""
    damage: list[str] = []
    if part.is_symlink() or (part.exists() and not part.is_dir()):
        move_aside(part, part.with_suffix(DAMAGED))
        damage.append("is no folder")
    record = read(part)
    if part.exists() and (record is None or record.of != of):
        if any(files_below(part)):
            move_aside(part, part.with_suffix(DAMAGED))
            damage.append("the record of its files is missing or damaged")
        else:  # killed before its first line was written
            (part / NAME).unlink(missing_ok=True)
    part.mkdir(parents=True, exist_ok=True)
    begin(part, of)
    return damage


def _remove_damaged(part: Path, record: Record, name: str) -> str:
    """Remove a file that is not as it was written; return what was wrong with it."""
    path, known = part / name, record.files.get(name, ())
    if record.is_as_written(part, name):
        return ""
    if not known or path.is_symlink():
        move_aside(path, part.with_name(f"{part.stem}-{name.replace('/', '-')}{DAMAGED}"))
        return f"{name} was added"
    path.unlink()
    return "" if UNFINISHED in known else f"{name} is damaged or was changed"
