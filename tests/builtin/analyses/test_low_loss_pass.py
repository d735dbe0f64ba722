"""The analysis `low-loss-pass`: where a pass runs, how high it is, and what other ways are beside it."""

import numpy as np
import pytest
from attrs import define, evolve
from support.paths import NETS
from support.study import MAP, study_in, trained_runs, values

from globscope.api import Finding, Landscape, Samples, last_networks
from globscope.builtin.analyses.low_loss_pass.analysis import LowLossPass
from globscope.builtin.analyses.low_loss_pass.minimax_path import (
    basin_names,
    chosen_minima,
    minimax_paths,
    on_border,
    points_along,
)
from globscope.builtin.topology import Gudhi
from globscope.testing import bowls, tiny_atlas, tiny_bench, two_components
from globscope.testing.tiny.bench import TinyBench
from globscope.testing.tiny.landscapes import PASS, SHALLOW, bowls_topology, vertex

QUICK = {"points": 21, "epochs": 2, "batch_size": 24}


@pytest.fixture(scope="module")
def atlas():
    return tiny_atlas()


@pytest.fixture(scope="module")
def found(atlas) -> Finding:
    return LowLossPass(**QUICK).analyse(atlas, tiny_bench(), np.random.default_rng(0))


def the_path():
    (path,) = minimax_paths(bowls(), bowls_topology())
    return path


def test_two_bowls_have_one_pass_from_the_lower_floor_to_the_other():
    path = the_path()
    assert (path.lower, path.upper) == (vertex(-1, 0), vertex(1, 0))
    assert path.saddle == PASS
    assert path.merging
    assert bowls().fields["train_loss"][path.samples].max() == PASS


def test_a_pass_is_sampled_evenly_from_end_to_end():
    path = the_path()
    points = points_along(bowls(), path, 21).points
    assert points[[0, -1]].tolist() == [[-1, 0], [1, 0]]
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps == pytest.approx(steps[0])  # the way is straight here


def test_basins_that_never_meet_have_no_pass():
    from globscope.builtin.topology import Gudhi

    apart = two_components()
    assert list(minimax_paths(apart, Gudhi(persistence=0.0).compute(apart))) == []


def test_a_basin_is_called_by_the_runs_that_end_in_it_or_by_its_sample(atlas):
    drawn = atlas.maps[0]
    names = basin_names(drawn, drawn.landscape, drawn.topology)
    assert set(names) == {vertex(-1, 0), vertex(1, 0)}
    ends = last_networks(drawn, drawn.landscape, drawn.topology).basins
    for minimum, name in names.items():
        runs = [v for v, basin in zip(drawn.population.variants, ends, strict=True) if basin == minimum]
        assert name == (" ".join(runs) or f"#{minimum}")


def test_the_table_tells_saddle_pass_and_the_other_ways(found):
    (row,) = found.tables[0].rows
    assert row["name"] == "linear"
    assert row["saddle"] == PASS
    # Between the samples the ridge is a little higher: at (0.1, 0) the shallow bowl is 0.25 + 0.9².
    assert row["pass"] == pytest.approx(SHALLOW + 0.81)
    assert row["floor"] == 0
    assert row["untrusted"] == 0
    # A linear map: its straight way is straight in weight space, whatever rounding of float32 makes of it.
    assert row["length"] == pytest.approx(1, abs=1e-5)


def test_training_finds_a_way_no_worse_on_average_than_the_line_it_starts_from(atlas):
    longer = LowLossPass(points=21, epochs=40, batch_size=24)
    (panel,) = longer.analyse(atlas, tiny_bench(), np.random.default_rng(0)).pictures[0].panels
    mean = {one.label: np.mean(one.y) for one in panel.series}
    assert mean["trained curve"] < mean["straight line"]
    assert mean["relaxed pass"] < mean["straight line"]


def test_ways_are_trained_only_where_they_are_asked_for(atlas):
    (row,) = LowLossPass(**QUICK, training="none").analyse(atlas, tiny_bench(), np.random.default_rng(0)).tables[0].rows
    assert row["curve"] is None
    assert row["relaxed"] is None


def test_pictures_show_losses_and_where_the_pass_runs(found):
    plot, overlay = found.pictures
    assert plot.log
    (panel,) = plot.panels
    assert [one.label for one in panel.series] == ["lowest pass", "straight line", "trained curve", "relaxed pass"]
    assert overlay.map == "linear"
    assert overlay.trails[0].points[0] == (-1.0, 0.0)


def test_a_ridge_that_only_the_map_has_is_reported(found):
    messages = [text for text in found.warnings if "an artefact of the map" in text]
    (row,) = found.tables[0].rows
    assert bool(messages) == (row["straight"] < row["pass"])


