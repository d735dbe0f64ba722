"""Stages that are not as they were written: named, moved aside and computed again, never read into a result."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from globscope.errors import FileError, RunError
from globscope.store import Store, announce, claim, read_arrays, write_arrays, write_bytes, write_json
from globscope.store.keys import FORMAT
from globscope.store.lock import LOCK
from globscope.store.record import NAME, read
from globscope.store.seal import _WHOLE

ARRAYS = {"loss": np.arange(5.0)}


def fill(folder):
    write_arrays(folder / "fields.npz", ARRAYS)
    write_json(folder / "plan.json", {"units": 3})
    (folder / "units").mkdir(exist_ok=True)
    write_bytes(folder / "units/0.bin", b"unit", flush=False)
    announce(folder / "weights.npy")
    np.save(folder / "weights.npy", np.ones(3))


@pytest.fixture
def store(tmp_path):
    """A store with two finished stages, and the list of its warnings."""
    warned = []
    found = Store(tmp_path, warn=warned.append)
    for key in ("one", "two"):
        found.stage("evaluate", key, fill)
    _WHOLE.clear()  # as another process, which has verified nothing yet
    return found, warned


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def exchange(place):
    two, rest = place.with_name("two"), place.with_name("rest")
    place.rename(rest)
    two.rename(place)
    rest.rename(two)


DAMAGE = {
    "a flipped bit": (lambda at: flip(at / "fields.npz"), "fields.npz is damaged or was changed"),
    "a flipped bit of a mapped file": (lambda at: flip(at / "weights.npy"), "weights.npy is damaged or was changed"),
    "an edit": (lambda at: np.savez(at / "fields.npz", loss=np.zeros(5)), "fields.npz is damaged or was changed"),
    "cut": (lambda at: (at / "fields.npz").write_bytes((at / "fields.npz").read_bytes()[:50]), "fields.npz is damaged"),
    "emptied": (lambda at: (at / "plan.json").write_bytes(b""), "plan.json is damaged or was changed"),
    "missing": (lambda at: (at / "units/0.bin").unlink(), "units/0.bin is missing"),
    "added": (lambda at: (at / "buffers.safetensors").touch(), "buffers.safetensors was added"),
    "replaced by a link": (lambda at: link(at / "plan.json"), "plan.json is damaged or was changed"),
    "exchanged": (exchange, "holds the files of evaluate/two"),
    "without a record": (lambda at: (at / NAME).unlink(), "the record of its files is missing or damaged"),
    "an emptied record": (lambda at: (at / NAME).write_bytes(b""), "the record of its files is missing or damaged"),
    "a flipped bit of the record": (lambda at: flip(at / NAME), ""),
    "a record of 100,000 brackets": (lambda at: (at / NAME).write_text("[" * 100_000), "the record of its files"),
    "a folder for a file": (lambda at: foldered(at / "plan.json"), "plan.json is missing"),
}


def foldered(path):
    path.unlink()
    path.mkdir()


def link(path):
    content = path.with_name(".elsewhere")
    path.rename(content)
    path.symlink_to(content)


@pytest.mark.parametrize("case", DAMAGE)
def test_a_stage_that_is_not_as_it_was_written_is_named_and_computed_again(case, store):
    found, warned = store
    damage, says = DAMAGE[case]
    place = found.place("evaluate", "one")
    damage(place)
    again = found.stage("evaluate", "one", fill)
    assert len(warned) == 1
    assert warned[0].startswith(f"{place}: {says}")
    assert warned[0].endswith("; computed again, what was there is now in one.damaged")
    np.testing.assert_array_equal(read_arrays(again / "fields.npz")["loss"], ARRAYS["loss"])
    assert found.is_finished("evaluate", "one")
    assert len(warned) == 1


@pytest.mark.parametrize("case", DAMAGE)
def test_a_trusted_store_uses_what_is_there_and_says_so_once(case, store):
    found, warned = store
    place = found.place("evaluate", "one")
    DAMAGE[case][0](place)
    trusting = Store(found.root, trusting=True, warn=warned.append)
    assert trusting.is_finished("evaluate", "one")
    assert trusting.is_finished("evaluate", "one")
    assert [text.endswith("; used as it is, since the store is trusted") for text in warned] == [True]


def test_a_whole_stage_is_read_once_a_process_and_again_when_it_was_touched(store, monkeypatch):
    found, warned = store
    calls = []
    original = read

    def counted(folder):
        calls.append(folder)
        return original(folder)

    monkeypatch.setattr("globscope.store.seal.read", counted)
    assert found.is_finished("evaluate", "one")
    assert found.is_finished("evaluate", "one")
    assert len(calls) == 1
    np.savez(found.place("evaluate", "one") / "fields.npz", loss=np.zeros(5))
    assert not found.is_finished("evaluate", "one")
    assert len(calls) == 2
    assert len(warned) == 1


def interrupted(store):
    def work(folder):
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.stage("evaluate", "half", work)
    return store.place("evaluate", "half").with_name("half.part")


UNFINISHED = {
    "a flipped bit": (lambda at: flip(at / "fields.npz"), ["fields.npz is damaged or was changed"], {"fields.npz"}),
    "emptied": (lambda at: (at / "units/0.bin").write_bytes(b""), ["units/0.bin is damaged"], {"units/0.bin"}),
    "missing": (lambda at: (at / "plan.json").unlink(), [], {"plan.json"}),
    "added": (lambda at: (at / "chart.json").touch(), ["chart.json was added"], set()),
    "a rest of a write": (lambda at: (at / ".plan.json.part").write_bytes(b"{"), [], set()),
    "a cut line of the record": (lambda at: cut_line(at / NAME), ["plan.json was added"], {"plan.json"}),
    "an emptied record": (
        lambda at: (at / NAME).write_bytes(b""),
        ["the record of its files is missing or damaged"],
        {"fields.npz", "plan.json", "units/0.bin"},
    ),
}


def cut_line(path):
    kept = [line for line in path.read_text().splitlines() if "plan.json" not in line]
    path.write_text("\n".join(kept) + '\n{"file": "plan.js')


@pytest.mark.parametrize("case", UNFINISHED)
def test_what_is_damaged_of_an_unfinished_stage_is_gone_when_it_is_continued(case, tmp_path):
    warned = []
    store = Store(tmp_path, warn=warned.append)
    part = interrupted(store)
    damage, says, gone = UNFINISHED[case]
    damage(part)
    seen = []

    def work(folder):
        seen.extend(
            p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name not in (NAME, LOCK)
        )
        fill(folder)

    store.stage("evaluate", "half", work)
    # The mapped file has no digest until its stage is finished, so it is written anew in any case.
    assert set(seen) == {"fields.npz", "plan.json", "units/0.bin"} - gone
    assert len(warned) == len(says)
    for text, expected in zip(warned, says, strict=True):
        assert text.startswith(f"{part}: {expected}")
    assert store.is_finished("evaluate", "half")


def test_a_file_that_was_written_again_counts_with_either_content_until_it_is_renamed(tmp_path):
    """A kill between the record's line and the rename leaves the file as it was, which is whole."""
    store = Store(tmp_path)

    def work(folder):
        write_bytes(folder / "state", b"old")
        announce(folder / "state")
        with (folder / NAME).open("a") as record:
            record.write('\n{"file": "state", "size": 3, "sha256": "not yet"}')
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.stage("train", "a", work)
    kept = store.stage("train", "a", lambda folder: None)
    assert (kept / "state").read_bytes() == b"old"


