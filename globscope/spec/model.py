"""Specs as attrs classes: the one declaration for structuring, messages and schema."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

from attrs import Factory, define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt, le, max_len, min_len, optional

from globscope.bounds import BATCH, EPOCHS, NETWORKS, RUNS, TITLE
from globscope.device import WHERE, device_name
from globscope.references import Pattern
from globscope.spec.each import EntryPlace
from globscope.spec.plugins import ALL, Plugins
from globscope.spec.query import condition
from globscope.spec.style import AUTO, Style
from globscope.spec.validators import name_like, not_empty, not_empty_text, one_line, texts
from globscope.spec.words import NO_KEY
from globscope.torch_settings import Precision

OptimiserName = Literal["adamw", "adam", "sgd", "lbfgs"]


@define(frozen=True, kw_only=True)
class Continuation:
    """Training that goes on with another optimiser, from the weights that the one before it has left.

    Attributes:
        optimiser: Name of the optimiser, one of those of `[population.train]`.
        epochs: Epochs with this optimiser, after those of the ones before it.
        learning_rate: Its learning rate, which stays constant; that of the run if unset, and 1 for `lbfgs`.
    """

    optimiser: OptimiserName
    epochs: int = field(validator=and_(ge(1), EPOCHS))
    learning_rate: float | None = field(default=None, validator=optional(gt(0)))


@define(frozen=True, kw_only=True)
class Train:
    """How the variants are trained here.

    Attributes:
        epochs: Passes over the training split, with the first optimiser.
        save_every: Epochs between checkpoints; step 0 and the last epoch are always saved.
        optimiser: `adamw` (decoupled weight decay), `adam` or `sgd` (weight decay as L2), or `lbfgs`: torch's L-BFGS
            with a strong Wolfe line search. An epoch of it has up to 20 iterations on all examples at once, with up to
            25 evaluations of the loss; its learning rate is the first step length that a line search tries, usually 1.
        then: Optimisers that continue the training, one after another, such as
            `[{ optimiser = "lbfgs", epochs = 50 }]`. Schedule and warm-up belong to the epochs before them.
        momentum: Momentum of `sgd`.
        nesterov: Whether `sgd` uses Nesterov's momentum.
        schedule: Learning rate over the epochs: `constant`, `cosine` (falls to zero) or `step` (falls at the
            milestones).
        milestones: Epochs after which `step` multiplies the learning rate by `decay`.
        decay: Factor of the learning rate at each milestone of `step`.
        warm_up: Epochs in which the learning rate rises from zero, step by step, to that of the schedule; large batches
            and rates need some.
        initialisation: `own` starts every variant from fresh weights drawn with its own seed, `shared` starts all from
            the same weights. Whether runs share a basin depends on it.
        precision: Precision of matrix products in training on a cuda GPU: `tf32` rounds their inputs, `bfloat16` halves
            them; weights and losses stay float32.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
        cuda_graphs: Whether a cuda GPU records a training step and repeats it, which for small networks is several
            times faster. Steps in which the host has to wait for the GPU are taken one by one all the same.
        at_once: Networks stacked and trained together, where that is faster: small ones without BatchNorm or layers
            that draw, three quarters as many of them of one recipe; 1 trains one after another.
    """

    epochs: int = field(default=40, validator=and_(ge(1), EPOCHS))
    save_every: int = field(default=4, validator=ge(1))
    optimiser: OptimiserName = "adamw"
    then: tuple[Continuation, ...] = ()
    momentum: float = field(default=0.9, validator=ge(0))
    nesterov: bool = False
    schedule: Literal["constant", "cosine", "step"] = "constant"
    milestones: tuple[int, ...] = field(default=(), validator=deep_iterable(ge(1)))
    decay: float = field(default=0.1, validator=gt(0))
    warm_up: float = field(default=0.0, validator=and_(ge(0), EPOCHS))
    initialisation: Literal["own", "shared"] = "own"
    precision: Precision = "float32"
    device: str = field(default="auto", validator=device_name, metadata=WHERE)
    cuda_graphs: bool = True
    at_once: int = field(default=32, validator=and_(ge(1), RUNS))

    def __attrs_post_init__(self) -> None:
        if self.nesterov and ("sgd" not in self.optimisers or self.momentum == 0):
            raise ValueError("nesterov is for optimiser = 'sgd' with momentum")
        if (self.schedule == "step") != bool(self.milestones):
            raise ValueError("schedule = 'step' and milestones go together")

    @property
    def optimisers(self) -> tuple[OptimiserName, ...]:
        """The optimisers in the order in which they are used."""
        return (self.optimiser, *(one.optimiser for one in self.then))

    def steps(self, recipe: "Recipe") -> list[int]:
        """Return the epochs at which a run saves a checkpoint."""
        epochs, every = self._pace(recipe)
        return [*range(0, epochs, every), epochs]

    def checkpoint_count(self, recipe: "Recipe") -> int:
        """Return how many checkpoints a run saves, without listing them."""
        epochs, every = self._pace(recipe)
        return -(-epochs // every) + 1

    def _pace(self, recipe: "Recipe") -> tuple[int, int]:
        """Return the epochs of a run with all its optimisers, and how many lie between its checkpoints."""
        epochs = self.epochs if recipe.epochs is None else recipe.epochs
        total = epochs + sum(one.epochs for one in self.then)
        return total, self.save_every if recipe.save_every is None else recipe.save_every


@define(frozen=True, kw_only=True)
class Recipe:
    """One training run.

    Attributes:
        batch_size: Examples per step.
        learning_rate: Learning rate of the optimiser.
        weight_decay: Weight decay of the optimiser; `lbfgs` has none.
        epochs: Epochs of this run with the first optimiser, instead of those of all runs.
        save_every: Epochs between checkpoints of this run, instead of those of all runs.
        seed: Seed of initialisation and data order; if unset, drawn from the study's seed and the run's name.
    """

    batch_size: int = field(default=64, validator=and_(ge(1), BATCH))
    learning_rate: float = field(default=1e-3, validator=gt(0))
    weight_decay: float = field(default=0.0, validator=ge(0))
    epochs: int | None = field(default=None, validator=optional(and_(ge(1), EPOCHS)))
    save_every: int | None = field(default=None, validator=optional(ge(1)))
    seed: int | None = field(default=None, validator=optional(ge(0)))


@define(frozen=True, kw_only=True)
class Variant(Recipe):
    """A training run of the population.

    Attributes:
        name: Name of the run in figures and tables.
        repeat: Number of runs of this recipe, each with a seed of its own, named with their numbers: A1, A2, ….
    """

    name: str = field(validator=name_like)
    repeat: int | None = field(default=None, validator=optional(and_(ge(1), RUNS)))

    def __attrs_post_init__(self) -> None:
        if self.repeat is not None and self.seed is not None:
            raise ValueError("repeat goes without 'seed', which would make all of them one run")

    @property
    def runs(self) -> "list[Variant]":
        """The training runs that it stands for."""
        if self.repeat is None:
            return [self]
        return [evolve(self, name=f"{self.name}{number}", repeat=None) for number in range(1, self.repeat + 1)]


@define(frozen=True, kw_only=True)
class CheckpointFiles:
    """Checkpoints by a pattern, or one by its path.

    Attributes:
        variant: Name of the training run that they belong to; with `pattern`, a template of its words, such as `{seed}
            EMA`.
        pattern: Pattern of existing files; a relative pattern starts from the spec's folder.
        path: Path of one file.
        step: With `path`: epochs, or whatever counts, since the start of its run; 0 if unset.
        key: Which state dict of the files to read; that of `population.key` if unset.
    """

    variant: str = field(validator=name_like)
    pattern: Pattern | None = None
    path: Path | None = None
    step: int | None = field(default=None, validator=optional(ge(0)))
    key: str | tuple[str, ...] | None = field(default=None, validator=optional(min_len(1)))

    def __attrs_post_init__(self) -> None:
        if (self.pattern is None) == (self.path is None):
            raise ValueError("needs exactly one of 'pattern' and 'path'")
        if self.pattern is not None and self.step is not None:
            raise ValueError("step goes with 'path'; a pattern has its own {step}")


@define(frozen=True, kw_only=True)
class Columns:
    """What the columns of a table of networks are called.

    Attributes:
        path: The column of the networks' files; relative paths start from the table's folder.
        run: The column of the training runs' names; without it, every row is a run of its own, named by its path.
        step: The column of epochs, or whatever counts, since the start of the run; without it, every network is step 0.
    """

    path: str = field(default="path", validator=name_like)
    run: str = field(default="run", validator=name_like)
    step: str = field(default="step", validator=name_like)


Checkpoints = Pattern | tuple[Pattern, ...] | tuple[CheckpointFiles, ...]


@define(frozen=True, kw_only=True)
class NetworkSource:
    """Where networks come from: `checkpoints` or a `table` of yours, or `train` and `variant` here.

    Attributes:
        checkpoints: Pattern of existing files, such as `runs/{variant}/epoch{step}.pt` or `runs/{variant}/last.pt`, a
            list of patterns, or tables [[population.checkpoints]] with `variant` and `pattern` or `path`.
        table: A table of networks and their figures (.csv, .parquet, .json or .jsonl), with the columns `path`, `run`
            and `step`. With `checkpoints`, it gives the figures of these runs, or of steps of them, and needs no
            `path`; then it may also be a pattern such as `zoo/{variant}/result.json`, or a list of either.
        columns: What the table calls its columns, such as `{ path = "file", step = "epoch" }`.
        figures: Columns of the table that maps, tables and relations may show as figures of the networks; all if unset.
        where: Condition on networks, such as `accuracy > 0.9 and optimiser in ['adam', 'sgd']`: of the table's columns,
            of `variant` and `step`, and of the scores that files record, such as `test_accuracy`.
        every: Of each run only every k-th of the networks that are left, counted back from its last.
        last: Of each run only the last k of the networks that are left.
        train: How to train the variants here.
        variant: The training runs, one table [[population.variant]] each; with `checkpoints`, a template of run names
            made of the pattern's words, such as `{seed}-{kind}`, or the name of the only run.
        key: With `checkpoints`: which state dict to read from a file that holds several, such as `model_ema`, dotted if
            it lies deeper; or what the names of the wanted tensors begin with. A list joins the state dicts of a
            network's parts, such as `["generator", "discriminator"]`, whose tensors are then `generator.…`.
        rename: With `checkpoints`: new beginnings for the names of tensors, such as `{ "backbone." = "" }`; the longest
            beginning that matches counts.
        parent: Recipe of a network that is trained first; every variant then starts from its last weights.
        seed: Seed of the training; the study's if unset.
    """

    checkpoints: Checkpoints | None = field(default=None, validator=optional(not_empty))
    table: Pattern | tuple[Pattern, ...] | None = field(default=None, validator=optional(not_empty))
    columns: Columns | None = None
    figures: tuple[str, ...] = field(default=(), validator=deep_iterable(name_like))
    where: str | None = field(default=None, validator=optional(condition))
    every: int | None = field(default=None, validator=optional(ge(1)))
    last: int | None = field(default=None, validator=optional(ge(1)))
    train: Train | None = None
    variant: str | tuple[Variant, ...] = field(default=(), validator=not_empty_text)
    key: str | tuple[str, ...] | None = field(default=None, validator=optional(min_len(1)))
    rename: dict[str, str] = field(factory=dict, validator=texts)
    parent: Recipe | None = None
    seed: int | None = field(default=None, validator=optional(ge(0)))

    def __attrs_post_init__(self) -> None:
        self._within_bounds()
        self._refuse_decay()
        counts = Counter(run.name for variant in self.variants for run in variant.runs)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice and len({variant.name for variant in self.variants}) == len(self.variants):
            raise ValueError(f"with 'repeat', {twice[0]!r} is the name of two runs")

    def _refuse_decay(self) -> None:
        """Refuse weight decay where an optimiser has none."""
        recipes: list[tuple[str, Recipe]] = [(f"variant {variant.name!r}", variant) for variant in self.variants]
        recipes += [("the parent", self.parent)] if self.parent else []
        for name, recipe in recipes:
            if recipe.weight_decay and self.train is not None and "lbfgs" in self.train.optimisers:
                raise ValueError(f"optimiser 'lbfgs' has no weight decay, which {name} asks for")

    def _within_bounds(self) -> None:
        """Refuse more runs or checkpoints than a study can hold, counted before any is listed."""
        repeats = [variant.repeat or 1 for variant in self.variants]
        if sum(repeats) > RUNS.bound:
            raise ValueError(f"asks for {sum(repeats):,} training runs, which {RUNS.words}")
        if self.train is not None:
            networks = sum(n * self.train.checkpoint_count(v) for n, v in zip(repeats, self.variants, strict=True))
            if networks > NETWORKS.bound:
                raise ValueError(
                    f"saves {networks:,} checkpoints, which {NETWORKS.words}; a larger save_every saves fewer"
                )

    @property
    def reads_files(self) -> bool:
        """Whether the networks are files of the user."""
        return self.checkpoints is not None or self.table is not None

    @property
    def column_names(self) -> Columns:
        """What the columns of its table are called."""
        return self.columns or Columns()

    @property
    def tables(self) -> tuple[Pattern, ...]:
        """The tables, or patterns of such."""
        return (self.table,) if isinstance(self.table, str) else self.table or ()

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The recipes of the runs that are trained here."""
        return () if isinstance(self.variant, str) else self.variant

    @property
    def template(self) -> str | None:
        """How runs of checkpoints are named; None where the pattern has {variant}."""
        return self.variant if isinstance(self.variant, str) else None

    def runs(self) -> list[Variant]:
        """Return the training runs, with their epochs filled in."""
        assert self.train is not None
        runs = [run for variant in self.variants for run in variant.runs]
        return [evolve(run, epochs=self.train.epochs) if run.epochs is None else run for run in runs]


