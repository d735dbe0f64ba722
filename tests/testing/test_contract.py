"""The built-ins keep the contract of their role, and the contract kit finds out who does not."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import define, evolve, field
from support.arrays import assert_same_arrays
from support.searches import Descend

from globscope.api import (
    GRADIENT,
    Chart,
    Code,
    Description,
    Finding,
    HeatMap,
    KnownPath,
    Member,
    Networks,
    Overlay,
    Panel,
    Plot,
    Population,
    PreparedTask,
    SamplerTraits,
    Samples,
    Series,
    Table,
    Trail,
)
from globscope.registry import HOOKS, discover
from globscope.testing import (
    ContractError,
    check_component,
    checks_for,
    parametrize_contract,
    registry_of,
    role_of,
    score_units,
    tiny_inputs,
    tiny_task,
)
from globscope.testing.roles import METHODS

REGISTRY = discover(entry_points(group="globscope"))

SMALL = {"dim": 8, "depth": 1, "heads": 1}
TINY_SHAPES = {"train": 16, "test": 8, "size": 8}
TINY_PINN = {"hidden": (8,), "grid": (6, 5), "collocation": 12}
# Options that make a component quick, or show another side of it.
OPTIONS = {
    ("task", "classification"): [{"hidden": (8,)}],
    ("task", "regression"): [{"hidden": (8,)}],
    # Its own source is a text that is always there.
    ("task", "language-modelling"): [{"path": Path(__file__), "context": 16, "model_options": SMALL}],
    ("task", "segmentation"): [
        {"data_options": TINY_SHAPES, "model_options": {"widths": [2, 3]}},
        {
            "data_options": TINY_SHAPES,
            "model_options": {"widths": [2, 4], "norm": "group"},
            "crf": "learnable",
            "ignore": 2,
            "class_iou": True,
        },
    ],
    **{("task", f"pinn-{name}"): [TINY_PINN] for name in ("burgers", "convection", "reaction")},
    ("reducer", "autoencoder"): [{"steps": 50}, {"steps": 20, "skip": True, "straight_loss": 0.1}],
    ("reducer", "kernel-pca"): [{}, {"kernel": "poly"}, {"kernel": "cosine", "alpha": 1e-3}],
    ("reducer", "pca"): [{}, {"latent_dim": 11}],
    ("reducer", "span"): [{}],
    ("reducer", "simplex"): [{"of": ("A", "B", "C@1")}, {"of": ("A", "B", "C", "A@0")}],
    ("reducer", "hull"): [{}, {"points": "ends and starts"}, {"of": ("A", "C@1")}],
    ("reducer", "mds"): [{}],
    ("reducer", "isomap"): [{}],
    ("reducer", "t-sne"): [{}, {"latent_dim": 4, "start": "random"}],
    ("reducer", "random"): [
        {},
        {"centre": "B@1", "normalisation": "none", "distance": (1.0, 2.0)},
    ],
    ("reducer", "hessian"): [
        {"normalisation": "filter", "distance": 0.01, "relative": True},
        {"latent_dim": 4, "examples": 20, "precision": "float64", "which": "largest"},
    ],
    ("reducer", "trajectory-pca"): [{"relative": True}, {"latent_dim": 3, "variant": "C"}],
    ("reducer", "plane"): [{}],
    ("reducer", "line"): [{}, {"members": ("A@0", "A")}],
    ("sampler", "grid"): [{"resolution": 5}, {"resolution": (3, 4)}],
    ("sampler", "sobol"): [{"samples": 16}, {"samples": 5}],
    ("sampler", "adaptive"): [{"resolution": 9, "budget": 40}, {"resolution": (6, 7), "budget": 32}],
    ("sampler", "gaussian-ball"): [{"samples": 8}, {"samples": 8, "centre": "variant:A"}],
    ("sampler", "critical-points"): [
        {"starts": 4, "images": 3, "tolerance": 0.1},
        {"members": "none", "starts": 3, "pairs": "all", "budget": 500, "bounded": False},
    ],
    ("evaluator", "torch"): [{}, {"method": "loop", "batch_size": 32}, {"gradient_norm": True}],
    ("topology", "gudhi"): [{}, {"field": "test_loss", "adjacency": "full", "mask": True}],
    ("aligner", "weight-matching"): [{}],
    ("aligner", "activation-matching"): [{}, {"similarity": "correlation", "examples": 20}],
    ("aligner", "merge-many"): [{}, {"rounds": 1, "sweeps": 3}],
    # One step is weight matching; further ones may find a lower loss halfway, as `sinkhorn` does below.
    ("aligner", "straight-through"): [{"steps": 1}],
    ("aligner", "sinkhorn"): [
        {"loss": "weights", "start": "weight-matching"},
        {"loss": "weights", "start": "random"},
    ],
    ("aligner", "deep-align"): [
        {"steps": 3, "width": 4, "blocks": 1, "channels": 8, "pairs": 2},
        {"steps": 2, "width": 4, "channels": 8, "pairs": 2, "messages": "edge", "connectivity": 0.0},
    ],
    ("pool", "here"): [{}, {"threads": 1}],
    ("pool", "processes"): [{"workers": 2}],
    ("analysis", "fidelity"): [{}, {"held_out": True}],
    ("analysis", "figure-relations"): [{"draws": 100}],
    ("analysis", "dimension"): [{"points": 5, "epochs": 1, "relabellings": 100}],
    ("analysis", "basin-ensembles"): [{"ensembles": 20}],
    ("analysis", "averages"): [{}, {"last": (), "since": (1,), "along": False, "in_fit": True}],
    ("analysis", "merging"): [
        {"points": 3, "relabellings": 100, "scales": (1.0,)},
        {
            "points": 3,
            "relabellings": 100,
            "base": "A@0",
            "repair": True,
            "aligner": "weight-matching",
            "field": "test_accuracy",
        },
    ],
    ("analysis", "topology-metrics"): [{}, {"order": 1.0}],
    ("analysis", "level-sets"): [{}],
    ("analysis", "basin-functions"): [{}, {"fields": ("test_loss", "distance_to_member"), "quantiles": ()}],
    ("analysis", "tree-significance"): [{"draws": 5}],
    ("analysis", "resolution"): [{}],
    ("analysis", "stability"): [{"seeds": 1, "bootstraps": 2}],
    ("analysis", "similarity"): [{}],
    ("analysis", "layer-similarity"): [{}, {"of": ("A", "A@0"), "debiased": False}],
    ("analysis", "class-disagreement"): [{}, {"of": ("A@0", "B", "C"), "split": "train"}],
    ("analysis", "mode-connectivity"): [
        {"epochs": 1, "points": 5},
        {"epochs": 1, "curve": "PolyChain", "bends": 2, "against": "B", "in_fit": True, "field": "test_accuracy"},
        {"epochs": 1, "points": 5, "pairs": (("A", "B"),)},
    ],
    ("analysis", "linear-barrier"): [{}, {"points": 3, "field": "test_accuracy", "repair": True}],
    ("analysis", "low-loss-pass"): [{"points": 5, "epochs": 1}, {"points": 5, "training": "none"}],
    ("analysis", "rebasin"): [
        {"points": 5},
        {"points": 5, "repair": True, "against": "B", "in_fit": True, "trajectories": False},
    ],
    ("analysis", "curvature"): [
        {"draws": 6},
        {"draws": 7, "trace": "hutch++", "members": ("A@0", "B"), "count": 51},
        {"draws": 6, "matrix": "fisher", "layers": True, "density_draws": 2},
    ],
}
# These differ from their default: what they need has none.
NEEDING = {("sampler", "path"): {"of": "variant:A"}}
# In files of their own, `test_umap.py`, `test_custom.py` and `test_transformers.py`.
ELSEWHERE = {("reducer", "umap"), ("task", "custom"), ("task", "transformers")}


def built_in(role, name, options):
    return REGISTRY.role(role)[name].cls(**options)


@parametrize_contract([built_in(*who, options) for who, several in OPTIONS.items() for options in several])
def test_every_built_in_keeps_the_contract_of_its_role(check):
    check()


@parametrize_contract(
    [built_in(*who, options) for who, options in NEEDING.items()],
    expected_failures={"constructs_by_default": "a path has no default: it needs the networks that it leads through"},
)
def test_a_built_in_that_must_be_reported_something_keeps_the_rest_of_the_contract(check):
    check()


@parametrize_contract(
    [built_in("evaluator", "torch", {"method": "vmap"})],
    expected_failures=dict.fromkeys(
        (
            "records_every_network_once",
            "calibrates_statistics",
            "scores_a_network_with_its_own_buffers",
            "gives_the_buffers_with_which_it_scores",
            "survives_a_failing_network",
        ),
        "asked to stack networks, it refuses models that cannot be stacked",
    ),
)
def test_the_evaluator_keeps_the_contract_when_networks_are_stacked(check):
    check()


@parametrize_contract(
    [built_in("aligner", "sinkhorn", {}), built_in("aligner", "straight-through", {"steps": 20, "learning_rate": 0.3})],
    expected_failures={
        "recovers_a_permuted_copy": "for an untrained network it finds a mean with another order of the copy's units "
        "whose loss is below the network's own"
    },
)
def test_an_aligner_that_lowers_the_loss_between_networks_keeps_the_rest_of_the_contract(check):
    check()


def test_no_built_in_is_left_out():
    ours = {(c.role, c.name) for c in REGISTRY.components if c.distribution == "globscope"}
    assert ours == {*OPTIONS, *NEEDING, *ELSEWHERE}


def test_every_role_has_a_method_by_which_it_is_known():
    assert set(METHODS) == set(HOOKS)
    for component in REGISTRY.components:
        assert role_of(component.cls) == component.role


NORMALISED = """
import torch
from torch import nn

