"""Refits of a map: what differs between them, what stays, and what a seed cannot move."""

from functools import partial

import numpy as np
import pytest
from attrs import define, evolve
from support.study import TINY, study_in

from globscope.api import Member, Population, SpecError
from globscope.builtin.analyses.stability.analysis import Stability
from globscope.builtin.analyses.stability.refits import bootstrap_rows
from globscope.pipeline.run import run
from globscope.testing import tiny_atlas, tiny_bench
from globscope.testing.tiny.bench import TinyBench
from globscope.testing.tiny.landscapes import bowls
from globscope.testing.tiny.task import LAYOUT

STABILITY = '[[analysis]]\nuse = "stability"\nseeds = 1\nbootstraps = 1\n'


@define(frozen=True, kw_only=True)
class Bowls(TinyBench):
    """Two bowls in which A and B always lie on the left, and C on the right unless a seed is odd."""

    def fit(self, reducer, population, seed=None):
        fitted, draw = super().fit(reducer, population), np.random.default_rng(seed or 0)
        middles = {"A": -1.2, "B": -0.8, "C": -1.0 if (seed or 0) % 2 else 1.0}
        places = [(middles[member.variant], 0.2 * draw.uniform(-1, 1)) for member in fitted.population.members]
        return evolve(fitted, chart=evolve(fitted.chart, latents=np.array(places)))


def analysed(bench=None, atlas=None, **options):
    bench = bench or Bowls()
    if atlas is None:
        own = bench.landscape(bench.fit("linear", tiny_atlas().population))
        atlas = evolve(tiny_atlas(), maps=(own,))
    found = Stability(**options).analyse(atlas, bench, np.random.default_rng(0))
    return found, {table.name: table.rows for table in found.tables}


def test_a_pair_that_always_shares_its_basin_is_reported_from_one_that_does_by_chance():
    found, tables = analysed(seeds=8, bootstraps=2)
    moved = [row["fit"] for row in tables["runs"] if (row["seed"] or 0) % 2]
    assert 0 < len(moved) < 8
    share = {(row["one"], row["other"]): row["share"] for row in tables["shared"]}
    assert share == {("A", "B"): 1, ("A", "C"): len(moved) / 11, ("B", "C"): len(moved) / 11}
    alone = {row["variant"]: row["alone"] for row in tables["basins"]}
    assert alone == {"A": 0, "B": 0, "C": 1 - len(moved) / 11}
    assert {row["fits"] for row in tables["basins"]} == {11}
    matrix = found.pictures[1]
    assert matrix.rows == matrix.columns == ("A", "B", "C")
    np.testing.assert_array_equal(matrix.values, np.array(matrix.values).T)
    assert matrix.values[0] == (1, 1, len(moved) / 11)


def test_where_refits_group_the_variants_otherwise_it_is_reported_in_words():
    found, tables = analysed(seeds=8, bootstraps=2)
    moved = sum((row["seed"] or 0) % 2 for row in tables["runs"])
    assert found.warnings == (
        "linear, grid, gudhi: not the same in 8 refits (further seeds): basins with a variant's final network 2 on "
        f"this map, 1 to 2 there; the runs' final networks share basins differently in {moved} of 8",
    )
    assert found.records["linear"]["stability_basins_min"] == 1
    assert found.records["linear"]["stability_leaves_max"] == 2


def test_the_spread_is_of_the_runs_by_seeds_with_the_maps_own_and_by_bootstraps_without():
    found, tables = analysed(seeds=8, bootstraps=2)
    seeds, bootstraps = tables["spread"]
    assert (seeds["by"], seeds["runs"], seeds["distinct"]) == ("seeds", 9, 9)
    assert (bootstraps["by"], bootstraps["runs"], bootstraps["distinct"]) == ("bootstraps", 2, 2)
    assert [seeds[f"basins_{end}"] for end in ("min", "max")] == [1, 2]
    assert [bootstraps[f"basins_{end}"] for end in ("min", "median", "max")] == [2, 2, 2]
    assert [seeds[f"leaves_trusted_{end}"] for end in ("min", "median", "max")] == [2, 2, 2]
    assert (seeds["persistence_mean"], seeds["persistence_sd"], seeds["note"]) == (0.75, 0, "")
    own, *others = (row["mse_per_weight"] for row in tables["runs"] if row["by"] != "bootstraps")
    assert (seeds["mse_per_weight_min"], seeds["mse_per_weight_max"]) == (min(own, *others), max(own, *others))
    plot = found.pictures[0]
    assert [panel.title for panel in plot.panels] == ["linear: leaves", "linear: basins of the final networks"]
    by, again, drew = plot.panels[1].series
    assert (by.x, again.x, drew.x) == ((0,), tuple(range(1, 9)), tuple(range(9, 11)))
    assert set(again.y) == {1, 2}


