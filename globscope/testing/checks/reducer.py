"""What holds for reducers."""

from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.api import Chart, Compiles, ReducerInputs, ReducerTraits, Restores, Tries, capability, traits
from globscope.returned.numbers import numeric
from globscope.testing.checks.options import OptionChecks
from globscope.testing.claims import global_states, other_global_seeds, require, require_near, require_same
from globscope.testing.tiny.population import tiny_inputs

# Float32 networks keep 7 digits; some are lost on the way there and back.
SAME_NETWORK = 1e-4
# Steps of central differences, of the members' extent, and how far off they may be at the best one: with float32
# rounding over the step, and a kink within it, by some thousandths of the largest derivative.
STEPS = (1e-2, 1e-3, 1e-4)
DERIVATIVE = 1e-2

# What a chart's functions return, by the names of `_Fit`.
ANSWERS = {"decoded": "decoded points", "encoded": "encoded points", "pulled_back": "gradients that are pulled back"}


@define(frozen=True, kw_only=True)
class _Fit:
    """A chart, and what it answers for a few points and networks."""

    inputs: ReducerInputs
    chart: Chart
    decoded: np.ndarray | None = None
    encoded: np.ndarray | None = None
    pulled_back: np.ndarray | None = None
    moved: tuple[str, ...] = ()


