"""What `globscope check` knows of a pool: how many work side by side, and what that saves."""

import pytest
from attrs import define
from support.commands import run
from support.study import TINY

import globscope
from globscope.builtin.pools.processes import Here, Processes
from globscope.pipeline.plan import estimate, timing
from globscope.pipeline.plan.fit_timing import FitTime
from globscope.pipeline.plan.planned_workers import PlannedWorkers
from globscope.registry import installed_registry
from globscope.roles import PoolTraits, traits
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.testing import registry_of


def pooled(spec_file, **options):
    table = "".join(f"{name} = {value}\n" for name, value in options.items())
    return globscope.load(spec_file(TINY + f'[run]\npool = "processes"\n{table}'))


@define(frozen=True, kw_only=True)
class Hidden:
    """A pool that cannot tell before it is opened."""

    def open(self):
        raise AssertionError("a plan opened a pool")


def test_pools_of_this_machine_have_their_workers_in_their_traits():
    assert traits(Here(threads=3), PoolTraits) == PoolTraits(workers=1, threads=3)
    assert traits(Processes(workers=5, threads=2), PoolTraits) == PoolTraits(workers=5, threads=2)
    with Processes(threads=1).open() as workers:
        assert traits(Processes(threads=1), PoolTraits).workers == workers.count


def test_without_a_pool_there_is_one_worker(spec_file):
    assert PlannedWorkers.of(globscope.load(spec_file(TINY)).spec) == PlannedWorkers(count=1)


@pytest.mark.parametrize(
    ("count", "seconds", "wanted"),
    [(1, [3, 2, 1], 6), (2, [3, 2, 2], 4), (2, [1, 1, 5], 6), (9, [3, 2], 3), (2, [], 0)],
)
def test_the_makespan_is_when_the_last_of_several_trainings_ends(count, seconds, wanted):
    assert PlannedWorkers(count=count).makespan(seconds, "cpu") == wanted


def test_on_gpus_as_many_work_at_once_as_there_are(monkeypatch):
    monkeypatch.setattr("globscope.pipeline.plan.planned_workers.available", lambda: ["cuda:0", "cuda:1", "cpu"])
    workers = PlannedWorkers(count=8)
    assert [workers.at_once(place) for place in ("cpu", "cuda", "cuda:1", "mps")] == [8, 2, 1, 1]
    assert PlannedWorkers(count=1).at_once("cuda") == 1


@pytest.fixture
def measured(monkeypatch):
    """A training step takes a second for 16 examples, and a network ten, whatever the machine does."""
    monkeypatch.setattr(timing, "_time_steps", lambda run, phase, probe, size: size / 16)
    monkeypatch.setattr(timing, "_time_network", lambda _: 10.0)