def test_a_fit_that_no_seed_moves_is_reported_and_shows_no_spread():
    # The third bootstrap of these twelve members draws those of the first.
    found, tables = analysed(bench=tiny_bench(), seeds=3, bootstraps=3)
    seeds, bootstraps = tables["spread"]
    assert (seeds["runs"], seeds["distinct"]) == (4, 1)
    assert seeds["note"].startswith("the fit does not depend on the seed")
    assert "leaves_min" not in seeds
    assert bootstraps["leaves_min"] == 2
    assert [row["equals"] for row in tables["runs"]] == [None, 0, 0, 0, None, None, 4]
    assert not any("further seeds" in text for text in found.warnings)
    # Twins are one fit, and not more evidence.
    assert {row["fits"] for row in tables["shared"]} == {3}


def test_a_map_that_no_seed_moves_is_evaluated_once():
    @define(frozen=True, kw_only=True)
    class Counting(TinyBench):
        seen: list

        def landscape(self, fitted):
            self.seen.append(len(fitted.population.members))
            return super().landscape(fitted)

    bench = Counting(seen=[])
    atlas = tiny_atlas()
    analysed(bench=bench, atlas=evolve(atlas, maps=atlas.maps[:1]), seeds=3, bootstraps=0)
    assert bench.seen == []


def test_a_leaf_count_that_a_bootstrap_changes_is_reported():
    @define(frozen=True, kw_only=True)
    class Flat(TinyBench):
        """Bowls for all members, and a slope for fewer."""

        def landscape(self, fitted):
            whole = super().landscape(fitted)
            if len(fitted.population.members) == 12:
                return whole
            landscape = bowls()
            tilted = evolve(landscape, fields={"train_loss": landscape.samples.points @ [1.0, 0.5]})
            tree = self.topology("gudhi", tilted)
            return evolve(whole, landscapes={"grid": tilted}, topologies={"grid": {"gudhi": tree}})

    atlas = tiny_atlas()
    found, tables = analysed(bench=Flat(), atlas=evolve(atlas, maps=atlas.maps[:1]), bootstraps=2)
    message = "not the same in 2 refits (bootstraps of the checkpoints): leaves 2 on this map, 1 there"
    assert message in found.warnings[0]
    assert tables["spread"][1]["leaves_max"] == 1


def test_a_draw_keeps_distinct_members_and_every_variants_last_and_about_63_percent_of_many():
    members = tuple(Member(variant=variant, step=step) for variant in "AB" for step in range(500))
    weights = np.zeros((1000, LAYOUT.size), np.float32)
    population = Population(members=members, weights=weights, layout=LAYOUT)
    rows = bootstrap_rows(population, np.random.default_rng(0))
    assert rows == sorted(set(rows))
    assert {499, 999} <= set(rows)
    # 1 − 1/e of 1000, whose deviation is below 10.
    assert abs(len(rows) - 632) < 50
    for seed in range(20):
        assert {3, 7, 11} <= set(bootstrap_rows(tiny_atlas().population, np.random.default_rng(seed)))


def test_more_seeds_move_no_bootstrap_and_fewer_seeds_are_the_first_of_more():
    _, few = analysed(seeds=2, bootstraps=2)
    _, many = analysed(seeds=4, bootstraps=2)
    seeds = [[row["seed"] for row in rows["runs"] if row["by"] == "seeds"] for rows in (few, many)]
    assert seeds[0] == seeds[1][:2]
    draws = [[row["mse_per_weight"] for row in rows["runs"] if row["by"] == "bootstraps"] for rows in (few, many)]
    assert draws[0] == draws[1]


