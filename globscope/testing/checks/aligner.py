"""What holds for aligners."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache, cached_property
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from globscope.api import (
    AlignerTraits,
    AlignsSets,
    Finding,
    Member,
    Population,
    PreparedTask,
    Probe,
    Progress,
    Scores,
    StartsFrom,
    Symmetry,
    SymmetryError,
    capability,
    symmetry,
    traits,
)
from globscope.returned.results import checked_permutations
from globscope.testing.check import after, covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require, require_near, require_same
from globscope.testing.tiny.bench import MemoryDraft
from globscope.testing.tiny.task import tiny_task

Arrays = dict[str, np.ndarray]
Permutations = Mapping[str, np.ndarray]
# Float32 sums over six units in another order.
SAME_LOSS = 1e-5
# Networks to learn from, and copies that are aligned together.
ZOO, SET = 12, 4


@cache
def _tasks() -> dict[str, PreparedTask]:
    plain, normalised = (tiny_task(normalised=one).build("cpu") for one in (False, True))
    return {"": PreparedTask(plain), " with statistics": PreparedTask(normalised)}


class AlignerChecks(Suite):
    """Checks of one aligner, on two networks of the tiny task, without statistics and with them.

    One that learns does so from a tiny zoo first. One may refuse either network by a SymmetryError, but not both.
    """

    def permutes_every_group(self) -> None:
        """It returns a permutation of the units of every group, as integers, and of no other.

        Networks are permuted by these.
        """
        for which, task in self._read.items():
            sizes, found = _symmetry(task).sizes, checked_permutations("the aligner", self._found[which])
            text = f"permutes groups {sorted(found)} of a network{which} with {sorted(sizes)}"
            require(set(found) == set(sizes), text)
            for name, size in sizes.items():
                whole = np.array_equal(np.sort(found[name]), np.arange(size))
                require(whole, f"gives {found[name]} for {name!r}, no permutation of {size} units")

    @after("permutes_every_group", "leaves_inputs_untouched", "same_generator_gives_the_same_permutations")
    def recovers_a_permuted_copy(self) -> None:
        """Halfway between a network and a copy of it with its units in another order, aligned to it, is the network.

        That is the one alignment whose answer is known.
        """
        for which, task in self._read.items():
            a, found = _network(task, 0), _symmetry(task)
            copy = found.permute(a, found.random(np.random.default_rng(5)))
            back = found.permute(copy, self._align(task, a, copy))
            middle = {name: (a[name] + back[name]) / 2 for name in a}
            text = f"halfway between a network{which} and the aligned copy of itself is another network"
            require_near(_loss(task, middle), _loss(task, a), SAME_LOSS, text)

    @covers("align_set")
    @after("permutes_every_group", "recovers_a_permuted_copy")
    def aligns_a_set_to_one_order(self) -> None:
        """One that aligns sets gives every network a permutation of every group, and copies of one the same order.

        A mean of many networks needs one order for all of them.
        """
        for which, task in self._read.items() if capability(self.component, AlignsSets) else ():
            found, rng = _symmetry(task), np.random.default_rng(5)
            copies = [found.permute(_network(task, 0), found.random(rng)) for _ in range(SET)]
            orders = self.component.align_set(task, copies, np.random.default_rng(0))
            require(len(orders) == SET, f"gives permutations of {len(orders)} networks for a set of {SET}")
            aligned = [
                found.permute(copy, checked_permutations("the aligner", order))
                for copy, order in zip(copies, orders, strict=True)
            ]
            for at, network in enumerate(aligned):
                odd = [name for name in network if not np.array_equal(network[name], aligned[0][name])]
                require(not odd, f"aligns copy {at} of a network{which} to another order than copy 0: {odd}")

    @after("permutes_every_group", "leaves_global_random_state_alone")
    def same_generator_gives_the_same_permutations(self) -> None:
        """Equal arguments give equal permutations, whatever the global random state.

        Alignments are stored, and computed again where a study is continued.
        """
        for which in self._read:
            again = self._again[0][which]
            for name, permutation in self._found[which].items():
                require_same(again[name], permutation, f"permutes {name!r} otherwise when asked again")

    def leaves_inputs_untouched(self) -> None:
        """The networks are as they were.

        They are the population's own arrays.
        """
        for which, task in self._read.items():
            networks, clean = ([_network(task, seed) for seed in (0, 1)] for _ in range(2))
            self._align(task, *networks)
            for one, two in zip(networks, clean, strict=True):
                for name in one:
                    require_same(one[name], two[name], f"tensor {name!r} of a network{which} was written to")

    @covers("learns", "with_learned", "describe")
    def describes_how_it_learned(self) -> None:
        """What is learned is arrays, which can be stored, and a finding describes it.

        What was learned is kept in a file, and the report says how it went.
        """
        for which, arrays in self._learned.items():
            odd = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
            require(not odd, f"learned of networks{which} what are no arrays: {odd}")
            finding = self.component.describe(arrays)
            require(isinstance(finding, Finding), f"describe returns {type(finding).__name__}, not a Finding")

    @covers("fewest")
    def learns_from_as_few_networks_as_it_says(self) -> None:
        """The least number of networks that it asks for is a number, and no larger than the kit's zoo.

        A smaller zoo is refused before anything is trained.
        """
        fewest = traits(self.component, AlignerTraits).fewest
        text = f"asks for at least {fewest!r} networks to learn from; a number from 1 to {ZOO} is wanted"
        require(isinstance(fewest, int) and 1 <= fewest <= ZOO, text)

    @covers("scores")
    @after("same_generator_gives_the_same_permutations", "recovers_a_permuted_copy")
    def best_assignment_of_its_scores_is_what_it_returns(self) -> None:
        """Where it offers scores, their best assignment, (n, n) finite numbers by group, is what it returns.

        Other aligners start from them.
        """
        if capability(self.component, Scores) is None:
            return
        for which, task in self._read.items():
            pair = _network(task, 0), _network(task, 1)
            found = self._ready(task).scores(task, *pair, np.random.default_rng(0))
            require(set(found) == set(self._found[which]), f"has scores of {sorted(found)}, permutes other groups")
            for name, score in found.items():
                require(np.isfinite(score).all(), f"scores of {name!r} are not finite")
                best = linear_sum_assignment(score, maximize=True)[1]
                text = f"the best assignment of the scores of {name!r} is not the permutation that it returns"
                require_same(np.asarray(self._found[which][name], int), best.astype(int), text)

    @covers("start", "start_from")
    @after("permutes_every_group")
    def starts_from_the_scores_of_another(self) -> None:
        """Where it starts from scores, what starts is an aligner; traits name another start only then.

        A study computes the scores of that aligner first.
        """
        starting, start = capability(self.component, StartsFrom), traits(self.component, AlignerTraits).start
        require(isinstance(start, str) and start, f"starts from {start!r}; a name is wanted")
        require(starting is not None or start == "random", f"starts from {start!r}, but has no start_from(scores)")
        if starting is None:
            return
        for task in self._read.values():
            scores = {name: np.eye(size) for name, size in _symmetry(task).sizes.items()}
            started = starting.start_from(scores)
            found = started.align(task, _network(task, 0), _network(task, 1), np.random.default_rng(0))
            require(set(checked_permutations("what starts", found)) == set(scores), "what starts permutes other groups")

    @covers("learn")
    @after("describes_how_it_learned", "same_generator_gives_the_same_permutations")
    def learning_continues_from_its_draft(self) -> None:
        """After a kill, learning goes on from its draft, and ends with what it would have learned without one.

        Learning takes hours, and machines stop.
        """
        for which, arrays in self._learned.items():
            task, draft = _tasks()[which], _KilledDraft()
            with suppress(_KilledError):
                self._learn(task, draft)
            again = self._learn(task, MemoryDraft(arrays=draft.arrays))
            for name, array in arrays.items():
                if name.rpartition("/")[2] != "seconds":
                    require_same(again[name], array, f"{name!r} is another one after a kill")

    @cached_property
    def _read(self) -> dict[str, PreparedTask]:
        """The tasks whose networks it aligns."""
        return {which: task for which, task in _tasks().items() if which in self._found}

    @property
    def _found(self) -> dict[str, Permutations]:
        found: dict[str, Permutations] = self._first
        return found

    def _work(self) -> dict[str, Permutations]:
        found, refusals = {}, []
        for which, task in _tasks().items():
            try:
                found[which] = self._align(task, _network(task, 0), _network(task, 1))
            except SymmetryError as error:
                refusals.append(str(error))
        require(bool(found), f"aligns no network of the kit: {'; '.join(refusals)}")
        return found

    @cached_property
    def _learned(self) -> dict[str, Mapping[str, np.ndarray]]:
        """By task, what was learned; filled as tasks are asked for."""
        return {}

    def _align(self, task: PreparedTask, a: Arrays, b: Arrays) -> Permutations:
        found: Permutations = self._ready(task).align(task, a, b, np.random.default_rng(0))
        return found

    def _ready(self, task: PreparedTask) -> Any:
        """Return the aligner, which has learned where it has to."""
        return self._with_learned(task) if traits(self.component, AlignerTraits).learns else self.component

    def _with_learned(self, task: PreparedTask) -> Any:
        which = next(name for name, one in _tasks().items() if one is task)
        if which not in self._learned:
            self._learned[which] = self._learn(task, MemoryDraft())
        return self.component.with_learned(self._learned[which])

    def _learn(self, task: PreparedTask, draft: MemoryDraft) -> Mapping[str, np.ndarray]:
        found: Mapping[str, np.ndarray] = self.component.learn(
            task, _zoo(task), draft, Progress(), np.random.default_rng(0)
        )
        return found


class _KilledError(Exception):
    """A kill in the middle of learning."""


class _KilledDraft(MemoryDraft):
    """A draft with which the process is killed once it has been written."""

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, and end."""
        super().write(arrays)
        raise _KilledError


