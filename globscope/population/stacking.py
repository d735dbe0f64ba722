"""Which runs are trained at once: those with one recipe and small networks, in a stack with one row for each run.

For small networks most of a step's time goes to starting its operations, which a stack starts once for all rows.
A stack always has the same number of rows, even if some have no run. The operations then never change their shape, so
a row's numbers depend on its place alone, not on the other rows: a run keeps its numbers when others finish, diverge,
or get another recipe.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from globscope.population.training_run import TrainingRun
from globscope.roles import Probe, ProbeTraits, traits
from globscope.scoring.draws import device_of, fixed_seed

# Multiplications of a network's forward pass beyond which a stack is not 1.5 times as fast as its rows.
LARGE = 8_000_000
# The share of a stack's rows that must have a run, or the empty rows would cost what it gains.
FULL = 0.75


def assign_rows(runs: Sequence[TrainingRun], probe: Probe) -> list[TrainingRun]:
    """Return the runs in their order, with the row of each that is trained in a stack.

    A run's row follows from its number among all, so that it stays where it is when another's recipe changes.
    """
    shared = Counter(map(_recipe, runs))
    suitable = [_small(run, probe) and shared[_recipe(run)] >= max(2, FULL * run.train.at_once) for run in runs]
    stacked = any(suitable) and is_stackable(probe)
    return [
        evolve(run, row=number % run.train.at_once) if fits and stacked else run
        for number, (run, fits) in enumerate(zip(runs, suitable, strict=True))
    ]


def training_groups(runs: Sequence[TrainingRun]) -> list[list[TrainingRun]]:
    """Return the runs in groups that are trained at once."""
    groups: dict[Any, list[TrainingRun]] = {}
    for number, run in enumerate(runs):
        group = number if run.row is None else (number // run.train.at_once, _recipe(run))
        groups.setdefault(group, []).append(run)
    return list(groups.values())


def _recipe(run: TrainingRun) -> tuple[float, ...]:
    recipe = run.recipe
    return recipe.batch_size, recipe.learning_rate, recipe.weight_decay, run.epochs


def _small(run: TrainingRun, probe: Probe) -> bool:
    return (
        run.train.at_once > 1
        and "lbfgs" not in run.train.optimisers
        and probe.layout.size * run.recipe.batch_size < LARGE
    )


def is_stackable(probe: Probe) -> bool:
    """Return whether one operation computes the training loss of several networks: tried on two."""
    import torch

    if probe.grad_inside or not (probe.vmappable or traits(probe, ProbeTraits).stackable):
        return False
    stacked = StackedProbe(probe, 2)
    parameters, buffers = stacked.initialise(0)
    leaves = {name: p.requires_grad_() for name, p in parameters.items()}
    try:
        batch = stacked.batch(probe.splits[0], torch.arange(2).expand(2, 2))
        with fixed_seed(0, device_of(parameters)):
            stacked.objective(leaves, buffers, batch, training=True).sum().backward()
    except (RuntimeError, ValueError):  # vmap's: it branches on values, or draws
        return False
    return True


class StackedProbe:
    """The probe of a stack of networks, which are the first axis of every tensor."""

    def __init__(self, probe: Probe, width: int) -> None:
        """Wrap the probe of one network."""
        self.layout, self.splits, self.width, self._probe = probe.layout, probe.splits, width, probe

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return fresh networks of this seed and the next ones."""
        networks = [self._probe.initialise(seed + row) for row in range(self.width)]
        parameters, buffers = zip(*networks, strict=True)
        return stack_tensors(parameters), stack_tensors(buffers)

    def batch(self, split: str, indices: Any) -> Any:
        """Return the examples of (rows, examples) indices."""
        from torch.utils._pytree import tree_map

        flat = self._probe.batch(split, indices.flatten())
        return tree_map(lambda leaf: leaf.reshape(*indices.shape, *leaf.shape[1:]), flat)

    def objective(self, parameters: Any, buffers: Any, batch: Any, *, training: bool) -> Any:
        """Return the rows' losses."""
        import torch

        def loss(parameters: Any, buffers: Any, batch: Any) -> Any:
            return self._probe.objective(parameters, buffers, batch, training=training)

        # One draw for all rows would give none of them the numbers of its own seed.
        return torch.vmap(loss, randomness="error")(parameters, buffers, batch)


def stack_tensors(tensors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rows' tensors, stacked by name."""
    import torch

    return {name: torch.stack([row[name].detach() for row in tensors]) for name in tensors[0]}