def test_the_record_of_a_stage_names_it_and_every_file_with_its_digest(store):
    found, _ = store
    heading, *lines = (found.place("evaluate", "one") / NAME).read_text().splitlines()
    assert json.loads(heading) == {"of": "evaluate/one", "format": FORMAT}
    assert [json.loads(line)["file"] for line in lines] == ["fields.npz", "plan.json", "units/0.bin", "weights.npy"]
    assert all(len(json.loads(line)["sha256"]) == 64 for line in lines)


def test_files_are_on_the_disk_before_their_stage_is_renamed(tmp_path, monkeypatch):
    """Flushed are every file, the record and the folders; then the stage is renamed, then its folder flushed."""
    order, flush, rename = [], os.fsync, type(tmp_path).replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append(str(Path(f"/proc/self/fd/{fd}").readlink())), flush(fd)))
    monkeypatch.setattr(type(tmp_path), "replace", lambda a, b: (order.append(f"{a} to {b}"), rename(a, b))[1])
    Store(tmp_path).stage("evaluate", "k", fill)
    stage = str(tmp_path / "stages/evaluate/k")
    at = order.index(f"{stage}.part to {stage}")
    names = ("/fields.npz", "/plan.json", "/units/0.bin", "/weights.npy", "/.files.jsonl.part", "/units", "")
    assert {f"{stage}.part{name}" for name in names} <= set(order[:at])
    assert order[at + 1 :] == [str(tmp_path / "stages/evaluate")]


