"""The record of a folder: what GlobScope wrote there, with sizes and digests.

`files.jsonl` begins with what the folder is and in which format; then follows a line a file, appended *before* the file
is renamed into its place. So a file without a line is not ours, one that agrees with none of its lines is damaged or
edited, and a kill between line and rename leaves a file that agrees with an earlier line. A line that was cut off is no
line. Lines are appended, and the record is rewritten, under the lock of the folder.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import FileError
from globscope.reading import read_json_lines
from globscope.store.keys import FORMAT
from globscope.store.lock import LOCK, hold_lock

NAME = "files.jsonl"
# Of a file that is somebody else's, or whose line was lost where the record was cut.
UNLISTED = f"is not in {NAME}, the list of what GlobScope wrote there"
# After the name of a file that somebody edited and that GlobScope has written again.
EDITED = ".edited"


@define(frozen=True)
class Content:
    """What a file had when it was written.

    Attributes:
        size: Number of bytes.
        sha256: Hash of the bytes; empty for a file that is still being written, such as a memory-mapped one.
        made_from: Digest of what the file was made from, where it is made again only if that has changed.
    """

    size: int
    sha256: str
    made_from: str = field(default="", eq=False)

    @classmethod
    def of(cls, path: Path, made_from: str = "") -> "Content":
        """Return what a file has."""
        with path.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
            return cls(opened.tell(), sha256, made_from)

    def is_in(self, path: Path) -> bool:
        """Whether a file, and no link, has this content."""
        return (
            not path.is_symlink() and path.is_file() and path.stat().st_size == self.size and Content.of(path) == self
        )

    @classmethod
    def of_bytes(cls, content: bytes) -> "Content":
        """Return what a file of these bytes has."""
        return cls(len(content), hashlib.sha256(content).hexdigest())


UNFINISHED = Content(0, "")


@define(frozen=True)
class Record:
    """What was written into a folder.

    Attributes:
        of: What the folder is, such as `study`, or `train/1f0c…` of a stage.
        format: Of the version that began it; 0 where it is one that did not say so.
        files: By name, from the folder, with `/`: every content that it had, the last one last.
    """

    of: str
    files: Mapping[str, Sequence[Content]] = field(factory=dict)
    format: int = FORMAT

    def is_as_written(self, folder: Path, name: str) -> bool:
        """Whether a file of the folder has a content that it was written with."""
        path, known = folder / name, self.files.get(name, ())
        if path.is_symlink() or not path.is_file() or path.stat().st_size not in {one.size for one in known}:
            return False
        return Content.of(path) in known


def read(folder: Path) -> Record | None:
    """Return the record of a folder; None where there is none, or its first line is damaged."""
    try:
        lines = read_json_lines(folder / NAME, "the list of what GlobScope wrote")
    except FileError:
        return None
    files: dict[str, list[Content]] = {}
    for line in lines[1:]:
        match line:
            case {"file": str(name), "size": int(size), "sha256": str(sha256), **rest}:
                files.setdefault(name, []).append(Content(size, sha256, str(rest.get("made_from", ""))))
    match lines[:1]:
        case [{"of": str(of), **rest}]:
            known = rest.get("format")
            return Record(of, files, known if isinstance(known, int) else 0)
    return None


def begin(folder: Path, of: str) -> None:
    """Begin the record of a folder, unless it has one."""
    try:
        with (folder / NAME).open("x", encoding="utf-8") as opened:
            opened.write(_head(of))
    except FileExistsError:
        return


def rewrite(folder: Path, of: str, files: Mapping[str, Content], *, flush: bool = True) -> None:
    """Write a record anew."""
    lines = [_head(of), *(_line(name, content) for name, content in sorted(files.items()))]
    part = folder / f".{NAME}.part"
    part.unlink(missing_ok=True)
    with part.open("x", encoding="utf-8") as opened:
        opened.write("\n".join(lines) + "\n")
        if flush:
            flush_file(opened)
    part.replace(folder / NAME)


def recorded_folder(path: Path) -> Path | None:
    """Return the folder in whose record a file is listed: its own, or the one above; None where neither has one."""
    return next((folder for folder in path.parents[:2] if (folder / NAME).is_file()), None)


def announce(path: Path) -> None:
    """Add a file that is about to be written to the record of its folder, or of the one above, where there is one.

    It is written bit by bit, and its content is known when its stage is finished.

    Raises:
        FileError: Somebody else's file lies there, or its folder is a link.
    """
    folder = recorded_folder(path)
    if folder is None:
        return
    with hold_lock(folder / LOCK):
        append_line(folder, path, UNFINISHED)


def append_line(folder: Path, path: Path, content: Content) -> None:
    """Add a file that is about to be written to the record of a folder, whose lock is held."""
    if path.parent != folder and path.parent.is_symlink():
        raise FileError(f"{path.parent}: is a link, and nothing is written through one; remove it, or link {folder}")
    name = path.relative_to(folder).as_posix()
    known = _names(folder)
    if path.is_dir() and not path.is_symlink():
        raise FileError(f"{path}: is a folder, and GlobScope would write a file of this name; move it elsewhere")
    if name not in known and (path.exists() or path.is_symlink()) and name not in _names(folder, again=True):
        raise FileError(f"{path}: {UNLISTED}, and GlobScope would write a file of this name; move it elsewhere")
    # With the line's end before it, so that a line that was cut off does not spoil the next.
    with (folder / NAME).open("a", encoding="utf-8") as opened:
        opened.write("\n" + _line(name, content))
    known.add(name)


def keep_edited(path: Path) -> None:
    """Move a file that somebody edited since it was written out of the way of the one that will replace it."""
    folder = recorded_folder(path)
    if folder is None or path.is_symlink() or not path.is_file():
        return
    record, name = read(folder), path.relative_to(folder).as_posix()
    if record is not None and name in record.files and not record.is_as_written(folder, name):
        path.replace(free_name(path.with_name(f"{path.name}{EDITED}")))


def free_name(path: Path) -> Path:
    """Return a path at which nothing lies yet: this one, or one with a number."""
    free, number = path, 1
    while free.exists() or free.is_symlink():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


# Names in the records that this process writes to, by folder, with the inode of the record that they were read from.
_NAMES: dict[Path, tuple[int, set[str]]] = {}


def _names(folder: Path, *, again: bool = False) -> set[str]:
    """Return the names in a record, which is read if it is another file than before: a journal adds many lines."""
    inode, at = (folder / NAME).stat().st_ino, folder.absolute()
    if again or at not in _NAMES or _NAMES[at][0] != inode:
        found = read(folder)
        _NAMES[at] = (inode, set() if found is None else set(found.files))
    return _NAMES[at][1]


def _head(of: str) -> str:
    return json.dumps({"of": of, "format": FORMAT})


def _line(name: str, content: Content) -> str:
    made_from = {"made_from": content.made_from} if content.made_from else {}
    return json.dumps({"file": name, "size": content.size, "sha256": content.sha256, **made_from})


def files_below(folder: Path) -> Iterator[str]:
    """Yield the names of all files and links in a folder, but the record and hidden ones, which no reader looks for."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif not entry.name.startswith(".") and path != folder / NAME:
                    yield path.relative_to(folder).as_posix()


def flush_file(opened: Any) -> None:
    """Bring an open file to the disk."""
    opened.flush()
    os.fsync(opened.fileno())
