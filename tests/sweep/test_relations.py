"""Figures of runs by name, and how they go together over the cells of a sweep."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import spearmanr

from globscope.report.pictures.depict import depict_alone
from globscope.spec.cells import Relations
from globscope.sweep.figures import field_of, figure_value, figures, known_fields
from globscope.sweep.relation_pictures import omissions, plots
from globscope.sweep.relations import relations, relations_table, unknown_figures
from globscope.values.rank_correlation import rank_correlation, rank_interval

RECORD = {
    "population": {"members": 4, "test_accuracy_min": 0.5, "last": {"test_accuracy": 0.7, "test_loss": 0.9}},
    "reducers": [
        {"name": "pca", "notes": {"eigenvalue": 2.5, "why": "text"}, "hidden": None, "saddles": 3, "fit_seconds": 0.1},
        {"name": "umap", "notes": {}, "hidden": None, "saddles": 5, "smad": None},
    ],
    "tables": {
        "curvature": [
            {
                "name": "members",
                "columns": ["variant", "top", "trace"],
                "rows": [{"variant": "A", "top": 1.0, "trace": None}, {"variant": "B", "top": 3.0, "trace": 5.0}],
            },
            {"name": "maps", "columns": ["top"], "rows": [{"top": 7.0}]},
        ],
    },
    "aligners": {"curvature": [{"name": "unseen", "columns": ["barrier"], "rows": [{"barrier": 0.5}]}]},
}


def test_every_figure_that_a_run_recorded_has_a_name():
    found = figures(RECORD, bare=False)
    assert found == {
        "members": 4,
        "test_accuracy_min": 0.5,
        "test_accuracy": 0.7,
        "test_loss": 0.9,
        "pca.eigenvalue": 2.5,
        "pca.saddles": 3,
        "umap.saddles": 5,
        "umap.smad": None,
        "curvature.members.top": 2.0,
        "curvature.trace": 5.0,
        "curvature.maps.top": 7.0,
        "aligner curvature.barrier": 0.5,  # an analysis of the same name has figures of its own
    }


def test_a_runs_only_map_goes_without_saying():
    [first, _] = RECORD["reducers"]
    assert figures(RECORD | {"reducers": [first]}, bare=True)["saddles"] == 3


def test_a_name_without_its_map_or_analysis_is_that_of_the_first_that_has_it():
    found = figures(RECORD, bare=False)
    assert [figure_value(name, found) for name in ("saddles", "umap.saddles", "trace", "members.top", "nothing")] == [
        3,
        5,
        5.0,
        2.0,
        None,
    ]


values = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12)


@given(values)
def test_the_correlation_is_spearmans_ties_included(pairs):
    x, y = np.array(pairs, float).T
    [found] = rank_correlation(x[None], y[None])
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(found)
    else:
        # Both divide sums of ranks; they differ by rounding alone.
        assert found == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_the_interval_is_seeded_and_holds_most_of_the_draws():
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    one, again, other = (rank_interval(x, y, 500, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == again != other
    [whole] = rank_correlation(x[None], y[None])
    assert one[0] < whole < one[1]


def test_where_one_cell_alone_differs_there_is_no_interval():
    """The draws without it have no correlation, and those with it all have much the same."""
    alone = np.eye(8)[2]
    assert rank_interval(alone, np.arange(8.0), 500, np.random.default_rng(0)) == (None, None)


def test_intervals_of_independent_figures_hold_zero_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        low, high = rank_interval(*rng.normal(size=(2, 30)), 300, rng)
        held += low <= 0 <= high
    # 95 expected; percentile intervals are a little narrow for 30 cells, and 88 is 3 standard deviations below.
    assert held >= 88


def rows(x, y):
    return [{"saddles": a, "test_accuracy": b} for a, b in zip(x, y, strict=True)]


def test_a_relation_is_of_the_cells_that_have_both_figures():
    asked = Relations(of=("saddles", "smad"), against=("test_accuracy",))
    figures = [*rows(range(9), range(9)), {"saddles": 3}, {}]
    [one] = relations(asked, figures, ["beta=1"] * 5 + ["beta=2"] * 6)
    assert one.row == {
        "of": "saddles",
        "against": "test_accuracy",
        "correlation": 1.0,
        "low": 1.0,
        "high": 1.0,
        "n": 9,
    }
    assert one.groups == ("beta=1",) * 5 + ("beta=2",) * 4


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([1, 2], [1, 2], (None, None, None)),
        ([1, 2, 3], [3, 2, 1], (-1.0, None, None)),
        ([1] * 9, range(9), (None, None, None)),
        ([], [], None),
    ],
    ids=["two cells", "few cells", "a constant", "no cell"],
)
def test_what_tells_nothing_has_no_correlation_or_interval(x, y, wanted):
    found = relations(Relations(of=("saddles",), against=("test_accuracy",)), rows(x, y), ["a"] * len(x))
    intervals = [(one.correlation, *one.interval) for one in found]
    assert intervals == ([] if wanted is None else [wanted])


def test_relations_become_a_table_and_scatter_plots_with_a_colour_for_each_value_of_the_first_key():
    asked = Relations(of=("saddles", "half"), against=("test_accuracy", "saddles"))
    figures = [row | {"half": abs(row["saddles"] - 4)} for row in rows(range(10), [0, 1] * 5)]
    found = relations(asked, figures, ["beta=1", "beta=2"] * 5)
    assert len(relations_table(found).rows) == 3  # a figure against itself tells nothing
    one, other = plots(found, {"saddles": "Saddles"})
    assert [panel.x for panel in one.panels] == ["Saddles", "half"]
    assert [series.label for series in one.panels[0].series] == ["beta=1", "beta=2"]
    assert one.panels[0].series[1].x == (1, 3, 5, 7, 9)
    drawn = depict_alone(other).figure
    panels = drawn.axes
    assert [axes.get_xlabel() for axes in panels] == ["half"]
    panels = depict_alone(one).figure.axes
    assert panels[0].get_xlim() != panels[1].get_xlim(), "each has an axis of its own"


def test_a_panel_says_that_its_correlation_is_spearmans_and_of_how_many_cells():
    [one] = relations(Relations(of=("saddles",), against=("test_accuracy",)), rows(range(9), range(9)), ["a"] * 9)
    [plot] = plots([one], {})
    assert [panel.title for panel in plot.panels] == ["Spearman 1 [1, 1], n = 9"]
    assert plot.headline == "What goes together with test_accuracy"


def test_fewer_than_eight_cells_have_no_panel_and_the_page_says_so():
    found = relations(Relations(of=("saddles",), against=("test_accuracy",)), rows([1, 2, 3], [3, 2, 1]), ["a"] * 3)
    assert list(plots(found, {})) == []
    assert omissions(found, {}).startswith("1 relation has fewer than 8 cells and no picture")


def test_a_figure_that_ranks_the_cells_like_another_has_no_row():
    """Saddles are minima less one."""
    asked = Relations(of=("saddles", "minima", "smad"), against=("test_accuracy",))
    figures = [row | {"minima": row["saddles"] + 1, "smad": -row["saddles"]} for row in rows(range(9), range(9))]
    found = relations(asked, figures, ["a"] * 9)
    assert [(one.of, one.alike) for one in found] == [("saddles", ("minima",)), ("smad", ())]
    assert omissions(found, {"minima": "Minima"}) == "Left out, since they rank the cells alike: Minima (as saddles)."


def test_figures_are_called_as_the_results_describe_them():
    record = {
        "fields": [{"key": "test_f1", "name": "test F1", "higher_is_better": True}],
        "comparison": [{"key": "leaves", "label": "Leaves"}],
    }
    wanted = {
        "test_f1": "test F1",
        "slice.origin_test_f1": "slice: test F1 at the slice's centre",
        "pca.leaves": "pca: Leaves",
        "curvature.top_eigenvalue": "curvature: top eigenvalue",
    }
    assert {figure: field_of(figure, known_fields([record])).name for figure in wanted} == wanted
    assert field_of("slice.origin_test_f1", known_fields([record])).higher_is_better


def test_a_figure_that_the_spec_names_and_no_cell_has_is_reported_but_not_a_default():
    asked = Relations(of=("sadles",), against=("test_accuracy", "x" * 9))
    found = list(unknown_figures(asked, {"of": ..., "against": ...}, rows([1], [2])))
    assert found == [
        "relations.of: no cell has a figure 'sadles'; did you mean 'saddles'?",
        "relations.against: no cell has a figure 'xxxxxxxxx'; sweep.csv has those that there are",
    ]
    assert list(unknown_figures(Relations(), {}, rows([1], [2]))) == []
