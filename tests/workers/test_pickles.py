"""Values on their way to workers: by path, by value, and to machines on which folders have other paths."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from globscope.api import Code, pickle_by_path, pickle_by_value
from globscope.values.rows import Rows


@pytest.fixture
def mapped(tmp_path):
    """A memory-mapped array of 400 kB."""
    array = np.lib.format.open_memmap(tmp_path / "w.npy", mode="w+", dtype=np.float32, shape=(100, 1000))
    array[:] = np.random.default_rng(0).normal(size=array.shape)
    array.flush()
    return np.load(tmp_path / "w.npy", mmap_mode="r")


def test_a_memory_mapped_array_by_value_needs_its_file_no_longer(mapped, tmp_path):
    content = pickle_by_value({"part": mapped[20:40]})
    wanted = np.array(mapped[20:40])
    (tmp_path / "w.npy").unlink()
    found = pickle.loads(content)["part"]
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, wanted)


def test_rows_of_files_by_value_need_their_files_no_longer(mapped):
    rows = Rows([[mapped[row]] for row in range(3)], [partial_source] * 3)
    assert len(pickle_by_path(rows)) < 1000
    found = pickle.loads(pickle_by_value(rows))
    np.testing.assert_array_equal(np.asarray(found), mapped[:3])


def partial_source():
    raise AssertionError("the files are not read again")


@pytest.mark.parametrize("pickled", [pickle_by_path, pickle_by_value])
def test_arrays_can_travel_outside_of_the_pickle(pickled):
    buffers, array = [], np.arange(1000)
    content = pickled([array, array[::2]], outside=buffers.append)
    assert len(content) < array.nbytes  # the one with gaps is copied
    found = pickle.loads(content, buffers=buffers)
    assert np.shares_memory(found[0], array)
    np.testing.assert_array_equal(found[1], array[::2])


@pytest.mark.parametrize("pickled", [pickle_by_path, pickle_by_value])
def test_paths_are_those_of_the_machine_to_which_a_value_goes(pickled, tmp_path, monkeypatch):
    here = tmp_path / "here"
    paths = {str(tmp_path): "/elsewhere", str(here): str(tmp_path / "there"), str(here / "code"): "sent"}
    value = [here / "data.npz", tmp_path / "x", Path("/other"), Code(str(here / "code/nets.py"), "Net"), Code("m", "N")]
    content = pickled(value, paths=paths)
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(content) == [
        tmp_path / "there/data.npz",
        Path("/elsewhere/x"),
        Path("/other"),
        Code(str(tmp_path / "sent/nets.py"), "Net"),
        Code("m", "N"),
    ]


def test_a_memory_mapped_array_is_found_under_the_other_path(mapped, tmp_path):
    content = pickle_by_path(mapped[3:5], paths={str(tmp_path): str(tmp_path / "there")})
    (tmp_path / "there").mkdir()
    wanted = np.array(mapped[3:5])
    (tmp_path / "w.npy").rename(tmp_path / "there/w.npy")
    np.testing.assert_array_equal(pickle.loads(content), wanted)


def test_a_path_becomes_absolute_where_paths_are_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(pickle_by_path(Path("runs/x"), paths={})) == tmp_path / "runs/x"
    assert pickle.loads(pickle_by_path(Path("runs/x"))) == Path("runs/x")
