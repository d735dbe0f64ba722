"""Rank correlations of the figures of tables with what was measured of the networks."""

import numpy as np
import pytest
from attrs import evolve
from scipy.stats import spearmanr

from globscope.api import rank_interval
from globscope.builtin.analyses.figure_relations import NO_FIGURES, FigureRelations
from globscope.testing import tiny_atlas, tiny_bench
from globscope.values.members import Layout, Member, Population

LAYOUT = Layout(names=("w",), shapes=((2,),))


def atlas_with(runs, steps=2, figures=lambda run, step: {}, losses=None):
    members = tuple(
        Member(variant=f"r{run}", step=step, figures=figures(run, step)) for run in range(runs) for step in range(steps)
    )
    networks = Population(members=members, weights=np.zeros((len(members), 2), np.float32), layout=LAYOUT)
    losses = np.arange(float(len(members))) if losses is None else losses
    return evolve(tiny_atlas(), population=networks, maps=(), truth={"train_loss": losses})


def found(atlas, **options):
    return FigureRelations(**options).analyse(atlas, tiny_bench(), np.random.default_rng(0))


def test_a_correlation_is_spearmans_over_the_last_networks_of_the_runs():
    rng = np.random.default_rng(1)
    rates, losses = rng.random(12), rng.random(24)
    [row] = found(atlas_with(12, 2, lambda run, _: {"rate": rates[run]}, losses)).table("correlations").rows
    assert row["correlation"] == pytest.approx(spearmanr(rates, losses[1::2]).statistic, abs=1e-12)
    assert (row["figure"], row["against"], row["n"]) == ("rate", "training loss", 12)
    assert row["low"] < row["correlation"] < row["high"]


def test_three_networks_in_order_are_no_correlation():
    [row] = found(atlas_with(3, 1, lambda run, _: {"rate": float(run)})).table("correlations").rows
    assert (row["correlation"], row["low"], row["high"], row["n"]) == (None, None, None, 3)


def test_checkpoints_of_few_runs_are_not_many_observations():
    """Forty members of four runs: drawn alone they would have an interval."""
    atlas = atlas_with(4, 10, lambda run, step: {"rate": float(run + step)})
    [row] = found(atlas, of="members").table("correlations").rows
    assert (row["correlation"], row["n"]) == (None, 40)


def test_whole_runs_are_drawn_where_members_are_observed():
    """Members that repeat their run's figure say nothing new: the interval is that of the runs."""
    rng = np.random.default_rng(3)
    x, y = rng.random(30), rng.random(30)
    groups = [str(run) for run in range(30) for _ in range(10)]
    alone = rank_interval(x, y, 500, np.random.default_rng(0))
    together = rank_interval(x.repeat(10), y.repeat(10), 500, np.random.default_rng(0), groups)
    as_if = rank_interval(x.repeat(10), y.repeat(10), 500, np.random.default_rng(0))
    assert together == pytest.approx(alone, abs=0.1)  # ends of two bootstraps of 500 draws
    assert as_if[1] - as_if[0] < (alone[1] - alone[0]) / 2


def test_a_figure_that_some_lack_is_related_over_the_others():
    atlas = atlas_with(12, 1, lambda run, _: {"rate": float(run)} if run else {})
    [row] = found(atlas).table("correlations").rows
    assert (row["correlation"], row["n"]) == (pytest.approx(1), 11)


def test_kinds_have_the_medians_of_what_was_measured():
    atlas = atlas_with(5, 1, lambda run, _: {"optimiser": "sgd" if run < 3 else "adam"})
    finding = found(atlas)
    assert [dict(row) for row in finding.table("kinds").rows] == [
        {"figure": "optimiser", "kind": "adam", "n": 2, "training loss": 3.5},
        {"figure": "optimiser", "kind": "sgd", "n": 3, "training loss": 1.0},
    ]
    assert finding.pictures == ()


def test_the_basins_of_a_map_are_related_too():
    tiny = tiny_atlas()
    members = tuple(evolve(m, figures={"step": float(m.step)}) for m in tiny.population.members)
    rows = found(evolve(tiny, population=evolve(tiny.population, members=members))).table("correlations").rows
    name = tiny.maps[0].name
    assert {f"{name}: basin, lowest value", f"{name}: basin, persistence"} <= {row["against"] for row in rows}


def test_a_population_without_a_table_is_told_so():
    assert found(atlas_with(9)).warnings == (NO_FIGURES,)
