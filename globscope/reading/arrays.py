"""Arrays from npz, npy and safetensors files; nothing is unpickled, and shapes are checked before memory is used."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np

from globscope.errors import FileError
from globscope.reading.bounds import require_unpacked, unreadable

NPZ, SAFETENSORS = "a .npz file of plain arrays, as numpy.savez writes it", "a .safetensors file"
ENDING = ".npy"
# More arrays than GlobScope's archives and data sets have.
MOST_ARRAYS = 100_000


def names_in_npz(path: Path) -> list[str]:
    """Return the names of the arrays in a .npz file.

    Raises:
        FileError: It is damaged, or of another kind.
    """
    with _open_npz(path) as archive:
        return [_name(member) for member in archive.infolist()]


def read_npz(path: Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file, all or only those with these names; no others are read.

    Raises:
        FileError: It is damaged, of another kind, holds Python objects, or would unpack to far more than its size.
    """
    with _open_npz(path) as archive:
        wanted = None if names is None else set(names)
        members = [member for member in archive.infolist() if wanted is None or _name(member) in wanted]
        sizes = [_size(path, archive, member) for member in members]
        require_unpacked(path, sum(sizes), path.stat().st_size)
        return {_name(member): _array(path, archive, member) for member in members}


@contextmanager
def _open_npz(path: Path) -> Iterator[ZipFile]:
    try:
        with path.open("rb") as handle, ZipFile(handle) as archive:
            if len(archive.infolist()) > MOST_ARRAYS:
                raise FileError(f"{path}: holds more than {MOST_ARRAYS:,} files; expected {NPZ}")
            yield archive
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path}: {unreadable(path, error)}; expected {NPZ}") from error
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise FileError(f"{path}: cannot be read as .npz: {_reason(error)}") from error


def _name(member: ZipInfo) -> str:
    return member.filename.removesuffix(ENDING)


def _size(path: Path, archive: ZipFile, member: ZipInfo) -> int:
    """Return the number of bytes of an array, from its header alone."""
    if not member.filename.endswith(ENDING):
        raise FileError(f"{path}: {member.filename!r} is not an array; expected {NPZ}")
    with _array_errors(path, member), archive.open(member) as opened:
        shape, dtype = _header(opened)
        start = opened.tell()
    name = _name(member)
    if dtype.hasobject:
        raise FileError(f"{path}: the array {name!r} holds Python objects, which are never unpickled; expected {NPZ}")
    size = prod(shape) * dtype.itemsize
    if start + size != member.file_size:
        raise FileError(
            f"{path}: the array {name!r} is damaged: {member.file_size - start:,} bytes for shape {shape} of {dtype}"
        )
    return size


def _header(opened: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and dtype of an array in numpy's format; its header may have 10,000 bytes."""
    version = np.lib.format.read_magic(opened)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(opened)
    if any(length < 0 for length in shape):
        raise ValueError(f"its shape is {shape}")
    return shape, dtype


def _array(path: Path, archive: ZipFile, member: ZipInfo) -> np.ndarray:
    with _array_errors(path, member), archive.open(member) as opened:
        array: np.ndarray = np.lib.format.read_array(opened, allow_pickle=False)
    return array


@contextmanager
def _array_errors(path: Path, member: ZipInfo) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # any error that a damaged or hostile archive causes
        raise FileError(f"{path}: the array {_name(member)!r} cannot be read: {_reason(error)}") from error


def map_npy(path: Path) -> np.ndarray:
    """Return the array of a .npy file, memory-mapped.

    Raises:
        FileError: It is damaged, or of another kind.
    """
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except Exception as error:
        raise FileError(f"{path}: cannot be read as .npy: {_reason(error)}") from error


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file, which the format's own library bounds by the file's size.

    Raises:
        FileError: It is damaged, of another kind, or holds numbers that NumPy lacks, such as bfloat16.
    """
    from safetensors.numpy import load_file

    return _loaded_tensors(load_file, path)


def read_tensors(path: Path) -> dict[str, Any]:
    """Return the torch tensors of a safetensors file, of any dtype.

    Raises:
        FileError: It is damaged, or of another kind.
    """
    from safetensors.torch import load_file

    return _loaded_tensors(load_file, path)


def _loaded_tensors(load_file: Callable[[Path], dict[str, Any]], path: Path) -> dict[str, Any]:
    try:
        return dict(load_file(path))
    except OSError as error:
        raise FileError(f"{path}: {unreadable(path, error)}; expected {SAFETENSORS}") from error
    except Exception as error:  # SafetensorError, and what its Python side raises for dtypes that NumPy lacks
        raise FileError(f"{path}: cannot be read as safetensors: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
