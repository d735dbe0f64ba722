"""A run that several processes divide has the results of a single one, whatever happens to them."""

import os
import random
import signal
import time

import pytest
from safetensors.torch import save_file
from support.components import BUILT_IN
from support.forked import in_fresh_process
from support.sharded import SMALL, UNITS, ShardedPlace, assert_same_results, prepared_run, shards, single_run
from support.study import MAP, TINY, TINY_TASK, Notes, study_in, values

from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.samplers.sobol import Sobol
from globscope.builtin.tasks.classification import Classification
from globscope.errors import RunError, SpecError
from globscope.pipeline.disk.journal import DiskJournal
from globscope.pipeline.disk.shard_journal import ShardJournal
from globscope.pipeline.extent import Extent, Shard, stop_before
from globscope.pipeline.preparation import input_keys
from globscope.pipeline.stage_keys import Stage
from globscope.scoring.draws import REPEATS
from globscope.session import Study, results
from globscope.shards import work
from globscope.spec.read import read_spec
from globscope.store import write
from globscope.testing import registry_of
from globscope.testing.tiny.task import TinyTask

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


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


def sixteen_shards(folder):
    alone, divided = ShardedPlace(folder / "alone"), ShardedPlace(folder / "divided")
    alone.study()
    planned = sum(one.parts for one in divided.prepare())
    children = [divided.work_forked(range(first, 17, 4), 16, 3 if first == 2 else None) for first in (1, 2, 3, 4)]
    ends = [os.waitpid(child, 0)[1] for child in children]
    assert ends == [0, signal.SIGKILL, 0, 0]
    before = divided.records()
    assert 0 < len(before) < planned
    again = divided.work_forked(range(2, 17, 4), 16)
    assert os.waitpid(again, 0)[1] == 0
    records = divided.records()
    assert len(records) == planned
    assert all(len(files) == 1 for files in records.values())
    assert records | before == records
    notes = divided.study()
    assert notes.warned == []
    assert_same_results(divided, alone)


@pytest.mark.slow
@forks
def test_sixteen_shards_by_four_processes_at_once_one_killed_equal_the_single_run(tmp_path):
    in_fresh_process(sixteen_shards, tmp_path)


def studies_and_shards_at_once(folder):
    alone, draw = ShardedPlace(folder / "alone"), random.Random(0)
    alone.study()
    for number in range(12):
        divided = prepared_run(folder / f"divided-{number}", UNITS)
        killed, whole = divided.work_forked(range(1, 8), 8), divided.work_forked(range(8, 0, -1), 8)
        time.sleep(draw.uniform(0, 0.3))
        study = divided.start()
        time.sleep(draw.uniform(0, 0.3))
        os.kill(killed, signal.SIGKILL)
        os.waitpid(killed, 0)
        assert os.waitpid(whole, 0)[1] == 0
        assert divided.wait(study)["warned"] == []
        assert divided.study().warned == []
        assert_same_results(divided, alone)


@forks
@pytest.mark.slow
def test_a_study_beside_shards_of_which_some_are_killed_has_the_results_of_a_single_one(tmp_path):
    in_fresh_process(studies_and_shards_at_once, tmp_path)


def test_every_unit_falls_to_one_shard_and_those_of_small_evaluations_to_different_ones():
    keys = [f"{number:016x}" for number in range(8)]
    for key in keys:
        taken = [[place for place in range(21) if shard.takes(place, key)] for shard in shards(4)]
        assert sorted(place for places in taken for place in places) == list(range(21))
        assert {len(places) for places in taken} == {5, 6}
    assert [[shard.takes(0, key) for shard in shards(4)].index(True) for key in keys] == [0, 1, 2, 3] * 2


def test_training_runs_are_divided_by_their_groups(tmp_path, alone):
    divided = ShardedPlace(tmp_path / "divided", SMALL)
    assert [one.label for one in divided.prepare(Stage.TRAIN)] == ["train A", "train B", "train C"]
    left = [[one.label for one in work(divided.run, shard).stages] for shard in shards(3)]
    assert [len(labels) for labels in left] == [2, 1, 1]
    assert left[2] == ["read checkpoints"]
    divided.study()
    assert_same_results(divided, alone)


