"""The roles bear what comes later, shown with tiny components that are registered as a stranger's would be."""

from math import pi

import numpy as np
import pytest
import torch
from attrs import define
from support.arrays import assert_same_arrays
from support.components import BUILT_IN
from support.paths import NETS
from support.study import TINY_TASK

from globscope.api import (
    AffineSpace,
    Chart,
    Finding,
    Layout,
    Member,
    Networks,
    Panel,
    Plot,
    PluginError,
    Population,
    ReducerTraits,
    Samples,
    Series,
    Table,
    Unit,
)
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.disk.json_values import checked_finding
from globscope.pipeline.observer import Observer
from globscope.pipeline.run import run
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.testing import ContractError, check_component, registry_of, tiny_inputs
from globscope.testing.tiny.task import TinyTask
from globscope.values.chart import Progress

TORCH = BUILT_IN.role("evaluator")["torch"].cls


@pytest.fixture
def studied(tmp_path):
    """A function that runs a spec with components of the test's own beside the built-in ones."""

    def outcome(text, observer=None, folder="run", overrides=(), **components):
        path = tmp_path / "study.toml"
        path.write_text(text, "utf-8")
        registry = registry_of(BUILT_IN, tiny=TinyTask, **components)
        spec = read_spec(path, overrides, registry)
        return run(Study(spec=spec, folder=tmp_path / folder, registry=registry).workshop(observer))

    return outcome


# A network with BatchNorm.

CLASSIFIED = f"""
[task]
use = "classification"
model = "{NETS}:batch_norm"
model_options = {{ width = 16 }}
[population.train]
epochs = 6
save_every = 3
[[population.variant]]
name = "A"
learning_rate = 3e-3
[[population.variant]]
name = "B"
batch_size = 128
learning_rate = 5e-3
[[reducer]]
use = "pca"
latent_dim = 5
[[sampler]]
use = "path"
of = "variant:A"
steps = 1
"""


def loss(probe, vector, buffers):
    """Return one network's mean loss over the training split."""
    batch = probe.batch("train", torch.arange(probe.examples("train")))
    total, count = probe.reduce(probe.layout.unflatten(torch.tensor(vector)), buffers, batch)["loss"]
    return float(total) / count


def test_a_decoded_network_with_batch_norm_is_scored_with_statistics_of_its_own(studied, tmp_path):
    found = studied(CLASSIFIED)
    members, decoded = found.atlas.population, found.atlas.maps[0].decoded["train_loss"]
    registry = registry_of(BUILT_IN)
    task = read_spec(tmp_path / "study.toml", (), registry).task.component
    probe = task.build("cpu")
    assert probe.statistics
    trained = [row for row, member in enumerate(members.members) if member.step > 0]
    own, fresh = (
        np.array([loss(probe, members.weights[row], buffers(members.members[row])) for row in trained])
        for buffers in (
            lambda member: {name: torch.from_numpy(array) for name, array in member.buffers.items()},
            lambda member: probe.initialise(0)[1],
        )
    )
    # This map loses nothing (6 members, 5 axes), so what differs is the statistics: the trained
    # network's are a moving average over its last batches, the decoded one's an average over examples.
    np.testing.assert_allclose(decoded[trained], own, rtol=0.05)
    assert (np.abs(fresh - own) > 5 * np.abs(decoded[trained] - own)).all()
    assert (fresh > 1.5 * own).all()


# A loss that differentiates inside.


@define(frozen=True, kw_only=True)
class Oscillator:
    """Solve u″ + u = 0 with u(0) = 0 and u′(0) = 1 by a network.

    Attributes:
        width: Of the hidden layer.
        points: Where the equation is asked to hold, on [0, π].
    """

    width: int = 8
    points: int = 32

    def build(self, device):
        return Residuals(self.width, self.points, device)


