"""Public data sets: what comes over a wire is checked, unpacked and readable; where nothing comes, words say why."""

import gzip
import hashlib
import io
import shutil
import socket
import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from attrs import evolve
from support.commands import run
from support.images import GRAY_TEST, GRAY_TRAIN, TEST, TRAIN, as_idx, some

from globscope.builtin.tasks.data.by_name import KNOWN, load_named
from globscope.builtin.tasks.data.cifar import PIXELS
from globscope.download import DATA_SETS

TRAIN_100, TEST_100 = some(200, classes=100), some(100, classes=100, seed=1)
SPLITS = {
    "mnist": (GRAY_TRAIN, GRAY_TEST),
    "cifar10": (TRAIN, TEST),
    "cifar100": (TRAIN_100, TEST_100),
}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        self.server.asked.append(self.path)


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A server of this machine's with an empty folder."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "web").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "web")) as server:
        server.asked, server.folder = [], tmp_path / "web"
        server.address = f"http://127.0.0.1:{server.server_port}/"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def binary(split, labels):
    """Return images as CIFAR's records."""
    x, y = split
    columns = [*[np.zeros(len(y), np.uint8)] * (labels - 1), y.astype(np.uint8), x.reshape(len(x), -1)]
    return np.column_stack(columns).tobytes()


def contents(name):
    """Return what each file of a small CIFAR holds, by name."""
    train, test = SPLITS[name]
    if name == "cifar100":
        return {"train.bin": binary(train, 2), "test.bin": binary(test, 2)}
    parts = [(x, y) for x, y in zip(*(np.array_split(part, 5) for part in train), strict=True)]
    batches = {f"data_batch_{n}.bin": binary(part, 1) for n, part in enumerate(parts, 1)}
    return batches | {"test_batch.bin": binary(test, 1)}


def packed(path, files, inside):
    """Write an archive with these files, and one that would leave the folder."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {**{f"{inside}/{n}": c for n, c in files.items()}, "../outside": b"!"}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


@pytest.fixture
def published(web, monkeypatch):
    """Return a function that puts a small data set on the server and into the table."""

    def publish(name):
        real, sizes = DATA_SETS[name], {}
        if real.inside:
            files = contents(name)
            sizes = {file: len(files[file]) for file in real.sizes}
            packed(web.folder / next(iter(real.checksums)), files, real.inside)
        else:
            shutil.copytree(as_idx(web.folder / "idx", packed=True), web.folder, dirs_exist_ok=True)
        checksums = {file: hashlib.md5((web.folder / file).read_bytes()).hexdigest() for file in real.checksums}
        monkeypatch.setitem(DATA_SETS, name, evolve(real, address=web.address, checksums=checksums, sizes=sizes))

    return publish


def failed(result, *lines):
    """Assert the words of a failure; *** stands for any text."""
    assert (result.exit_code, result.stdout) == (2, "")
    messages = [line for line in result.stderr.splitlines() if not line.startswith("download ")]
    assert len(messages) == len(lines), messages
    for line, wanted in zip(messages, lines, strict=True):
        start, gap, end = f"error: {wanted}".partition("***")
        assert (line.startswith(start) and line.endswith(end)) if gap else line == start


@pytest.mark.parametrize("name", DATA_SETS)
def test_what_is_downloaded_is_read_by_the_task(name, web, published, tmp_path):
    published(name)
    folder = tmp_path / "home" / name
    result = run("data", name, "--to", folder)
    assert (result.exit_code, result.stdout) == (0, f"{folder}: complete\ndata = '{name}'\npath = '{folder}'\n")
    assert result.stderr.splitlines() == [f"download {file} (kB)" for file in DATA_SETS[name].checksums]
    found = load_named(name, folder, 0.2, 0)
    for (x, y), (images, labels) in zip((found.train, found.test), SPLITS[name], strict=True):
        np.testing.assert_array_equal(x, images)
        np.testing.assert_array_equal(y, labels)
    assert {file.name for file in folder.iterdir()} == set(DATA_SETS[name].sizes or DATA_SETS[name].checksums)
    assert not (tmp_path / "home/outside").exists()


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_what_is_complete_is_not_downloaded_again(name, web, published, tmp_path):
    published(name)
    assert run("data", name, "--to", tmp_path / "d").exit_code == 0
    web.asked.clear()
    again = run("data", name, "--to", tmp_path / "d")
    assert again.stdout.splitlines()[0] == f"{tmp_path}/d: complete; nothing was downloaded"
    assert (again.exit_code, again.stderr, web.asked) == (0, "", [])


def test_the_folder_is_in_the_home_by_default(published, tmp_path, monkeypatch):
    published("cifar10")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert run("data", "cifar10").exit_code == 0
    assert (tmp_path / "home/data/cifar10/test_batch.bin").is_file()


def test_a_relative_folder_is_reported_whole(published, tmp_path, monkeypatch):
    published("cifar10")
    monkeypatch.chdir(tmp_path)
    assert run("data", "cifar10", "--to", "here").stdout.splitlines()[-1] == f"path = '{tmp_path}/here'"


def test_only_what_is_missing_is_downloaded(web, published, tmp_path):
    published("mnist")
    folder = tmp_path / "d"
    assert run("data", "mnist", "--to", folder).exit_code == 0
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    web.asked.clear()
    assert run("data", "mnist", "--to", folder).exit_code == 0
    assert web.asked == ["/train-labels-idx1-ubyte.gz"]
    assert load_named("mnist", folder, 0.2, 0).classes == 10


def test_other_data_under_the_same_names_is_never_replaced(web, published, tmp_path):
    """Fashion-MNIST's files have MNIST's names."""
    published("mnist")
    published("cifar10")
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"other"))
    (tmp_path / "test_batch.bin").write_bytes(b"other")
    result = run("data", "mnist", "--to", tmp_path)
    assert result.stderr.startswith(
        "error: mnist: t10k-labels-idx1-ubyte.gz: lies there with another checksum: damaged, or other data; it is not "
        "replaced, move it elsewhere\n"
    )
    assert (result.exit_code, web.asked) == (2, [])
    assert run("data", "cifar10", "--to", tmp_path).exit_code == 2
    assert gzip.decompress((tmp_path / "t10k-labels-idx1-ubyte.gz").read_bytes()) == b"other"
    assert (tmp_path / "test_batch.bin").read_bytes() == b"other"


def test_an_archive_that_was_put_there_by_hand_is_unpacked_without_a_network_and_stays(web, published, tmp_path):
    published("cifar10")
    shutil.copytree(web.folder, tmp_path / "d")
    result = run("data", "cifar10", "--to", tmp_path / "d")
    assert result.stdout.splitlines()[0] == f"{tmp_path}/d: complete; nothing was downloaded"
    assert (result.stderr, web.asked) == ("", [])
    assert load_named("cifar10", tmp_path / "d", 0.2, 0).classes == 10
    assert (tmp_path / "d/cifar-10-binary.tar.gz").is_file()


# Where it fails.


@pytest.fixture
def deaf():
    """The address of a server that does not run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def offline(monkeypatch, name, address):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(DATA_SETS, name, evolve(DATA_SETS[name], address=address))


