"""What a study used: a stage is a module, a folder and a member of one enum, and the manifest is the ledger's."""

import re
from importlib.util import find_spec

import pytest
from support.paths import ROOT
from support.study import TINY, values

from globscope.pipeline import stages
from globscope.pipeline.ledger import Entry, Ledger
from globscope.pipeline.stage_keys import Stage
from globscope.session import load
from globscope.values.cost import Cost

ALIGNED = TINY.replace("[population.train]", '[population]\nalign = "weight-matching"\n[population.train]')
CONNECTED = ALIGNED + '[[analysis]]\nuse = "mode-connectivity"\nepochs = 1\npoints = 5\n'


def entry(key, **more):
    return Entry(stage=Stage.EVALUATE, key=key, label=f"evaluate {key}", cost=Cost(seconds=1.0), **more)


def test_every_stage_is_a_module_of_one_room_and_a_row_of_the_page_on_the_run_folder():
    modules = {path.stem for path in (ROOT / "globscope/pipeline/stages").iterdir() if not path.name.startswith("_")}
    assert modules == set(Stage)
    assert all(find_spec(f"{stages.__name__}.{stage}") for stage in Stage)
    page = (ROOT / "docs/reference/run-folder.md").read_text()
    assert set(re.findall(r"^\| `([a-z]+)` \| ", page, re.MULTILINE)) >= set(Stage)


def test_what_the_computation_of_a_stage_used_is_inside_it():
    ledger = Ledger()
    ledger.add(entry("a"))
    with ledger.inside() as outer:
        ledger.add(entry("b"))
        with ledger.inside() as inner:
            ledger.add(entry("c"))
        ledger.add(entry("d", inside=tuple(inner)))
    ledger.add(entry("e", how={"device": ["cpu"]}, inside=tuple(outer)))
    first, last = ledger.records
    assert first == {"key": "evaluate/a", "stage": "evaluate a", "seconds": 1.0}
    assert (last["key"], last["device"]) == ("evaluate/e", ["cpu"])
    assert [one["key"] for one in last["inside"]] == ["evaluate/b", "evaluate/d"]
    assert [one["key"] for one in last["inside"][1]["inside"]] == ["evaluate/c"]


def test_a_stage_that_is_interrupted_leaves_nothing_inside_the_next():
    ledger = Ledger()

    def work():
        with ledger.inside():
            ledger.add(entry("a"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert ledger.records == []
    assert (Stage.EVALUATE, "a") not in ledger


@pytest.fixture(scope="module")
def connected(tmp_path_factory):
    """A study with every kind of nested stage, the folder of its spec, and its manifest's stages."""
    folder = tmp_path_factory.mktemp("connected")
    (folder / "study.toml").write_text(CONNECTED)
    study = load(folder / "study.toml", folder=folder / "run")
    return study, folder, values(study).record["manifest"]["stages"]


def test_the_manifest_of_a_run_that_reads_its_stages_is_that_of_the_run_that_computed_them(connected):
    study, _, first = connected
    kinds = {one["key"].partition("/")[0]: one for one in first}
    assert {one["key"].partition("/")[0] for one in kinds["aligned"]["inside"]} == {"align"}
    assert "part" in {one["key"].partition("/")[0] for one in kinds["derive"]["inside"]}
    assert "align" not in kinds
    assert values(study).record["manifest"]["stages"] == first


def test_the_key_of_an_analysis_follows_from_values_not_from_what_ran_before(connected):
    _, folder, first = connected
    before = {one["stage"]: one["key"] for one in first}
    (folder / "more.toml").write_text(CONNECTED + '[[analysis]]\nuse = "resolution"\n')
    more = values(load(folder / "more.toml", folder=folder / "run")).record["manifest"]["stages"]
    keys = {one["stage"]: one["key"] for one in more}
    assert {label: keys[label] for label in before} == before
    assert keys["resolution"] not in before.values()
    finer = load(folder / "study.toml", ["sampler.0.resolution=4"], folder=folder / "run")
    moved = {one["stage"]: one["key"] for one in values(finer).record["manifest"]["stages"]}
    assert moved["mode-connectivity"] != before["mode-connectivity"]