class Residuals:
    splits = ("interior",)
    measures = ("loss", "error")
    vmappable = False
    grad_inside = True
    statistics = ()

    def __init__(self, width, points, device):
        self.layout = Layout(names=("a", "b", "c"), shapes=((width,), (width,), (width,)))
        self._points = torch.linspace(0, pi, points, device=device)

    def initialise(self, seed):
        source = torch.Generator().manual_seed(seed)
        return {name: torch.randn(self.layout.shapes[0], generator=source) for name in self.layout.names}, {}

    def examples(self, split):
        return len(self._points)

    def batch(self, split, indices):
        return self._points[indices]

    def solution(self, parameters, x):
        hidden = torch.tanh(x[:, None] * parameters["a"] + parameters["b"])
        return x + x**2 * (hidden @ parameters["c"])  # the conditions at 0 hold for any network

    def squares(self, parameters, batch):
        x = batch.clone().requires_grad_()
        u = self.solution(parameters, x)
        (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sum(), x, create_graph=True)
        return (bend + u) ** 2

    def objective(self, parameters, buffers, batch, *, training):
        return self.squares(parameters, batch).mean()

    def reduce(self, parameters, buffers, batch):
        error = (self.solution(parameters, batch) - torch.sin(batch)).abs().sum()
        return {"loss": (self.squares(parameters, batch).sum(), len(batch)), "error": (error, len(batch))}

    def calibrate(self, parameters, buffers, batches):
        return {}


EQUATION = """
[task]
use = "oscillator"
[population.train]
epochs = 40
save_every = 20
[[population.variant]]
name = "A"
learning_rate = 1e-2
batch_size = 16
[[population.variant]]
name = "B"
learning_rate = 2e-2
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 5
[[topology]]
use = "gudhi"
field = "interior_loss"
[fidelity]
field = "interior_loss"
"""


def test_a_loss_that_differentiates_inside_runs_through_a_whole_study(studied, tmp_path):
    check_component(Oscillator())
    found = studied(EQUATION, oscillator=Oscillator)
    atlas, one = found.atlas, found.atlas.maps[0]
    assert set(one.landscape.fields) == {"interior_loss", "interior_error"}
    assert np.isfinite(one.landscape.fields["interior_loss"]).all()
    assert len(one.topology.tree.minima) >= 1
    for variant in atlas.population.variants:
        first, *_, last = atlas.population.of(variant)
        assert atlas.truth["interior_loss"][last] < atlas.truth["interior_loss"][first] / 2
    assert found.record["reducers"][0]["loss_gap_median"] >= 0
    assert found.record["reducers"][0]["accuracy_gap_median"] is None


def test_a_loss_that_differentiates_inside_can_be_estimated(tmp_path):
    path, registry = tmp_path / "study.toml", registry_of(BUILT_IN, oscillator=Oscillator)
    path.write_text(EQUATION, "utf-8")
    plan = Study(spec=read_spec(path, (), registry), folder=tmp_path / "run", registry=registry).estimate()
    assert (plan.members, plan.parameters, plan.evaluations) == (6, 24, 6 + 6 + 25)
    assert plan.evaluate_seconds > 0


# Analyses that add members before the map, or refit it.


@define(frozen=True, kw_only=True)
class Midpoints:
    """Add the networks between two variants' last ones to the population.

    Attributes:
        ends: Names of the two variants.
        steps: How many networks.
    """

    ends: tuple[str, ...] = ("A", "B")
    steps: int = 3

    def derive(self, task, population, bench, rng):
        one, two = (population.of(variant)[-1] for variant in self.ends)
        shares = np.linspace(0, 1, self.steps + 2)[1:-1]
        weights = np.stack([(1 - t) * population.weights[one] + t * population.weights[two] for t in shares])
        parents = tuple(population.members[row].label for row in (one, two))
        made = [
            Member(variant="-".join(self.ends), step=step, kind="curve", parents=parents, t=float(t))
            for step, t in enumerate(shares)
        ]
        bench.measure(Networks.of(weights.astype(np.float32)))  # a curve would be trained to lower these
        return Population(members=tuple(made), weights=weights.astype(np.float32), layout=population.layout)

    def analyse(self, atlas, bench, rng):
        between = [row for row, member in enumerate(atlas.population.members) if member.kind == "curve"]
        highest = float(atlas.truth["train_loss"][between].max())
        return Finding(records={one.name: {"highest_between": highest} for one in atlas.maps})