class ReducerChecks(OptionChecks):
    """Checks of one reducer, on two fits to the same 12 members; what is slow happens once."""

    def same_seed_gives_the_same_chart(self) -> None:
        """Equal inputs and generator give equal bits, whatever the global random state."""
        require_same(self._first.chart.latents, self._again.chart.latents, "latents differ between equal seeds")
        for name, what in ANSWERS.items():
            one, two = getattr(self._first, name), getattr(self._again, name)
            require((one is None) == (two is None), f"only one of two equal fits has {what}")
            if one is not None:
                require_same(one, two, f"{what} differ between equal seeds")

    def leaves_global_random_state_alone(self) -> None:
        """Neither fitting nor decoding nor encoding draws from the global generators."""
        moved = self._again.moved
        require(not moved, f"moves the global random state of {', '.join(moved)}")

    def leaves_inputs_untouched(self) -> None:
        """Coordinates and weights are the members', not the reducer's to write to."""
        seen, clean = self._first.inputs, tiny_inputs()
        require_same(seen.coordinates, clean.coordinates, "the inputs' coordinates were written to")
        require_same(seen.population.weights, clean.population.weights, "the members' weights were written to")

    def leaves_points_untouched(self) -> None:
        """What is decoded and encoded belongs to the study: a later decode of the same points must find them there."""
        chart = self._first.chart
        for function, what, given in (
            (chart.decode, "decode writes into the points", _points(chart)),
            (chart.encode, "encode writes into the coordinates", _networks(self._first)),
        ):
            if function is not None:
                before = given.copy()
                function(given)
                require_same(given, before, f"{what} that it is given")

    def latents_have_one_finite_row_a_member(self) -> None:
        """(N, d) finite numbers, with d as `traits` says, for which a study is planned."""
        fit = self._first
        latents, members = numeric("latents", fit.chart.latents), len(fit.inputs.members)
        require(latents.ndim == 2, f"latents have shape {latents.shape}, not (members, axes)")
        require(len(latents) == members, f"{len(latents)} latents for {members} members")
        require(np.isfinite(latents).all(), "latents are not finite")
        known, axes = traits(self.component, ReducerTraits).latent_dim, latents.shape[1]
        if callable(known):
            most = known(members, len(fit.inputs.population.variants))
            require(axes <= most, f"latents have {axes} axes, its traits say at most {most} for these members")
            return
        require(axes == known, f"latents have {axes} axes, its traits say latent_dim = {known}")

    def decodes_points_to_coordinates(self) -> None:
        """(n, d) points → (n, r) coordinates that the chart's space can lift to (n, D) weights."""
        found, fit = self._first.decoded, self._first
        if found is None:
            return
        points = len(_points(fit.chart))
        numeric("decoded points", found)
        if fit.chart.space is fit.inputs.space:
            require(found.shape == (points, fit.chart.space.rank), f"{points} points decode to shape {found.shape}")
        lifted, size = fit.chart.space.lift(found), fit.inputs.population.layout.size
        require(lifted.shape == (points, size), f"decoded points lift to shape {lifted.shape}, not ({points}, {size})")

    def encodes_coordinates_to_points(self) -> None:
        """(n, r) coordinates → (n, d) points."""
        found, fit = self._first.encoded, self._first
        if found is None:
            return
        shape = (len(_networks(fit)), fit.chart.dimension)
        numeric("encoded points", found)
        require(found.shape == shape, f"networks encode to shape {found.shape}, not {shape}")

    def exact_inverse_is_claimed_rightly(self) -> None:
        """With `exact_inverse`, decode(encode(c)) is c for the members."""
        chart = self._first.chart
        if not chart.exact_inverse:
            return
        require(chart.encode and chart.decode, "claims an exact inverse without both encode and decode")
        assert chart.encode is not None
        assert chart.decode is not None
        own = chart.space.coordinates(self._first.inputs.population.weights)[0]
        back = chart.decode(chart.encode(own))
        require_near(back, own, SAME_NETWORK, "claims an exact inverse, but decode(encode(c)) is not c for the members")

    def pointwise_is_claimed_rightly(self) -> None:
        """With `pointwise`, a point decodes alone to what it decodes to among others, up to rounding."""
        chart, found = self._first.chart, self._first.decoded
        if not chart.pointwise:
            return
        require(chart.decode, "claims to decode pointwise, and has no decode")
        assert chart.decode is not None
        assert found is not None
        alone = np.concatenate([np.asarray(chart.decode(point[None])) for point in _points(chart)])
        require_near(alone, found, SAME_NETWORK, "claims to decode pointwise, but a point's batch changes its network")

    def pullback_is_the_transposed_jacobian(self) -> None:
        """With `pullback`, (n, d) points and (n, r) gradients give the (n, d) derivatives of their product with decode.

        Compared with central differences. Short steps are lost in the rounding of a decoder in float32, and long ones
        run over the kinks of a ReLU, so each derivative has to agree at one of several.
        """
        chart, found = self._first.chart, self._first.pulled_back
        if chart.pullback is None or found is None:
            return
        require(chart.decode, "has a pullback, and no decode whose it is")
        points, gradients = _points(chart), _gradients(chart)
        numeric(ANSWERS["pulled_back"], found)
        require(found.shape == points.shape, f"pulls gradients back to shape {found.shape}, not {points.shape}")
        given = points.copy(), gradients.copy()
        chart.pullback(*given)
        for now, before in zip(given, (points, gradients), strict=True):
            require_same(now, before, "pullback writes into what it is given")
        wanted = np.stack([_derivatives(chart, points, gradients, step) for step in STEPS])
        off = np.abs(wanted - found).min(axis=0)
        require((off <= DERIVATIVE * np.abs(wanted).max()).all(), "pullback is not the transposed Jacobian of decode")

    def trial_is_a_fit_of_its_kind(self) -> None:
        """Where it offers a trial, that one fits the same members to as many axes, and takes no longer than itself."""
        trial = (
            self.component.trial(len(self._first.inputs.members))
            if capability(self.component, Tries) is not None
            else None
        )
        if trial is not None:
            quick, times = trial
            chart = quick.reduce(tiny_inputs(), np.random.default_rng(0))
            require(chart.latents.shape == self._first.chart.latents.shape, "its trial has latents of another shape")
            require(np.isfinite(times) and times >= 1, f"takes {times} times as long as its trial, not 1 or more")

    def compilation_is_a_module(self) -> None:
        """Where it offers a compilation, that is the name of a module which can be run."""
        offer = capability(self.component, Compiles)
        module = offer.compilation() if offer is not None else ""
        require(not module or find_spec(module) is not None, f"compiles in {module!r}, which is no module")

    def slice_has_its_corners(self) -> None:
        """A slice's extent is its lowest and its highest corner, and its centre, where it has one, lies between."""
        centre, extent, axes = self._first.chart.centre, self._first.chart.extent, self._first.chart.dimension
        if extent is None:
            require(centre is None, "has a centre, and no extent around it")
            return
        require(extent.shape == (2, axes), f"extent has shape {extent.shape}, not (2, {axes})")
        require((extent[0] < extent[1]).all(), "the lowest corner of its extent is not below the highest")
        inside = centre is None or (
            centre.shape == (axes,) and (extent[0] <= centre).all() and (centre <= extent[1]).all()
        )
        require(inside, "its centre does not lie within its extent")

    def axes_are_named_once_each_or_not_at_all(self) -> None:
        """Where a chart names its latent axes for people, each has a name, and no two have the same."""
        chart = self._first.chart
        require(len(chart.axes) in (0, chart.dimension), f"names {len(chart.axes)} of {chart.dimension} axes")
        require(all(name.strip() for name in chart.axes), "has an axis without a name")
        require(len(set(chart.axes)) == len(chart.axes), "calls two axes by one name")

    def missing_inverse_is_explained(self) -> None:
        """Without `decode` there is no landscape, and the report says why."""
        chart = self._first.chart
        require(chart.decode or chart.why_no_inverse.strip(), "has no decode, and why_no_inverse is empty")

    def restored_chart_is_the_fitted_one(self) -> None:
        """`restore` and the chart's arrays go together, and give the chart's functions again."""
        offers, arrays = capability(self.component, Restores) is not None, self._first.chart.arrays
        require(offers or arrays is None, "its chart has arrays, but there is no restore(inputs, arrays) to use them")
        require(not offers or arrays is not None, "offers restore, but its chart has no arrays")
        if arrays is None:
            return
        again = _answers(self._first.inputs, self.component.restore(self._first.inputs, _from_file(arrays)))
        for name, what in ANSWERS.items():
            one, two = getattr(self._first, name), getattr(again, name)
            require((one is None) == (two is None), f"restored and fitted chart disagree on having {what}")
            if one is not None:
                require_same(one, two, f"{what} differ between the restored chart and the fitted one")

    @cached_property
    def _first(self) -> _Fit:
        inputs = tiny_inputs()
        return self._fit(evolve(inputs, coordinates=inputs.coordinates.copy()))  # writeable, so that a write shows

    @cached_property
    def _again(self) -> _Fit:
        self._first  # noqa: B018 - loads what the reducer needs, and some libraries draw numbers while they are imported
        with other_global_seeds(1), global_states() as moved:
            fit = self._fit(tiny_inputs())
        return evolve(fit, moved=tuple(moved))

    def _fit(self, inputs: ReducerInputs) -> _Fit:
        return _answers(inputs, self.component.reduce(inputs, np.random.default_rng(0)))


