"""Public data sets, downloaded by `globscope data NAME`; nothing else in GlobScope opens a connection."""

import os
import shlex
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import DataError, near
from globscope.values.chart import Progress

CHUNK = 2**20
TORONTO = "https://www.cs.toronto.edu/~kriz/"


@define(frozen=True, kw_only=True)
class DataSet:
    """The files of a data set: those that are downloaded, and those that are unpacked from them.

    Attributes:
        address: URL of the files' folder, with its last slash.
        checksums: Published MD5 of each file, which detects damage but not forgery.
        inside: Folder in the archive; empty where the files are not an archive.
        sizes: Bytes of each file that is unpacked from the archive; the test split's is the last.
    """

    address: str
    checksums: Mapping[str, str]
    inside: str = ""
    sizes: Mapping[str, int] = field(factory=dict)

    def is_unpacked(self, folder: Path) -> bool:
        """Return whether a folder holds every file of the archive, complete."""
        files = {folder / name: size for name, size in self.sizes.items()}
        return bool(files) and all(file.is_file() and file.stat().st_size == size for file, size in files.items())


DATA_SETS = {
    "mnist": DataSet(
        address="https://ossci-datasets.s3.amazonaws.com/mnist/",
        checksums={
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    ),
    "cifar10": DataSet(
        address=TORONTO,
        checksums={"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"},
        inside="cifar-10-batches-bin",
        sizes={f"{name}.bin": 30_730_000 for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch")},
    ),
    "cifar100": DataSet(
        address=TORONTO,
        checksums={"cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8"},
        inside="cifar-100-binary",
        sizes={"train.bin": 153_700_000, "test.bin": 30_740_000},
    ),
}


def fetch_data_set(name: str, folder: Path, stage: Callable[[str], Progress]) -> tuple[str, ...]:
    """Download what is missing of a data set into a folder; return the names of the downloaded files.

    Args:
        name: Name of the data set.
        folder: The folder for its files; existing files with the right checksum are used.
        stage: Called with the name of each download; returns a receiver of its progress in kilobytes.

    Raises:
        DataError: There is no such data set, or a file cannot be downloaded; the message says what to do by hand.
    """
    if name not in DATA_SETS:
        raise DataError(f"there is no data set {name!r} to download; {near(name, DATA_SETS)}")
    wanted = DATA_SETS[name]
    if wanted.is_unpacked(folder):
        return ()
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        fetched = tuple(_download(name, wanted, folder, stage))
        if wanted.inside:
            _unpack(name, folder, fetched)
    finally:
        if is_new and not any(folder.iterdir()):
            folder.rmdir()  # an empty folder would be taken for unreadable data
    return fetched


def _download(name: str, wanted: DataSet, folder: Path, stage: Callable[[str], Progress]) -> Iterator[str]:
    """Download missing files and yield their names; files with another checksum may be the user's, and are kept."""
    from pooch import HTTPDownloader, file_hash, get_logger, retrieve
    from requests.exceptions import RequestException

    get_logger().setLevel("WARNING")  # the stage has reported it already
    missing = {file: md5 for file, md5 in wanted.checksums.items() if not (folder / file).exists()}
    for file, md5 in wanted.checksums.items():
        if file not in missing and file_hash(str(folder / file), alg="md5") != md5:
            problem = "lies there with another checksum: damaged, or other data; it is not replaced, move it elsewhere"
            raise _by_hand(name, file, folder, problem)
    for file, md5 in missing.items():
        bar = _DownloadBar(progress=stage(f"download {file} (kB)"))
        try:
            by = HTTPDownloader(progressbar=bar, chunk_size=CHUNK, hooks={"response": _close_failed})
            retrieve(wanted.address + file, f"md5:{md5}", file, folder, downloader=by)
        except RequestException as error:
            raise _by_hand(name, file, folder, f"cannot be downloaded: {_reason(error)}") from error
        except ValueError as error:  # the checksum is wrong; pooch has removed the file
            problem = "what came has another checksum than the published file: damaged, or something else"
            raise _by_hand(name, file, folder, problem) from error
        yield file


def _close_failed(response: Any, **_: Any) -> None:
    """Close the connection of a failed response such as 404, which pooch leaves open."""
    if not response.ok:
        response.close()


@define
class _DownloadBar:
    """A progress bar for pooch."""

    progress: Progress
    total: int = 0
    done: int = 0

    def update(self, count: int) -> None:
        self.done = min(self.done + count, self.total)
        self.progress(self.done // 1000, self.total // 1000)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def _unpack(name: str, folder: Path, fetched: tuple[str, ...]) -> None:
    """Unpack the files that are read from the archive, and no others, whatever their paths."""
    wanted = DATA_SETS[name]
    [packed] = wanted.checksums
    for file, size in wanted.sizes.items():
        if (folder / file).exists() and (folder / file).stat().st_size != size:
            problem = f"lies there with another size than {size:,} bytes; it is not replaced, move it elsewhere"
            raise DataError(f"{name}: {file}: {problem}, then run the same command")
    with tarfile.open(folder / packed) as archive:
        for file in wanted.sizes:
            content, part = archive.extractfile(f"{wanted.inside}/{file}"), folder / f".{file}.part"
            assert content is not None
            part.unlink(missing_ok=True)  # neither a leftover nor a link
            with content, part.open("xb") as copy:
                shutil.copyfileobj(content, copy, CHUNK)
                copy.flush()
                os.fsync(copy.fileno())
            part.replace(folder / file)
    if packed in fetched:
        (folder / packed).unlink()  # an archive that the user put there is kept


def _reason(error: Exception) -> str:
    """Return the cause of an error without the layers of retries around it."""
    cause = error.args[0] if error.args else error
    reason = cause.reason if hasattr(cause, "reason") else cause
    return f"{type(error).__name__}: {' '.join(str(reason).split())}"


def _by_hand(name: str, file: str, folder: Path, problem: str) -> DataError:
    """Return the error for a file, with what to do about it and the files after it."""
    wanted = DATA_SETS[name]
    missing = list(wanted.checksums)[list(wanted.checksums).index(file) :]
    again = f"globscope data {name} --to {shlex.quote(str(folder))}"
    lines = [
        f"{name}: {file}: {problem}",
        "by hand: download",
        *(f"  {wanted.address}{missing_file} (MD5 {wanted.checksums[missing_file]})" for missing_file in missing),
        f"put {'it' if len(missing) == 1 else 'them'} into {folder}",
        f"and run `{again}`, which checks{' and unpacks' * bool(wanted.inside)} what lies there",
    ]
    return DataError("\n".join(lines))
