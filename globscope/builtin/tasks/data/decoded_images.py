"""Images of files that were decoded before, in the user's cache folder: decoding 60,000 takes ten times as long.

An entry is found by the digest of the files' bytes and by what decodes them. It has a digest of its own, and is removed
if it does not agree with that. Whoever deletes the folder loses time only.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import platformdirs
from attrs import define

from globscope.api import FileError, read_npz
from globscope.builtin.tasks.data.arrays import Arrays

# Raised when the same bytes are decoded into other arrays.
VERSION = 1
# Images below which decoding takes no time, and the bytes of all entries together.
FEWEST, MOST_BYTES = 5_000, 4 * 2**30
SUFFIX, PART, DIGEST = ".npz", ".part", "digest"


def cache_folder() -> Path:
    """Return the folder of all entries."""
    return platformdirs.user_cache_path("globscope") / "images"


@define(frozen=True)
class DecodedImages:
    """What the images of a zip, or of several files, were decoded into.

    Attributes:
        files: Paths of the files in order.
        digest: Hash of their bytes.
        how: What else decides into what they are decoded, such as a size.
    """

    files: tuple[Path, ...]
    digest: str
    how: str = ""

    @classmethod
    def of(cls, *files: Path, how: str = "") -> "DecodedImages":
        """Return the entry of some files, which need not be there."""
        return cls(files, _digest_of_files(files), how)

    @property
    def path(self) -> Path:
        """The file of the entry."""
        from PIL import __version__, features

        decoder = (
            f"{VERSION} {__version__} {features.version('jpg')} {features.version('zlib')} {self.digest}{self.how}"
        )
        return cache_folder() / f"{hashlib.sha256(decoder.encode()).hexdigest()[:32]}{SUFFIX}"

    def read(self) -> Arrays | None:
        """Return the images; None where they are not there, or not as they were written."""
        path = self.path
        with suppress(FileError, KeyError, OSError):
            if not path.is_file():
                return None
            found = read_npz(path)
            if found.pop(DIGEST).tobytes().decode() == _digest_of(found):
                path.touch()  # it was used last
                return Arrays(train=(found["x_train"], found["y_train"]), test=(found["x_test"], found["y_test"]))
        with suppress(OSError):
            path.unlink()
        return None

    def write(self, arrays: Arrays) -> None:
        """Keep the images, if they are many; nothing happens where the folder cannot be written."""
        (x_train, y_train), (x_test, y_test) = arrays.train, arrays.test
        held = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        size = sum(array.nbytes for array in held.values())
        if len(x_train) + len(x_test) < FEWEST or size > MOST_BYTES:
            return
        if _digest_of_files(self.files) != self.digest:  # a file was replaced while it was decoded
            return
        with suppress(OSError):
            _write(self.path, held | {DIGEST: np.frombuffer(_digest_of(held).encode(), np.uint8)})
            _remove_oldest()


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        with part.open("wb") as opened:
            np.savez(opened, **arrays)  # type: ignore[arg-type] # of which none is called allow_pickle
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _remove_oldest() -> None:
    """Remove the entries that were not used for longest, until the rest is small enough."""
    entries = [(file.stat().st_mtime, file.stat().st_size, file) for file in cache_folder().iterdir()]
    room = MOST_BYTES
    for _, size, file in sorted(entries, reverse=True):
        room -= size
        if room < 0:
            file.unlink(missing_ok=True)


def _digest_of_files(files: Iterable[Path]) -> str:
    """Return the digest of a file, or that of the digests of several."""
    digests = []
    for path in files:
        with path.open("rb") as opened:
            digests.append(hashlib.file_digest(opened, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