@define(frozen=True, kw_only=True)
class Zoo(NetworkSource):
    """Further networks of the task, from which aligners learn; maps and analyses do not use them."""


@define(frozen=True, kw_only=True)
class Compress:
    """How the networks are compressed before maps are fitted to them: exactly one of `keep` and `rank`.

    Attributes:
        keep: Share of the mapped weights that is kept, the same ones in all networks.
        by: Which: those of the largest mean `magnitude`, and all others are zero, as in pruning; or those that differ
            most between the networks (`variance`), and all others are the networks' mean.
        rank: Largest rank of matrices (of convolutions, with a row for each output channel), by the truncated singular
            value decomposition; tensors of one axis stay as they are.
        of: What has this rank: the `difference` of each matrix from the networks' mean, or the `matrix` itself.
    """

    keep: float | None = field(default=None, validator=optional(and_(gt(0), le(1))))
    by: Literal["magnitude", "variance"] = "magnitude"
    rank: int | None = field(default=None, validator=optional(ge(1)))
    of: Literal["difference", "matrix"] = "difference"

    def __attrs_post_init__(self) -> None:
        if (self.keep is None) == (self.rank is None):
            raise ValueError("needs exactly one of 'keep' and 'rank'")
        if self.keep is None and self.by != "magnitude":
            raise ValueError("by goes with 'keep'")
        if self.rank is None and self.of != "difference":
            raise ValueError("of goes with 'rank'")


