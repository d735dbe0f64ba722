"""Parts of analyses, computed side by side by the workers of a pool."""

from collections import Counter

import pytest
import torch
from attrs import define, evolve, field
from support.arrays import assert_same_arrays, stored_arrays
from support.components import BUILT_IN
from support.pool_work import Doubling
from support.study import MAP, TINY_TASK, values

from globscope.api import EvaluationError, Part, PluginError, ThisProcess, silent
from globscope.builtin.pools.processes import Processes
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.disk.json_values import finding_as_json
from globscope.pipeline.extent import Extent, PausedError
from globscope.pipeline.run import run
from globscope.pipeline.stage_keys import Stage
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.testing import registry_of
from globscope.testing.tiny.task import TinyTask
from globscope.torch_settings import with_threads

HERE = ThisProcess(threads=1)


@pytest.fixture(scope="module")
def two():
    """Two worker processes."""
    with Processes(workers=2).open() as workers:
        yield workers


@define
class Noting:
    """Workers that note the items that they are handed."""

    workers: object
    items: list = field(factory=list)

    @property
    def count(self):
        return self.workers.count

    def map(self, prepare, shared, items, progress_of=silent):
        items = list(items)
        self.items += map(str, items)
        return self.workers.map(prepare, shared, items, progress_of)


@pytest.fixture
def bench(tmp_path):
    """A function that returns the bench of a study with some workers, with a run folder for each name."""

    def made(workers, run="run"):
        return StudyBench(study(tmp_path, TINY_TASK + MAP, run).workshop(workers=workers))

    return made


def study(folder, text, run):
    """Return the study of a spec of the tiny task."""
    (folder / "study.toml").write_text(text, "utf-8")
    registry = registry_of(BUILT_IN, tiny=TinyTask)
    return Study(spec=read_spec(folder / "study.toml", (), registry), folder=folder / run, registry=registry)


def doubling(folder, *numbers, error=EvaluationError):
    return [
        Part(label=f"double {number}", inputs=[number], work=Doubling(number=number, folder=folder, error=error))
        for number in numbers
    ]


def begun(folder):
    return Counter((folder / "begun").read_text().split())


@pytest.mark.parametrize("pool", ["here", "processes"])
def test_a_part_that_fails_leaves_the_others_to_be_attempted(pool, bench, two, tmp_path):
    workers = HERE if pool == "here" else two
    one, failed, other = bench(workers).attempts(doubling(tmp_path, 1, -2, 3))
    assert (one["doubled"], other["doubled"]) == (2, 6)
    assert isinstance(failed, EvaluationError)
    assert str(failed) == "-2 is negative"
    again = bench(workers).attempts(doubling(tmp_path, 1, -2, 3, 4))
    assert [found["doubled"] for found in (again[0], *again[2:])] == [2, 6, 8]
    assert begun(tmp_path) == {"1": 1, "-2": 2, "3": 1, "4": 1}


@pytest.mark.parametrize("pool", ["here", "processes"])
def test_a_defect_of_a_plugin_is_no_failed_attempt(pool, bench, two, tmp_path):
    with pytest.raises(PluginError, match="-2 is negative"):
        bench(HERE if pool == "here" else two).attempts(doubling(tmp_path, 1, -2, error=PluginError))


def test_a_worker_that_is_killed_costs_its_part_alone(bench, two, tmp_path):
    (tmp_path / "fatal-3").touch()
    found = bench(two).stages(doubling(tmp_path, *range(6)))
    assert [int(one["doubled"]) for one in found] == [0, 2, 4, 6, 8, 10]
    assert begun(tmp_path) == Counter("0123345")
    assert bench(HERE).stages(doubling(tmp_path, *range(6))) == found
    assert begun(tmp_path).total() == 7


def test_parts_have_the_threads_of_their_pool_in_this_process_too(bench, two, tmp_path):
    with with_threads(2):
        found = [bench(workers, run).stages(doubling(tmp_path, 1, 2)) for workers, run in ((HERE, "a"), (two, "b"))]
        assert torch.get_num_threads() == 2
    assert {int(part["threads"]) for parts in found for part in parts} == {1}


ANALYSES = """
[[topology]]
use = "gudhi"
persistence = 0.0
[[analysis]]
use = "curvature"
count = 2
draws = 6
trace = "hutch++"
layers = true
density_draws = 2
density_steps = 4
[[analysis]]
use = "similarity"
[[analysis]]
use = "layer-similarity"
[[analysis]]
use = "class-disagreement"
[[analysis]]
use = "low-loss-pass"
basins = "all"
training = "all"
points = 3
bends = 1
epochs = 1
[[analysis]]
use = "stability"
seeds = 1
bootstraps = 1
[[reducer]]
use = "autoencoder"
steps = 3
[[reducer]]
use = "random"
[[reducer]]
use = "kernel-pca"
"""


def test_independent_parts_of_analyses_run_side_by_side_with_the_same_bits(two, tmp_path):
    text, workers = TINY_TASK + MAP.replace("= 3", "= 7") + ANALYSES, Noting(two)
    here = values(study(tmp_path, text, "here"), workers=HERE).findings
    there = values(study(tmp_path, text, "there"), workers=workers).findings
    assert [finding_as_json(there[name]) for name in here] == [finding_as_json(one) for one in here.values()]
    assert_same_arrays(stored_arrays(tmp_path / "there"), stored_arrays(tmp_path / "here"))
    labels = {" ".join(item.split()[:2]) for item in workers.items}
    assert labels >= {"eigenvalues of", "trace of", "traces of", "spectral density", "outputs of", "layers of"}
    assert any(label.startswith("PolyChain") for label in labels)
    assert labels >= {"fit pca", "fit autoencoder", "fit random", "refit pca", "refit autoencoder", "weight space"}
    assert not any("kernel-pca" in label for label in labels)  # which cannot be had again without a fit


def test_a_study_that_stops_before_its_maps_lets_no_worker_fit_them(two, tmp_path):
    workers = Noting(two)
    workshop = study(tmp_path, TINY_TASK + MAP, "run").workshop(workers=workers)
    with pytest.raises(PausedError, match="fit pca"):
        run(evolve(workshop, extent=Extent(until=Stage.REDUCE)))
    assert "weight space" in workers.items
    assert "fit pca" not in workers.items


@define
class Several(Noting):
    """Workers that note how many items they are handed together."""

    def map(self, prepare, shared, items, progress_of=silent):
        self.items.append(len(items))
        return HERE.map(prepare, shared, items, progress_of)


def test_a_process_holds_the_locks_of_no_more_stages_than_it_may_open_files(bench, tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.pipeline.pool.STAGES_AT_ONCE", 3)
    workers = Several(Several(HERE))
    monkeypatch.setattr(Several, "count", 2)
    found = bench(workers).stages(doubling(tmp_path, *range(7)))
    assert [int(one["doubled"]) for one in found] == [2 * number for number in range(7)]
    assert workers.items == [3, 3, 1]
