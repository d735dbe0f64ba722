"""UMAP, alone in a file: the first process that fits it compiles it for half a minute."""

import importlib
import re
import sys
import warnings

import numpy as np
import pytest
from attrs import evolve
from support.reduction import MEMBERS, inputs, reduce

from globscope.api import PopulationError, Progress
from globscope.builtin.reducers import Umap, umap_learn
from globscope.builtin.reducers.compile_umap import compile_all
from globscope.testing import parametrize_contract


@parametrize_contract([Umap(n_epochs=10)])
def test_it_keeps_the_contract_of_reducers(check):
    check()


@pytest.fixture(scope="module")
def flat_umap():
    """One fit in two dimensions, and what it decodes; numba compiles here."""
    given = inputs()
    chart = reduce(Umap(n_epochs=60), given)
    between = (chart.latents[:-1] + chart.latents[1:]) / 2
    return given, chart, between, chart.decode(between)


def test_umap_agrees_with_itself_bit_for_bit(flat_umap):
    given, chart, between, decoded = flat_umap
    again = reduce(Umap(n_epochs=60), given)
    assert np.array_equal(again.latents, chart.latents)
    assert np.array_equal(again.decode(between), decoded)
    assert not np.array_equal(reduce(Umap(n_epochs=60), given, seed=1).latents, chart.latents)


def test_umap_maps_both_ways_near_the_members(flat_umap):
    given, chart, _, decoded = flat_umap
    assert (chart.latents.shape, chart.latents.dtype) == ((MEMBERS, 2), np.float64)
    assert decoded.dtype == np.float64
    # Between neighbours on a trajectory, the decoded network is nearer to one of the two than the
    # members are to their mean, for most of them.
    same = [i for i in range(MEMBERS - 1) if given.members[i].variant == given.members[i + 1].variant]
    off = np.linalg.norm(decoded[same] - given.coordinates[same], axis=1)
    assert np.median(off) < np.linalg.norm(given.coordinates, axis=1).mean()
    unseen = (given.coordinates[:1] + given.coordinates[1:2]) / 2
    assert np.isfinite(chart.encode(unseen)).all()


def test_umap_decodes_in_three_dimensions_and_takes_all_the_others_as_neighbours_at_most():
    chart = reduce(Umap(latent_dim=3, n_neighbors=50, n_epochs=30), inputs())
    assert chart.notes["n_neighbors"] == MEMBERS - 1
    assert np.isfinite(chart.decode(chart.latents[:3])).all()


def test_umap_says_how_many_members_it_needs():
    expected = "reducer 'umap' with latent_dim = 2 needs at least 4 members, there are 3 in the fit"
    with pytest.raises(PopulationError, match=f"^{re.escape(expected)}$"):
        reduce(Umap(), inputs(per_variant=1))