CURVES = SMALL + '[[analysis]]\nuse = "mode-connectivity"\nepochs = 1\npoints = 5\n'
MAPS = SMALL + '[[reducer]]\nuse = "pca"\nname = "line"\nlatent_dim = 1\n'
ALIGNED = SMALL.replace("[population.train]", '[population]\nalign = "weight-matching"\n[population.train]')
COMPRESSED = CURVES.replace("[population.train]", "[population.compress]\nkeep = 0.5\n[population.train]")
OUTPUTS = SMALL + '[[analysis]]\nuse = "similarity"\n'


@pytest.mark.parametrize(
    ("text", "until", "parts"),
    [
        (MAPS, Stage.REDUCE, 2),
        pytest.param(ALIGNED, Stage.ALIGNED, 2, marks=pytest.mark.slow),
        (CURVES, Stage.DERIVE, 3),
        pytest.param(COMPRESSED, Stage.EVALUATE, 13, marks=pytest.mark.slow),
        pytest.param(OUTPUTS, Stage.ANALYSIS, 3, marks=pytest.mark.slow),
    ],
)
def test_maps_and_parts_of_analyses_are_divided(text, until, parts, tmp_path):
    alone, divided = (ShardedPlace(tmp_path / name, text) for name in ("alone", "divided"))
    alone.study()
    assert sum(one.parts for one in divided.prepare(until)) == parts
    left = [sum(one.missing for one in work(divided.run, shard).stages) for shard in shards(2)]
    assert parts > left[0] > left[1] == 0
    divided.study()
    assert_same_results(divided, alone)


def test_a_study_that_stops_before_a_stage_has_what_does_not_need_it(tmp_path):
    place = ShardedPlace(tmp_path / "place", SMALL)
    left = {until: [one.label for one in place.prepare(until)] for until in (Stage.POPULATION, Stage.REDUCE)}
    assert left == {Stage.POPULATION: ["read checkpoints"], Stage.REDUCE: ["evaluate members", "fit pca"]}
    assert place.kinds() == {"train", "population", "space"}
    assert [one.label for one in place.prepare(Stage.SAMPLE)] == [
        "evaluate members",
        "evaluate pca's members",
        "decode pca",
    ]
    assert all(one.parts == 0 for one in place.prepare(Stage.SAMPLE))
    with pytest.raises(RunError, match="was prepared until sample, which shards cannot divide; they divide train, "):
        work(place.run, Shard(number=1, count=1))


def test_a_study_that_ends_while_a_shard_works_is_not_damaged_by_it(alone, divided, monkeypatch):
    record, ended = ShardJournal.record, []

    def late(journal, unit, fields, **where):
        if not ended:
            ended.append(values(divided.job))
        record(journal, unit, fields, **where)

    monkeypatch.setattr(ShardJournal, "record", late)
    assert work(divided.run, Shard(number=1, count=1)).done == 0
    assert ended
    monkeypatch.undo()
    notes = divided.study()
    assert (notes.warned, [name for name in notes.ran if "evaluate" in name]) == ([], [])
    work(divided.run, Shard(number=1, count=1))
    assert_same_results(divided, alone)


def test_a_study_that_ends_while_a_shard_waits_to_write_ends_no_shard_with_an_error(alone, divided, monkeypatch):
    find, ended = write.recorded_folder, []

    def late(path):
        found = find(path)
        if ".shards" in str(path) and path.suffix == ".npz" and not ended:
            ended.append(values(divided.job))
        return found

    monkeypatch.setattr(write, "recorded_folder", late)
    assert work(divided.run, Shard(number=1, count=1)).done == 0
    assert ended
    divided.study()
    assert_same_results(divided, alone)


def test_shards_that_work_while_a_study_scores_do_not_damage_it(alone, divided, monkeypatch):
    record, worked = DiskJournal.record, []

    def interrupted(journal, unit, fields, **where):
        record(journal, unit, fields, **where)
        if not worked:
            worked.append(True)
            worked.extend(work(divided.run, shard).done for shard in shards(2))

    monkeypatch.setattr(DiskJournal, "record", interrupted)
    notes = divided.study()
    assert sum(worked[1:]) > 0
    assert notes.warned == []
    assert_same_results(divided, alone)


