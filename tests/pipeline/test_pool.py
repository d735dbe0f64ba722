"""Studies whose work is done by a pool."""

import pickle
import re

import numpy as np
import pytest
from support.components import BUILT_IN
from support.pool_work import Apart, Broken, Deadly, DeadlyTask, lifting
from support.study import TINY, TINY_TASK, assert_same_fields, studies_in, values

from globscope.api import (
    AffineSpace,
    Failed,
    FullSpace,
    Mixtures,
    PluginError,
    PoolError,
    SpecError,
    ThisProcess,
    pickle_outcome,
)
from globscope.boundary import component_errors
from globscope.builtin.pools.processes import Here, Processes
from globscope.pipeline.worker_files import require_folder
from globscope.registry import Component, Registry
from globscope.spec.describe import as_toml
from globscope.store import read_json
from globscope.testing import registry_of, tiny_inputs
from globscope.testing.tiny.task import TinyTask

HERE = ThisProcess(threads=1)
DRAWING = TINY_TASK.replace('"tiny"', '"tiny"\ndrawing = true\nnormalised = true', 1)
MAP = '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 15\n'


@pytest.fixture(scope="module")
def two():
    """Two worker processes."""
    with Processes(workers=2).open() as workers:
        yield workers


@pytest.fixture
def study(tmp_path):
    """A function that returns the study of a spec."""
    own = registry_of(BUILT_IN, tiny=TinyTask, mortal=DeadlyTask, deadly=Deadly, broken=Broken, apart=Apart)
    return studies_in(tmp_path, own)


@pytest.mark.parametrize("text", [TINY.replace("resolution = 5", "resolution = 15"), DRAWING + MAP])
def test_results_are_the_same_to_the_last_bit_in_other_processes(text, study, two):
    assert_same_fields(values(study(text, "here"), workers=HERE), values(study(text, "there"), workers=two))


def test_a_worker_that_is_killed_in_the_middle_changes_no_result(study, two, tmp_path):
    text = TINY_TASK + MAP
    once = tmp_path / "once"
    once.touch()
    deadly = text + f'[evaluator]\nuse = "deadly"\nonce = "{once}"\n'
    assert_same_fields(values(study(text, "plain"), workers=HERE), values(study(deadly), workers=two))
    assert not once.exists()
    [units] = [found for found in all_units(tmp_path / "run") if len(found) > 1]
    assert [(unit["start"], unit["stop"]) for unit in units] == [(0, 64), (64, 128), (128, 192), (192, 225)]


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 2])
def test_a_training_that_is_killed_continues_in_another_worker_with_the_same_bits(at_once, study, two, tmp_path):
    once = tmp_path / "once"
    once.touch()
    runs = TINY_TASK.replace("epochs = 4", f"epochs = 8\nat_once = {at_once}").partition("[[")[0]
    runs += '[[population.variant]]\nname = "A"\nrepeat = 4\nbatch_size = 16\n' + MAP.replace("15", "2")
    mortal = runs.replace('"tiny"', f'"mortal"\nonce = "{once}"', 1)
    here, there = values(study(runs, "plain"), workers=HERE), values(study(mortal), workers=two)
    assert not once.exists()
    np.testing.assert_array_equal(np.asarray(there.atlas.population.weights), np.asarray(here.atlas.population.weights))


def test_curves_are_trained_side_by_side_with_the_same_bits(study, two):
    text = TINY_TASK + '[[population.variant]]\nname = "C"\n' + MAP.replace("15", "2")
    text += '[[analysis]]\nuse = "mode-connectivity"\nepochs = 3\npoints = 5\n'
    there = values(study(text, "there"), workers=two).atlas.population
    here = values(study(text, "here"), workers=HERE).atlas.population
    assert [member.label for member in here.members] == [member.label for member in there.members]
    assert sum(member.kind == "curve" for member in here.members) == 3 * 5
    np.testing.assert_array_equal(np.asarray(there.weights), np.asarray(here.weights))


@pytest.mark.slow
def test_pairs_are_aligned_side_by_side_with_the_same_result(study, two):
    text = TINY + '[[analysis]]\nuse = "rebasin"\npoints = 3\naligners = ["activation-matching"]\n'
    aligned = ("population.align=weight-matching",)
    there = values(study(text, "there", aligned), workers=two).atlas.population
    here = values(study(text, "here", aligned), workers=HERE).atlas.population
    assert sum(member.kind == "rebased" for member in here.members) > 0
    np.testing.assert_array_equal(np.asarray(there.weights), np.asarray(here.weights))


def all_units(folder):
    return [read_json(file) for file in sorted(folder.glob("stages/evaluate/*/units.json"))]