def trainings(study, batch_sizes, epochs=2):
    """The seconds of trainings with these batch sizes."""
    examples = study.workshop().tasks.whole.build("cpu").examples("train")
    return [epochs * -(-examples // size) * size / 16 for size in batch_sizes]


@pytest.mark.usefixtures("measured")
def test_trainings_and_scoring_are_divided_by_the_workers(spec_file):
    one, three = pooled(spec_file, workers=1).estimate(), pooled(spec_file, workers=3).estimate()
    seconds = trainings(pooled(spec_file), (64, 64, 128))
    assert (one.train_seconds, three.train_seconds) == (sum(seconds), max(seconds))
    assert three.evaluate_seconds == pytest.approx(one.evaluate_seconds / 3)
    assert "side by side" not in one.in_words["training"]
    for what in ("training", "evaluation"):
        assert three.in_words[what].endswith(", 3 workers side by side")


@pytest.mark.usefixtures("measured")
def test_refits_are_divided_by_the_workers_and_a_single_fit_is_not(spec_file, monkeypatch):
    monkeypatch.setattr(estimate, "fit_time", lambda *_: FitTime(fit=6.0, decode=0.0))
    text = TINY + '[[analysis]]\nuse = "stability"\nseeds = 2\nbootstraps = 3\n'
    for refits, wanted in ((text, 2 * 6.0), (TINY, 6.0)):
        study = globscope.load(spec_file(refits + '[run]\npool = "processes"\nworkers = 3\n'))
        assert study.estimate().fit_seconds == {"pca": wanted}


@pytest.mark.usefixtures("measured")
def test_a_parent_is_trained_before_the_others(spec_file):
    text = TINY.replace("[[population.variant]]", "[population.parent]\nepochs = 2\n[[population.variant]]", 1)
    study = globscope.load(spec_file(text + '[run]\npool = "processes"\nworkers = 3\n'))
    parent, *others = trainings(study, (64, 64, 64, 128))
    assert study.estimate().train_seconds == parent + max(others)


@pytest.mark.usefixtures("measured")
def test_a_pool_that_cannot_tell_is_not_opened_and_the_plan_says_so(spec_file):
    registry = registry_of(installed_registry(), hidden=Hidden)
    spec = read_spec(spec_file(TINY + '[run]\npool = "hidden"\n'), (), registry)
    plan = Study(spec=spec, folder=spec.source.parent / "run", registry=registry).estimate()
    assert plan.in_words["workers"] == "known when the pool starts; times are those of one"
    assert plan.train_seconds == globscope.load(spec_file(TINY)).estimate().train_seconds


def test_steps_and_networks_are_timed_with_the_threads_of_a_worker(spec_file, monkeypatch):
    import torch

    before, seen = torch.get_num_threads(), []
    monkeypatch.setattr(timing, "_time_steps", lambda *_: seen.append(torch.get_num_threads()) or 1.0)
    pooled(spec_file, threads=2).estimate()
    assert set(seen) == {2}
    assert torch.get_num_threads() == before


@pytest.mark.usefixtures("measured")
def test_cells_of_a_sweep_run_side_by_side_and_each_has_one_worker(spec_file):
    sweep = '[sweep]\n"population.train.epochs" = [1, 2]\n'
    path = spec_file(TINY + sweep)
    alone = globscope.sweep.load(path).estimate()
    both = globscope.sweep.load(path, ['run={pool="processes",workers=3}']).estimate()
    assert (alone.at_once, both.at_once) == (1, 2)
    assert [cell.train_seconds for cell in both.cells.values()] == [c.train_seconds for c in alone.cells.values()]
    assert both.in_words["training"].endswith(", 2 cells side by side")


@pytest.mark.usefixtures("measured")
def test_check_takes_a_pool(spec_file):
    result = run("check", spec_file(TINY), "--pool", "processes", "--set", "run.workers=2")
    assert result.exit_code == 0
    assert "2 workers side by side" in result.stdout


def test_long_steps_are_foreseen_from_a_few_examples_once_for_all_batch_sizes(spec_file, monkeypatch):
    tried = []
    monkeypatch.setattr(timing, "_time_steps", lambda run, phase, probe, size: tried.append(size) or size / 16)
    study = globscope.load(spec_file(TINY))
    assert study.estimate().train_seconds == sum(trainings(study, (64, 64, 128)))
    assert tried == [timing.FEW]


def test_short_steps_are_measured_as_they_are(spec_file, monkeypatch):
    tried = []
    monkeypatch.setattr(timing, "_time_steps", lambda run, phase, probe, size: tried.append(size) or 0.01)
    globscope.load(spec_file(TINY)).estimate()
    assert tried == [timing.FEW, 64, 128]


def test_a_long_scoring_is_foreseen_from_an_evaluator_of_fewer_examples(spec_file, monkeypatch):
    tried = []

    def time_network(workshop):
        tried.append(workshop.spec.evaluator.component.examples)
        return 7.0

    monkeypatch.setattr(timing, "_time_network", time_network)
    study = globscope.load(spec_file(TINY), ["evaluator.examples=1024"])
    probe = study.workshop().task.build("cpu")
    counts = [min(1024, probe.examples(split)) for split in probe.splits]
    few = [min(128, count) for count in counts]
    total = study.estimate()
    assert tried == [128]
    assert total.evaluate_seconds == pytest.approx(total.evaluations * 7.0 * sum(counts) / sum(few))