def test_a_shard_continues_with_what_lacks_and_leaves_what_others_have_scored(divided):
    everything = sum(one.parts for one in divided.prepare())
    first = work(divided.run, Shard(number=1, count=2))
    assert work(divided.run, Shard(number=1, count=2)).done == 0
    assert first.done + work(divided.run, Shard(number=1, count=1)).done == everything
    assert [one.missing for one in work(divided.run, Shard(number=2, count=2)).stages] == [0, 0, 0]


def test_a_damaged_unit_of_a_shard_is_named_and_scored_again(alone, divided):
    for shard in shards(2):
        work(divided.run, shard)
    [damaged, *_] = next(iter(divided.records().values()))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    notes = divided.study()
    assert notes.warned == [f"{damaged}: not used: it is damaged or was changed"]
    assert_same_results(divided, alone)


def test_a_unit_that_does_not_fit_into_the_memory_of_a_shard_is_cut_for_all(divided, monkeypatch):
    scorer = Torch.scorer

    def small(evaluator, networks, task, plan):
        made = scorer(evaluator, networks, task, plan)
        score = made.score

        class Small:
            device = made.device

            def score(self, unit):
                if len(unit) > 2:
                    raise MemoryError("full")
                return score(unit)

        return Small()

    monkeypatch.setattr(Torch, "scorer", small)
    for shard in shards(2):
        work(divided.run, shard)
    monkeypatch.undo()
    assert {one.missing for one in work(divided.run, Shard(number=1, count=2)).stages} == {0}
    sizes = {int(name[10:19]) - int(name[:9]) for _, name in divided.records()}
    assert max(sizes) == 2
    notes = divided.study()
    assert not notes.warned


def test_rounds_of_an_adaptive_sampler_are_prepared_one_after_another(tmp_path, monkeypatch):
    ask = Sobol.ask

    def twice(sampler, chart, landscape, rng):
        known = 0 if landscape is None else len(landscape.samples.points)
        return ask(sampler, chart, None, rng) if known < 16 else None

    monkeypatch.setattr(Sobol, "ask", twice)
    text = SMALL.replace('use = "grid"\nresolution = 3', 'use = "sobol"\nsamples = 8')
    alone, divided = ShardedPlace(tmp_path / "alone", text), ShardedPlace(tmp_path / "divided", text)
    alone.study()
    for label in ("evaluate pca", "evaluate pca, sobol 2"):
        assert divided.prepare()[-1].label == label
        for shard in shards(2):
            work(divided.run, shard)
    divided.study()
    assert_same_results(divided, alone)


def test_cells_of_a_sweep_are_divided_by_their_units(tmp_path):
    text = SMALL + '[sweep]\n"reducer.0.latent_dim" = [1, 2]\n'
    place = ShardedPlace(tmp_path / "sweep", text)
    labels = [one.label for one in place.prepare()]
    assert labels == ["evaluate members", *["evaluate pca's members", "evaluate pca"] * 2]
    done = [work(place.run, shard) for shard in shards(3)]
    assert {one.missing for one in done[-1].stages} == {0}
    for cell in place.job.spec.cells:
        notes = Notes()
        values(place.job.study(cell), notes)
        assert not notes.warned


def test_a_cell_that_fails_does_not_keep_a_shard_from_the_others(tmp_path, notes):
    text = SMALL + '[sweep]\n"population.variant.0.learning_rate" = [1e30, 2.0]\n'
    place = ShardedPlace(tmp_path / "sweep", text)
    place.prepare(Stage.TRAIN)
    done = work(place.run, Shard(number=1, count=1), observer=notes)
    [(failed, why)] = done.failed.items()
    assert failed < min(cell.name for cell in place.job.spec.cells if cell.name != failed)
    assert notes.warned == [f"cell {failed} failed: {why}"]
    assert "'A' diverged" in why
    assert len([path for path in place.run.glob("stages/train/*") if not path.suffix]) == 3


