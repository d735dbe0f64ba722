"""Files written whole or not at all, flushed to disk before they are renamed, and recorded in their folder."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from globscope.reading import read_npz, read_safetensors
from globscope.store.lock import LOCK, hold_lock
from globscope.store.record import (
    UNFINISHED,
    Content,
    append_line,
    flush_file,
    keep_edited,
    read,
    recorded_folder,
)

# Of the folder of a stage at work, and of a file that is being written.
PART = ".part"


@contextmanager
def replacing(path: Path, *, flush: bool | None = None, made_from: str = "") -> Iterator[Path]:
    """Yield where to write a file, which is renamed when it is whole: it is there whole or not at all.

    Args:
        path: Of the file; a link there is replaced, never followed.
        flush: Whether it is flushed to the disk before it is renamed; where unset, unless it is a file of an unfinished
            stage. Those are flushed together when their stage is finished: a flush takes milliseconds on a busy disk,
            and what a loss of power spoils before that does not agree with its digest, and is computed again. A stage
            that would lose hours by that asks for it.
        made_from: Digest of what the file is made from, for `keep_written`.

    Raises:
        FileError: Somebody else's file lies there.
        OSError: It cannot be written; with its path, which the system leaves out where a disk is full.
    """
    part, folder = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}"), recorded_folder(path)
    try:
        # With the lock, so that whoever holds it may take a part that is there for the rest of a killed process.
        with nullcontext() if folder is None else hold_lock(folder / LOCK):
            yield part
            content = Content.of(part, made_from)
            if folder is not None:
                append_line(folder, path, content)
            if is_unfinished(path) or not content.is_in(path):  # else it would be flushed again
                _put(part, path, flush=not is_unfinished(path) if flush is None else flush)
    except OSError as error:
        if error.filename in (None, str(part)):  # nobody knows the part's name
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def _put(part: Path, path: Path, *, flush: bool) -> None:
    if flush:
        with part.open("r+b") as opened:
            flush_file(opened)
    if not is_unfinished(path):
        keep_edited(path)
    part.replace(path)


def is_unfinished(path: Path) -> bool:
    """Whether a file is one of a stage that is not finished."""
    return any(folder.suffix == PART for folder in path.parents[:2])


def write_bytes(path: Path, content: bytes, *, flush: bool | None = None, made_from: str = "") -> None:
    """Write a file atomically; see `replacing`."""
    with replacing(path, flush=flush, made_from=made_from) as part:
        part.write_bytes(content)


def keep_written(path: Path, made_from: str) -> bool:
    """Return whether a file lies there as it was last written, and was made from this; if so, record it once more.

    Args:
        path: Of the file.
        made_from: Digest of what it would be made from; empty if that is unknown.
    """
    folder = recorded_folder(path)
    if folder is None or not made_from:
        return False
    with hold_lock(folder / LOCK):
        record, name = read(folder), path.relative_to(folder).as_posix()
        last = (record.files.get(name) or [UNFINISHED])[-1] if record else UNFINISHED
        if last.made_from != made_from or not last.is_in(path):
            return False
        append_line(folder, path, last)
    return True


def write_json(path: Path, value: Any, *, flush: bool | None = None, made_from: str = "") -> None:
    """Write JSON atomically; NaN and infinity are refused, since no other reader takes them."""
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    write_bytes(path, text.encode(), flush=flush, made_from=made_from)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], *, flush: bool | None = None) -> None:
    """Write arrays atomically, as safetensors or npz by the path's suffix."""
    with replacing(path, flush=flush) as part:
        if path.suffix == ".npz":
            with part.open("xb") as opened:
                np.savez(opened, allow_pickle=False, **dict(arrays))
        else:
            from safetensors.numpy import save_file

            # not ascontiguousarray, which would give a scalar an axis
            save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, part)


def discard_rests(folder: Path) -> None:
    """Remove what killed processes had not finished to write into a folder whose lock is held."""
    for rest in [*folder.glob(f".*{PART}"), *folder.glob(f"*/.*{PART}")]:
        rest.unlink()


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do that for folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors or npz file; nothing is unpickled."""
    return read_npz(path) if path.suffix == ".npz" else read_safetensors(path)


def discard(folder: Path) -> None:
    """Remove a folder of partial results that nothing can use."""
    shutil.rmtree(folder, ignore_errors=True)
