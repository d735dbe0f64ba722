"""Studies, trainings, curves, alignments and the cells of sweeps on two machines: the results are those of `here`."""

import time
import tomllib
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import ray_work
from globscope_ray import Ray
from globscope_ray.ray_workers import RayWorkers
from support.components import BUILT_IN
from support.pool_work import Deadly, DeadlyTask
from support.searches import SEARCH, Descend, Flat, Steep
from support.study import TINY, TINY_TASK, assert_same_fields, studies_in, values

from globscope.api import PoolError, ThisProcess
from globscope.spec.cells import read_sweep
from globscope.store import read_json
from globscope.sweep import Sweep
from globscope.testing import registry_of
from globscope.testing.tiny.task import TinyTask

pytestmark = pytest.mark.slow
HERE = ThisProcess(threads=1)
MAP = '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 15\n'
CELLS = TINY_TASK.replace("epochs = 4", "epochs = 1") + MAP.replace("15", "3") + "[sweep]\nseed = [0, 1]\n"
DRAWING = TINY_TASK.replace('"tiny"', '"tiny"\ndrawing = true\nnormalised = true', 1)


@pytest.fixture(scope="module")
def two(two_machines):
    """Two workers, one on each machine."""
    with Ray(workers=2).open() as workers:
        yield workers


@pytest.fixture
def study(tmp_path):
    """A function that returns the study of a spec."""
    own = {"tiny": TinyTask, "mortal": DeadlyTask, "deadly": Deadly, "descend": Descend, "flat": Flat, "steep": Steep}
    return studies_in(tmp_path, registry_of(BUILT_IN, **own, ray=Ray))


def test_a_search_of_many_rounds_is_the_same_on_two_machines_which_are_sent_its_space_once(study, two, monkeypatch):
    jobs, job = [], RayWorkers.job
    monkeypatch.setattr(RayWorkers, "job", lambda *of: jobs.append(of[1].__name__) or job(*of))
    here = values(study(TINY_TASK + SEARCH, "here"), workers=HERE).atlas.maps[0].landscape
    there = values(study(TINY_TASK + SEARCH, "there"), workers=two).atlas.maps[0].landscape
    np.testing.assert_array_equal(there.samples.points, here.samples.points)
    np.testing.assert_array_equal(there.gradients, here.gradients)
    assert jobs.count("round_scorer") == 1


def assert_same_weights(one, two):
    populations = one.atlas.population, two.atlas.population
    assert populations[0].members == populations[1].members
    np.testing.assert_array_equal(*(np.asarray(population.weights) for population in populations))


def test_a_worker_is_killed_and_then_a_machine_is_removed_and_no_bit_changes(study, two_machines, tmp_path):
    text = TINY_TASK + MAP.replace("15", "25")
    once = tmp_path / "once"
    once.touch()
    deadly = text + f'[evaluator]\nuse = "deadly"\nonce = "{once}"\n'
    node = two_machines.add_node(num_cpus=1, include_dashboard=False)
    plain = values(study(text, "plain"), workers=HERE)

    def remove():
        while once.exists():
            time.sleep(0.01)
        two_machines.remove_node(node, allow_graceful=False)

    removal = Thread(target=remove)
    removal.start()
    with Ray(workers=9, files="sent").open() as workers:
        assert_same_fields(plain, values(study(deadly), workers=workers))
    removal.join()
    assert not once.exists()
    assert sum(len(read_json(units)) for units in tmp_path.glob("run/stages/evaluate/*/units.json")) > 10


@pytest.mark.parametrize("files", ["shared", "sent"])
@pytest.mark.parametrize("text", [TINY.replace("resolution = 5", "resolution = 15"), DRAWING + MAP])
def test_fields_are_the_same_however_networks_travel(text, files, study, two_machines):
    plain = values(study(text, "here"), workers=HERE)
    there = study(text, "there", ("run.pool=ray", "run.workers=2", f"run.files={files}"))
    with there.spec.run.component.open() as workers:
        assert_same_fields(plain, values(there, workers=workers))


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_training_that_is_killed_continues_in_another_worker_with_the_same_bits(at_once, study, two, tmp_path):
    once = tmp_path / "once"
    once.touch()
    runs = TINY_TASK.replace("epochs = 4", f"epochs = 8\nat_once = {at_once}").partition("[[")[0]
    runs += '[[population.variant]]\nname = "A"\nrepeat = 4\nbatch_size = 16\n' + MAP.replace("15", "2")
    mortal = runs.replace('"tiny"', f'"mortal"\nonce = "{once}"', 1)
    assert_same_weights(values(study(mortal), workers=two), values(study(runs, "plain"), workers=HERE))
    assert not once.exists()


def test_curves_and_alignments_are_computed_on_both_machines_with_the_same_bits(study, two):
    text = TINY_TASK + '[[population.variant]]\nname = "C"\n' + MAP.replace("15", "2")
    text += '[[analysis]]\nuse = "mode-connectivity"\nepochs = 3\npoints = 5\n'
    text += '[[analysis]]\nuse = "rebasin"\npoints = 3\naligners = ["activation-matching"]\n'
    aligned = ("population.align=weight-matching",)
    there = values(study(text, "there", aligned), workers=two)
    assert {member.kind for member in there.atlas.population.members} >= {"curve", "rebased"}
    assert_same_weights(there, values(study(text, "here", aligned), workers=HERE))


def test_a_folder_that_workers_do_not_see_is_named(study, two, monkeypatch):
    monkeypatch.setattr(Path, "is_dir", lambda _: True)  # of this process, which has it
    prepare, shared, job = ray_work.training_into(Path("/nowhere/run/stages/train/x.part"))
    wanted = (
        r"^a worker on \S+ does not see /nowhere/run/stages/train/x\.part: the run folder must lie on a file system"
    )
    with pytest.raises(PoolError, match=wanted):
        list(two.map(prepare, shared, [job]))


def test_cells_of_a_sweep_run_on_both_machines_with_the_same_results(two_machines, tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.sweep.write.write_sweep", lambda *_: ({}, Path("sweep.html")))  # takes seconds
    document, path = tomllib.loads(CELLS), tmp_path / "sweep.toml"
    path.write_text(CELLS, "utf-8")
    registry = registry_of(BUILT_IN, tiny=TinyTask, ray=Ray)
    found = {}
    for pool, options in {"here": {"threads": 1}, "ray": {"workers": 2}}.items():
        spec = read_sweep(document | {"run": {"pool": pool, **options}}, path, registry)
        sweep = Sweep(spec=spec, folder=tmp_path / pool, registry=registry)
        assert not sweep.run().failed
        found[pool] = stored(tmp_path / pool)
    assert found["here"] == found["ray"]
    assert len(found["ray"]) > 4


def stored(folder):
    """Return the bytes of the weights and losses of all stages, by their path."""
    files = [file for kind in ("safetensors", "npz") for file in folder.glob(f"stages/*/*/*.{kind}")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
