"""The run folder: each stage's result under the key of everything it depends on.

A stage is worked on in `<key>.part/` and renamed to `<key>/` when it is whole, so a folder without
`.part` is always complete. Old keys stay beside new ones.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, fields, has
from filelock import FileLock, Timeout

from globscope import reading
from globscope.errors import RunError
from globscope.references import Code, digest_files

# Raised when a change of GlobScope gives other results from the same options: old stages are then left alone.
FORMAT = 3


def key(*parts: Any) -> str:
    """Return the hash of what a stage depends on: components, options, files' bytes, other keys."""
    text = json.dumps([FORMAT, *map(fingerprint, parts)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(value: Any) -> Any:
    """Return a value's identity as JSON: for code and paths the bytes, wherever they lie."""
    if isinstance(value, Code):
        return ["code", value.digest(), value.name]
    if isinstance(value, np.ndarray):
        content = hashlib.blake2b(np.ascontiguousarray(value).data, digest_size=16).hexdigest()
        return ["array", str(value.dtype), list(value.shape), content]
    if isinstance(value, Path):
        return ["file", digest_files(value)]
    if has(type(value)):
        return {a.name: fingerprint(getattr(value, a.name)) for a in fields(type(value))}
    if isinstance(value, Mapping):
        return {str(name): fingerprint(item) for name, item in value.items()}
    return [fingerprint(item) for item in value] if isinstance(value, list | tuple) else value


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinity are refused, since no other reader takes them."""
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Return a JSON file's value."""
    return reading.read_json(path)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays atomically, as safetensors or npz by the path's suffix."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    if path.suffix == ".npz":
        np.savez(part, allow_pickle=False, **dict(arrays))
    else:
        from safetensors.numpy import save_file

        # not ascontiguousarray, which would give a scalar an axis
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, part)
    part.replace(path)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors or npz file; nothing is unpickled."""
    return reading.read_npz(path) if path.suffix == ".npz" else reading.read_safetensors(path)


@define(frozen=True)
class Store:
    """The stages of one run folder.

    Attributes:
        root: The run folder.
    """

    root: Path

    def place(self, stage: str, identity: str) -> Path:
        """Return where a finished stage lies, or would lie."""
        return self.root / "stages" / stage / identity

    def done(self, stage: str, identity: str) -> bool:
        """Whether a stage is finished."""
        return self.place(stage, identity).is_dir()

    def stage(self, stage: str, identity: str, work: Callable[[Path], None]) -> Path:
        """Return the folder of a finished stage, after `work` has filled it if it was not there.

        An earlier, unfinished folder is handed to `work` as it was left, to continue.
        """
        done = self.place(stage, identity)
        if not done.is_dir():
            part = self._part(stage, identity)
            work(part)
            part.replace(done)
        return done

    def stages(
        self, stage: str, identities: Sequence[str], work: Callable[[Mapping[str, Path]], Iterator[str]]
    ) -> None:
        """Let `work` fill the folders of several stages that are not finished; each is as soon as `work` yields it."""
        parts = {identity: self._part(stage, identity) for identity in identities}
        for identity in work(parts):
            parts[identity].replace(self.place(stage, identity))

    def _part(self, stage: str, identity: str) -> Path:
        """Return the folder of an unfinished stage."""
        part = self.place(stage, identity).with_name(f"{identity}.part")
        part.mkdir(parents=True, exist_ok=True)
        return part

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


def discard(folder: Path) -> None:
    """Remove a folder of partial results that nothing can use."""
    shutil.rmtree(folder, ignore_errors=True)
