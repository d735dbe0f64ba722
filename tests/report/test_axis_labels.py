"""The axes of every picture of a map are called by what the chart says that they are."""

import pytest
from attrs import evolve
from support.explorer import Decoded
from support.maps import a_line_map, a_map, atlas_of, grid

from globscope.report import plot
from globscope.report.map.axis_labels import axis_labels

NAMES = ("eigenvector 1, λ = 4381", "direction A → B", "principal axis 3, 4.1 % of variance")


def named(drawn):
    return evolve(drawn, chart=evolve(drawn.chart, axes=NAMES[: drawn.chart.dimension]))


@pytest.mark.parametrize("drawn", [a_map(), a_line_map()], ids=["surface", "line"])
def test_the_axes_of_a_landscape_are_called_by_their_names(drawn):
    axes = plot(named(drawn)).axes[0]
    assert axes.get_xlabel() == NAMES[0]
    assert drawn.chart.dimension == 1 or axes.get_ylabel() == NAMES[1]


def test_the_axes_of_slices_are_called_by_their_names():
    figure = plot(named(a_map(samples=grid(5, 3), d=3)))
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes[:3]]
    assert labels == [(NAMES[0], NAMES[1]), (NAMES[0], NAMES[2]), (NAMES[1], NAMES[2])]


def test_the_explorer_calls_axes_by_the_same_names():
    [shown] = Decoded.of(atlas_of(named(a_map()))).study["maps"]
    assert shown["axes"] == list(NAMES[:2])


def test_a_long_name_is_cut_and_no_formula():
    drawn = a_map()
    drawn = evolve(drawn, chart=evolve(drawn.chart, axes=("$x$ " * 40, "y")))
    assert axis_labels(drawn)[0].startswith(r"\$x\$ \$x\$")
    assert axis_labels(drawn)[0].endswith("…")
    assert axis_labels(drawn)[1] == "y"