def test_only_the_maps_that_are_named_and_have_an_inverse_are_fitted_again():
    _, tables = analysed(bench=tiny_bench(), atlas=tiny_atlas(), seeds=1, bootstraps=0)
    assert {row["name"] for row in tables["runs"]} == {"linear", "barren"}
    _, tables = analysed(bench=tiny_bench(), atlas=tiny_atlas(), reducers=("barren",), seeds=1, bootstraps=0)
    assert {row["name"] for row in tables["runs"]} == {"barren"}


@pytest.fixture
def study(tmp_path):
    return partial(study_in, tmp_path, TINY + STABILITY)


def test_a_study_fits_again_what_it_must_and_nothing_twice(study, notes):
    found = run(study().workshop()).findings["stability"]
    tables = {table.name: table.rows for table in found.tables}
    # PCA has no randomness, and says so; the bootstrap is another population, with landscape and all.
    assert [row["distinct"] for row in tables["spread"]] == [1, 1]
    assert [row["equals"] for row in tables["runs"]] == [None, 0, None]
    assert tables["runs"][2]["members"] < 9
    run(study().workshop(notes))
    assert notes.ran == []
    run(study("analysis.0.bootstraps=2").workshop(notes))
    assert sum(label.startswith("refit pca") for label in notes.ran) == 1


def test_the_seed_of_a_run_gives_its_map_again(study, tmp_path):
    overrides = ('reducer.0.use="autoencoder"', "reducer.0.steps=20")
    outcome = run(study(*overrides).workshop())
    runs = outcome.findings["stability"].tables[1].rows
    again = run(study_in(tmp_path, TINY, *overrides, f"reducer.0.seed={runs[1]['seed']}", run="again").workshop())
    assert again.atlas.maps[0].key != outcome.atlas.maps[0].key
    record = again.findings["fidelity"].records["autoencoder"]
    assert (record["leaves"], record["mse_per_weight"]) == (runs[1]["leaves"], runs[1]["mse_per_weight"])


def test_the_plan_counts_the_samples_and_the_members_of_every_refit(study, tmp_path):
    more, without = study().estimate(), study_in(tmp_path, TINY).estimate()
    assert more.evaluations == without.evaluations + 2 * (25 + 9)
    message = "stability of 1 map: each in 1 refits with further seeds and 1 on bootstraps of the checkpoints"
    assert more.stages[-1] == f"{message}: up to 68 more networks"
    two = TINY.replace("[[sampler]]", '[[reducer]]\nuse = "kernel-pca"\n[[sampler]]') + STABILITY
    assert study_in(tmp_path, two).estimate().stages[-1].endswith("136 more networks")
    assert study_in(tmp_path, two, 'analysis.0.reducers=["pca"]').estimate().stages[-1].endswith("68 more networks")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ('analysis.0.reducers=["pac"]', "analysis.0.reducers: there is no reducer 'pac'; did you mean 'pca'?"),
        ('analysis.0.reducers=["mds"]', "analysis.0.reducers: 'mds' has no inverse, so no landscape"),
        ('analysis.0.field="tran_loss"', "analysis.0.field: the task measures no 'tran_loss'"),
        ("analysis.0.seeds=-1", "analysis.0.seeds: must be >= 0, got -1"),
    ],
)
def test_what_cannot_be_fitted_again_is_refused_before_anything_long(override, says, tmp_path, notes):
    text = TINY.replace("[[sampler]]", '[[reducer]]\nuse = "mds"\n[[sampler]]') + STABILITY
    with pytest.raises(SpecError) as raised:
        run(study_in(tmp_path, text, override).workshop(notes))
    assert says in str(raised.value)
    assert notes.ran == []


def test_neither_seeds_nor_bootstraps_is_refused(study):
    with pytest.raises(SpecError, match="seeds and bootstraps are both 0; nothing would be fitted again"):
        study("analysis.0.seeds=0", "analysis.0.bootstraps=0").estimate()
