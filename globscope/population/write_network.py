"""One network as a file or a folder that its framework loads: whole or not at all, and over nothing of anybody's."""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globscope.errors import FileError
from globscope.population.checkpoint import SUFFIXES
from globscope.population.saved_network import SavedNetwork
from globscope.store import PART, discard, replacing

CARD, SUFFIX = "README.md", ".safetensors"


def write_network(path: Path, saved: SavedNetwork, card: str, *, force: bool = False) -> Path:
    """Write a network and its model card, and return the path of the weights.

    Args:
        path: A folder, or a `.safetensors` file, beside which the card lies.
        saved: What the file holds; the documents beside it go into a folder.
        card: Text of README.md.
        force: Whether files that are there are overwritten.

    Raises:
        FileError: A file is there, or the path is of another kind.
    """
    is_file = path.suffix == SUFFIX
    if path.suffix in SUFFIXES and not is_file and not path.is_dir():
        raise FileError(f"{path}: a new folder, or a {SUFFIX} file, is wanted")
    folder, name = (path.parent, path.name) if is_file else (path, saved.weights_name)
    documents = {} if is_file else saved.documents
    _require_free(folder, [CARD, *documents, name], force=force)
    part = (folder if folder.is_dir() else folder.parent) / f".{folder.name}.{secrets.token_hex(4)}{PART}"
    try:
        part.mkdir(parents=True)
        (part / CARD).write_text(card, "utf-8")
        for document, content in documents.items():
            _write_document(content, part / document)
        _save(saved.tensors, part / name)
        _publish(part, folder, name)
    except OSError as error:
        raise FileError(f"{error.filename or path}: cannot be written: {error.strerror or error}") from error
    finally:
        discard(part)
    return folder / name


def _write_document(content: str | Path, path: Path) -> None:
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    else:
        path.write_text(content, "utf-8")


def _require_free(folder: Path, names: list[str], *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder}: is a file; a folder is wanted")
    there = [folder / name for name in dict.fromkeys(names) if (folder / name).exists() or (folder / name).is_symlink()]
    if there and not force:
        raise FileError(f"{there[0]}: exists already; --force overwrites it, or give another --out")
    for one in there:
        if one.is_dir() or one.is_symlink():
            raise FileError(f"{one}: is no plain file, and nothing is written over it; give another --out")


def _save(tensors: Mapping[str, Any], path: Path) -> None:
    from safetensors.torch import save_file

    with replacing(path, flush=True) as part:
        save_file(dict(tensors), part, metadata={"format": "pt"})  # transformers loads no file without it


def _publish(part: Path, folder: Path, last: str) -> None:
    """Rename the folder; of one that is there, replace the files, the weights last."""
    if not folder.exists():
        part.rename(folder)
        return
    for one in sorted(part.iterdir(), key=lambda one: one.name == last):
        one.replace(folder / one.name)