def net():
    return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 10))

def loss(outputs, targets):
    if not torch.isfinite(outputs).all():
        raise RuntimeError("this loss was made to fail")
    return nn.functional.cross_entropy(outputs, targets)
"""


@pytest.fixture
def normalised(tmp_path):
    """Return a classification task with a user's BatchNorm and dropout, or with a user's loss as well."""
    path = tmp_path / "nets.py"
    path.write_text(NORMALISED, "utf-8")

    def task(loss="cross-entropy"):
        loss = loss if loss == "cross-entropy" else Code(str(path), loss)
        return built_in("task", "classification", {"model": Code(str(path), "net"), "loss": loss})

    return task


def test_a_users_network_with_statistics_and_dropout_keeps_the_contract_of_tasks(normalised):
    check_component(normalised())


def test_a_loss_that_raises_in_the_middle_leaves_the_model_in_evaluation_mode(normalised):
    probe = normalised("loss").build("cpu")
    weights = np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(3)])
    broken = weights.copy()
    broken[1] = np.nan

    def losses(rows):
        evaluator = built_in("evaluator", "torch", {"examples": 64})
        return score_units(evaluator, Networks.of(rows), PreparedTask(probe), width=1)

    clean = losses(weights)
    with pytest.raises(RuntimeError, match="made to fail"):
        losses(broken)
    assert not any(module.training for module in probe._module.modules())
    assert_same_arrays(losses(weights), clean)


# What follows shows that each check can fail: components that are wrong in one point.


@define(frozen=True, kw_only=True)
class Kept2D:
    """Keep two coordinates.

    Attributes:
        latent_dim: Number of coordinates kept.
    """

    latent_dim: int = 2

    def reduce(self, inputs, rng):
        return self.changed(tiny(inputs, self.latent_dim), inputs, rng)

    def changed(self, chart, inputs, rng):
        return chart


def tiny(inputs, kept):
    width = inputs.coordinates.shape[1]
    return Chart(
        space=inputs.space,
        latents=inputs.coordinates[:, :kept].copy(),
        encode=lambda c: c[:, :kept],
        decode=lambda p: np.pad(p, ((0, 0), (0, width - p.shape[1]))),
    )


def wrong(base, **body):
    """Return an instance of a subclass of `base` with other methods."""
    cls = type("Wrong", (base,), {"__doc__": base.__doc__, **body})
    cls = define(frozen=True, kw_only=True, slots=False)(cls)
    globals()["Wrong"] = cls  # pickled by reference
    return cls()


def reducer(changed):
    return Kept2D, {"changed": changed}


def noisy(chart, draw):
    return evolve(chart, latents=chart.latents + draw)


def written(self, chart, inputs, rng):
    inputs.coordinates[0] = 0
    return chart


def drawn(self, chart, inputs, rng):
    torch.rand(1)
    return chart


@define(frozen=True, kw_only=True)
class Corners:
    """Ask for the corners of a square, then for its middle."""

    def ask(self, chart, landscape, rng):
        if landscape is None:
            return self.changed(Samples(points=CORNERS, index=CORNERS.astype(int), shape=(3, 3)), chart, landscape)
        return None

    def changed(self, samples, chart, landscape):
        return samples


CORNERS = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])


def sampler(changed):
    return Corners, {"changed": changed}


# Of `Descend`; the tiny chart has 12 members, and it starts at every second one.
ROUNDS, DESCENTS = 4, 6


def remembering(self, chart, rng):
    """A search that looks up what it is sent by the points for which it asked."""
    known = {tuple(point): n for n, point in enumerate(chart.latents[::2])}
    found = yield Samples(points=chart.latents[::2])
    yield Samples(points=chart.latents[[known[tuple(point)] for point in found.samples.points]])


def endless(self, chart, landscape, rng):
    return Samples(points=rng.uniform(-1, 1, size=(1, 2)))


def overwriting(self, chart, landscape, rng):
    if landscape is None:
        return Samples(points=CORNERS.copy())
    landscape.fields["train_loss"][:] = 0
    return None


TORCH = REGISTRY.role("evaluator")["torch"].cls
FIELDS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
GUDHI = REGISTRY.role("topology")["gudhi"].cls


class Around:
    """Hands everything on to a scorer but what it changes."""

    def __init__(self, scorer, score):
        self.device, self.score = scorer.device, lambda unit: score(scorer, unit)


class Unrenewed(Around):
    """Scores the networks for which it was made."""

    def __init__(self, scorer):
        super().__init__(scorer, lambda scorer, unit: scorer.score(unit))

    def renew(self, networks, plan):
        return self


def scoring(score):
    """The torch evaluator whose scorer scores a unit so."""
    return TORCH, {"scorer": lambda self, *args: Around(TORCH.scorer(self, *args), score)}


def recording(change):
    return scoring(lambda scorer, unit: change(scorer.score(unit)))


def beside_a_gradient(change):
    return recording(lambda fields: change(fields) if GRADIENT in fields else fields)


def other_networks(change):
    return TORCH, {"scorer": lambda self, networks, *rest: TORCH.scorer(self, change(networks), *rest)}


@define(frozen=True)
class Uncalibrated:
    task: object

    def build(self, device):
        probe = self.task.build(device)
        probe.calibrate = lambda parameters, buffers, batches: probe.initialise(0)[1]
        return probe


def uncalibrated(self, networks, task, plan):
    return TORCH.scorer(self, networks, Uncalibrated(task), plan)


def hiding(scorer, unit):
    try:
        return scorer.score(unit)
    except ArithmeticError:
        return dict.fromkeys(FIELDS, np.full(len(unit), np.nan))


def ungrateful(scorer, unit):
    try:
        return scorer.score(unit)
    except ArithmeticError:
        torch.set_grad_enabled(False)
        raise


def eager(self, networks, task, plan):
    scorer = TORCH.scorer(self, networks, task, plan)

    def score(scorer, unit):
        every = [scorer.score(one) for one in plan.units]
        return every[plan.units.index(unit)]

    return Around(scorer, score)


def topology(values):
    def compute(self, landscape):
        fields = {name: values(losses) for name, losses in landscape.fields.items()}
        return GUDHI.compute(self, evolve(landscape, fields=fields))

    return GUDHI, {"compute": compute}


def unsimplified(self, landscape):
    found = GUDHI.compute(self, landscape)
    return evolve(found, tree=found.full)


@define(frozen=True, kw_only=True)
class Counts:
    """Count the members."""

    def analyse(self, atlas, bench, rng):
        rows = tuple({"name": one.name, "members": len(one.chart.latents)} for one in atlas.maps)
        table = Table(name="counts", caption="Members a map.", columns=("name", "members"), rows=rows)
        return self.changed(Finding(tables=(table,)), atlas, rng)

    def changed(self, finding, atlas, rng):
        return finding


def analysis(changed):
    return Counts, {"changed": changed}


WEIGHTS = REGISTRY.role("aligner")["weight-matching"].cls
MANY = REGISTRY.role("aligner")["merge-many"].cls


def aligner(changed):
    def align(self, task, a, b, rng):
        return changed(WEIGHTS.align(self, task, a, b, rng), b)

    return WEIGHTS, {"align": align}


def sets(changed):
    def align_set(self, task, networks, rng):
        return changed(MANY.align_set(self, task, networks, rng))

    return MANY, {"align_set": align_set}


def emptied(found, b):
    b["inner.bias"][:] = 0
    return found


def row(**cells):
    return Finding(tables=(Table(name="t", caption="T.", columns=("x",), rows=(cells,)),))


def panel(**changes):
    values = {"x": 0.5, "y": None} | changes
    return Panel(title="p", series=(Series(label="s", **{key: (value,) for key, value in values.items()}),))


PLOT = Plot(name="p", caption="P.", x="x", y="y", panels=(panel(),))
HEAT = HeatMap(name="h", caption="H.", rows=("a",), columns=("b", "c"), values=((1.0, None),), label="h")
TRAILS = Overlay(
    name="t", caption="T.", map="linear", trails=(Trail(label="t", points=((0.0, 0.0), (1.0, 1.0)), style="arrows"),)
)
FLAWED = {
    "a plot without panels": evolve(PLOT, panels=()),
    "a series of more x than y": evolve(
        PLOT, panels=(Panel(title="p", series=(Series(label="s", x=(1, 2), y=(1,)),)),)
    ),
    "a matrix that lacks a cell": evolve(HEAT, values=((1.0,),)),
    "a matrix without columns": evolve(HEAT, columns=(), values=((),)),
    "trails over no map": evolve(TRAILS, map="nowhere"),
    "a trail of three axes on a map of two": evolve(TRAILS, trails=(Trail(label="t", points=((0.0, 0.0, 0.0),)),)),
    "a trail of more values than points": evolve(
        TRAILS, trails=(Trail(label="t", points=((0.0, 0.0),), values={"train_loss": (1.0, 2.0)}),)
    ),
    "an arrow without an end": evolve(TRAILS, trails=(Trail(label="t", points=((0.0, 0.0),), style="arrows"),)),
}


class Pictures(Counts):
    """Show one picture of each kind."""

    def changed(self, finding, atlas, rng):
        over = evolve(TRAILS, map=atlas.maps[0].name)
        return evolve(finding, pictures=(PLOT, HEAT, over))


def derived(kind, **changes):
    def derive(self, task, population, bench, rng):
        members = (Member(variant="A", step=99, kind=kind),)
        return Population(members=members, weights=population.weights[:1], layout=population.layout, **changes)

    return Counts, {"derive": derive}


TinyTask, TinyProbe = type(tiny_task()), type(tiny_task().build("cpu"))


def task(**methods):
    def build(self, device):
        return type("WrongProbe", (TinyProbe,), methods)(self, device)

    return TinyTask, {"build": build}


def describing(self, task, device):
    TinyProbe.__init__(self, task, device)
    self.traits = evolve(self.traits, descriptions={"recall": Description(name="recall")})


def with_buffers(**methods):
    """Return a wrong task whose networks have statistics and a buffer of their own."""

    def build(self, device):
        return type("WrongProbe", (TinyProbe,), methods)(evolve(self, normalised=True, shifted=True), device)

    return TinyTask, {"build": build}


def shifting(self, parameters, buffers, batches):
    return TinyProbe.calibrate(self, parameters, buffers, batches) | {"shift": buffers["shift"] + 1}


def resting(self, parameters, buffers, batches):
    return self.initialise(0)[1] | {"shift": buffers["shift"]}


def behind(self, parameters, buffers, batch):
    before, self.last = getattr(self, "last", buffers), buffers
    return TinyProbe.reduce(self, parameters, before if set(before) == set(buffers) else buffers, batch)


SOURCE = np.random.default_rng()
# What compares a network's score with another one of the same.
UNREPEATED = {
    "failure_leaves_no_trace",
    "keeps_no_buffers",
    "reduced_mean_is_the_objective",
    "stacked_networks_reduce_alike",
    "training_leaves_no_trace",
}


def self_willed(self, parameters, buffers, batch):
    return {n: (t + SOURCE.normal(), w) for n, (t, w) in TinyProbe.reduce(self, parameters, buffers, batch).items()}


def averaged(self, parameters, buffers, batch):
    return {name: (total / n, 1.0) for name, (total, n) in TinyProbe.reduce(self, parameters, buffers, batch).items()}


def repaired(self, parameters, buffers, batch):
    found = TinyProbe.reduce(self, parameters, buffers, batch)
    return found | {"loss": (torch.nan_to_num(found["loss"][0]), found["loss"][1])}


def halved(self, parameters, buffers, batch):
    found = TinyProbe.reduce(self, parameters, buffers, batch)
    return found | {"loss": (found["loss"][0] / 2, found["loss"][1])}


def detached(self, parameters, buffers, batch, *, training):
    still = parameters | {"inner.bias": parameters["inner.bias"].detach()}
    return TinyProbe.objective(self, still, buffers, batch, training=training)


def stuck(self, parameters, buffers, batch, *, training):
    self._data = {split: (points * 1.01, classes) for split, (points, classes) in self._data.items()}
    return TinyProbe.objective(self, parameters, buffers, batch, training=training)


def unseeded(self, seed):
    return TinyProbe.initialise(self, int(torch.randint(1000, ())))


def violated(component):
    found = set()
    for name, check in checks_for(component):
        try:
            check()
        except ContractError:
            found.add(name)
    return found


WRONG = {
    "forgets a group": (
        aligner(lambda found, b: {}),
        {"permutes_every_group", "recovers_a_permuted_copy"},
    ),
    "pairs two units with one": (
        aligner(lambda found, b: {name: np.zeros_like(order) for name, order in found.items()}),
        {"permutes_every_group", "aligned_network_computes_the_same", "recovers_a_permuted_copy"},
    ),
    "matches nothing": (
        aligner(lambda found, b: {name: np.arange(len(order)) for name, order in found.items()}),
        {"recovers_a_permuted_copy"},
    ),
    "shuffles as it likes": (
        aligner(
            lambda found, b: {name: np.random.default_rng().permutation(len(order)) for name, order in found.items()}
        ),
        {"same_generator_gives_the_same_permutations", "recovers_a_permuted_copy"},
    ),
    "writes to the network that it aligns": (
        aligner(emptied),
        {"leaves_inputs_untouched", "recovers_a_permuted_copy"},
    ),
    "aligns one network less than a large set has": (
        sets(lambda found: found[1:] if len(found) > 2 else found),
        {"aligns_a_set_to_one_order"},
    ),
    "leaves a set in the order in which it is": (
        sets(lambda found: [{name: np.arange(len(order)) for name, order in one.items()} for one in found]),
        {"aligns_a_set_to_one_order", "recovers_a_permuted_copy"},
    ),
    "shows a module of other weights": (
        task(inputs=lambda self, batch: (batch[1],)),
        {"shows_the_module_that_it_runs"},
    ),
    "draws from numpy's global generator": (
        reducer(lambda self, chart, inputs, rng: noisy(chart, np.random.normal(size=2))),  # noqa: NPY002
        {"same_seed_gives_the_same_chart", "leaves_global_random_state_alone"},
    ),
    "draws from a generator of its own": (
        reducer(lambda self, chart, inputs, rng: noisy(chart, np.random.default_rng().normal())),
        {"same_seed_gives_the_same_chart"},
    ),
    "moves torch's global generator": (reducer(drawn), {"leaves_global_random_state_alone"}),
    "writes to its inputs": (
        reducer(written),
        # In a study, coordinates are read-only.
        {"leaves_inputs_untouched", "same_seed_gives_the_same_chart", "leaves_global_random_state_alone"},
    ),
    "forgets a member": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, latents=chart.latents[1:])),
        {"latents_have_one_finite_row_a_member"},
    ),
    "has latents that are not finite": (
        reducer(lambda self, chart, inputs, rng: noisy(chart, np.inf)),
        {"latents_have_one_finite_row_a_member"},
    ),
    "has other axes than latent_dim": (
        reducer(lambda self, chart, inputs, rng: tiny(inputs, 3)),
        {"latents_have_one_finite_row_a_member"},
    ),
    "decodes to another width": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=lambda p: p)),
        {"decodes_points_to_coordinates"},
    ),
    "encodes to another width": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, encode=lambda c: c)),
        {"encodes_coordinates_to_points"},
    ),
    "claims an exact inverse": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, exact_inverse=True)),
        {"exact_inverse_is_claimed_rightly"},
    ),
    "claims to decode pointwise": (
        reducer(
            lambda self, chart, inputs, rng: evolve(
                chart, decode=lambda p: chart.decode(p - p.mean(axis=0)), arrays=None, pointwise=True
            )
        ),
        {"pointwise_is_claimed_rightly"},
    ),
    "pulls gradients back in other units": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: 1.05 * g[:, :2])),
        {"pullback_is_the_transposed_jacobian"},
    ),
    "pulls gradients back along swapped axes": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: g[:, 1::-1])),
        {"pullback_is_the_transposed_jacobian"},
    ),
    "pulls gradients back in place": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: np.negative(g, out=g)[:, :2])),
        {"pullback_is_the_transposed_jacobian"},
    ),
    "names one of two axes": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, axes=("depth",))),
        {"axes_are_named_once_each_or_not_at_all"},
    ),
    "calls two axes alike": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, axes=("depth", "depth"))),
        {"axes_are_named_once_each_or_not_at_all"},
    ),
    "does not say why there is no landscape": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=None)),
        {"missing_inverse_is_explained"},
    ),
    "stores arrays that nothing restores": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, arrays={"x": np.zeros(1)})),
        {"restored_chart_is_the_fitted_one"},
    ),
    "restores another chart": (
        (
            Kept2D,
            {
                "changed": lambda self, chart, inputs, rng: evolve(chart, arrays={"x": np.zeros(1)}),
                "restore": lambda self, inputs, arrays: evolve(
                    tiny(inputs, 2), decode=lambda p: p[:, :1] @ np.ones((1, 11))
                ),
            },
        ),
        {"restored_chart_is_the_fitted_one"},
    ),
    "forgets its pullback": (
        (
            Kept2D,
            {
                "changed": lambda self, chart, inputs, rng: evolve(
                    chart, arrays={"x": np.zeros(1)}, pullback=lambda p, g: g[:, :2].copy()
                ),
                "restore": lambda self, inputs, arrays: tiny(inputs, 2),
            },
        ),
        {"restored_chart_is_the_fitted_one"},
    ),
    "asks for points that are not finite": (
        sampler(lambda self, samples, chart, landscape: Samples(points=samples.points * np.nan)),
        {"asks_for_finite_points_of_the_chart"},
    ),
    "leaves its lattice": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, shape=(2, 2))),
        {"lattice_is_consistent"},
    ),
    "asks for one lattice vertex twice": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, index=samples.index // 2 * 0)),
        {"lattice_is_consistent"},
    ),
    "has a shape without an index": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, index=None)),
        {"lattice_is_consistent"},
    ),
    "asks elsewhere each time": (
        sampler(lambda self, samples, chart, landscape: Samples(points=np.random.default_rng().normal(size=(3, 2)))),
        {"is_a_pure_function"},
    ),
    "asks for ever": ((Corners, {"ask": endless}), {"ends"}),
    "foretells another count": ((Corners, {"count": lambda self, dimension: 5}), {"foretells_its_count"}),
    "writes to the landscape": (  # which cannot be written, so that it fails wherever a second round is asked for
        (Corners, {"ask": overwriting}),
        {
            "asks_for_finite_points_of_the_chart",
            "lattice_is_consistent",
            "is_a_pure_function",
            "ends",
            "foretells_its_count",
            "leaves_inputs_untouched",
            "edges_join_two_samples_of_the_rounds_so_far",
            "asks_for_the_gradient_of_one_field",
            "continues_from_points_that_differ_in_their_last_bits",
        },
    ),
    "joins a sample with itself": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, edges=np.array([[0, 1], [2, 2]]))),
        {"edges_join_two_samples_of_the_rounds_so_far"},
    ),
    "joins samples that are still to come": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, edges=np.array([[0, len(samples.points)]]))),
        {"edges_join_two_samples_of_the_rounds_so_far"},
    ),
    "asks for the gradient of no field": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, gradient="depth")),
        {"asks_for_the_gradient_of_one_field"},
    ),
    "goes by the points for which it asked": (
        (Descend, {"search": remembering}),
        {"continues_from_points_that_differ_in_their_last_bits"},
    ),
    "takes more than its budget": (
        (Descend, {"traits": SamplerTraits(budget=ROUNDS * DESCENTS * 5 - 1)}),
        {"stays_within_its_budget"},
    ),
    "explains each time another thing": (
        (Descend, {"explain": lambda self, chart, landscape: row(x=float(np.random.default_rng().normal()))}),
        {"explains_the_same_each_time"},
    ),
    "explains with records": (
        (Descend, {"explain": lambda self, chart, landscape: Finding(records={"": {"x": 1}})}),
        {"explains_the_same_each_time"},
    ),
    "repairs losses": (
        recording(lambda fields: {name: np.nan_to_num(values) for name, values in fields.items()}),
        {"keeps_losses_that_are_not_finite"},
    ),
    "scores the same networks for ever": (
        (TORCH, {"scorer": lambda self, *of: Unrenewed(TORCH.scorer(self, *of))}),
        {"renewed_scorer_scores_as_a_new_one"},
    ),
    "forgets a field": (
        recording(lambda fields: {name: v for name, v in fields.items() if name != "test_accuracy"}),
        {"records_every_network_once"},
    ),
    "scores a field that it does not name": (
        recording(lambda fields: {**fields, "train_sharpness": fields["train_loss"]}),
        {"adds_the_fields_that_it_names"},
    ),
    "offers a field that it scores": (
        (TORCH, {"offered_fields": lambda self, probe: {"train_loss": "loss = true"}}),
        {"offers_fields_that_it_does_not_score"},
    ),
    "counts examples that are not there": (
        (TORCH, {"scored_examples": lambda self, probe: {"train": 10**6, "test": 1}}),
        {"counts_the_examples_of_every_split"},
    ),
    "makes losses relative to their unit": (
        recording(lambda fields: fields | {"train_loss": fields["train_loss"] / fields["train_loss"].max()}),
        {
            "another_cut_gives_nearly_the_same_numbers",
            "keeps_losses_that_are_not_finite",
            "calibrates_statistics",
            "scores_a_network_with_its_own_buffers",
            "draws_the_same_numbers_for_all_networks",
        },
    ),
    "is never twice the same": (
        recording(
            lambda fields: fields | {"train_loss": fields["train_loss"] + np.random.default_rng().normal() / 1e7}
        ),
        {
            "draws_the_same_numbers_for_all_networks",
            "same_plan_gives_the_same_bits",
            "scores_in_another_process",
            "scores_what_a_unit_has_and_no_more",
            "survives_a_failing_network",
        },
    ),
    "does not calibrate": (
        (TORCH, {"scorer": uncalibrated}),
        {
            "calibrates_statistics",
            "scores_a_network_with_its_own_buffers",
            "gives_the_buffers_with_which_it_scores",
        },
    ),
    "re-estimates what is no statistic": (
        with_buffers(calibrate=shifting),
        {"calibration_leaves_other_buffers_alone"},
    ),
    "re-estimates nothing": (
        with_buffers(calibrate=resting),
        {"names_its_statistics", "reduces_by_the_batch_where_statistics_are_missing"},
    ),
    "draws from a generator of its own in each call": (
        task(reduce=self_willed),
        {"draws_what_a_seed_repeats"} | UNREPEATED,
    ),
    "scores a network with the buffers of the one before": (with_buffers(reduce=behind), {"keeps_no_buffers"}),
    "does not seed what it draws": (
        other_networks(lambda networks: evolve(networks, seed=None)),
        {"draws_the_same_numbers_for_all_networks", "gradient_changes_no_field"},
    ),
    "scores all networks with a fresh model's buffers": (
        other_networks(lambda networks: evolve(networks, buffers=())),
        {"scores_a_network_with_its_own_buffers", "gives_the_buffers_with_which_it_scores"},
    ),
    "gives a gradient in other units": (
        beside_a_gradient(lambda fields: fields | {GRADIENT: 1.001 * fields[GRADIENT]}),
        {"gradient_is_that_of_differences"},
    ),
    "gives the gradient of another split": (
        other_networks(lambda networks: evolve(networks, gradient=networks.gradient and "train_loss")),
        {"gradient_is_that_of_differences"},
    ),
    "scores otherwise beside a gradient": (
        beside_a_gradient(lambda fields: fields | {"train_loss": 1.001 * fields["train_loss"]}),
        {"gradient_changes_no_field"},
    ),
    "hides what a task raises": (scoring(hiding), {"survives_a_failing_network"}),
    "leaves gradients off": (scoring(ungrateful), {"survives_a_failing_network"}),
    "computes again what is recorded": ((TORCH, {"scorer": eager}), {"scores_what_a_unit_has_and_no_more"}),
    "repairs losses before the tree is built": (
        topology(np.nan_to_num),
        {"knows_two_components", "survives_a_field_without_finite_samples"},
    ),
    "looks at differences that are too fine": (
        topology(lambda values: np.round(values / 2)),
        {
            "knows_two_bowls",
            "knows_two_components",
            "order_preserving_rescaling_keeps_the_tree",
            "agrees_with_the_definition_on_paths",
        },
    ),
    "does not simplify": ((GUDHI, {"compute": unsimplified}), {"threshold_removes_the_smaller_pairs"}),
    "finds NaN": (
        analysis(lambda self, finding, atlas, rng: row(x=float("nan"))),
        {
            "finding_is_json_without_nan",
            "survives_maps_without_inverse",
            "survives_an_empty_topology",
            "same_generator_gives_the_same_finding",
        },
    ),
    "has cells without a column": (
        analysis(lambda self, finding, atlas, rng: row(y=1)),
        {"tables_have_their_columns"},
    ),
    "shows NaN": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(HEAT, evolve(PLOT, panels=(panel(y=np.nan),))))),
        {
            "finding_is_json_without_nan",
            "survives_maps_without_inverse",
            "survives_an_empty_topology",
            "same_generator_gives_the_same_finding",
        },
    ),
    "has two pictures of one name": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(HEAT, evolve(PLOT, name=HEAT.name)))),
        {"pictures_can_be_told_apart"},
    ),
    "has two pictures of one title": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(HEAT, evolve(PLOT, title=HEAT.headline)))),
        {"pictures_can_be_told_apart"},
    ),
    "has a picture of which nothing is said": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(evolve(PLOT, caption=" "),))),
        {"pictures_can_be_told_apart"},
    ),
    **{
        f"has {what}": (
            analysis(lambda self, finding, atlas, rng, flawed=flawed: Finding(pictures=(flawed,))),
            {"pictures_can_be_drawn"},
        )
        for what, flawed in FLAWED.items()
    },
    "records what is no map": (
        analysis(lambda self, finding, atlas, rng: Finding(records={"nobody": {"x": 1}})),
        {"records_are_of_maps"},
    ),
    **{
        f"knows a path {what}": (
            analysis(lambda self, finding, atlas, rng, path=path: Finding(paths=(path,))),
            {"paths_join_runs"},
        )
        for what, path in {
            "to nowhere": KnownPath(one="A", other="nobody", field="train_loss", worst=1.0, found_by="it"),
            "to its start": KnownPath(one="A", other="A", field="train_loss", worst=1.0, found_by="it"),
            "of no field": KnownPath(one="A", other="B", field="nothing", worst=1.0, found_by="it"),
        }.items()
    },
    "needs a landscape": (
        analysis(lambda self, finding, atlas, rng: row(x=len(atlas.maps[0].landscape.samples.points))),
        {"survives_maps_without_inverse"},
    ),
    "needs a leaf": (
        analysis(
            lambda self, finding, atlas, rng: (
                row(x=int(atlas.maps[0].topology.tree.minima[0])) if atlas.maps[0].topology else finding
            )
        ),
        {"survives_an_empty_topology"},
    ),
    "answers differently each time": (
        analysis(lambda self, finding, atlas, rng: row(x=float(np.random.default_rng().normal()))),
        {"same_generator_gives_the_same_finding"},
    ),
    "calls derived members trained": (derived("trained"), {"derives_members_that_fit"}),
    "reduces to means": (task(reduce=averaged), {"reductions_add_up"}),
    "describes what it does not measure": (task(__init__=describing), {"names_splits_and_measures"}),
    "repairs its loss": (task(reduce=repaired), {"keeps_losses_that_are_not_finite"}),
    "trains on another loss": (task(reduce=halved), {"reduced_mean_is_the_objective"}),
    "says something of fewer examples than it is asked about": (
        task(outputs=lambda self, *given: TinyProbe.outputs(self, *given)[:3]),
        {"outputs_are_of_each_example"},
    ),
    "computes another loss from predictions": (
        task(loss_of_predictions=lambda self, *given: 2 * TinyProbe.loss_of_predictions(self, *given)),
        {"loss_is_computed_from_predictions"},
    ),
    "has a Fisher information that leans to one class": (
        task(predictions_fisher=lambda self, predictions, batch, vectors: vectors.roll(1, -1)),
        {"fisher_information_is_symmetric"},
    ),
    "cannot be differentiated": (task(objective=detached), {"objective_is_differentiable"}),
    "is moved by training": (
        task(objective=stuck),
        {"training_leaves_no_trace", "failure_leaves_no_trace"},
    ),
    "initialises from the global generator": (
        task(initialise=unseeded),
        {
            "builds_the_same_task_twice",
            "reduced_mean_is_the_objective",
            "training_leaves_no_trace",
            "failure_leaves_no_trace",
            "keeps_no_buffers",
        },
    ),
}


@pytest.mark.parametrize(("made", "checks"), WRONG.values(), ids=WRONG)
def test_a_component_that_is_wrong_in_one_point_is_found_out_for_it(made, checks):
    base, body = made
    assert violated(wrong(base, **body)) == checks


@pytest.mark.parametrize(
    "component",
    [
        Kept2D(),
        Corners(),
        Descend(),
        Counts(),
        Pictures(),
        tiny_task(),
        tiny_task(normalised=True),
        tiny_task(shifted=True),
        tiny_task(drawing=True),
        tiny_task(normalised=True, shifted=True, drawing=True),
    ],
)
def test_components_that_are_right_pass(component):
    check_component(component)


# The same for options.


def asking(doc="Ask for corners.\n\nAttributes:\n    size: Of the square.\n", frozen=True, kw_only=True, **body):
    """Return a class of samplers with these options."""
    body = {"__annotations__": {"size": int}, "size": 1} | body
    cls = type("Asking", (), {"__doc__": doc, "ask": lambda self, chart, landscape, rng: None, **body})
    cls = define(frozen=frozen, kw_only=kw_only, slots=False)(cls)
    globals()["Asking"] = cls  # pickled by reference
    return cls


def refuse_one(self):
    if self.size == 1:
        raise ValueError("size must be given")


def refuse_pickling(self):
    raise TypeError("cannot be pickled")


MISMADE = {
    "can be changed": ({"frozen": False}, {}, {"is_frozen"}),
    "takes options by position": ({"kw_only": False}, {}, {"is_an_attrs_class_of_keywords"}),
    "has an option of which nothing is said": ({"doc": "Ask for corners."}, {}, {"is_documented"}),
    "says nothing": ({"doc": None}, {}, {"is_documented"}),
    "takes a reserved key": (
        {"doc": "Ask.\n\nAttributes:\n    name: N.\n", "__annotations__": {"name": str}, "name": "a"},
        {},
        {"leaves_reserved_keys_alone"},
    ),
    "has a value that TOML cannot say": (
        {"__annotations__": {"size": int | None}},
        {"size": None},
        {"options_survive_toml"},
    ),
    "has an option that is never read": (
        {"__annotations__": {"size": Any}, "size": field(default=1, init=False)},
        {},
        {"options_survive_toml", "unknown_option_is_refused"},
    ),
    "does not construct by default": ({"__attrs_post_init__": refuse_one}, {"size": 2}, {"constructs_by_default"}),
    "cannot be pickled": ({"__reduce__": refuse_pickling}, {}, {"is_picklable"}),
    "is right": ({}, {}, set()),
}


@pytest.mark.parametrize(("body", "options", "checks"), MISMADE.values(), ids=MISMADE)
def test_options_that_are_wrong_in_one_point_are_found_out_for_it(body, options, checks):
    assert violated(asking(**body)(**options)) == checks


def test_a_component_of_keywords_that_is_no_attrs_class_is_reported_to_become_one():
    class Plain:
        def ask(self, chart, landscape, rng):
            return None

    with pytest.raises(ContractError, match=r"Plain: is_an_attrs_class_of_keywords: is no attrs class: decorate"):
        check_component(Plain())


def test_all_violations_are_reported_at_once_with_the_component_the_check_and_what_is_wrong():
    silent = asking("Ask for corners.", kw_only=False)()
    with pytest.raises(ContractError) as raised:
        check_component(silent)
    assert str(raised.value) == (
        "Asking: is_an_attrs_class_of_keywords: takes ['size'] by position: decorate it with kw_only=True\n"
        "Asking: is_documented: does not say what ['size'] mean: list them under Attributes: in its docstring"
    )


def test_an_expected_failure_is_not_reported():
    check_component(asking("Ask.")(), expected_failures={"is_documented": "its author is shy"})


def test_an_expected_failure_that_passes_is_one():
    with pytest.raises(ContractError, match="Asking: is_documented: passes, although it is expected to fail: why not"):
        check_component(asking()(), expected_failures={"is_documented": "why not"})


def test_an_expected_failure_of_no_check_is_refused_with_a_suggestion():
    for use in (check_component, lambda one, **options: parametrize_contract([one], **options)):
        with pytest.raises(ValueError, match=r"no check 'is_document'; did you mean 'is_documented'\?"):
            use(asking()(), expected_failures={"is_document": "misspelt"})


def test_the_decorator_expects_failures_strictly_and_names_cases_by_component_and_check():
    mark = parametrize_contract([Corners(), Counts()], expected_failures={"ends": "never"})
    names, cases = mark.args
    assert names == "check"
    assert "Corners-is_a_pure_function" in [case.id for case in cases]
    expected = [case for case in cases if case.marks]
    assert [case.id for case in expected] == ["Corners-ends"]
    assert expected[0].marks[0].kwargs == {"reason": "never", "raises": ContractError, "strict": True}


def test_the_kit_does_not_need_pytest():
    code = (
        "import sys; sys.modules['pytest'] = None; import globscope.testing as t; t.checks_for(t.tiny_task())[0][1]()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_class_with_the_methods_of_no_role_or_of_two_has_none():
    class Both:
        ask = build = len

    with pytest.raises(TypeError, match=r"Both must have the method of one role.*; it has those of task and sampler"):
        role_of(Both)
    with pytest.raises(TypeError, match=r"int must have the method of one role.*; it has none"):
        role_of(int)


def test_a_registry_of_classes_knows_them_by_name_and_role_and_nothing_else():
    alone = registry_of(corners=Corners, **{"keep-two": Kept2D})
    assert [(c.role, c.name, c.cls) for c in alone.components] == [
        ("sampler", "corners", Corners),
        ("reducer", "keep-two", Kept2D),
    ]
    both = registry_of(alone, REGISTRY, counts=Counts)
    assert set(both.role("sampler")) == {
        "adaptive",
        "corners",
        "critical-points",
        "gaussian-ball",
        "grid",
        "path",
        "sobol",
    }
    assert both.of(Counts()).role == "analysis"


def test_the_tiny_population_spans_eleven_directions_and_is_the_same_for_the_same_seed():
    one, two, other = tiny_inputs(3), tiny_inputs(3), tiny_inputs(4)
    np.testing.assert_array_equal(one.coordinates, two.coordinates)
    assert not np.array_equal(one.coordinates, other.coordinates)
    assert one.coordinates.shape == (12, 11)
    assert [member.label for member in one.members[:5]] == ["A@0", "A@1", "A@2", "A@3", "B@0"]
    # The span holds the members to float32, of which these weights have magnitude 1.
    np.testing.assert_allclose(one.space.lift(one.coordinates), one.population.weights, atol=1e-5)
