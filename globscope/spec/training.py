"""How networks are trained here: optimisers, schedule and recipes."""

from typing import Literal

from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt, optional

from globscope.bounds import BATCH, EPOCHS, RUNS
from globscope.device import WHERE, device_name
from globscope.spec.validators import name_like
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