@pytest.mark.parametrize("wrong", [{"latent_dim": 0}, {"n_neighbors": 1}, {"min_dist": -0.1}, {"latent_dim": 8}])
def test_umap_refuses_impossible_options(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Umap(**wrong)


@pytest.fixture(scope="module", autouse=True)
def changed_umap():
    """umap-learn with what GlobScope has changed in it; its import warns that a library is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return umap_learn.load()


@pytest.fixture(scope="module")
def own_umap(changed_umap):
    """umap-learn as it is, imported beside the one that GlobScope has changed."""
    changed = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "umap"}
    for name in changed:
        del sys.modules[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = importlib.import_module("umap")
    for name in [name for name in sys.modules if name.partition(".")[0] == "umap"]:
        del sys.modules[name]
    sys.modules.update(changed)
    return own


def clusters(count, size, seed):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, size)) + 4 * rng.integers(0, 3, (count, 1))).astype(np.float32)


def trajectories(seed):
    return np.cumsum(np.random.default_rng(seed).normal(size=(40, 12)), axis=0).astype(np.float32)


@pytest.mark.slow  # numba compiles umap-learn as it is for 20 seconds
@pytest.mark.parametrize(
    ("data", "options"),
    [
        (clusters(30, 8, 0), {}),
        (clusters(60, 90, 1), {"n_neighbors": 8, "min_dist": 0.9}),
        (trajectories(2), {"n_neighbors": 5}),
        (trajectories(3), {"n_components": 3, "n_neighbors": 39}),
    ],
)
def test_layout_inverse_and_transform_have_the_bits_of_umap_learn_itself(own_umap, data, options):
    learner, reason = umap_learn.load()
    assert reason == ""
    assert learner is not own_umap.UMAP
    answers = []
    for umap in (learner, own_umap.UMAP):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = umap(random_state=1, n_epochs=30, n_jobs=1, **options).fit(data)
            low, high = model.embedding_.min(0) - 1, model.embedding_.max(0) + 1
            points = np.random.default_rng(4).uniform(low, high, (50, len(low))).astype(np.float32)
            answers.append([model.embedding_, model.inverse_transform(points), model.transform(data[::3] + 0.1)])
    for ours, theirs in zip(*answers, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("least", [1, 4, 20, 100])
def test_the_quick_search_finds_the_vertices_of_umap_learn_in_its_order(own_umap, least):
    from scipy.sparse import random as random_matrix

    for seed in range(5):
        graph = random_matrix(30, 30, density=0.06, random_state=seed)
        graph = (graph + graph.T).tocsr()
        search = umap_learn.QuickSearch()
        for start in (0, 7, 29, 7):
            expected = own_umap.umap_.breadth_first_search(graph, np.int32(start), min_vertices=least)
            found = search(graph, np.int32(start), min_vertices=least)
            assert found.dtype == expected.dtype
            assert found.tolist() == expected.tolist()


def test_another_search_in_umap_learn_is_left_alone_and_the_chart_notes_the_reason(own_umap, monkeypatch):
    monkeypatch.setattr(umap_learn, "SEARCH", "")
    before = own_umap.umap_.breadth_first_search
    reason = umap_learn._search_quickly(own_umap)
    assert own_umap.umap_.breadth_first_search is before
    assert reason.startswith("the inverse uses umap-learn's own search")
    learner, _ = umap_learn.load()
    monkeypatch.setattr("globscope.builtin.reducers.umap.load", lambda: (learner, reason))
    assert reduce(Umap(n_epochs=10), inputs()).notes["slower"] == reason


def test_internals_that_numba_cannot_keep_are_compiled_as_ever_and_the_chart_notes_the_reason(monkeypatch, tmp_path):
    import umap

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    # The identity of the function was fixed before, which numba does once.
    assert umap_learn._keep_compiled(umap).startswith("functions are compiled in every process: AssertionError")


def test_the_users_cache_folder_is_used_and_gets_no_second_process(monkeypatch, tmp_path):
    from filelock import FileLock

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert umap_learn.cache_folder().parent == tmp_path
    assert Umap().compilation() == "globscope.builtin.reducers.compile_umap"
    umap_learn.cache_folder().mkdir()
    with FileLock(umap_learn.cache_folder() / ".lock"):
        compile_all()
    assert Umap().compilation()
    compile_all()
    assert Umap().compilation() == ""


def test_where_umap_learn_is_another_than_expected_no_process_compiles_twice(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    learner, _ = umap_learn.load()
    monkeypatch.setattr("globscope.builtin.reducers.umap.load", lambda: (learner, "another search"))
    compile_all()
    assert Umap().compilation() == ""


def test_a_cache_folder_that_nobody_may_look_into_holds_nothing(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.stat", refuse)
    assert Umap().compilation() == "globscope.builtin.reducers.compile_umap"


class Heard(Progress):
    """A receiver that keeps what it hears."""

    def __init__(self):
        self.reports = []

    def __call__(self, done, total, **figures):
        self.reports.append((done, total))


def test_umap_tells_the_epochs_of_its_fit_and_of_its_inverse_and_changes_no_bit_by_that(flat_umap, capfd):
    given, chart, between, decoded = flat_umap
    fitting, decoding = Heard(), Heard()
    again = reduce(Umap(n_epochs=60), evolve(given, progress=fitting))
    assert np.array_equal(again.report_decode(between, decoding), decoded)
    for heard in (fitting, decoding):
        done, totals = zip(*heard.reports, strict=True)
        assert list(done) == sorted(done)
        assert (done[0], done[-1]) == (0, totals[0])
    assert fitting.reports[-1] == (60, 60)
    assert np.array_equal(again.latents, chart.latents)
    assert capfd.readouterr() == ("", "")  # a bar of tqdm would be there
