"""What a component of each role must do: one Protocol a role.

A component *is* its options: a frozen, keyword-only attrs class whose fields a spec may set, with
the one or two methods below. Only `build`, `reduce`, `ask`, `evaluate`, `compute`, `analyse` and `align`
run code; constructing a component must cost nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from globscope.values.chart import Chart, Progress, ReducerInputs
from globscope.values.evaluation import Journal, Networks
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.members import Layout, Population
from globscope.values.topology import Topology

Tensors = Mapping[str, Any]


class Probe(Protocol):
    """A task on a device: the model without weights, and the data. Made by `Task.build`.

    Attributes:
        layout: Names and shapes of what is flattened.
        splits: Names of the data's parts, such as `("train", "test")`. The first is trained on.
        measures: Names of the reductions, such as `("loss", "accuracy")`; a landscape's field is
            `<split>_<measure>`.
        vmappable: Whether `reduce` may run under `torch.vmap` over a stack of parameters; for training, `objective`
            is then tried too (or where an attribute `stackable` says so).
        grad_inside: Whether the loss itself differentiates (a PINN's does): then no inference mode.
        statistics: Names of the buffers that `calibrate` re-estimates (a BatchNorm layer's running mean, variance and
            count); empty where there are none. All other buffers, such as an input normaliser's mean, a mask or a
            table, are a network's own, and decoded networks are scored with those of the nearest member.

    May have `chance`, what guessing scores by field (ln C for the cross-entropy of C classes), and
    `aliases`: names that other people's checkpoints use for a module, by the name here, and `ties`: further
    names of a tensor that the model uses in several places, and `fixed`: parameters that the model has and does
    not train, by name, and `roots`: measures that are the square root of the mean that `reduce` gives (a relative L2
    error is no mean; its square is, and adds up over batches). May offer
    `digest() -> str`, a hash of its data, so that a change of what a user's function reads is seen. Where
    buffers are flattened too, a study's probe `travels`, and has `encoded(parameters) -> buffers`, those
    among them, and `logarithms`, the names under which variances are flattened, by those of the buffers. Where
    only a part is flattened, `rest` has the other parameters. May name as `unsaved` the buffers that checkpoints do
    not hold (torch's `persistent=False`): they are the model's own, and must be the same in every fresh network.

    May offer `module`, the torch module whose forward it runs, in evaluation mode and with the layout's names (its
    own weights mean nothing), together with `inputs(batch) -> tuple`, what the module takes of a batch by position:
    from them the permutation symmetry of the network is found, and without them networks cannot be aligned.

    May have `outputs(parameters, buffers, batch) -> tensor`, what the network says of a batch:
    (examples, …, classes or values), examples first, and where there are right answers (`accuracy` is measured) the
    largest along the last axis is the network's. Layers behave as in `reduce`; analyses that compare networks by
    what they say need it. Where it is missing, `no_outputs` may say why.

    May name in `whole` the measures that are no means over batches. For these `reduce` gives, in place of a sum, what
    they need of the batch, and `finish(measure, parts) -> scalar tensor` makes the measure of all batches of a split.
    """

    layout: Layout
    splits: tuple[str, ...]
    measures: tuple[str, ...]
    vmappable: bool
    grad_inside: bool
    statistics: tuple[str, ...]

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's parameters and all its buffers, the same for the same seed."""
        ...

    def examples(self, split: str) -> int:
        """Return how many examples a split has."""
        ...

    def batch(self, split: str, indices: Any) -> Any:
        """Return the examples with these indices (a long tensor), on the device."""
        ...

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the parameters.

        With `training`, layers behave as in training, and statistics in `buffers` move.
        """
        ...

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return, by measure, its sum over the batch (a scalar tensor) and its weight.

        What it draws, it draws from a global generator (torch's, numpy's or Python's), which is seeded for every batch.
        Where `buffers` lacks the statistics, they are those of the batch itself.
        """
        ...

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return `buffers` with the statistics re-estimated on `batches`; never under vmap.

        The forward passes use the other buffers as they are handed in, and leave them so; statistics that are
        handed in have no influence, and need not be there.
        """
        ...


class Task(Protocol):
    """What is learnt: model, data and loss. Picklable: holds options and references only.

    May offer `fitting(names) -> Task`, the same task with the model whose tensors have these names, so
    that a variant of an architecture is told from the checkpoints themselves. May offer the class method
    `recognise(shapes) -> dict | None`: the options with which a model of its own has tensors of these names and shapes,
    for `globscope init FOLDER`; None where it knows none. An option whose metadata say `scores_only` has no part in
    training: where it changes, networks are scored again, and none is trained again.
    """

    def build(self, device: str) -> Probe:
        """Return the task on a device."""
        ...


class Reducer(Protocol):
    """Finds a chart.

    May offer `restore(inputs, arrays) -> Chart` to rebuild one without a fit, and `trial(members)`, by which `globscope
    check` tells the time of a fit: a reducer whose own fit to so many members takes a second at most, with how many
    times as long this one's takes at most, or None where no short fit can tell. Where no chart of its kind decodes, a
    class variable `why_no_inverse` says so before a fit, and a study is planned accordingly. Class variables tell of
    slices: `own_space` that its charts bring a space of their own, so that it is handed no coordinates of the members
    in a study, one member is enough, and `latent_dim` may exceed their directions; `centred` that they have a `centre`.
    `needs` has the networks (`variant` or `variant@step`) that it cannot do without.
    """

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return a chart fitted to the members; equal inputs and `rng` give an equal chart."""
        ...


class Sampler(Protocol):
    """Chooses the points of a chart that are evaluated, in one round or several.

    May offer `count(dimension) -> int | None`, how many it will ask for on a chart of so many axes, so
    that a study can be estimated before it runs, `shape(dimension)`, the samples per axis where it fills a lattice
    of all axes, `needs`, the names of the variants that it samples, and `check(dimension, centred)`, which raises a
    GlobscopeError for what cannot work on such charts, before anything long.
    """

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the next round's samples, or None when there is nothing left to ask.

        A pure function: `landscape` holds all samples asked before (None at first), `rng` is the
        round's own.
        """
        ...


class Evaluator(Protocol):
    """Scores networks on a task, each with its own buffers (`NetworkBuffers` is the rule).

    Where `networks.seed` is set, scoring draws: each batch is scored with generators seeded from it, the split and the
    batch (`seeded`, `seed_of`), the same for all networks.

    May offer `check(probe)`, which raises an EvaluationError for what cannot work, before anything long.
    """

    def evaluate(self, networks: Networks, task: Task, journal: Journal, progress: Progress) -> None:
        """Record every pending unit's fields in the journal.

        Values are recorded as they come, non-finite ones too. Independent of the order of units.

        Raises:
            EvaluationError: A unit of one network does not fit into memory.
        """
        ...


class TopologyMethod(Protocol):
    """Condenses a landscape's field into a merge tree."""

    def compute(self, landscape: Landscape) -> Topology:
        """Return the merge tree of one field; samples that are not finite are left out."""
        ...


class Draft(Protocol):
    """What a long computation has so far, kept on disk, so that it continues there after a kill."""

    def read(self) -> dict[str, np.ndarray]:
        """Return the arrays that were written last; nothing at the start."""
        ...

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, atomically, in place of those before."""
        ...


Work = Callable[[Draft, Progress], Mapping[str, np.ndarray]]


class Aligner(Protocol):
    """Matches the units of one network with those of another.

    May offer `scores(task, a, b, rng) -> Mapping[str, np.ndarray]`, by group the (n, n) numbers, a's units down and
    b's across, whose best assignment it returns: others can start from them. One that starts from another's has an
    option `start`, that aligner's name in the spec (or its own), which may also say `random`, and offers
    `starting(scores) -> Aligner`, which aligns from the scores of one pair.

    One that learns from many networks says so with `learns`, true where it has to learn before it can align, and
    offers `learn(task, zoo, draft, progress, rng) -> Mapping[str, np.ndarray]`, given a Population of the task's
    networks (all of whose members count), a `Draft` from which it continues after a kill, and `progress(done, total,
    **figures)`; `learned(arrays) -> Aligner`, which aligns by what was learned; and `told(arrays) -> Finding`, how
    the learning went. What is learned is stored under the aligner's options, the task and the networks; arrays called
    `seconds`, or `…/seconds`, are kept apart from it and only handed to `told`. `fewest` is the least number of
    networks that it learns from: a smaller zoo is refused before anything is trained.

    May offer `check(probe)`, which raises a GlobscopeError for networks that it cannot align, before anything long.
    """

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return, for every group of `symmetry(task.build(...))`, the permutation of b that fits a.

        Args:
            task: Of both networks.
            a: Parameters and buffers by name, numpy arrays.
            b: Likewise.
            rng: The only source of chance; equal arguments give equal permutations.

        Returns:
            By name of the group, (n,) integers: unit i of a is matched with unit `permutation[i]` of b, so that
            `symmetry.permute(b, permutations)` is b aligned to a.

        Raises:
            SymmetryError: The network's units cannot be exchanged, or not be found.
        """
        ...


class Bench(Protocol):
    """A study's stages, for analyses: everything is stored under its key, so nothing runs twice."""

    @property
    def seed(self) -> int:
        """The study's seed."""
        ...

    @property
    def task(self) -> Task:
        """The study's task, by what of its weights is flattened."""
        ...

    def stage(self, label: str, parts: Sequence[Any], work: Work) -> Mapping[str, np.ndarray]:
        """Return the arrays that `work` makes, from the store where they were made before.

        `parts` is all that they follow from beside the task and the study's seed: options, components, arrays
        (hashed by their bytes). The label tells whoever watches what is being done.
        """
        ...

    def fit(self, reducer: str, population: Population, seed: int | None = None) -> Map:
        """Return the chart of a reducer of the spec, fitted to `population`'s members in the fit."""
        ...

    def landscape(self, fitted: Map) -> Map:
        """Return the map with its samplers' landscapes and their topologies."""
        ...

    def measure(self, networks: Networks) -> Mapping[str, np.ndarray]:
        """Return the fields of given networks, (n,) each.

        Those without buffers are scored with the buffers that all members have in common; where members differ in one
        that is no statistic, that is an error.
        """
        ...

    def align(self, aligner: str, a: Tensors, b: Tensors, label: str) -> Mapping[str, np.ndarray]:
        """Return what an aligner finds for two networks, by its name in the spec, or with its defaults by its own.

        The permutations are as `Aligner.align` returns them; the label tells whoever watches what is aligned.
        """
        ...

    def sample(self, fitted: Map, samples: Samples) -> Landscape:
        """Return the landscape at given points of a map with an inverse, decoded as one batch."""
        ...

    def topology(self, name: str, landscape: Landscape) -> Topology:
        """Return what the topology of this name in the spec makes of a landscape."""
        ...


class Analysis(Protocol):
    """Answers a question on finished maps.

    May offer `derive(task, population, bench, rng) -> Population`: members to add before the maps are fitted
    (curve points, re-based networks), made from those that were trained or read; those that say `in_fit=False`
    are evaluated and left out of the fits. What takes long there belongs into `bench.stage`. May offer
    `plan(maps, variants) -> str`, what it will do on so many maps with an inverse, in a few words, and
    `evaluations(lattices, maps, variants) -> int`, how many networks it scores at most, given the shape (samples
    per axis) of every lattice that the maps will be sampled on, and `refits() -> int`, how often it fits every map
    again and has its landscape. May offer `check(probe, variants)`, which raises a GlobscopeError for what cannot
    work with this task and these variants, before anything long. An option `reducers` names the maps that it looks
    at, all where it is empty: names are then checked, maps without an inverse refused, and plans count no others.
    An option `aligners` names aligners, which are checked. In which basins a map's runs end, and which it does not
    show, `last_networks(map, landscape, topology)` tells; the sample nearest to a member may be of another network.
    """

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return what was found."""
        ...