@define(frozen=True, kw_only=True)
class PopulationSpec(NetworkSource):
    """The networks of the study.

    Attributes:
        flatten: What part of a network is mapped: its trainable `parameters`, or `all`, which adds its floating
            buffers, with running variances as logarithms (for `evaluator.batch_norm = "encoded"`).
        base: With `checkpoints` or `table`: the network that they were fine-tuned from, a checkpoint or a folder that
            holds one. With it, LoRA adapters as peft saves them are networks: what is mapped are the products of their
            factors, in the tensors that some adapter changes.
        include_base: Whether the base is a member too: step 0 of the variant `base`.
        include: Patterns of names, such as `["head.*", "blocks.11.*"]`: only tensors that match one are mapped; all if
            unset. What is left out must be the same in all checkpoints, or that of the network `unmapped`.
        exclude: Patterns of names of tensors that are not mapped.
        unmapped: With include or exclude: the network whose tensors stand, in all networks, for those that are not
            mapped, such as `A@40`, or `A` for the last one of that run; every network is then scored with them. Thus
            one part of several is mapped, such as the generators beside one discriminator.
        align: Name of an aligner. Before the maps are made, the final network of every run is aligned to that of
            `reference`, and all checkpoints of the run take the same permutation.
        reference: The variant that the others are aligned to; the first if unset.
        compress: How networks are compressed before maps are fitted to them; the losses of the networks themselves stay
            what decoded losses are compared with.
        null: `gaussian` puts surrogates in the networks' place: random vectors that have, tensor by tensor, the same
            inner products within and between runs, so the same distances. What a map shows of them, it makes of
            distances alone.
        null_seed: Seed of the surrogates; the study's if unset.
    """

    flatten: Literal["parameters", "all"] = "parameters"
    base: Path | None = None
    include_base: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unmapped: str | None = field(default=None, validator=optional(min_len(1)))
    align: str | None = None
    reference: str | None = None
    compress: Compress | None = None
    null: Literal["none", "gaussian"] = "none"
    null_seed: int | None = field(default=None, validator=optional(ge(0)))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._require_base()
        if self.null != "none" and (self.align is not None or self.both):
            taken = "align" if self.align is not None else "flatten = 'all'"
            raise ValueError(f"null = {self.null!r} goes without {taken}: surrogates are no networks with units")
        if self.null_seed is not None and self.null == "none":
            raise ValueError("null_seed goes with null = 'gaussian'")
        if self.unmapped is not None and not (self.include or self.exclude):
            raise ValueError("unmapped goes with 'include' or 'exclude'")
        if self.reference is not None and self.align is None:
            raise ValueError("reference goes with 'align'")
        if self.compress is not None and self.both:
            raise ValueError("compress goes with flatten = 'parameters'")
        if self.align is not None and self.both:
            raise ValueError("align goes with flatten = 'parameters'")
        if self.train is not None and (self.include or self.exclude):
            raise ValueError("include and exclude are for checkpoints; runs trained here differ in all weights")

    def _require_base(self) -> None:
        """Refuse options about a base where there is none, or nothing that starts from it."""
        if self.base is not None and not self.reads_files:
            raise ValueError("base goes with 'checkpoints' or 'table'")
        if not self.include_base and self.base is None:
            raise ValueError("include_base goes with 'base'")

    @property
    def both(self) -> bool:
        """Whether buffers are flattened too."""
        return self.flatten == "all"

    @property
    def chooses(self) -> bool:
        """Whether anything but the trainable parameters is mapped."""
        return self.both or bool(self.include or self.exclude)