@define(frozen=True, kw_only=True)
class Stability:
    """Fit every map again with another seed, and measure the mean of all networks.

    Attributes:
        seed_step: Added to the study's seed.
    """

    seed_step: int = 1

    def refits(self):
        return 1

    def analyse(self, atlas, bench, rng):
        mean = atlas.population.weights.mean(axis=0, keepdims=True)
        measured = bench.measure(Networks.of(mean))
        rows = []
        for one in atlas.maps:
            again = bench.landscape(bench.fit(one.name, atlas.population, seed=bench.seed + self.seed_step))
            moved = float(np.abs(again.chart.latents - one.chart.latents).max())
            leaves = len(again.topology.tree.minima)
            rows.append({"name": one.name, "moved": moved, "leaves": leaves, "mean_loss": measured["train_loss"][0]})
        table = Table(
            name="refits",
            caption="Maps fitted again.",
            columns=("name", "moved", "leaves", "mean_loss"),
            rows=tuple(rows),
        )
        return Finding(tables=(table,))


JOINED = (
    TINY_TASK
    + """
[[reducer]]
use = "autoencoder"
hidden = [8]
steps = 60
[[sampler]]
use = "grid"
resolution = 5
[[analysis]]
use = "midpoints"
[[analysis]]
use = "stability"
"""
)
ANALYSES = {"midpoints": Midpoints, "stability": Stability}


@pytest.mark.parametrize("component", [Midpoints(), Stability()])
def test_the_analyses_of_this_test_keep_their_contract(component):
    check_component(component)


def test_an_analysis_adds_members_before_the_map(studied):
    found = studied(JOINED, **ANALYSES)
    atlas, one = found.atlas, found.atlas.maps[0]
    added = [member for member in atlas.population.members if member.kind == "curve"]
    assert [member.t for member in added] == [0.25, 0.5, 0.75]
    assert {member.parents for member in added} == {("A@4", "B@4")}
    assert one.chart.members == one.population.members == atlas.population.members
    a, b = (atlas.population.weights[row] for row in atlas.population.finals)
    middle = [member.t for member in atlas.population.members].index(0.5)
    np.testing.assert_array_equal(atlas.population.weights[middle], ((a + b) / 2).astype(np.float32))
    assert len(one.chart.latents) == 6 + 3
    assert found.record["reducers"][0]["highest_between"] == atlas.truth["train_loss"][-3:].max()


def test_derived_members_are_no_variants_and_count_in_no_fidelity(studied):
    found = studied(JOINED, **ANALYSES)
    assert found.record["population"]["variants"] == 2
    assert found.record["population"]["members"] == 6
    one = found.atlas.maps[0]
    squares = ((one.coordinates - one.reconstruction) ** 2).sum(axis=1)[:6]
    assert found.record["reducers"][0]["mse_per_weight"] == pytest.approx(squares.mean() / 51, rel=1e-12)


def test_an_analysis_refits_the_map_and_measures_networks_through_the_bench(studied):
    found = studied(JOINED, **ANALYSES)
    (row,) = found.findings["stability"].tables[0].rows
    assert row["moved"] > 0.01  # of a latent space of (−1, 1)
    members = found.atlas.population
    probe = TinyTask().build("cpu")
    mean = members.weights.mean(axis=0)
    assert row["mean_loss"] == pytest.approx(loss(probe, mean, {}), rel=1e-6)


