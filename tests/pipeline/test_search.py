"""Searches of many rounds: in one folder, continued after a kill, for the cost of their scoring."""

import shutil

import numpy as np
import pytest
from attrs import define
from support.components import BUILT_IN
from support.searches import SEARCH, Bare, Descend, Flat, Steep
from support.study import TINY, TINY_TASK, Notes, blank_pictures, study_in, values

from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.pools.process_workers import ProcessWorkers
from globscope.builtin.pools.processes import Processes
from globscope.pipeline.extent import Extent, Shard
from globscope.pipeline.stage_keys import Stage
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.store import read_json, record, write
from globscope.testing import registry_of
from globscope.testing.tiny.task import TinyTask
from globscope.workers import ThisProcess

HERE = ThisProcess(threads=1)
# Rounds of 3 points each, in units of two and one.
NARROW = SEARCH.replace("steep", "torch") + "memory = 4e-7\n"
ROUNDS, DESCENTS = 4, 3
# Written by a search of so many rounds: each with two units; its landscape, what is known of it, and its cost.
FILES = (ROUNDS - 1) * 3 + 3


class Killed(BaseException):
    """The process ends."""


@define(frozen=True, kw_only=True)
class Asked(Descend):
    """A search that is replayed for every round."""

    search = None

    def ask(self, chart, landscape, rng):
        """Return the next round's samples."""
        return Descend.ask(Descend(rounds=self.rounds), chart, landscape, rng)


def study_of(folder, text=NARROW):
    (folder / "study.toml").write_text(TINY_TASK + text, "utf-8")
    found = registry_of(BUILT_IN, tiny=TinyTask, descend=Descend, asked=Asked, flat=Flat, bare=Bare, steep=Steep)
    return Study(spec=read_spec(folder / "study.toml", (), found), folder=folder / "run", registry=found)


def landscape_of(study, workers=HERE, observer=None):
    [map_] = values(study, observer, workers=workers).atlas.maps
    return map_.landscape


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The landscape of a search that nothing interrupts, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    return landscape_of(study_of(folder)), folder


@pytest.fixture
def before(whole, tmp_path):
    """A function that returns the folder of the same study before its search."""

    def copied(name="before"):
        shutil.copytree(whole[1], tmp_path / name)
        shutil.rmtree(tmp_path / name / "run" / "stages" / "search")
        return tmp_path / name

    return copied


def assert_same(one, two):
    arrays = [{"points": x.samples.points, "edges": x.samples.edges, **x.fields} for x in (one, two)]
    for name in ("gradients", "distance_to_member", "cycle_error", "trusted"):
        for landscape, found in zip((one, two), arrays, strict=True):
            found[name] = getattr(landscape, name)
    assert arrays[0].keys() == arrays[1].keys()
    for name, array in arrays[0].items():
        np.testing.assert_array_equal(array, arrays[1][name], err_msg=name)


def kill_at(monkeypatch, count):
    """Let the process end where it would put its file of a number into the folder of a search."""
    put, left = write._put, [count]

    def fatal(part, path, **how):
        left[0] -= "search" in path.parts
        if not left[0]:
            raise Killed
        put(part, path, **how)

    monkeypatch.setattr(write, "_put", fatal)


def killed(folder, count):
    """Return the unfinished folder of a search that was killed."""
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, count)
        with pytest.raises(Killed):
            landscape_of(study_of(folder))
    [part] = (folder / "run").glob("stages/search/*.part")
    return part


def test_all_rounds_after_the_first_lie_in_one_folder_without_rests(whole):
    run = whole[1] / "run"
    [folder] = run.glob("stages/search/*")
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {"computed.json", "files.jsonl", "landscape.npz", "search.json"}
    assert read_json(folder / "search.json")["rounds"] == [DESCENTS] * (ROUNDS - 1)
    assert [len(list(run.glob(f"stages/{kind}/*"))) for kind in ("sample", "evaluate")] == [2, 3]
    units = {"rounds": ROUNDS - 1, "units": 2 * (ROUNDS - 1)}
    assert read_json(folder / "computed.json")["how"] == {"method": "vmap", **units, "device": ["cpu"], "threads": [1]}


@pytest.mark.parametrize("count", range(1, FILES + 1))
def test_a_search_that_is_killed_at_any_file_continues_with_the_same_bits(whole, before, count):
    folder = before()
    killed(folder, count)
    notes = Notes()
    assert_same(landscape_of(study_of(folder), observer=notes), whole[0])
    assert notes.ran == ["search flat, descend"]
    assert not notes.warned
    assert not list((folder / "run").glob("stages/search/*.part"))