def test_draws_of_a_loss_that_draws_are_prepared_beside_the_members(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(TINY_TASK.replace('"tiny"', '"tiny"\ndrawing = true', 1) + MAP)
    registry = registry_of(BUILT_IN, tiny=TinyTask)
    study = Study(spec=read_spec(path, (), registry), folder=tmp_path / "run", registry=registry)
    left = study.advance(study.workshop(), Extent(until=Stage.EVALUATE))
    draws = [f"evaluate draw {number} of {REPEATS}" for number in range(1, REPEATS + 1)]
    assert [one.label for one in left] == ["evaluate members", *draws, "evaluate pca's members", "evaluate pca"]
    assert all(one.parts for one in left)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("17/16", "--shard 17/16: shards are numbered from 1/16 to 16/16; near: 16/16"),
        ("0/16", "--shard 0/16: shards are numbered from 1/16 to 16/16; near: 1/16"),
        *(
            (text, f"--shard {text}: expected NUMBER/COUNT, such as 3/16")
            for text in ("3", "a/4", "1/0", "-1/4", "1/2/3")
        ),
    ],
)
def test_a_shard_that_is_none_is_refused(text, message):
    with pytest.raises(SpecError) as refused:
        Shard.parse(text)
    assert str(refused.value) == message


def test_a_stage_before_which_no_study_stops_is_refused():
    with pytest.raises(SpecError) as refused:
        stop_before("evaluation")
    assert str(refused.value) == "--until evaluation: a study cannot stop there; did you mean 'evaluate'?"


def test_a_run_without_anything_prepared_is_refused(tmp_path):
    how = "`globscope study SPEC --until evaluate` prepares it"
    with pytest.raises(RunError) as refused:
        work(tmp_path, Shard(number=1, count=2))
    assert str(refused.value) == f"{tmp_path}: nothing is prepared for shards here; {how}"


def test_a_spec_or_file_that_changed_since_the_run_was_prepared_is_named_by_its_table(divided, tmp_path):
    with pytest.raises(RunError) as refused:
        work(divided.run, Shard(number=1, count=2), ["evaluator.examples=32", "seed=1"])
    assert str(refused.value) == (
        f"{divided.run}: [seed], [evaluator]: the spec, or a file that it names, is not as it was when the run was "
        "prepared; the same `globscope study` command prepares it again"
    )


def test_a_run_that_is_prepared_says_how_many_parts_are_there(divided):
    with pytest.raises(RunError) as unfinished:
        results(divided.run)
    count = sum(one.parts for one in divided.prepare())
    assert str(unfinished.value) == (
        f"{divided.run}: this run is not finished: 0 of {count} parts that were prepared for shards are there; "
        f"`globscope work {divided.run} --shard NUMBER/COUNT` computes others, and then the same `globscope study` "
        "command continues it"
    )


CHOICES = TINY.replace("[population.train]", '[population]\nalign = "weight-matching"\n[population.train]')
CHOICES += '[[sampler]]\nuse = "sobol"\nsamples = 4\n[[aligner]]\nuse = "weight-matching"\n'


@pytest.mark.parametrize(
    ("override", "table"),
    [
        ('reducer.0.space="full"', "[[reducer]]"),
        ("reducer.0.seed=3", "[[reducer]]"),
        ('reducer.0.sampler="sobol"', "[[reducer]]"),
        ("reducer.0.align=false", "[[reducer]]"),
        ("aligner.0.seed=3", "[[aligner]]"),
        ('population.reference="B"', "[population]"),
        ("fidelity.neighbours=3", "[fidelity]"),
    ],
)
def test_a_key_of_a_table_that_changes_stages_is_noticed_as_a_component_is(override, table, tmp_path):
    before, after = (input_keys(study_in(tmp_path, CHOICES, *overrides).workshop()) for overrides in ([], [override]))
    assert [name for name in before | after if before.get(name) != after.get(name)] == [table]


def test_what_of_the_networks_is_mapped_is_noticed(tmp_path):
    for number in range(2):
        save_file(Classification(hidden=(8,)).build("cpu").initialise(number)[0], tmp_path / f"n{number}.safetensors")
    text = '[task]\nuse = "classification"\nhidden = [8]\n[population]\ncheckpoints = "{variant}.safetensors"\n' + MAP
    chosen = [[], ['population.include=["*weight"]'], ['population.exclude=["*bias"]']]
    found = [input_keys(study_in(tmp_path, text, *one).workshop())["[population]"] for one in chosen]
    assert found[0] not in found[1:]