def test_what_analyses_computed_through_the_bench_is_not_computed_again(studied, notes):
    first = studied(JOINED, **ANALYSES)
    second = studied(JOINED, notes, **ANALYSES)
    assert notes.ran == []
    assert second.findings == first.findings
    assert second.record["reducers"] == first.record["reducers"]


@define(frozen=True, kw_only=True)
class Unsure:
    """Find a figure that is none, or derive networks that do not fit.

    Attributes:
        width: Weights of a derived network; none is derived where it is 0.
    """

    width: int = 0

    def derive(self, task, population, bench, rng):
        members = (Member(variant="X", step=0, kind="curve"),) if self.width else ()
        weights = np.zeros((len(members), self.width or population.layout.size), np.float32)
        return Population(members=members, weights=weights, layout=population.layout)

    def analyse(self, atlas, bench, rng):
        return Finding(records={"pca": {"x": float("nan")}})


UNSURE = (
    TINY_TASK + '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 3\n[[analysis]]\nuse = "unsure"\n'
)


def test_an_analysis_whose_members_cannot_be_kept_is_named(studied):
    with pytest.raises(PluginError, match=r": weights have shape \(1, 7\); \(1, 51\) is wanted$"):
        studied(UNSURE + "width = 7\n", unsure=Unsure)


def test_a_figure_that_is_no_number_is_named_by_its_record_where_it_enters(studied):
    with pytest.raises(PluginError) as caught:
        studied(UNSURE, unsure=Unsure)
    says = "record of 'pca', x: nan; a figure that cannot be had is None"
    assert str(caught.value) == f"analysis 'unsure' (globscope-testing 0): {says}"


def a_table(**cells):
    rows = ({"name": "A", "loss": None}, {"name": "B"} | cells)
    return Finding(tables=(Table(name="ends", caption="Ends.", columns=("name", "loss"), rows=rows),))


def a_plot(**values):
    series = Series(label="s", **{"x": (0.0, 1.0), "y": (None, 2.0)} | values)
    return Finding(pictures=(Plot(name="p", caption="P.", x="x", y="y", panels=(Panel(title="", series=(series,)),)),))


@pytest.mark.parametrize(
    ("finding", "says"),
    [
        (a_table(loss=np.nan), "table 'ends', row 2, column 'loss': nan; a figure that cannot be had is None"),
        (a_table(loss=-np.inf), "table 'ends', row 2, column 'loss': -inf; a figure that cannot be had is None"),
        (a_table(gain=1.0), "table 'ends', row 2, column 'gain': the table has no such column"),
        (
            a_table(loss=np.int64(3)),
            "table 'ends', row 2, column 'loss': np.int64(3) is no text and no plain number, but numpy.int64",
        ),
        (
            a_plot(y=(1.0, np.nan)),
            "picture 'p', panels[0], series[0], y[1]: nan; a figure that cannot be had is None",
        ),
        (
            Finding(warnings=(None, b"no")),  # None is taken for a figure that cannot be had
            "warnings[1]: b'no' is no text and no plain number, but builtins.bytes",
        ),
        (Finding(tables=({"name": 1},)), "tables: holds dict, not a Table"),
        (Finding(comparison=("speed",)), "comparison: holds str, not a Figure"),
        (None, "returned NoneType, not a Finding"),
    ],
)
def test_what_a_finding_cannot_hold_is_named_by_component_table_row_and_column(finding, says):
    with pytest.raises(PluginError) as caught:
        checked_finding("analysis 'x' (y 1)", finding)
    assert str(caught.value) == f"analysis 'x' (y 1): {says}"
    assert checked_finding("", a_table(loss=np.float64(1))) == a_table(loss=1.0)


# Components whose answers do not fit.


