"""What holds for aligners."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Probe, Symmetry, symmetry
from globscope.testing.claims import global_states, other_global_seeds, require, require_near, require_same
from globscope.testing.options import OptionChecks
from globscope.testing.task import tiny_task

Arrays = dict[str, np.ndarray]
Permutations = Mapping[str, np.ndarray]
# Float32 sums over six units in another order.
SAME_LOSS = 1e-5


@define(frozen=True, eq=False)
class Built:
    """A task that builds one probe, as a study does: its network is traced once.

    Attributes:
        probe: That it builds.
    """

    probe: Probe

    def build(self, device: str) -> Probe:
        """Return the probe, on the device it is on."""
        del device
        return self.probe


@cache
def _tasks() -> dict[str, Built]:
    plain, normalised = (tiny_task(normalised=one).build("cpu") for one in (False, True))
    return {"": Built(plain), " with statistics": Built(normalised)}


class AlignerChecks(OptionChecks):
    """Checks of one aligner, on two networks of the tiny task, without statistics and with them."""

    def permutes_every_group(self) -> None:
        """A permutation of the units of every group, and of no other."""
        for which, task in _tasks().items():
            sizes, found = _symmetry(task).sizes, self._found[which]
            text = f"permutes groups {sorted(found)} of a network{which} with {sorted(sizes)}"
            require(set(found) == set(sizes), text)
            for name, size in sizes.items():
                whole = np.array_equal(np.sort(found[name]), np.arange(size))
                require(whole, f"gives {found[name]} for {name!r}, no permutation of {size} units")

    def aligned_network_computes_the_same(self) -> None:
        """Permuting b as it is told leaves b's loss as it was."""
        for which, task in _tasks().items():
            b = _network(task, 1)
            aligned = _symmetry(task).permute(b, self._found[which])
            require_near(_loss(task, aligned), _loss(task, b), SAME_LOSS, f"aligning changes a network{which}")

    def recovers_a_permuted_copy(self) -> None:
        """Aligned to the original, a copy with its units in another order is no worse halfway between the two."""
        for which, task in _tasks().items():
            a, found = _network(task, 0), _symmetry(task)
            copy = found.permute(a, found.random(np.random.default_rng(5)))
            back = found.permute(copy, self._align(task, a, copy))
            middle = {name: (a[name] + back[name]) / 2 for name in a}
            text = f"between a network{which} and the aligned copy of itself there is a barrier"
            require_near(_loss(task, middle), _loss(task, a), SAME_LOSS, text)

    def same_generator_gives_the_same_permutations(self) -> None:
        """Equal arguments give equal permutations, whatever the global random state, which is left alone."""
        for which, task in _tasks().items():
            with other_global_seeds(1), global_states() as moved:
                again = self._align(task, _network(task, 0), _network(task, 1))
            for name, permutation in self._found[which].items():
                require_same(again[name], permutation, f"permutes {name!r} otherwise when asked again")
            require(not moved, f"moves the global random state of {', '.join(moved)}")

    def leaves_inputs_untouched(self) -> None:
        """The networks are not the aligner's to write to."""
        for which, task in _tasks().items():
            networks, clean = ([_network(task, seed) for seed in (0, 1)] for _ in range(2))
            self._align(task, *networks)
            for one, two in zip(networks, clean, strict=True):
                for name in one:
                    require_same(one[name], two[name], f"tensor {name!r} of a network{which} was written to")

    @cached_property
    def _found(self) -> dict[str, Permutations]:
        return {which: self._align(task, _network(task, 0), _network(task, 1)) for which, task in _tasks().items()}

    def _align(self, task: Built, a: Arrays, b: Arrays) -> Permutations:
        found: Permutations = self.component.align(task, a, b, np.random.default_rng(0))
        return found


def _symmetry(task: Built) -> Symmetry:
    return symmetry(task.build("cpu"))


def _network(task: Built, seed: int) -> Arrays:
    """Return a network as aligners are handed one: parameters, and statistics of the whole training split."""
    probe: Any = task.build("cpu")
    parameters, buffers = probe.initialise(seed)
    if probe.stateful:
        buffers = probe.calibrate(parameters, [_whole(probe)])
    return {name: tensor.numpy() for name, tensor in {**parameters, **buffers}.items()}


def _whole(probe: Probe) -> Any:
    import torch

    return probe.batch("train", torch.arange(probe.examples("train")))


def _loss(task: Built, network: Arrays) -> float:
    import torch

    probe = task.build("cpu")
    tensors = {name: torch.from_numpy(array) for name, array in network.items()}
    buffers = {name: tensor for name, tensor in tensors.items() if name not in probe.layout.names}
    return float(probe.objective(tensors, buffers, _whole(probe), training=False))
