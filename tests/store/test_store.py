"""The run folder: keys, atomic writes, stages."""

import numpy as np
import pytest
from attrs import define, evolve, field
from support.arrays import assert_same_arrays

from globscope.api import ADDED, Code
from globscope.store import Store, fingerprint, key, read_arrays, write_arrays, write_bytes, write_json


@define(frozen=True, kw_only=True)
class Options:
    width: int = 3
    path: object = None


@define(frozen=True, kw_only=True)
class LaterOptions(Options):
    names: tuple[str, ...] = field(default=(), metadata=ADDED)
    weights: dict[str, float] = field(factory=dict, metadata=ADDED)
    library: str = field(default="installed", metadata={**ADDED, "before": "own"})


def test_an_option_that_was_added_later_is_in_the_key_where_it_differs_from_its_default():
    assert key(LaterOptions(library="own")) == key(Options())
    changed = [LaterOptions(), LaterOptions(names=("a",)), LaterOptions(weights={"a": 1.0}), LaterOptions(width=4)]
    assert len({key(Options()), *map(key, changed)}) == 5


def test_equal_options_give_equal_keys_and_a_changed_one_another():
    assert key("a", Options()) == key("a", Options())
    assert key("a", Options()) != key("a", evolve(Options(), width=4))
    assert key("a", Options()) != key("b", Options())


def test_a_files_key_is_its_bytes_not_its_place(tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    one.write_bytes(b"data")
    two.write_bytes(b"data")
    assert fingerprint(one) == fingerprint(two)
    two.write_bytes(b"datb")
    assert fingerprint(one) != fingerprint(two)


def test_a_references_key_covers_the_modules_beside_it_that_it_imports(tmp_path):
    (tmp_path / "nets.py").write_text("import layers\ndef build(): return layers.WIDTH\n")
    (tmp_path / "layers.py").write_text("WIDTH = 3\n")
    (tmp_path / "unrelated.py").write_text("X = 1\n")
    code = Code(str(tmp_path / "nets.py"), "build")
    before = fingerprint(code)
    (tmp_path / "unrelated.py").write_text("X = 2\n")
    assert fingerprint(code) == before
    (tmp_path / "layers.py").write_text("WIDTH = 4\n")
    assert fingerprint(code) != before


@pytest.mark.parametrize("module", ["own_package", "own_package.nets"])
def test_a_references_key_covers_what_its_package_imports_relatively(module, tmp_path, monkeypatch):
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package/__init__.py").write_text("from .nets import build\n")
    (tmp_path / "own_package/nets.py").write_text("from .layers import WIDTH\ndef build(): return WIDTH\n")
    (tmp_path / "own_package/layers.py").write_text("WIDTH = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    code = Code(module, "build")
    before = fingerprint(code)
    (tmp_path / "own_package/layers.py").write_text("WIDTH = 4\n")
    assert fingerprint(code) != before


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors"])
def test_arrays_come_back_bit_for_bit_and_equal_arrays_give_equal_bytes(tmp_path, name):
    arrays = {"x": np.random.default_rng(0).normal(size=(3, 4)), "n": np.array([1, -1])}
    write_arrays(tmp_path / name, arrays)
    first = (tmp_path / name).read_bytes()
    assert_same_arrays(read_arrays(tmp_path / name), arrays)
    write_arrays(tmp_path / name, arrays)
    assert (tmp_path / name).read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_json_refuses_what_other_readers_cannot_take(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_stage_is_worked_once_and_an_unfinished_one_is_continued(tmp_path):
    store, calls = Store(tmp_path), []

    def work(folder):
        calls.append(sorted(p.name for p in folder.iterdir() if p.name == "half"))
        write_bytes(folder / "half", b"")
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.stage("fit", "k", work)
    assert not store.is_finished("fit", "k")
    folder = store.stage("fit", "k", work)
    assert store.stage("fit", "k", work) == folder
    assert calls == [[], ["half"]]