@define(frozen=True, kw_only=True)
class Bent:
    """Answer as the options say, right or wrong.

    Attributes:
        rows: Of the latents; 0 for as many as there are members.
        wide: Columns of decoded coordinates; 0 for as many as there are.
        broken: Whether the first member's latents are not numbers.
        mute: Whether it decodes nothing, and does not say why.
        absent: Whether there is no chart.
    """

    rows: int = 0
    wide: int = 0
    broken: bool = False
    mute: bool = False
    absent: bool = False

    def reduce(self, inputs, rng):
        if self.absent:
            return None
        latents = np.zeros((self.rows or len(inputs.members), 2))
        latents[0] = np.nan if self.broken else 0
        width = self.wide or inputs.space.rank
        return Chart(
            space=inputs.space,
            latents=latents,
            decode=None if self.mute else lambda points: np.zeros((len(points), width)),
        )


@define(frozen=True, kw_only=True)
class Askew:
    """Ask for points as the options say, right or wrong.

    Attributes:
        axes: Of the points.
        endless: Whether they lie at infinity.
        rows: Of the index; 0 for none.
        bare: Whether the points come by themselves.
    """

    axes: int = 2
    endless: bool = False
    rows: int = 0
    bare: bool = False

    def ask(self, chart, landscape, rng):
        if self.bare:
            return np.zeros((3, self.axes))
        index = np.zeros((self.rows, 2), int) if self.rows else None
        points = np.full((3, self.axes), np.inf if self.endless else 0)
        return None if landscape else Samples(points=points, index=index)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("rows = 5", "latents have shape (5, 2); one row for each of the 6 members is wanted"),
        ("wide = 7", "decode answered with shape (6, 7); (6, 5) is wanted"),
        ("broken = true", "latents are not finite"),
        ("mute = true", "the chart has no decode, and why_no_inverse is empty"),
        ("absent = true", "returned NoneType, not a Chart"),
    ],
)
def test_a_reducer_whose_answer_does_not_fit_is_named(option, says, studied):
    with pytest.raises(PluginError) as caught:
        studied(TINY_TASK + f'[[reducer]]\nuse = "bent"\n{option}\n', bent=Bent)
    assert str(caught.value) == f"reducer 'bent' (globscope-testing 0): {says}"


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("axes = 3", "points have shape (3, 3); (n, 2) is wanted on this chart"),
        ("endless = true", "points are not finite"),
        ("rows = 4", "index has 4 rows for 3 points"),
        ("bare = true", "returned ndarray, neither Samples nor None"),
    ],
)
def test_a_sampler_whose_points_do_not_fit_is_named(option, says, studied):
    with pytest.raises(PluginError) as caught:
        studied(TINY_TASK + f'[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "askew"\n{option}\n', askew=Askew)
    assert str(caught.value) == f"sampler 'askew' (globscope-testing 0): {says}"


def test_the_contract_kit_tells_a_missing_chart_as_such():
    with pytest.raises(ContractError) as caught:
        check_component(Bent(absent=True))
    messages = str(caught.value).splitlines()
    assert messages[0] == "Bent: does_its_work: returned NoneType, not a Chart"
    assert {line.partition(": ")[2].partition(": ")[2] for line in messages} == {"returned NoneType, not a Chart"}


@define(frozen=True, kw_only=True)
class Greedy:
    """Take three threads and keep them, as libraries do."""

    def reduce(self, inputs, rng):
        torch.set_num_threads(3)
        return Chart(
            space=inputs.space, latents=inputs.coordinates[:, :2], decode=lambda p: np.pad(p, ((0, 0), (0, 3)))
        )


def test_a_component_that_takes_threads_gives_them_back(studied):
    before = torch.get_num_threads()
    assert before != 3
    studied(TINY_TASK + '[[reducer]]\nuse = "greedy"\n[[sampler]]\nuse = "grid"\nresolution = 3\n', greedy=Greedy)
    assert torch.get_num_threads() == before


# A chart with an origin and a basis of its own.