def test_a_file_that_is_not_of_a_stage_at_work_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    order, flush, rename = [], os.fsync, type(tmp_path).replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("flush"), flush(fd)))
    monkeypatch.setattr(type(tmp_path), "replace", lambda a, b: (order.append("rename"), rename(a, b))[1])
    write_bytes(tmp_path / "results.json", b"{}")
    write_arrays(tmp_path / "a.npz", ARRAYS)
    (tmp_path / "k.part").mkdir()
    write_bytes(tmp_path / "k.part/unit.npz", b"")
    write_bytes(tmp_path / "k.part/state.safetensors", b"", flush=True)
    assert order == ["flush", "rename", "flush", "rename", "rename", "flush", "rename"]


def test_a_folder_of_somebody_elses_is_refused_and_left_as_it_is(tmp_path):
    for name in ("b.txt", "a.txt", "c", "d"):
        (tmp_path / name).touch()
    with pytest.raises(RunError) as caught:
        claim(tmp_path, "study")
    assert str(caught.value) == (
        f"{tmp_path}: holds a.txt, b.txt, c and 1 more, and is no folder of GlobScope's; expected one that is new or "
        "empty, or that of a study"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt", "c", "d"]


def test_a_folder_is_of_one_kind_and_no_link_leads_out_of_it(tmp_path):
    claim(tmp_path / "a", "sweep")
    claim(tmp_path / "a", "sweep")
    with pytest.raises(RunError, match=r"a: is the folder of a sweep, not of a study; give another one by --out"):
        claim(tmp_path / "a", "study")
    (tmp_path / "photos").mkdir()
    (tmp_path / "a/figures").symlink_to(tmp_path / "photos")
    with pytest.raises(RunError, match=r"a/figures: is a link, and nothing is written through one"):
        claim(tmp_path / "a", "sweep")
    (tmp_path / "linked").symlink_to(tmp_path / "b")
    with pytest.raises(RunError, match="linked: is no folder"):
        claim(tmp_path / "linked", "study")


def test_stages_that_were_copied_into_a_folder_of_their_own_are_a_run(tmp_path):
    Store(tmp_path / "old").stage("evaluate", "k", fill)
    (tmp_path / "new").mkdir()
    (tmp_path / "old/stages").rename(tmp_path / "new/stages")
    claim(tmp_path / "new", "study")
    assert Store(tmp_path / "new").is_finished("evaluate", "k")


def test_a_file_that_is_not_ours_is_not_written_over_and_no_link_is_followed(tmp_path):
    claim(tmp_path / "run", "study")
    write_bytes(tmp_path / "run/report.html", b"one")
    write_bytes(tmp_path / "run/report.html", b"two")
    (tmp_path / "run/tables").mkdir()
    (tmp_path / "run/tables/mine.csv").write_text("mine")
    with pytest.raises(FileError, match=r"mine\.csv: is not in files\.jsonl, the list of what GlobScope wrote"):
        write_bytes(tmp_path / "run/tables/mine.csv", b"ours")
    assert (tmp_path / "run/tables/mine.csv").read_text() == "mine"
    (tmp_path / "photo.png").write_bytes(b"photo")
    (tmp_path / "run/report.html").unlink()
    (tmp_path / "run/report.html").symlink_to(tmp_path / "photo.png")
    (tmp_path / "run/.report.html.part").symlink_to(tmp_path / "photo.png")
    write_bytes(tmp_path / "run/report.html", b"three")
    assert (tmp_path / "photo.png").read_bytes() == b"photo"
    assert (tmp_path / "run/report.html").read_bytes() == b"three"
