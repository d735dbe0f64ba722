"""Zip archives, with a bound on the size of their content."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from attrs import define, field

from globscope.errors import FileError
from globscope.reading.bounds import require_unpacked, unreadable


@define(frozen=True)
class Archive:
    """A zip file that is open.

    Attributes:
        path: Where the archive is.
        names: Names of its members, in alphabetical order.
    """

    path: Path
    names: tuple[str, ...]
    _opened: ZipFile = field(repr=False)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            FileError: It is damaged, encrypted, or compressed by an unknown method.
        """
        try:
            return self._opened.read(name)
        except Exception as error:
            raise FileError(f"{self.path}: {name} cannot be unpacked: {error}") from error


@contextmanager
def open_zip(path: Path) -> Iterator[Archive]:
    """Yield an archive.

    Raises:
        FileError: It is not a complete zip file, or would unpack to far more than its size.
    """
    try:
        opened = ZipFile(path)
    except OSError as error:
        raise FileError(f"{path}: {unreadable(path, error)}; expected a zip file") from error
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise FileError(f"{path}: is damaged, or no zip file: {error}") from error
    with opened:
        members = opened.infolist()
        require_unpacked(path, sum(member.file_size for member in members), path.stat().st_size)
        yield Archive(path, tuple(sorted(member.filename for member in members)), opened)
