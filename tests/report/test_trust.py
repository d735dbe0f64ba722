"""Where a map is not to be trusted, its losses can be read and nobody believes them."""

import numpy as np
from matplotlib.cm import ScalarMappable
from support.maps import a_map, grid, texts

from globscope.report import plot
from globscope.report.style.palette import GREY, UNTRUSTED
from globscope.values.landscape import Samples


def test_where_a_map_is_not_trusted_its_losses_are_shown_in_greys_and_nowhere_else():
    """They are cut to the untrusted samples' region, which is hatched and has an outline."""
    samples = grid()
    trusted = samples.points[:, 0] <= 0
    drawn = a_map(samples=samples, trusted=trusted)
    figure = plot(drawn)
    axes = figure.axes[0]
    greys = [one for one in axes.collections if isinstance(one, ScalarMappable) and one.cmap is GREY]
    assert greys
    for one in greys:
        shown, _ = one.get_clip_path().get_transformed_path_and_affine()
        inside = shown.contains_points(0.99 * samples.points)
        assert inside[samples.points[:, 0] > 0.3].all()
        assert not inside[trusted].any()
    assert any(patch.get_hatch() for patch in axes.patches)
    assert UNTRUSTED in texts(figure)
    assert any(one.cmap is GREY for one in figure.axes[-1].collections if isinstance(one, ScalarMappable))


def test_a_map_that_is_trusted_throughout_has_no_greys():
    figure = plot(a_map())
    assert not any(one.cmap is GREY for axes in figure.axes for one in axes.collections if hasattr(one, "cmap"))
    assert UNTRUSTED not in texts(figure)


def test_scattered_samples_are_grey_where_they_are_not_trusted():
    samples = Samples(points=np.random.default_rng(0).uniform(-1, 1, (300, 2)))
    axes = plot(a_map(samples=samples, trusted=samples.points[:, 0] <= 0)).axes[0]
    greys = [one for one in axes.collections if isinstance(one, ScalarMappable) and one.cmap is GREY]
    assert greys
    assert all(one.get_clip_path() is not None for one in greys)


def test_a_map_that_is_not_trusted_anywhere_is_grey_and_its_losses_can_be_read():
    """All of the picture is covered by greys that have as many lightnesses as the colours would have."""
    drawn = a_map(trusted=np.zeros(len(grid().points), bool))
    axes = plot(drawn).axes[0]
    greys = [one for one in axes.collections if isinstance(one, ScalarMappable) and one.cmap is GREY]
    shown, _ = greys[0].get_clip_path().get_transformed_path_and_affine()
    assert shown.contains_points(0.99 * drawn.landscape.samples.points).all()
    assert UNTRUSTED in texts(axes.figure)
