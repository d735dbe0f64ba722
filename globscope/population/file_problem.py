"""Why a path cannot be read as a checkpoint: missing, a broken link, no permission."""

import errno
import os
from pathlib import Path

from globscope.population.checkpoint import INDEX, SUFFIXES


def file_problem(path: Path) -> str:
    """Return why a path cannot be read as a file; empty where it can."""
    if path.is_dir():
        return f"is a folder, not a checkpoint{_inside(path)}"
    if is_broken(path):
        return f"is a link to {path.readlink()}, which {'leads back to it' if _is_loop(path) else 'is not there'}"
    if not path.exists():
        return "is not there"
    if not path.is_file():
        return "is not a regular file"
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def is_broken(path: Path) -> bool:
    """Return whether a path is a link to something that is not there."""
    return path.is_symlink() and not path.exists()


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _inside(folder: Path) -> str:
    """Return a hint how to complete a pattern that ends at a folder with checkpoints in it."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith((*SUFFIXES, INDEX)))
    except OSError:
        return ""
    best = next((name for name in names if name.endswith(INDEX)), names[0] if names else "")
    return f"; it holds {best}: let the pattern end in /{best}" if best else ""
