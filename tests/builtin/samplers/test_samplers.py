"""Samplers: the grid covers the members' box exactly, the path runs through the networks in order."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from safetensors.numpy import save_file

from globscope.api import Chart, Landscape, Layout, Member, PopulationError, span
from globscope.builtin.samplers import GaussianBall, Grid, Path, Sobol

RNG = np.random.default_rng(0)
LAYOUT = Layout(names=("a", "b"), shapes=((2, 3), (4,)))


def chart(latents, variants="AAABB", encode=lambda coordinates: coordinates[:, :2]):
    """A map of five networks of ten weights each."""
    members = tuple(Member(variant=name, step=10 - i) for i, name in enumerate(variants))
    weights = np.random.default_rng(1).normal(size=(5, LAYOUT.size)).astype(np.float32)
    return Chart(space=span(weights), latents=np.asarray(latents, float), encode=encode, members=members, layout=LAYOUT)


LATENTS = np.array([[0.0, 1.0], [4.0, 2.0], [1.0, 5.0], [2.0, 2.0], [3.0, 3.0]])


def asked(sampler, fitted):
    samples = sampler.ask(fitted, None, RNG)
    assert samples is not None
    return samples


def landscape(samples):
    nothing = np.zeros(len(samples.points))
    return Landscape(samples=samples, fields={}, distance_to_member=nothing, trusted=nothing > 0)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 4), st.integers(2, 5), st.floats(0, 2), st.integers(0, 2**16))
def test_a_grid_ends_exactly_at_the_widened_box_and_holds_every_member(dimension, resolution, margin, seed):
    latents = np.random.default_rng(seed).normal(size=(5, dimension))
    samples = asked(Grid(resolution=resolution, margin=margin), chart(latents))
    low, high = latents.min(axis=0), latents.max(axis=0)
    assert samples.shape == (resolution,) * dimension
    assert len(samples.points) == resolution**dimension
    assert np.array_equal(samples.points[0], low - margin * (high - low))
    assert np.array_equal(samples.points[-1], high + margin * (high - low))
    assert (samples.points.min(axis=0) <= low).all()
    assert (samples.points.max(axis=0) >= high).all()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(2, 5), min_size=2, max_size=2))
def test_grid_indices_are_in_c_order_and_say_where_a_point_is(resolution):
    grid = Grid(resolution=tuple(resolution))
    samples = asked(grid, chart(LATENTS))
    assert grid.count(2) == len(samples.points)
    assert samples.shape == tuple(resolution)
    assert np.array_equal(np.ravel_multi_index(samples.index.T, samples.shape), np.arange(len(samples.points)))
    span_ = samples.points[-1] - samples.points[0]
    expected = samples.points[0] + samples.index / (np.array(resolution) - 1) * span_
    np.testing.assert_allclose(samples.points, expected, atol=1e-12)


def test_an_axis_along_which_members_coincide_gets_the_widest_extent():
    flat = LATENTS.copy()
    flat[:, 1] = 7
    points = asked(Grid(resolution=3, margin=0.0), chart(flat)).points
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([0.0, 5.0], [4.0, 9.0])


def test_a_map_of_coinciding_members_is_sampled_one_unit_wide():
    points = asked(Grid(resolution=2, margin=0.0), chart(np.zeros((5, 2)))).points
    assert points.tolist() == [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    "sampler", [Grid(resolution=3), Path(of="variant:A"), Sobol(samples=3), GaussianBall(samples=3)]
)
def test_there_is_one_round(sampler):
    samples = asked(sampler, chart(LATENTS))
    assert sampler.ask(chart(LATENTS), landscape(samples), RNG) is None


def test_a_resolution_for_another_number_of_axes_is_refused():
    with pytest.raises(PopulationError, match=r"^resolution names 3 axes, but the map has 2$"):
        asked(Grid(resolution=(3, 3, 3)), chart(LATENTS))


@pytest.mark.parametrize("wrong", [{"resolution": 1}, {"resolution": (5, 1)}, {"resolution": ()}, {"margin": -0.1}])
def test_impossible_grids_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Grid(**wrong)


def test_a_trajectory_runs_through_its_checkpoints_by_rising_step():
    samples = asked(Path(of="variant:A", steps=4), chart(LATENTS))
    # The members were listed by falling step.
    np.testing.assert_allclose(samples.points[::4], LATENTS[[2, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(samples.points[2], [2.5, 3.5], atol=1e-12)
    assert (samples.shape, samples.index.ravel().tolist()) == ((9,), list(range(9)))


def test_a_trajectory_needs_no_encoder():
    assert len(asked(Path(of="variant:B", steps=1), chart(LATENTS, encode=None)).points) == 2


def test_members_derived_from_a_variant_are_not_on_its_trajectory():
    fitted = chart(LATENTS)
    extra = Member(variant="A", step=9, kind="curve", t=0.5)
    derived = Chart(space=fitted.space, latents=LATENTS, members=(*fitted.members[:4], extra), layout=LAYOUT)
    assert len(asked(Path(of="variant:A", steps=1), derived).points) == 3


def test_files_are_encoded_in_order(tmp_path):
    fitted = chart(LATENTS)
    files = []
    for i in (3, 0):
        files.append(tmp_path / f"{i}.safetensors")
        save_file({k: v.copy() for k, v in LAYOUT.unflatten(fitted.space.weights[i]).items()}, files[-1])
    samples = asked(Path(files=tuple(files), steps=2), fitted)
    # Members have their coordinates exactly; files are read in float32.
    np.testing.assert_allclose(samples.points[[0, 2]], fitted.space.members[[3, 0], :2], atol=1e-6)


def test_a_map_that_cannot_encode_refuses_files(tmp_path):
    with pytest.raises(PopulationError, match="this map cannot encode networks it was not fitted to"):
        asked(Path(files=(tmp_path / "a", tmp_path / "b")), chart(LATENTS, encode=None))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"a": np.zeros((2, 3), np.float32), "bb": np.zeros(4, np.float32)},
            "tensor 'b' is missing or has another shape",
        ),
        (
            {"a": np.zeros((3, 2), np.float32), "b": np.zeros(4, np.float32)},
            "tensor 'a' is missing or has another shape",
        ),
    ],
)
def test_files_that_do_not_fit_the_members_are_refused(tmp_path, tensors, message):
    save_file(tensors, tmp_path / "one.safetensors")
    with pytest.raises(PopulationError, match=message):
        asked(Path(files=(tmp_path / "one.safetensors",) * 2), chart(LATENTS))


@pytest.mark.parametrize("content", [None, b"not safetensors"])
def test_files_that_cannot_be_read_are_named(tmp_path, content):
    file = tmp_path / "one.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PopulationError, match=r"one\.safetensors: .*safetensors"):
        asked(Path(files=(file, file)), chart(LATENTS))


def test_an_unknown_variant_gets_a_suggestion():
    with pytest.raises(PopulationError, match=r"there is no variant 'wide1'; did you mean 'wide'\?$"):
        asked(Path(of="variant:wide1"), chart(LATENTS, variants=["wide", "wide", "deep", "deep", "deep"]))


def test_a_path_needs_two_networks():
    with pytest.raises(PopulationError, match=r"needs at least two networks, has 1$"):
        asked(Path(of="variant:B"), chart(LATENTS, variants="AAAAB"))


@pytest.mark.parametrize("of", ["A", "curve:A"])
def test_a_path_is_named_by_kind_and_name(of):
    with pytest.raises(ValueError, match=r"of must be"):
        Path(of=of)


@pytest.mark.parametrize("options", [{}, {"of": "variant:A", "files": ("a", "b")}])
def test_a_path_is_a_trajectory_or_files(options):
    with pytest.raises(ValueError, match="exactly one of 'of' and 'files'"):
        Path(**options)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), st.integers(1, 70), st.integers(0, 2**16))
def test_sobol_samples_are_scattered_over_the_box_of_the_grid(dimension, samples, seed):
    latents = np.random.default_rng(seed).normal(size=(5, dimension))
    found = asked(Sobol(samples=samples, margin=0.3), chart(latents))
    box = asked(Grid(resolution=2, margin=0.3), chart(latents)).points
    assert (found.index, found.shape, found.points.shape) == (None, None, (samples, dimension))
    assert ((found.points >= box[0]) & (found.points <= box[-1])).all()


def test_a_power_of_two_of_sobol_samples_puts_its_share_into_every_quarter_of_an_axis():
    points = asked(Sobol(samples=64, margin=0.0), chart(LATENTS)).points
    cells = np.floor(4 * (points - LATENTS.min(axis=0)) / np.ptp(LATENTS, axis=0)).astype(int)
    for axis in cells.T:
        assert np.bincount(axis).tolist() == [16] * 4


def test_scattered_samples_follow_the_generator():
    for sampler in (Sobol(samples=8), GaussianBall(samples=8)):
        one, same, other = (sampler.ask(chart(LATENTS), None, np.random.default_rng(s)).points for s in (0, 0, 1))
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)


def test_a_ball_lies_around_the_last_checkpoint_of_a_variant_and_has_it_as_its_first_sample():
    points = asked(GaussianBall(centre="variant:B", scale=0.5, samples=4000), chart(LATENTS)).points
    assert np.array_equal(points[0], LATENTS[3])  # the steps fall: B's fourth member has the later step
    spread = np.sqrt(((LATENTS - LATENTS.mean(axis=0)) ** 2).mean())
    # Four standard errors of 4,000 draws: of the mean s / 63, of the deviation s / 89.
    np.testing.assert_allclose(points.mean(axis=0), LATENTS[3], atol=4 * 0.5 * spread / 63)
    np.testing.assert_allclose(points.std(axis=0), 0.5 * spread, atol=4 * 0.5 * spread / 89)


def test_a_ball_around_the_mean_and_around_members_that_coincide():
    assert np.array_equal(asked(GaussianBall(samples=1), chart(LATENTS)).points, LATENTS.mean(axis=0)[None])
    assert np.ptp(asked(GaussianBall(samples=50), chart(np.ones((5, 2)))).points) > 0


@pytest.mark.parametrize("centre", ["", "A", "variant:", "median"])
def test_a_centre_that_is_none_is_refused(centre):
    with pytest.raises(ValueError, match="variant:NAME"):
        GaussianBall(centre=centre)


def test_a_ball_around_an_unknown_variant_is_refused():
    with pytest.raises(PopulationError, match="there is no variant 'Z'"):
        GaussianBall(centre="variant:Z").ask(chart(LATENTS), None, RNG)