def by_hand(name, folder, address, *files):
    """Return the lines that say what to do instead."""
    checksums = DATA_SETS[name].checksums
    return (
        "by hand: download",
        *(f"  {address}{file} (MD5 {checksums[file]})" for file in files),
        f"put {'them' if len(files) > 1 else 'it'} into {folder}",
        f"and run `globscope data {name} --to {folder}`, "
        f"which checks{' and unpacks' if DATA_SETS[name].inside else ''} what lies there",
    )


@pytest.mark.parametrize("name", DATA_SETS)
def test_without_a_network_words_say_what_to_put_where(name, deaf, tmp_path, monkeypatch):
    offline(monkeypatch, name, deaf)
    files = [*DATA_SETS[name].checksums]
    folder = tmp_path / "d"
    failed(
        run("data", name, "--to", folder),
        f"{name}: {files[0]}: cannot be downloaded: ConnectionError: ***Connection refused",
        *by_hand(name, folder, deaf, *files),
    )
    assert not folder.exists()


def test_half_an_archive_put_there_by_hand_is_reported_and_kept(deaf, tmp_path, monkeypatch):
    offline(monkeypatch, "cifar10", deaf)
    (tmp_path / "d").mkdir()
    (tmp_path / "d/cifar-10-binary.tar.gz").write_bytes(b"half")
    message = (
        "cifar10: cifar-10-binary.tar.gz: lies there with another checksum: damaged, or other data; it is not "
        "replaced, move it elsewhere"
    )
    wanted = by_hand("cifar10", tmp_path / "d", deaf, "cifar-10-binary.tar.gz")
    failed(run("data", "cifar10", "--to", tmp_path / "d"), message, *wanted)
    assert (tmp_path / "d/cifar-10-binary.tar.gz").read_bytes() == b"half"


def test_a_file_of_another_checksum_is_not_kept(web, published, tmp_path):
    published("mnist")
    (web.folder / "t10k-images-idx3-ubyte.gz").write_bytes(b"<html>Please log in</html>")
    failed(
        run("data", "mnist", "--to", tmp_path / "d"),
        "mnist: t10k-images-idx3-ubyte.gz: what came has another checksum than the published file: "
        "damaged, or something else",
        *by_hand("mnist", tmp_path / "d", web.address, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
    )
    kept = sorted(file.name for file in (tmp_path / "d").iterdir())
    assert kept == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]


def test_a_file_that_has_moved_is_reported(web, published, tmp_path):
    published("cifar100")
    (web.folder / "cifar-100-binary.tar.gz").unlink()
    failed(
        run("data", "cifar100", "--to", tmp_path / "d"),
        "cifar100: cifar-100-binary.tar.gz: cannot be downloaded: HTTPError: 404 Client Error: File not found "
        f"for url: {web.address}cifar-100-binary.tar.gz",
        *by_hand("cifar100", tmp_path / "d", web.address, "cifar-100-binary.tar.gz"),
    )


def test_a_data_set_that_is_unknown_is_reported():
    failed(run("data", "cifar"), "there is no data set 'cifar' to download; did you mean 'cifar10'?")
    failed(run("data", "x"), "there is no data set 'x' to download; known: cifar10, cifar100, mnist")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").touch()
    failed(run("data", "mnist", "--to", tmp_path / "file/d"), f"{tmp_path}/file/d: Not a directory")


# The table.


def test_what_can_be_downloaded_is_what_the_task_knows_by_name():
    assert DATA_SETS.keys() == KNOWN.keys()


def test_the_sizes_are_those_of_the_published_numbers_of_images():
    assert set(DATA_SETS["cifar10"].sizes.values()) == {10_000 * (1 + PIXELS)}
    assert [*DATA_SETS["cifar100"].sizes.values()] == [50_000 * (2 + PIXELS), 10_000 * (2 + PIXELS)]