@define(frozen=True, kw_only=True)
class Plane:
    """Cut a plane along random directions through one member.

    Attributes:
        member: Its label.
    """

    member: str = "A@4"
    traits = ReducerTraits(own_space=True)

    def reduce(self, inputs, rng):
        row = [member.label for member in inputs.members].index(self.member)
        directions = rng.normal(size=(inputs.population.layout.size, 2))
        space = AffineSpace(origin=inputs.population.weights[row], basis=np.linalg.qr(directions)[0].T)
        latents, _ = space.coordinates(inputs.population.weights)
        return Chart(space=space, latents=latents, encode=np.array, decode=np.array, exact_inverse=True)


@define(frozen=True, kw_only=True)
class Around:
    """A square of points around the chart's origin.

    Attributes:
        distance: From the centre to a side.
        steps: Points from the centre to a side.
    """

    distance: float = 1.0
    steps: int = 2

    def ask(self, chart, landscape, rng):
        if landscape is not None:
            return None
        side = 2 * self.steps + 1
        index = np.indices((side, side)).reshape(2, -1).T
        return Samples(points=(index - self.steps) / self.steps * self.distance, index=index, shape=(side, side))


AFFINE = (
    TINY_TASK
    + """
[[reducer]]
use = "plane"
[[sampler]]
use = "around"
"""
)


def test_a_slice_around_one_member_is_a_map_like_any_other(studied):
    found = studied(AFFINE, plane=Plane, around=Around)
    atlas, one = found.atlas, found.atlas.maps[0]
    row = [member.label for member in atlas.population.members].index("A@4")
    np.testing.assert_array_equal(one.chart.latents[row], [0, 0])
    centre = int(np.flatnonzero((one.landscape.samples.points == 0).all(axis=1))[0])
    assert centre == 12
    assert one.landscape.distance_to_member[centre] == 0
    np.testing.assert_array_equal(one.chart.space.lift(np.zeros((1, 2)))[0], atlas.population.weights[row])
    # One network in another stack: its float32 sums may be ordered otherwise.
    for name, values in one.landscape.fields.items():
        np.testing.assert_allclose(values[centre], atlas.truth[name][row], rtol=1e-6)
    # Distances in the plane are distances in weight space: the corner is √2 away from the centre.
    corner = one.chart.space.lift(one.landscape.samples.points[:1])[0]
    assert np.linalg.norm(corner - atlas.population.weights[row]) == pytest.approx(2**0.5, rel=1e-5)
    # What of the other members lies outside the plane is known, and with it their true distance.
    off = np.linalg.norm(atlas.population.weights - atlas.population.weights[row], axis=1)
    np.testing.assert_allclose(np.hypot(np.linalg.norm(one.chart.latents, axis=1), one.outside), off, atol=1e-5)


def test_a_chart_of_its_own_space_keeps_the_contract_and_is_had_again_from_its_files(studied, notes):
    check_component(Plane(member="A@3"))
    first = studied(AFFINE, plane=Plane, around=Around)
    again = studied(AFFINE, notes, plane=Plane, around=Around)
    assert notes.ran == []
    one, two = first.atlas.maps[0].chart.space, again.atlas.maps[0].chart.space
    np.testing.assert_array_equal(one.basis, two.basis)
    np.testing.assert_array_equal(one.origin, two.origin)


@define(frozen=True, kw_only=True)
class Steepest:
    """Cut a line through one member along the gradient of its loss.

    Attributes:
        member: Its label.
    """

    member: str = "A@4"
    traits = ReducerTraits(latent_dim=1, own_space=True)

    def reduce(self, inputs, rng):
        row = [member.label for member in inputs.members].index(self.member)
        layout, probe = inputs.population.layout, inputs.task().build("cpu")
        origin = torch.tensor(inputs.population.weights[row], requires_grad=True)
        batch = probe.batch("train", torch.arange(probe.examples("train")))
        probe.objective(layout.unflatten(origin), probe.initialise(0)[1], batch, training=False).backward()
        space = AffineSpace(
            origin=inputs.population.weights[row], basis=(origin.grad / origin.grad.norm()).numpy()[None]
        )
        latents, _ = space.coordinates(inputs.population.weights)
        return Chart(space=space, latents=latents, encode=np.array, decode=np.array, exact_inverse=True)


