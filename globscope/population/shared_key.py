"""The key of a checkpoint that many networks share: its bytes are read once, not once for each of them."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from globscope.population.checkpoint import checkpoint_files
from globscope.store import key


def shared_key(path: Path) -> str:
    """Return the key of a checkpoint's bytes, read again only where size or time of a file has changed."""
    return _key(tuple((file, *_stamp(file)) for file in checkpoint_files(path)))


def _stamp(file: Path) -> tuple[int, int]:
    about = file.stat()
    return about.st_mtime_ns, about.st_size


@lru_cache(maxsize=8)
def _key(files: tuple[tuple[Path, Any, Any], ...]) -> str:
    return key([file for file, *_ in files])
