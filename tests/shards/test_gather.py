"""Copies of a run in which shards have worked are brought together."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from support.sharded import SMALL, ShardedPlace, assert_same_results, prepared_run, shards, single_run

from globscope.errors import RunError
from globscope.pipeline.extent import Shard
from globscope.pipeline.stage_keys import Stage
from globscope.shards import gather, work
from globscope.store import Store, read_arrays, write_arrays


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The single run of the small study, which no test changes."""
    return single_run(tmp_path_factory.mktemp("single") / "alone")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The small study, whose evaluations are prepared; no test changes it."""
    return prepared_run(tmp_path_factory.mktemp("prepared") / "run")


@pytest.fixture
def divided(prepared, tmp_path):
    """The small study, whose evaluations are prepared."""
    return prepared.duplicate(tmp_path / "divided")


def worked_copies(place, count):
    copies = [place.copy(f"copy-{shard.number}") for shard in shards(count)]
    return [(copy, work(copy, shard).done) for copy, shard in zip(copies, shards(count), strict=True)]


def test_copies_in_which_shards_have_worked_equal_the_single_run(alone, divided, notes):
    copies = worked_copies(divided, 3)
    gathered = gather(divided.run, [copy for copy, _ in copies], notes)
    assert (gathered.units, gathered.stages) == (sum(done for _, done in copies), 0)
    assert gather(divided.run, [copy for copy, _ in copies], notes).units == 0
    heard = divided.study()
    assert notes.warned == heard.warned == []
    assert_same_results(divided, alone)


def test_networks_that_were_trained_in_copies_are_copied_as_finished_stages(alone, tmp_path):
    divided = prepared_run(tmp_path / "divided", until=Stage.TRAIN)
    copies = [copy for copy, _ in worked_copies(divided, 2)]
    assert gather(divided.run, copies).stages == 3
    assert divided.kinds() == {"train"}
    notes = divided.study()
    assert not [name for name in notes.ran if "train" in name]
    assert_same_results(divided, alone)


def test_a_copy_in_which_a_study_was_run_to_its_end_brings_all_of_its_stages(alone, divided, notes):
    copy = divided.copy("copy")
    work(divided.run, Shard(number=1, count=2))
    other = ShardedPlace(divided.folder / "other", SMALL)
    shutil.copytree(copy, other.run)
    other.study()
    gather(divided.run, [other.run], notes)
    assert [name for name in divided.study().ran if "evaluate" in name] == []
    assert notes.warned == []
    assert_same_results(divided, alone)


def test_a_unit_with_other_values_is_named_and_that_of_the_run_stays(alone, divided, notes):
    [(copy, _)] = worked_copies(divided, 1)
    work(divided.run, Shard(number=1, count=1))
    [unit, *_] = sorted(copy.glob("stages/evaluate/*.shards/*/units/*.npz"))
    arrays = read_arrays(unit)
    arrays["field/train_loss"] = arrays["field/train_loss"] + 1
    write_arrays(unit, arrays)
    gather(divided.run, [copy], notes)
    own = divided.run / unit.relative_to(copy)
    assert notes.warned == [f"{unit}: not used: {own} has other values of train_loss"]
    divided.study()
    assert_same_results(divided, alone)


def test_a_stage_with_other_values_is_named_and_that_of_the_run_stays(divided, notes):
    copy = divided.copy("copy")
    [place] = (path for path in copy.glob("stages/reduce/*") if path.is_dir())
    store_other_map(divided, copy, place.name)
    gather(divided.run, [copy], notes)
    own = divided.run / place.relative_to(copy)
    assert notes.warned == [f"{place}: not used: {own} has other values in chart.safetensors, latents.safetensors"]


def store_other_map(place, copy, key):
    """Store a map in a copy that differs from the run's."""
    shutil.rmtree(copy / "stages/reduce")
    own = place.run / "stages/reduce" / key

    def work(folder):
        for path in own.iterdir():
            if path.suffix == ".safetensors":
                write_arrays(
                    folder / path.name, {name: values + np.ones(()) for name, values in read_arrays(path).items()}
                )

    Store(copy).stage("reduce", key, work)


