"""Where networks come from: checkpoints, a table of networks, or training runs."""

from collections import Counter
from pathlib import Path

from attrs import define, evolve, field
from attrs.validators import deep_iterable, ge, min_len, optional

from globscope.bounds import NETWORKS, RUNS
from globscope.references import Pattern
from globscope.spec.query import condition
from globscope.spec.training import Recipe, Train, Variant
from globscope.spec.validators import name_like, not_empty, not_empty_text, texts


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