def _answers(inputs: ReducerInputs, chart: Chart) -> _Fit:
    require(isinstance(chart, Chart), f"returned {type(chart).__name__}, not a Chart")
    fit = _Fit(inputs=inputs, chart=chart)
    decoded = None if chart.decode is None else np.asarray(chart.decode(_points(chart)))
    encoded = None if chart.encode is None else np.asarray(chart.encode(_networks(fit)))
    pulled_back = None if chart.pullback is None else np.asarray(chart.pullback(_points(chart), _gradients(chart)))
    return evolve(fit, decoded=decoded, encoded=encoded, pulled_back=pulled_back)


def _points(chart: Chart) -> np.ndarray:
    """Return five points among the members."""
    latents = np.nan_to_num(chart.latents, posinf=0, neginf=0)  # that they are finite is another check
    low, high = latents.min(axis=0), latents.max(axis=0)
    return np.random.default_rng(1).uniform(low, high, size=(5, chart.dimension))


def _gradients(chart: Chart) -> np.ndarray:
    """Return gradients with respect to the coordinates of the five points."""
    return np.random.default_rng(2).normal(size=(len(_points(chart)), chart.space.rank))


def _derivatives(chart: Chart, points: np.ndarray, gradients: np.ndarray, step: float) -> np.ndarray:
    """Return the (n, d) central differences of the products of decoded points with (n, r) gradients."""
    assert chart.decode is not None
    columns = list[np.ndarray]()
    for axis, extent in enumerate(np.ptp(np.nan_to_num(chart.latents, posinf=0, neginf=0), axis=0)):
        moved = np.zeros_like(points)
        moved[:, axis] = step * (extent or 1.0)
        change = np.asarray(chart.decode(points + moved)) - np.asarray(chart.decode(points - moved))
        columns.append((change * gradients).sum(axis=1) / (2 * moved[:, axis]))
    return np.stack(columns, axis=1)


def _networks(fit: _Fit) -> np.ndarray:
    """Return the coordinates of four networks halfway between members, in the chart's space."""
    weights = fit.inputs.population.weights
    return fit.chart.space.coordinates((weights[:4] + weights[-4:]) / 2)[0]


def _from_file(arrays: Any) -> dict[str, np.ndarray]:
    """Return arrays as they come back from a file."""
    from safetensors.numpy import load, save

    found: dict[str, np.ndarray] = load(save({name: np.array(array, order="C") for name, array in arrays.items()}))
    return found