def test_a_chart_may_look_at_the_loss_and_its_fit_follows_the_task(tmp_path):
    check_component(Steepest(member="A@3"))
    path, registry = tmp_path / "study.toml", registry_of(BUILT_IN, tiny=TinyTask, steepest=Steepest)
    path.write_text(TINY_TASK + '[[reducer]]\nuse = "steepest"\nmember = "A@3"\n', "utf-8")
    population, spaces = tiny_inputs().population, {}
    for normalised in ("false", "true"):
        spec = read_spec(path, (f"task.normalised={normalised}",), registry)
        bench = StudyBench(Study(spec=spec, folder=tmp_path / "run", registry=registry).workshop())
        chart = bench.fit("steepest", population).chart
        spaces[normalised] = chart.space
    assert not np.allclose(spaces["false"].basis, spaces["true"].basis)
    # Along its gradient the loss falls: a step against it is lower, one along it higher.
    steps = Networks(space=spaces["true"], coordinates=np.array([[-0.01], [0.0], [0.01]]))
    lower, here, higher = (
        loss(bench.workshop.task.build("cpu"), w, FRESH) for w in steps.weights(Unit(start=0, stop=3))
    )
    assert lower < here < higher


FRESH = {"mean": torch.zeros(6), "variance": torch.ones(6)}


@define(frozen=True, kw_only=True)
class Scaled:
    """Keep two coordinates, divided by one number."""

    def reduce(self, inputs, rng):
        return self.restore(inputs, {"scale": np.array(np.abs(inputs.coordinates).max())})

    def restore(self, inputs, arrays):
        scale, width = float(arrays["scale"]), inputs.coordinates.shape[1]
        return Chart(
            space=inputs.space,
            latents=inputs.coordinates[:, :2] / scale,
            encode=lambda coordinates: coordinates[:, :2] / scale,
            decode=lambda points: np.pad(points * scale, ((0, 0), (0, width - 2))),
            arrays=arrays,
        )


def test_a_chart_is_rebuilt_from_its_arrays_when_other_points_are_asked(studied, notes):
    check_component(Scaled())
    text = TINY_TASK + '[[reducer]]\nuse = "scaled"\n[[sampler]]\nuse = "grid"\nresolution = 3\n'
    more = ("sampler.0.resolution=5",)
    studied(text, scaled=Scaled)
    later = studied(text, notes, overrides=more, scaled=Scaled)
    assert "fit scaled" in notes.kept
    assert "refit scaled" not in notes.ran
    fresh = studied(text, folder="fresh", overrides=more, scaled=Scaled)
    assert_same_landscape(later.atlas.maps[0].landscape, fresh.atlas.maps[0].landscape)


# A sampler that asks in rounds.


@define(frozen=True, kw_only=True)
class Zoom:
    """Look closer around the lowest sample, three rounds.

    Attributes:
        rounds: How often.
        points: Samples a round.
    """

    rounds: int = 3
    points: int = 9

    def ask(self, chart, landscape, rng):
        asked = 0 if landscape is None else len(landscape.samples.points) // self.points
        if asked == self.rounds:
            return None
        extent = np.ptp(chart.latents, axis=0)
        if landscape is None:
            return Samples(points=chart.latents.min(axis=0) + extent * rng.random((self.points, 2)))
        lowest = landscape.samples.points[np.nanargmin(landscape.fields["train_loss"])]
        return Samples(points=lowest + extent / 10**asked * rng.normal(size=(self.points, 2)))