@pytest.mark.parametrize("spoilt", ["unit", "list"])
def test_damaged_units_of_a_copy_are_named_and_scored_again(spoilt, alone, divided, notes):
    copies = worked_copies(divided, 2)
    [unit, *_] = sorted(copies[0][0].glob("stages/evaluate/*.shards/*/units/*.npz"))
    damaged = unit if spoilt == "unit" else unit.parents[1] / "files.jsonl"
    damaged.write_bytes(b"?" * damaged.stat().st_size)
    gather(divided.run, [copy for copy, _ in copies], notes)
    why = {
        "unit": f"{unit}: not used: it is damaged or was changed",
        "list": f"{damaged.parent}: not used: the list of its files is missing, damaged or of another stage",
    }
    assert notes.warned == [why[spoilt]]
    divided.study()
    assert_same_results(divided, alone)


def test_a_damaged_stage_of_a_copy_is_named_and_not_used(tmp_path, notes):
    divided = prepared_run(tmp_path / "divided", until=Stage.TRAIN)
    [(copy, _)] = worked_copies(divided, 1)
    [damaged, *_] = sorted(copy.glob("stages/train/*/epoch1.safetensors"))
    damaged.write_bytes(b"?" * damaged.stat().st_size)
    assert gather(divided.run, [copy], notes).stages == 2
    assert notes.warned == [f"{damaged.parent}: not used: epoch1.safetensors is damaged or was changed"]


def test_a_file_outside_of_the_copy_that_its_list_names_is_not_copied_out_of_the_run(divided):
    copy, text = divided.copy("deep/copy"), b"planted"
    for folder in (copy, divided.run):
        work(folder, Shard(number=1, count=1))
    listing, *_ = sorted(copy.glob("stages/evaluate/*.shards/*.part/files.jsonl"))
    line = {"file": "units/../../../../../../planted.txt", "size": 7, "sha256": hashlib.sha256(text).hexdigest()}
    listing.write_text(f"{listing.read_text()}\n{json.dumps(line)}\n")
    (copy.parent / "planted.txt").write_bytes(text)
    assert gather(divided.run, [copy]).units == 0
    assert not (divided.folder / "planted.txt").exists()


def test_what_is_no_copy_of_the_run_is_refused_before_anything_is_copied(divided, tmp_path):
    other = ShardedPlace(tmp_path / "other", SMALL.replace("resolution = 3", "resolution = 4"))
    other.prepare()
    [(copy, _)] = worked_copies(divided, 1)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(RunError) as refused:
        gather(divided.run, [copy, other.run, empty, divided.run, tmp_path / "none"])
    assert str(refused.value).splitlines() == [
        f"{other.run}: is no copy of {divided.run}: [[sampler]] differs",
        f"{empty}: nothing is prepared for shards here; expected a copy of {divided.run}",
        f"{divided.run}: is the run itself, not a copy of it",
        f"{tmp_path / 'none'}: there is no such folder; expected a copy of {divided.run}",
    ]
    assert divided.records() == {}
    with pytest.raises(RunError, match="nothing is prepared for shards here; expected the run folder that was copied"):
        gather(empty, [copy])


def test_copies_of_a_sweep_are_brought_together(tmp_path):
    text = SMALL + '[sweep]\n"reducer.0.latent_dim" = [1, 2]\n'
    place = ShardedPlace(tmp_path / "sweep", text)
    planned = sum(one.parts for one in place.prepare())
    copies = [copy for copy, _ in worked_copies(place, 2)]
    assert gather(place.run, copies).units == planned
    assert {one.missing for one in work(place.run, Shard(number=1, count=1)).stages} == {0}
