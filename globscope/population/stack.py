"""Which runs are trained at once: those of one recipe whose networks are small, in a stack with one row a run.

For small networks most of a step's time goes to starting its operations, which a stack starts once for all rows.
A stack always has the same number of rows, those without a run too. The operations then never change their shape, so
a row's numbers depend on its place alone, not on what the other rows hold: a run keeps its numbers when others are
finished, diverge, or get another recipe.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from globscope.population.run import Run
from globscope.roles import Probe, ProbeTraits, traits
from globscope.scoring.draws import device_of, seeded

# Multiplications of a network's forward pass beyond which a stack is not 1.5 times as fast as its rows.
LARGE = 8_000_000
# Rows of a stack that must be taken, or the empty ones would cost what it gains.
FULL = 0.75


def placed(runs: Sequence[Run], probe: Probe) -> list[Run]:
    """Return the runs in their order, those that are trained in a stack with their row.

    A run's row follows from its number among all, so that it stays where it is when another's recipe changes.
    """
    shared = Counter(map(_recipe, runs))
    wanted = [_small(run, probe) and shared[_recipe(run)] >= max(2, FULL * run.train.at_once) for run in runs]
    stacked = any(wanted) and stackable(probe)
    return [
        evolve(run, row=number % run.train.at_once) if one and stacked else run
        for number, (run, one) in enumerate(zip(runs, wanted, strict=True))
    ]


def stacks(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs by what is trained at once."""
    found: dict[Any, list[Run]] = {}
    for number, run in enumerate(runs):
        where = number if run.row is None else (number // run.train.at_once, _recipe(run))
        found.setdefault(where, []).append(run)
    return list(found.values())


def _recipe(run: Run) -> tuple[float, ...]:
    recipe = run.recipe
    return recipe.batch_size, recipe.learning_rate, recipe.weight_decay, run.epochs


def _small(run: Run, probe: Probe) -> bool:
    return run.train.at_once > 1 and probe.layout.size * run.recipe.batch_size < LARGE


def stackable(probe: Probe) -> bool:
    """Whether the training loss of several networks can be had at once: tried out on two."""
    import torch

    if probe.grad_inside or not (probe.vmappable or traits(probe, ProbeTraits).stackable):
        return False
    together = Together(probe, 2)
    parameters, buffers = together.initialise(0)
    leaves = {name: p.requires_grad_() for name, p in parameters.items()}
    try:
        batch = together.batch(probe.splits[0], torch.arange(2).expand(2, 2))
        with seeded(0, device_of(parameters)):
            together.objective(leaves, buffers, batch, training=True).sum().backward()
    except (RuntimeError, ValueError):  # vmap's: it branches on values, or draws
        return False
    return True


class Together:
    """The probe of a stack of networks: every tensor has them as its first axis."""

    def __init__(self, probe: Probe, width: int) -> None:
        """Wrap the probe of one network."""
        self.layout, self.splits, self.width, self._probe = probe.layout, probe.splits, width, probe

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return fresh networks of this seed and the next ones."""
        made = [self._probe.initialise(seed + row) for row in range(self.width)]
        parameters, buffers = zip(*made, strict=True)
        return joined(parameters), joined(buffers)

    def batch(self, split: str, indices: Any) -> Any:
        """Return the examples of (rows, examples) indices."""
        from torch.utils._pytree import tree_map

        flat = self._probe.batch(split, indices.flatten())
        return tree_map(lambda leaf: leaf.reshape(*indices.shape, *leaf.shape[1:]), flat)

    def objective(self, parameters: Any, buffers: Any, batch: Any, *, training: bool) -> Any:
        """Return the rows' losses."""
        import torch

        def one(parameters: Any, buffers: Any, batch: Any) -> Any:
            return self._probe.objective(parameters, buffers, batch, training=training)

        # One draw for all rows would give none of them the numbers of its own seed.
        return torch.vmap(one, randomness="error")(parameters, buffers, batch)


def joined(tensors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rows' tensors of each name as one."""
    import torch

    return {name: torch.stack([one[name].detach() for one in tensors]) for name in tensors[0]}