def test_a_failing_component_is_named_from_another_process_as_from_this(study, two):
    text = TINY_TASK + MAP + '[evaluator]\nuse = "broken"\n'
    wanted = r"^evaluator 'broken' \(globscope-testing 0\) failed: ValueError: no networks \d+ … \d+ \(pool_work.py"
    for workers in (HERE, two):
        with pytest.raises(PluginError, match=wanted):
            values(study(text), workers=workers)


def test_where_work_runs_is_no_part_of_any_key(study, two):
    text = TINY_TASK + MAP
    found = keys(values(study(text), workers=HERE))
    other = study(text + '[run]\npool = "processes"\nworkers = 3\n', overrides=("evaluator.device=cpu",))
    assert keys(values(other, workers=two)) == found
    more = study(text, overrides=("evaluator.memory=0.5", "population.train.device=cpu"))
    assert keys(values(more)) == found


def test_weights_in_checkpoints_travel_as_the_names_of_their_tensors(study):
    weights = values(study(TINY), workers=HERE).atlas.population.weights
    sent = pickle.dumps(weights)
    assert len(sent) < weights.size  # a quarter of their bytes
    again = pickle.loads(sent)
    np.testing.assert_array_equal(np.asarray(again), np.asarray(weights))
    half = pickle.loads(pickle.dumps(again.take([5, 2]).concatenate(np.asarray(weights)[:1])))
    np.testing.assert_array_equal(np.asarray(half), np.asarray(weights)[[5, 2, 0]])


@pytest.mark.parametrize("kind", ["span", "affine", "full", "mixtures"])
def test_a_space_lifts_the_same_networks_in_another_process(kind, two):
    inputs = tiny_inputs()
    weights = inputs.population.weights
    space = {
        "span": inputs.space,
        "affine": AffineSpace(origin=weights[0], basis=np.linalg.qr(weights[1:3].T.astype(float))[0].T),
        "full": FullSpace(mean=weights.mean(axis=0)),
        "mixtures": Mixtures(weights=weights),
    }[kind]
    points = np.random.default_rng(0).normal(size=(3, space.rank))
    [(_, found)] = two.map(lifting, space, [points])
    np.testing.assert_array_equal(found, space.lift(points))


def test_workers_that_share_no_files_score_and_this_process_does_the_rest(study, two, tmp_path, notes):
    text = TINY_TASK + MAP
    apart = study(text, "apart", ("run.pool=apart",))
    workshop = apart.workshop(workers=two)
    assert (workshop.workers, workshop.workers_on_files) == (two, ThisProcess())
    assert_same_fields(values(study(text, "plain"), workers=HERE), values(apart, workers=two))
    assert {unit["threads"] for units in all_units(tmp_path / "apart") for unit in units} == {1}
    with pytest.raises(PoolError, match=r"^a worker on \S+ does not see .*missing: the run folder must lie on a file"):
        require_folder(tmp_path / "missing")


def test_an_error_of_a_worker_is_not_taken_for_one_of_its_pool(monkeypatch):
    pool = Component(role="pool", name="apart", cls=Apart, distribution="strange-pool", version="1")
    registry = Registry(components=(pool,))
    wanted = r"^pool 'apart' \(strange-pool 1\) failed: ValueError: of the pool"
    with pytest.raises(PluginError, match=wanted), component_errors(registry):
        Apart().raise_error(ValueError("of the pool"))
    sent = pickle.loads(pickle_outcome(Failed(ValueError("of the work")))).error
    with pytest.raises(ValueError, match="of the work"), component_errors(registry):
        Apart().raise_error(sent)


def keys(outcome):
    return {one["key"] for one in outcome.record["manifest"]["stages"]}


def test_a_pool_with_an_address_may_be_named_by_it(study):
    spec = study(TINY, overrides=("run.pool=apart://10.0.0.1:6379",)).spec
    assert '[run]\npool = "apart"\naddress = "apart://10.0.0.1:6379"\n' in as_toml(spec)
    assert spec.run.component == Apart(address="apart://10.0.0.1:6379")
    for text, problem in {
        "apart://": "'apart://' lacks the address after ://; to do without one, write 'apart'",
        "apart://x": "'apart://x' is an address, which run.address gives too; remove one of them",
    }.items():
        with pytest.raises(SpecError, match=rf"run\.pool: {re.escape(problem)}$"):
            study(TINY, overrides=(f"run.pool={text}", "run.address=there"))


def test_a_resolved_spec_says_where_it_runs_if_the_spec_does(study):
    assert "[run]" not in as_toml(study(TINY).spec)
    spec = study(TINY, overrides=("run.pool=processes", "run.workers=3")).spec
    assert '[run]\npool = "processes"\nworkers = 3\nthreads = 1\n' in as_toml(spec)
    assert study(as_toml(spec)).spec.run.component == Processes(workers=3)
    assert study(TINY + "[run]\nthreads = 2\n").spec.run.component == Here(threads=2)
