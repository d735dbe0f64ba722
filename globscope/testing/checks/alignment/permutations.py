"""What holds for the permutations that an aligner returns."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from globscope.api import AlignerTraits, AlignsSets, PreparedTask, Scores, StartsFrom, capability, traits
from globscope.returned.results import checked_permutations
from globscope.testing.check import after, covers
from globscope.testing.checks.alignment.suite import AlignmentSuite, Arrays, symmetry_of, tiny_network, training_batch
from globscope.testing.claims import require, require_near, require_same

# Float32 sums over six units in another order.
SAME_LOSS = 1e-5
# Copies that are aligned together.
SET = 4


class PermutationChecks(AlignmentSuite):
    """Checks of permutations, of the scores that they are the best assignment of, and of the inputs."""

    def permutes_every_group(self) -> None:
        """It returns a permutation of the units of every group, as integers, and of no other.

        Networks are permuted by these.
        """
        for which, task in self._read.items():
            sizes, found = symmetry_of(task).sizes, checked_permutations("the aligner", self._found[which])
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
            a, found = tiny_network(task, 0), symmetry_of(task)
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
            found, rng = symmetry_of(task), np.random.default_rng(5)
            copies = [found.permute(tiny_network(task, 0), found.random(rng)) for _ in range(SET)]
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
            networks, clean = ([tiny_network(task, seed) for seed in (0, 1)] for _ in range(2))
            self._align(task, *networks)
            for one, two in zip(networks, clean, strict=True):
                for name in one:
                    require_same(one[name], two[name], f"tensor {name!r} of a network{which} was written to")

    @covers("scores")
    @after("same_generator_gives_the_same_permutations", "recovers_a_permuted_copy")
    def best_assignment_of_its_scores_is_what_it_returns(self) -> None:
        """Where it offers scores, their best assignment, (n, n) finite numbers by group, is what it returns.

        Other aligners start from them.
        """
        if capability(self.component, Scores) is None:
            return
        for which, task in self._read.items():
            pair = tiny_network(task, 0), tiny_network(task, 1)
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
            scores = {name: np.eye(size) for name, size in symmetry_of(task).sizes.items()}
            started = starting.start_from(scores)
            found = started.align(task, tiny_network(task, 0), tiny_network(task, 1), np.random.default_rng(0))
            require(set(checked_permutations("what starts", found)) == set(scores), "what starts permutes other groups")


def _loss(task: PreparedTask, network: Arrays) -> float:
    import torch

    probe = task.build("cpu")
    tensors = {name: torch.from_numpy(array) for name, array in network.items()}
    buffers = {name: tensor for name, tensor in tensors.items() if name not in probe.layout.names}
    return float(probe.objective(tensors, buffers, training_batch(probe), training=False))
