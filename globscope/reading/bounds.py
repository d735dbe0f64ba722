"""Bounds on what is read of a file, checked before memory is used."""

from pathlib import Path

from globscope.errors import FileError

MIB = 2**20
# The largest text files that are parsed. Parsed JSON takes about ten times its size in memory.
JSON_BYTES, CSV_BYTES, TOML_BYTES = 256 * MIB, 1024 * MIB, 4 * MIB
# How many brackets or tables of JSON and TOML may be nested.
DEPTH = 64
# Compressed numbers seldom shrink below a hundredth; a file that claims more is refused, unless it is small unpacked.
UNPACKED_BYTES, RATIO = 256 * MIB, 100


def read_bytes(path: Path, most: int, what: str) -> bytes:
    """Return a file's bytes.

    Args:
        path: Where the file is.
        most: How many bytes it may have.
        what: What would be accepted, for the message.

    Raises:
        FileError: The file does not exist, cannot be read, or is larger.
    """
    try:
        if path.is_fifo():  # opening it would wait for a writer
            raise FileError(f"{path}: is a pipe; expected {what}")
        with path.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise FileError(f"{path}: {unreadable(path, error)}; expected {what}") from error
    if len(content) > most:
        raise FileError(f"{path}: is larger than {most // MIB} MiB; expected {what}")
    return content


def unreadable(path: Path, error: OSError) -> str:
    """Return why a file cannot be opened."""
    if path.is_dir():
        return "is a folder"
    if isinstance(error, FileNotFoundError):
        return "is a link that leads nowhere" if path.is_symlink() else "there is no such file"
    return f"cannot be read: {error.strerror or error}"


def require_unpacked(path: Path, unpacked: int, packed: int) -> None:
    """Refuse a compressed file that would fill the memory, before anything is unpacked.

    Args:
        path: Where the file is.
        unpacked: How many bytes it would take in memory, by its own account.
        packed: How many bytes it takes on disk.

    Raises:
        FileError: It would take more than 256 MiB and more than 100 times its size.
    """
    if unpacked > unpacked_bound(packed):
        raise FileError(
            f"{path}: {packed:,} bytes that unpack to {unpacked:,}; accepted are {UNPACKED_BYTES // MIB} MiB or "
            f"{RATIO} times the file's size, whichever is more: save it uncompressed"
        )


def unpacked_bound(packed: int) -> int:
    """Return how many bytes a compressed file of so many bytes may take in memory."""
    return max(UNPACKED_BYTES, RATIO * packed)
