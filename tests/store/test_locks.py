"""Several processes in one folder: who waits for whom, and what each leaves of the others' files."""

import shutil
import subprocess
import sys
from collections import Counter

import pytest

from globscope.errors import RunError
from globscope.store import LOCK, Store, claim, hold_lock, lock_unless_held, remove_lock, times_written, write_bytes
from globscope.store.record import NAME, read

STAGE = """
import sys, time
from pathlib import Path
from globscope.store import Store, write_bytes
def work(folder):
    print("computing", sorted(path.name for path in folder.iterdir() if path.name == "half"), flush=True)
    write_bytes(folder / "half", b"")
    sys.stdin.readline()
    write_bytes(folder / "whole", b"")
Store(Path(sys.argv[1])).stage("fit", "k", work, lambda: print("waiting", flush=True))
print("finished", flush=True)
"""
TRY = """
import sys
from pathlib import Path
from globscope.store import lock_unless_held
with lock_unless_held(Path(sys.argv[1])) as is_held:
    print(is_held)
"""
HOLD = """
import sys
from pathlib import Path
from globscope.store import hold_lock
with hold_lock(Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.readline()
"""
WRITE = """
import sys
from pathlib import Path
from globscope.store import claim, write_bytes
folder, name = Path(sys.argv[1]), sys.argv[2]
claim(folder, "study")
for number in range(50):
    write_bytes(folder / f"{name}-{number}", b"own")
    write_bytes(folder / "results.json", f"{name} {number}".encode())
"""


def process(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def lines(command, count):
    return [command.stdout.readline().strip() for _ in range(count)]


@pytest.mark.parametrize("ends", ["finishes", "is killed"])
def test_a_stage_at_work_elsewhere_is_awaited_and_taken_over_from_a_process_that_died(ends, tmp_path):
    with process(STAGE, tmp_path) as one:
        assert lines(one, 1) == ["computing []"]
        with process(STAGE, tmp_path) as two:
            assert lines(two, 1) == ["waiting"]
            if ends == "finishes":
                assert one.communicate("\n")[0] == "finished\n"
            else:
                one.kill()
                assert lines(two, 1) == ["computing ['half']"]
            assert two.communicate("\n")[0] == "finished\n"
    assert Store(tmp_path).is_finished("fit", "k")
    assert [path.name for path in (tmp_path / "stages/fit").iterdir()] == ["k"]
    assert sorted(path.name for path in (tmp_path / "stages/fit/k").iterdir()) == [NAME, "half", "whole"]


def test_files_that_two_processes_write_into_one_folder_are_all_listed(tmp_path):
    with process(WRITE, tmp_path / "run", "a") as one, process(WRITE, tmp_path / "run", "b") as two:
        assert (one.wait(), two.wait()) == (0, 0)
    record = read(tmp_path / "run")
    assert Counter(name[0] for name in record.files) == {"a": 50, "b": 50, "r": 1}
    assert times_written(tmp_path / "run")["results.json"] == 100
    assert all(record.is_as_written(tmp_path / "run", name) for name in record.files)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {NAME, LOCK, *record.files}


def test_a_lock_is_held_until_it_is_released_as_often_as_it_was_taken(tmp_path):
    path = tmp_path / LOCK
    with hold_lock(path):
        with lock_unless_held(path) as is_held:
            assert is_held
        assert process(TRY, path).communicate()[0] == "False\n"
    assert process(TRY, path).communicate()[0] == "True\n"


def test_a_damaged_stage_in_place_of_one_that_is_copied_is_moved_aside_without_letting_go_of_the_lock(
    tmp_path, monkeypatch
):
    for folder in ("here", "there"):
        Store(tmp_path / folder).stage("fit", "k", lambda part: write_bytes(part / "whole", b"whole"))
    (tmp_path / "here/stages/fit/k/whole").write_bytes(b"edited")
    held, copytree = [], shutil.copytree

    def copied(source, target):
        held.append(process(TRY, tmp_path / f"here/stages/fit/.k{LOCK}").communicate()[0])
        return copytree(source, target)

    monkeypatch.setattr(shutil, "copytree", copied)
    assert Store(tmp_path / "here").adopt("fit", "k", tmp_path / "there/stages/fit/k") is None
    assert held == ["False\n"]
    assert sorted(path.name for path in (tmp_path / "here/stages/fit").iterdir()) == ["k", "k.damaged"]


def test_what_a_killed_process_had_not_finished_to_write_is_removed_by_the_next(tmp_path):
    claim(tmp_path / "run", "study")
    (tmp_path / "run/figures").mkdir()
    for rest in (".report.html.0123abcd.part", "figures/.map.svg.0123abcd.part"):
        (tmp_path / "run" / rest).write_bytes(b"<html")
    claim(tmp_path / "run", "study")
    assert not list((tmp_path / "run").rglob("*.part"))


def test_no_lock_is_left_in_a_folder_of_somebody_elses(tmp_path):
    (tmp_path / "thesis.pdf").touch()
    with pytest.raises(RunError, match=r"holds thesis\.pdf"):
        claim(tmp_path, "study")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.pdf"]


def test_the_file_of_a_lock_is_removed_unless_another_process_holds_it(tmp_path):
    path = tmp_path / LOCK
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        remove_lock(path)
        assert path.exists()
        other.communicate(b"\n")
    remove_lock(path)
    assert not path.exists()