@define(frozen=True, kw_only=True)
class Entry:
    """A component of a spec, with the keys that every component may set.

    Attributes:
        use: The component's name; `globscope plugins` lists them.
        name: Name of the component, unique within its role; `use` if unset.
        component: The component, with its options as attributes.
    """

    use: str
    name: str = field(default=Factory(lambda entry: entry.use, takes_self=True), validator=name_like)
    component: Any = field(metadata=NO_KEY)


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


@define(frozen=True, kw_only=True)
class ReducerEntry(Entry):
    """A reducer, with the keys that every reducer may set.

    Attributes:
        seed: Seed of the fit; the study's if unset.
        sampler: Name of the sampler whose points are decoded, or a list of names; the first sampler if unset. They
            sample in this order, and some build on what those before them measured, as `critical-points` does.
        space: `span` fits the map to (N, r) coordinates, `full` to the (N, D) centred weights.
        align: With `population.align`: `true` fits the map to the aligned networks, `false` to the networks as they
            are.
        each: Keys of this table, each with a list of values. The table then stands for one map per combination, named
            like the cells of a sweep: `pca latent_dim=2,seed=0`.
        place: Where the file has its keys.
    """

    seed: int | None = field(default=None, validator=optional(ge(0)))
    sampler: str | tuple[str, ...] = field(default=(), converter=_names)
    space: Literal["span", "full"] = "span"
    align: bool = True
    each: dict[str, Any] | None = None  # a map of a spec is one combination, and has none
    place: EntryPlace = field(default=EntryPlace(entry="reducer"), eq=False, repr=False, metadata=NO_KEY)