def test_a_ridge_between_the_samples_is_reported(atlas):
    class Rough:
        """A bench on whose maps the networks between samples are bad."""

        def __getattr__(self, name):
            return getattr(tiny_bench(), name)

        def sample(self, fitted, samples) -> Landscape:
            good = tiny_bench().sample(fitted, samples)
            return evolve(good, fields={name: values + 1 for name, values in good.fields.items()})

    found = LowLossPass(**QUICK).analyse(atlas, Rough(), np.random.default_rng(0))
    assert any("between the samples are worse" in text for text in found.warnings)


def test_a_training_that_diverges_is_reported_and_leaves_the_other_ways(atlas):
    wild = LowLossPass(points=5, epochs=3, batch_size=24, learning_rate=1e30)
    found = wild.analyse(atlas, tiny_bench(), np.random.default_rng(0))
    (row,) = found.tables[0].rows
    assert row["pass"] is not None
    assert row["curve"] is None
    assert any("diverged in epoch" in text and "lower learning_rate" in text for text in found.warnings)


@define(frozen=True, kw_only=True)
class CountingBench(TinyBench):
    """A bench that notes what it is asked for.

    Attributes:
        calls: Their names, in order.
    """

    calls: list

    def sample(self, fitted, samples):
        self.calls.append("sample")
        return super().sample(fitted, samples)

    def measure(self, networks):
        self.calls.append("measure")
        return super().measure(networks)


def broken(atlas, trusted=(False, False)):
    """Return the atlas with ten further dents in its map; of all its samples, only the bowls' floors may be trusted."""
    drawn, values = atlas.maps[0], bowls().fields["train_loss"].copy()
    dents = [vertex(x, y) for x in (-2, -1, 0, 1, 2) for y in (-2, 2)]
    values[dents] = -0.5
    near = np.zeros(81, bool)
    near[[vertex(-1, 0), vertex(1, 0)]] = trusted
    landscape = evolve(bowls(), fields=dict.fromkeys(bowls().fields, values), trusted=near)
    topologies = {"grid": {"gudhi": Gudhi(persistence=0.1).compute(landscape)}}
    return evolve(atlas, maps=(evolve(drawn, landscapes={"grid": landscape}, topologies=topologies),))


def passes(atlas, bench=None, **options):
    analysis = LowLossPass(points=5, training="none", **options)
    found = analysis.analyse(atlas, bench or tiny_bench(), np.random.default_rng(0))
    return [(row["one"], row["two"]) for row in found.tables[0].rows], found.warnings


def test_forty_five_pairs_of_untrusted_leaves_are_no_passes_unless_all_are_asked_for(atlas):
    map_ = broken(atlas)
    leaves = len(map_.maps[0].topology.tree.minima)
    assert leaves == 12
    assert len(passes(map_, basins="all")[0]) == leaves * (leaves - 1) // 2
    for basins, kind in (("trusted", "hold a run or are trusted"), ("runs", "hold a run")):
        rows, warnings = passes(map_, basins=basins)
        assert rows == []
        assert warnings[-1] == f'linear: no pass, because only 0 of 12 basins {kind}; basins = "all" takes all'


def test_passes_are_followed_between_basins_that_hold_a_run_or_are_trusted(atlas):
    ((pair,), _) = passes(broken(atlas, trusted=(True, True)))
    # The runs end beside the deep bowl's floor and the shallow one's, which dents now overtop.
    assert {name[0] for name in pair} <= {"#", "A", "B", "C"}
    assert len(passes(atlas, basins="runs")[0]) == 1
    assert passes(atlas, basins="all") == passes(atlas)


def test_of_some_basins_each_merges_into_the_first_that_is_followed(atlas):
    drawn = broken(atlas, trusted=(True, True)).maps[0]
    chosen = chosen_minima(drawn, drawn.landscape, drawn.topology, "trusted")
    assert sorted(chosen.tolist()) == sorted([vertex(-1, 0), vertex(1, 0)])
    (path,) = minimax_paths(drawn.landscape, drawn.topology, chosen)
    assert (path.lower, path.upper, path.merging) == (vertex(-1, 0), vertex(1, 0), True)
    # Without the deep bowl, which the shallow one merges into, it goes on in the dent that never dies.
    tree = drawn.topology.tree
    lowest = int(tree.pairs[np.isinf(tree.deaths), 0][0])
    (path,) = minimax_paths(drawn.landscape, drawn.topology, np.array([lowest, vertex(1, 0)]))
    assert path.merging


def test_all_passes_of_a_map_are_decoded_and_measured_at_once(atlas):
    bench = CountingBench(calls=[])
    assert len(passes(broken(atlas), bench, basins="all")[0]) == 66
    assert bench.calls == ["sample", "measure"]


