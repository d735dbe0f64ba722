"""What holds for the charts of reducers."""

from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.api import Chart, Progress, ReducerInputs
from globscope.returned.numbers import numeric
from globscope.testing.check import after, covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require, require_near, require_same

# Float32 networks keep 7 digits; some are lost on the way there and back.
SAME_NETWORK = 1e-4
# Steps of central differences, of the members' extent, and how far off they may be at the best one: with float32
# rounding over the step, and a kink within it, by some thousandths of the largest derivative.
STEPS = (1e-2, 1e-3, 1e-4)
DERIVATIVE = 1e-2

# What a chart's functions return, by the names of `Fit`.
ANSWERS = {"decoded": "decoded points", "encoded": "encoded points", "pulled_back": "gradients that are pulled back"}


@define(frozen=True, kw_only=True)
class Fit:
    """A chart, and what it answers for a few points and networks.

    Attributes:
        inputs: What it was fitted to.
        chart: What the reducer fitted to them.
        decoded: The coordinates of five points; None where it does not decode.
        encoded: The points of four networks; None where it does not encode.
        pulled_back: The gradients at the five points; None where it has no pullback.
        answered: What the functions returned, as it was, by the names above.
    """

    inputs: ReducerInputs
    chart: Chart
    decoded: np.ndarray | None = None
    encoded: np.ndarray | None = None
    pulled_back: np.ndarray | None = None
    answered: dict[str, object] = field(factory=dict)