ADAPTIVE = (
    TINY_TASK
    + """
[[reducer]]
use = "pca"
[[sampler]]
use = "zoom"
[evaluator]
use = "torch"
memory = 8e-7 # GiB: four networks a unit
"""
)


class StopIn(Observer):
    """Interrupts a stage when it reports progress, of a round if that is given, as Ctrl-C would."""

    def __init__(self, name, rounds=None):
        self.name, self.rounds = name, rounds

    def stage(self, name):
        return Interrupt(self.rounds) if name == self.name else Progress()


class Interrupt(Progress):
    def __init__(self, rounds):
        self.rounds = rounds

    def __call__(self, done, total, rounds=None, **figures):
        if rounds == self.rounds:
            raise KeyboardInterrupt


def arrays(landscape):
    return {"points": landscape.samples.points, "distance": landscape.distance_to_member, **landscape.fields}


def assert_same_landscape(one, two):
    assert_same_arrays(arrays(one), arrays(two))


def test_the_sampler_of_this_test_keeps_its_contract():
    check_component(Zoom())


def test_a_sampler_asks_in_rounds_that_depend_on_the_landscape_so_far(studied):
    fitted = studied(ADAPTIVE, zoom=Zoom).atlas.maps[0]
    found, extent = fitted.landscape, np.ptp(fitted.chart.latents, axis=0)
    points, losses = found.samples.points, found.fields["train_loss"]
    assert len(points) == 27
    assert len(found.trusted) == len(found.distance_to_member) == len(found.cycle_error) == len(losses) == 27
    for asked in (9, 18):
        centre = points[np.argmin(losses[:asked])]
        spread = (np.abs(points[asked : asked + 9] - centre) / extent).max()
        assert spread < 5 / 10 ** (asked // 9)  # 18 normal numbers below 5


@define(frozen=True, kw_only=True)
class Nowhere:
    """Ask for nothing."""

    def ask(self, chart, landscape, rng):
        return None


def test_a_sampler_that_asks_for_nothing_has_an_empty_landscape_and_no_minimum(studied):
    one = studied(TINY_TASK + '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "nowhere"\n', nowhere=Nowhere).atlas.maps[0]
    assert one.landscape.fields["train_loss"].shape == (0,)
    assert len(one.topology.tree.minima) == 0


@pytest.mark.parametrize(
    ("stage", "rounds"), [("evaluate pca", None), ("search pca, zoom", 2), ("search pca, zoom", 3)]
)
def test_an_adaptive_sampler_continues_after_an_interruption_with_equal_results(studied, notes, stage, rounds):
    whole = studied(ADAPTIVE, folder="whole", zoom=Zoom)
    with pytest.raises(KeyboardInterrupt):
        studied(ADAPTIVE, StopIn(stage, rounds), folder="broken", zoom=Zoom)
    continued = studied(ADAPTIVE, notes, folder="broken", zoom=Zoom)
    assert stage in notes.ran
    assert "fit pca" in notes.kept
    assert_same_landscape(continued.atlas.maps[0].landscape, whole.atlas.maps[0].landscape)


def test_what_a_sampler_asks_for_follows_the_losses_that_it_saw(studied):
    fewer = ("evaluator.examples=6",)
    studied(ADAPTIVE, folder="run", zoom=Zoom)
    after = studied(ADAPTIVE, folder="run", overrides=fewer, zoom=Zoom).atlas.maps[0].landscape
    alone = studied(ADAPTIVE, folder="alone", overrides=fewer, zoom=Zoom).atlas.maps[0].landscape
    assert_same_landscape(after, alone)


def test_a_merge_tree_is_of_the_losses_that_were_measured(studied):
    text = TINY_TASK + '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 5\n'
    studied(text)
    one = studied(text, overrides=("evaluator.examples=6",)).atlas.maps[0]
    lowest = one.topology.full.births[np.isinf(one.topology.full.deaths)]
    assert lowest == one.landscape.fields["train_loss"].min()
