"""Figures of maps against others over several runs: a panel for each kind of map, a line for each run."""

from pathlib import Path

import pytest

from globscope.sweep.finished import FinishedRun
from globscope.sweep.lines import line_plots

FIGURES = [
    {"key": "wall", "label": "highest wall", "over": "axes"},
    {"key": "axes", "label": "Axes", "over": ""},
    {"key": "saddles", "label": "Saddles", "over": ""},
]


def run(name, maps, null=None):
    reducers = [
        {"name": str(number), "kind": kind, "axes": axes, "wall": wall}
        for number, (kind, axes, wall) in enumerate(maps)
    ]
    return FinishedRun(
        name=name, folder=Path(), record={"comparison": FIGURES, "reducers": reducers, "null": null}, trees={}
    )


def test_a_kind_is_a_panel_and_a_run_a_line_through_the_medians_of_its_maps():
    maps = [("pca", 3, 0.5), ("pca", 2, 1.0), ("pca", 2, 3.0), ("deep", 2, 9.0)]
    (plot,) = line_plots([run("real", maps)], ["real"])
    assert (plot.x, plot.y, [panel.title for panel in plot.panels]) == ("axes", "highest wall", ["pca", "deep"])
    (line,) = plot.panels[0].series
    assert (line.label, line.x, line.y, line.style) == ("real", (2, 3), (2.0, 0.5), "line")


def test_runs_of_surrogates_are_dashed():
    runs = [run("real", [("pca", 2, 1.0)]), run("null", [("pca", 2, 2.0)], null="surrogates")]
    (plot,) = line_plots(runs, ["real", "null"])
    assert [(line.label, line.style) for line in plot.panels[0].series] == [("real", "line"), ("null", "dashed")]


def test_a_figure_that_no_map_knows_has_no_plot():
    assert list(line_plots([run("real", [("pca", 2, None)])], ["real"])) == []


@pytest.mark.parametrize(("count", "labels"), [(8, 8), (9, 1)])
def test_more_groups_than_colours_look_alike(count, labels):
    names = [str(number) for number in range(count)]
    (plot,) = line_plots([run(name, [("pca", 2, 1.0)]) for name in names], names)
    assert len({line.label for line in plot.panels[0].series}) == labels