def test_what_was_scored_before_a_kill_is_not_scored_again_and_counts_in_the_cost(before, monkeypatch):
    folder, scored = before(), []
    killed(folder, 6)  # after the first unit of the third round, whose second one is lost
    scorer = Torch.scorer
    monkeypatch.setattr(Torch, "scorer", lambda *of: scored.append(len(of[1])) or scorer(*of))
    monkeypatch.setattr("globscope.builtin.evaluators.score_units.TorchUnits.renew", None)
    landscape_of(study_of(folder))
    assert scored == [1, 2, 1]
    [found] = (folder / "run").glob("stages/search/*/search.json")
    assert [(unit["round"], unit["start"]) for unit in read_json(found)["units"]] == [
        (number, start) for number in (2, 3, 4) for start in (0, 2)
    ]


@pytest.mark.parametrize("name", ["rounds/000003.npz", "units/000003-000000000-000000002.npz"])
def test_a_damaged_file_costs_its_round_and_what_follows_from_it(whole, before, name):
    folder = before()
    part = killed(folder, FILES - 2)
    (part / name).write_bytes(b"damaged")
    notes = Notes()
    assert_same(landscape_of(study_of(folder), observer=notes), whole[0])
    assert [text for text in notes.warned if "is damaged or was changed; computed again" in text]


def test_rounds_that_follow_from_a_lost_one_are_removed_before_it_is_computed_again(before, monkeypatch):
    folder = before()
    part = killed(folder, FILES - 2)
    (part / "units" / "000002-000000002-000000003.npz").unlink()
    kill_at(monkeypatch, 1)
    with pytest.raises(Killed):
        landscape_of(study_of(folder))
    assert [path.name for path in sorted(part.glob("rounds/*"))] == ["000002.npz"]
    assert [path.name for path in sorted(part.glob("units/*"))] == ["000002-000000000-000000002.npz"]


def test_workers_are_handed_the_space_once_and_give_the_same_bits(whole, before, monkeypatch):
    jobs, job = [], ProcessWorkers.job
    monkeypatch.setattr(ProcessWorkers, "job", lambda *of: jobs.append(of[1].__name__) or job(*of))
    with Processes(workers=2).open() as workers:
        assert_same(landscape_of(study_of(before()), workers), whole[0])
    assert jobs == ["round_scorer"]


def test_an_evaluator_plans_and_prepares_once_for_all_rounds(before, monkeypatch):
    calls = []
    for name in ("plan", "scorer"):
        method = getattr(Torch, name)
        monkeypatch.setattr(Torch, name, lambda *of, name=name, method=method: calls.append(name) or method(*of))
    landscape_of(study_of(before()))
    assert calls == ["plan", "scorer"]


def test_a_search_runs_once_where_a_sampler_without_one_is_replayed(whole, tmp_path, before, monkeypatch):
    calls, search = [], Descend.search
    monkeypatch.setattr(Descend, "search", lambda *of: calls.append("search") or search(*of))
    landscape_of(study_of(before()))
    assert len(calls) == 1
    calls.clear()
    assert_same(landscape_of(study_of(tmp_path, NARROW.replace("descend", "asked"))), whole[0])
    assert len(calls) > ROUNDS


def test_how_often_the_disk_is_waited_for_does_not_depend_on_the_number_of_rounds(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(record, "flush_file", lambda opened: flushed.append(opened.name))
    counts = []
    for rounds in (3, 9):
        folder = tmp_path / f"{rounds}"
        folder.mkdir()
        flushed.clear()
        landscape_of(study_of(folder, NARROW.replace('"descend"', f'"descend"\nrounds = {rounds}')))
        counts.append(len(flushed))
    assert counts[0] == counts[1]


def test_rounds_that_shards_divide_are_brought_into_the_folder_of_the_search(whole, tmp_path):
    study = study_of(tmp_path)
    for label in ("evaluate flat", "evaluate flat, descend 2", "evaluate flat, descend 3"):
        assert study.advance(study.workshop(workers=HERE), Extent(until=Stage.EVALUATE))[-1].label == label
        for number in (1, 2):
            study.advance(study.workshop(workers=HERE), Extent(shard=Shard(number=number, count=2)))
    assert_same(landscape_of(study), whole[0])
    kinds = ("sample", "evaluate", "search")
    assert [len(list(study.folder.glob(f"stages/{kind}/*"))) for kind in kinds] == [2, 3, 1]
    notes = Notes()
    assert_same(landscape_of(study_of(tmp_path), observer=notes), whole[0])
    assert not notes.ran


def test_a_finished_study_with_rounds_is_found_unchanged(tmp_path):
    text = TINY.replace('use = "grid"\nresolution = 5', 'use = "adaptive"\nresolution = 9\nbudget = 40')
    with blank_pictures():
        study_in(tmp_path, text).run()
    assert list((tmp_path / "run").glob("stages/search/*/search.json"))
    stages = read_json(tmp_path / "run" / "manifest.json")["stages"]
    [search] = [one for one in stages if one["key"].startswith("search/")]
    assert search["rounds"] > 0
    assert search["seconds"] >= 0
    notes = Notes()
    assert study_in(tmp_path, text).finished_run(notes) is not None
    assert notes.ran == []