class ChartChecks(Suite):
    """Checks of the chart that a reducer has fitted."""

    _first: Fit

    def answers_in_float64_arrays(self) -> None:
        """Latents, and what the chart's functions return, are numpy arrays of float64.

        Float32 loses digits in which fine-tunes differ, a complex number has a part that nobody would see, and callers
        compute with what comes back.
        """
        answered = {ANSWERS[name]: value for name, value in self._first.answered.items()}
        for what, value in {"latents": self._first.chart.latents, **answered}.items():
            require(isinstance(value, np.ndarray), f"{what} are a {type(value).__name__}, not an array")
            numeric(what, value)
            dtype = np.asarray(value).dtype
            require(dtype == np.float64, f"{what} are {dtype}, not float64")

    @after("answers_in_float64_arrays", "same_seed_gives_the_same_chart")
    def leaves_points_untouched(self) -> None:
        """What is decoded, encoded and pulled back is as it was.

        It belongs to the study, and a later decode of the same points must find them there.
        """
        chart = self._first.chart
        gradients = (_gradients(chart),) if chart.pullback is not None else ()
        for function, what, given in (
            (chart.decode, "decode writes into the points", (_points(chart),)),
            (chart.encode, "encode writes into the coordinates", (_networks(self._first),)),
            (chart.pullback, "pullback writes into what it is given:", (_points(chart), *gradients)),
        ):
            if function is not None:
                before = [one.copy() for one in given]
                function(*given)
                for one, two in zip(given, before, strict=True):
                    require_same(one, two, f"{what} that it is given")

    @after("answers_in_float64_arrays", "latents_have_one_finite_row_a_member")
    def decodes_points_to_coordinates(self) -> None:
        """(n, d) points become (n, r) finite coordinates that the chart's space can lift to (n, D) weights.

        From these the networks of a landscape are made.
        """
        found, fit = self._first.decoded, self._first
        if found is None:
            return
        points = len(_points(fit.chart))
        if fit.chart.space is fit.inputs.space:
            require(found.shape == (points, fit.chart.space.rank), f"{points} points decode to shape {found.shape}")
        require(np.isfinite(found).all(), "points among the members decode to coordinates that are not finite")
        lifted, size = fit.chart.space.lift(found), fit.inputs.population.layout.size
        require(lifted.shape == (points, size), f"decoded points lift to shape {lifted.shape}, not ({points}, {size})")

    @after("answers_in_float64_arrays", "latents_have_one_finite_row_a_member")
    def encodes_coordinates_to_points(self) -> None:
        """(n, r) coordinates become (n, d) finite points.

        So networks that were not fitted, such as those of a path, are placed on the map.
        """
        found, fit = self._first.encoded, self._first
        if found is None:
            return
        shape = (len(_networks(fit)), fit.chart.dimension)
        require(found.shape == shape, f"networks encode to shape {found.shape}, not {shape}")
        require(np.isfinite(found).all(), "networks between members encode to points that are not finite")

    @covers("Chart.exact_inverse")
    @after("decodes_points_to_coordinates", "encodes_coordinates_to_points")
    def exact_inverse_is_claimed_rightly(self) -> None:
        """With `exact_inverse`, decode(encode(c)) is c for the members.

        A report then says that the map hides nothing of them.
        """
        chart = self._first.chart
        if not chart.exact_inverse:
            return
        require(chart.encode and chart.decode, "claims an exact inverse without both encode and decode")
        assert chart.encode is not None
        assert chart.decode is not None
        own = chart.space.coordinates(self._first.inputs.population.weights)[0]
        back = chart.decode(chart.encode(own))
        require_near(back, own, SAME_NETWORK, "claims an exact inverse, but decode(encode(c)) is not c for the members")

    @covers("Chart.pointwise")
    @after("decodes_points_to_coordinates", "leaves_points_untouched")
    def pointwise_is_claimed_rightly(self) -> None:
        """With `pointwise`, a point decodes alone to what it decodes to among others, up to rounding.

        Points are then added to a landscape without decoding it again, and gradients are taken point by point.
        """
        chart, found = self._first.chart, self._first.decoded
        if not chart.pointwise:
            return
        require(chart.decode, "claims to decode pointwise, and has no decode")
        assert chart.decode is not None
        assert found is not None
        alone = np.concatenate([np.asarray(chart.decode(point[None])) for point in _points(chart)])
        require_near(alone, found, SAME_NETWORK, "claims to decode pointwise, but a point's batch changes its network")

    @covers("Chart.flat")
    @after("decodes_points_to_coordinates")
    def flat_is_claimed_rightly(self) -> None:
        """With `flat`, the point halfway between two decodes to the network halfway between theirs.

        Every sample of such a map is trusted, since nothing between networks is invented by a fit.
        """
        chart = self._first.chart
        if not chart.flat:
            return
        require(chart.decode, "claims to be flat, and has no decode")
        assert chart.decode is not None
        points = _points(chart)
        middle = chart.space.lift(chart.decode((points[1:] + points[:-1]) / 2))
        ends = np.asarray(chart.space.lift(chart.decode(points)), float)
        require_near(
            middle, (ends[1:] + ends[:-1]) / 2, SAME_NETWORK, "claims to be flat, but is curved between points"
        )

    @covers("Chart.report_decode")
    @after("decodes_points_to_coordinates")
    def report_decode_decodes(self) -> None:
        """With `report_decode`, points decode as `decode` decodes them.

        A study uses it in place of `decode` where somebody watches.
        """
        chart, found = self._first.chart, self._first.decoded
        if chart.report_decode is not None:
            require(found is not None, "has a report_decode, and no decode")
            watched = chart.report_decode(_points(chart), Progress())
            require_same(watched, found, "report_decode decodes points to other coordinates than decode")

    @covers("Chart.pullback")
    @after("decodes_points_to_coordinates", "leaves_points_untouched")
    def pullback_is_the_transposed_jacobian(self) -> None:
        """With `pullback`, (n, d) points and (n, r) gradients give the (n, d) derivatives of their product with decode.

        Searches for minima and saddles follow these gradients, and would end beside them.

        Compared with central differences. Short steps are lost in the rounding of a decoder in float32, and long ones
        run over the kinks of a ReLU, so each derivative has to agree at one of several.
        """
        chart, found = self._first.chart, self._first.pulled_back
        if chart.pullback is None or found is None:
            return
        require(chart.decode, "has a pullback, and no decode whose it is")
        points, gradients = _points(chart), _gradients(chart)
        require(found.shape == points.shape, f"pulls gradients back to shape {found.shape}, not {points.shape}")
        wanted = np.stack([_derivatives(chart, points, gradients, step) for step in STEPS])
        off = np.abs(wanted - found).min(axis=0)
        require((off <= DERIVATIVE * np.abs(wanted).max()).all(), "pullback is not the transposed Jacobian of decode")

    @covers("Chart.centre", "Chart.extent")
    @after("latents_have_one_finite_row_a_member")
    def slice_has_its_corners(self) -> None:
        """A slice's extent is its lowest and its highest corner, and its centre, where it has one, lies between.

        Samplers fill that box, and put a sample at the centre.
        """
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

    @covers("Chart.axes")
    @after("latents_have_one_finite_row_a_member")
    def axes_are_named_once_each_or_not_at_all(self) -> None:
        """Where a chart names its latent axes for people, each has a name, and no two have the same.

        Pictures and tables tell the axes apart by them.
        """
        chart = self._first.chart
        require(len(chart.axes) in (0, chart.dimension), f"names {len(chart.axes)} of {chart.dimension} axes")
        require(all(name.strip() for name in chart.axes), "has an axis without a name")
        require(len(set(chart.axes)) == len(chart.axes), "calls two axes by one name")

    @covers("Chart.notes")
    def notes_are_figures_and_text(self) -> None:
        """Notes of the fit are finite numbers and text.

        They are written into the run's JSON files.
        """
        for name, value in self._first.chart.notes.items():
            plain = value.item() if isinstance(value, np.generic) else value
            fits = isinstance(plain, str | bool | None) or (isinstance(plain, int | float) and np.isfinite(plain))
            require(isinstance(name, str) and fits, f"note {name!r} is {plain!r}; finite numbers and text are wanted")

    @covers("Chart.encode", "Chart.decode", "Chart.why_no_inverse")
    def missing_inverse_is_explained(self) -> None:
        """Without `decode`, `why_no_inverse` says why.

        The report shows that sentence where the landscape would be.
        """
        chart = self._first.chart
        require(chart.decode or chart.why_no_inverse.strip(), "has no decode, and why_no_inverse is empty")


def answers(inputs: ReducerInputs, chart: Chart) -> Fit:
    """Return a chart with what it answers."""
    require(isinstance(chart, Chart), f"returned {type(chart).__name__}, not a Chart")
    fit = Fit(inputs=inputs, chart=chart)
    answered = dict[str, object]()
    if chart.decode is not None:
        answered["decoded"] = chart.decode(_points(chart))
    if chart.encode is not None:
        answered["encoded"] = chart.encode(_networks(fit))
    if chart.pullback is not None:
        answered["pulled_back"] = chart.pullback(_points(chart), _gradients(chart))
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in answered.items()}
    return evolve(fit, answered=answered, **arrays)


def _points(chart: Chart) -> np.ndarray:
    """Return five points among the members."""
    latents = np.nan_to_num(np.real(chart.latents), posinf=0, neginf=0)  # that they are finite is another check
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


def _networks(fit: Fit) -> np.ndarray:
    """Return the coordinates of four networks halfway between members, in the chart's space."""
    weights = fit.inputs.population.weights
    return fit.chart.space.coordinates((weights[:4] + weights[-4:]) / 2)[0]