def _symmetry(task: PreparedTask) -> Symmetry:
    return symmetry(task.build("cpu"))


def _network(task: PreparedTask, seed: int) -> Arrays:
    """Return a network as aligners are handed one: parameters, and statistics of the whole training split."""
    probe: Any = task.build("cpu")
    parameters, buffers = probe.initialise(seed)
    if probe.statistics:
        buffers = probe.calibrate(parameters, buffers, [_whole(probe)])
    return {name: tensor.numpy() for name, tensor in {**parameters, **buffers}.items()}


def _zoo(task: PreparedTask) -> Population:
    """Return fresh networks, each a run of its own."""
    layout, networks = task.probe.layout, [_network(task, seed) for seed in range(ZOO)]
    kept = [{name: one[name] for name in one if name not in layout.names} for one in networks]
    members = tuple(Member(variant=f"n{at}", step=0, buffers=buffers) for at, buffers in enumerate(kept))
    return Population(members=members, weights=np.stack([layout.flatten(one) for one in networks]), layout=layout)


def _whole(probe: Probe) -> Any:
    import torch

    return probe.batch("train", torch.arange(probe.examples("train")))


def _loss(task: PreparedTask, network: Arrays) -> float:
    import torch

    probe = task.build("cpu")
    tensors = {name: torch.from_numpy(array) for name, array in network.items()}
    buffers = {name: tensor for name, tensor in tensors.items() if name not in probe.layout.names}
    return float(probe.objective(tensors, buffers, _whole(probe), training=False))