@define(frozen=True, kw_only=True)
class AlignerEntry(Entry):
    """An aligner, with the keys that every aligner may set.

    Attributes:
        seed: Seed of what the aligner draws and learns; the study's if unset.
    """

    seed: int | None = field(default=None, validator=optional(ge(0)))


@define(frozen=True, kw_only=True)
class PoolEntry(Entry):
    """A pool, which the table [run] names by a key of its own.

    Attributes:
        pool: The pool's name; `globscope plugins` lists them.
    """

    pool: str = "here"


@define(frozen=True, kw_only=True)
class Spec:
    """A study.

    Attributes:
        title: Title of the report.
        seed: Every stage's generator is spawned from it by the stage's name.
        task: Model, data and loss.
        population: The networks of the study.
        zoo: Further networks of the task, from which aligners learn: `checkpoints`, or `train` and `variant`.
        reducer: Maps, side by side.
        sampler: Which points of a map are decoded.
        evaluator: How decoded networks are scored.
        topology: Which fields are condensed into merge trees.
        aligner: How units of networks are matched, for analyses that align.
        analysis: Further analyses of the maps and networks.
        fidelity: Options of the fidelity analysis, which every study runs.
        run: Where the work is done; in this process if unset. No result depends on it.
        plugins: Which installed plugins the study does without. No result depends on it.
        report: How pictures look. No result depends on it.
        source: The file it was read from.
    """

    title: str = field(default="", validator=and_(max_len(TITLE), one_line))
    seed: int = field(default=0, validator=ge(0))
    task: Entry
    population: PopulationSpec
    zoo: Zoo | None = None
    reducer: tuple[ReducerEntry, ...]
    sampler: tuple[Entry, ...]
    evaluator: Entry
    topology: tuple[Entry, ...]
    aligner: tuple[AlignerEntry, ...] = ()
    analysis: tuple[Entry, ...] = ()
    fidelity: Entry
    run: Entry | None = None
    plugins: Plugins = ALL
    report: Style = AUTO
    source: Path = Path("study.toml")

    @property
    def folder(self) -> Path:
        """The folder from which the spec's relative paths lead."""
        return self.source.resolve().parent

    def seed_of(self, reducer: ReducerEntry) -> int:
        """Return the seed of a reducer's fit."""
        return self.seed if reducer.seed is None else reducer.seed

    def samplers_of(self, reducer: ReducerEntry) -> list[Entry]:
        """Return the samplers whose points a reducer decodes."""
        names = reducer.sampler or (self.sampler[0].name,)
        return [entry for name in names for entry in self.sampler if entry.name == name]
