"""Runs side by side: every picture has a title of its own, and its labels are whole."""

from types import MappingProxyType

import numpy as np
import pytest
from attrs import evolve
from support.maps import a_map, drawn_figure, grid, wells

from globscope.report.map.tree_scene import TreeScene
from globscope.report.pictures.matrix import Matrix, Tile, caption, headline, plot_matrix
from globscope.report.topology.landscape_profile import ProfileScales
from globscope.spec.style import Style
from globscope.sweep.matrices import heat_maps
from globscope.values.findings import Table


def a_tile(name="one", times=1.0, rim=1.0):
    """Return the tile of a landscape whose highest tenth is so many times as high."""
    values = times * wells(grid().points)
    drawn = a_map(name, values=np.where(values > np.quantile(values, 0.9), rim * values, values))
    return Tile(
        landscape=drawn.landscape, tree=TreeScene.of(name, drawn.topology, drawn.landscape.fields["train_loss"])
    )


TILE = a_tile()


def test_the_two_pictures_of_the_same_runs_have_two_titles():
    matrix = Matrix.in_rows("training loss", {"a": TILE, "b": TILE})
    assert headline(matrix, "landscapes") == "Landscapes: training loss"
    assert headline(matrix, "profiles") == "Landscape profiles: training loss"


@pytest.mark.parametrize("content", ["landscapes", "profiles"])
def test_the_colour_bar_label_of_two_runs_is_whole(content):
    matrix = Matrix.in_rows("training loss", {"a": TILE, "b": TILE})
    figure, renderer = drawn_figure(plot_matrix(matrix, ProfileScales.of([TILE.tree]), content))
    box = figure.axes[-1].yaxis.label.get_window_extent(renderer)
    assert box.y0 >= 0
    assert box.y1 <= figure.bbox.height
    assert box.x1 <= figure.bbox.width


def test_profiles_whose_heights_differ_widely_have_linear_heights_of_their_own_and_colours_in_common():
    """On one linear scale the lower ones would be flat; on a logarithmic one all would be spikes."""
    tiles = {name: a_tile(name, times) for name, times in {"a": 1.0, "b": 2.0, "c": 40.0}.items()}
    tiles["d"] = a_tile("d", rim=1e4)  # nearly all samples at the bottom; alone, its heights are logarithmic
    assert ProfileScales.of([tiles["d"].tree]).heights.log
    shared = ProfileScales.of([tile.tree for tile in tiles.values()])
    linear = ProfileScales.of([evolve(tile.tree, style=Style(scale="linear")) for tile in tiles.values()])
    cases = (("ab", shared, False), ("abc", shared, True), ("abcd", shared, True), ("abc", linear, True))
    for names, scales, own in cases:
        matrix = Matrix.in_rows("training loss", {name: tiles[name] for name in names})
        figure = plot_matrix(matrix, scales, "profiles")
        panels = figure.axes[: len(names)]
        assert len({axes.get_ylim() for axes in panels}) == (len(names) if own else 1)
        assert {axes.get_yscale() for axes in panels} == {"linear"}
        label = figure.axes[-1].get_ylabel().replace("\n", " ")
        assert ("each profile's from its own lowest to its own highest" in label) is own
        assert ("each has linear heights of its own" in caption(matrix, scales, "profiles")) is own


def test_distances_are_called_what_they_are():
    rows = ({"topology": "training loss", "one": "a", "other": "b", "bottleneck": 0.5, "wasserstein": 0.7},)
    table = Table(name="distances", caption="", columns=("one", "other"), rows=tuple(map(MappingProxyType, rows)))
    titles = [picture.headline for picture in heat_maps(table)]
    assert titles == [
        "Bottleneck distance of diagrams, training loss",
        "Wasserstein distance of diagrams, training loss",
    ]