@pytest.mark.parametrize("training", ["none", "merging", "all"])
def test_networks_between_the_basins_of_two_runs_are_foretold(atlas, training):
    bench = tiny_bench()
    analysis = LowLossPass(points=5, epochs=1, batch_size=24, training=training, basins="runs")
    analysis.analyse(atlas, bench, np.random.default_rng(0))
    assert bench.counts["networks"] == analysis.evaluations([], 1, 2)


def test_of_many_runs_every_pair_may_have_a_pass_and_every_basin_but_one_merges_into_another():
    def foretold(**options):
        return LowLossPass(points=5, **options).evaluations([], 3, 4)

    assert [foretold(basins="runs", training=each) for each in ("none", "merging", "all")] == [180, 270, 360]
    assert LowLossPass(basins="runs").evaluations([], 3, 0) == 0
    assert [foretold(basins=each) for each in ("trusted", "all")] == [None, None]


def test_maps_that_are_not_named_are_left_alone(atlas):
    twin = evolve(atlas.maps[0], name="twin")
    both = evolve(atlas, maps=(*atlas.maps, twin))
    names = [
        row["name"]
        for row in LowLossPass(**QUICK, reducers=("twin",), training="none")
        .analyse(both, tiny_bench(), np.random.default_rng(0))
        .tables[0]
        .rows
    ]
    assert names == ["twin"]


STORED = f"""
[task]
use = "classification"
model = "{NETS}:batch_norm"
{trained_runs("A", "B", epochs=1)}
{MAP.replace("3", "5")}
[evaluator]
use = "torch"
examples = 64
batch_norm = "stored"
[[topology]]
use = "gudhi"
persistence = 0.0
[[analysis]]
use = "low-loss-pass"
points = 5
epochs = 1
"""


def test_ways_are_scored_by_stored_statistics_where_the_evaluator_asks_for_them(tmp_path):
    rows = values(study_in(tmp_path, STORED)).findings["low-loss-pass"].tables[0].rows
    assert rows
    assert all(np.isfinite([row["pass"], row["straight"]]).all() for row in rows)


def test_paths_between_two_basins_are_known_paths_between_their_runs_with_how_far_their_ends_are(atlas, found):
    drawn, (row,) = atlas.maps[0], found.tables[0].rows
    names = basin_names(drawn, drawn.landscape, drawn.topology)
    pairs = {(a, b) for a in row["one"].split() for b in row["two"].split() if not (a + b).startswith("#")}
    assert len(names) == 2
    assert {(path.one, path.other) for path in found.paths} == {pair for pair in pairs if "#" not in "".join(pair)}
    for path in found.paths:
        key = {"lowest pass": "pass", "straight line": "straight", "trained curve": "curve", "relaxed pass": "relaxed"}
        assert path.worst == row[key[path.found_by.removesuffix(" on linear")]]
        assert path.ends > 0


def test_points_of_a_pass_on_the_border_of_a_lattice_are_known_but_for_its_ends():
    lattice = np.stack(np.meshgrid([0.0, 0.5, 1.0], [0.0, 1.0, 2.0], indexing="ij"), axis=-1).reshape(-1, 2)
    samples = Samples(points=lattice, index=np.indices((3, 3)).reshape(2, -1).T, shape=(3, 3))
    path = np.array([[0.0, 0.0], [0.0, 0.3], [0.2, 0.5], [0.5, 1.0], [0.7, 2.0], [1.0, 2.0]])
    assert on_border(samples, path).tolist() == [False, True, False, False, True, False]
    assert not on_border(Samples(points=lattice), path).any()  # scattered samples have no border


def test_a_pass_that_the_border_decides_is_marked_and_warned_of(atlas, monkeypatch):
    options = {**QUICK, "training": "none"}
    module = "globscope.builtin.analyses.low_loss_pass.analysis.on_border"
    monkeypatch.setattr(module, lambda samples, points: np.zeros(len(points), bool))
    inside = LowLossPass(**options).analyse(atlas, tiny_bench(), np.random.default_rng(0))
    assert inside.tables[0].rows[0]["border"] == 0
    assert not any("border" in text for text in (*inside.warnings, inside.pictures[1].caption))
    monkeypatch.setattr(module, lambda samples, points: np.arange(len(points)) % 2 == 1)
    found = LowLossPass(**options).analyse(atlas, tiny_bench(), np.random.default_rng(0))
    (row,) = found.tables[0].rows
    assert 0.4 < row["border"] < 0.6
    assert any("1 of 1 lowest passes keep to the border" in text for text in found.warnings)
    overlay = found.pictures[1]
    marked = [trail for trail in overlay.trails if trail.label == "on the border of the map"]
    assert marked[0].points == overlay.trails[0].points[1::2]
    assert "a lower one may lie outside" in overlay.caption
