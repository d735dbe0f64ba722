"""Components that keep the contract of their role, and what makes wrong ones of them."""

import numpy as np
import torch
from attrs import define, evolve
from support.components import BUILT_IN as REGISTRY
from support.searches import Descend

from globscope.api import (
    GRADIENT,
    Chart,
    Description,
    Finding,
    HeatMap,
    Member,
    Overlay,
    Panel,
    Plot,
    Population,
    SamplerTraits,
    Samples,
    Series,
    Table,
    Trail,
)
from globscope.testing import tiny_task


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


@define(frozen=True, kw_only=True)
class Announced(Descend):
    """Descend, and announce it."""

    @property
    def traits(self):
        return SamplerTraits(gradient=self.gradient or None)


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
