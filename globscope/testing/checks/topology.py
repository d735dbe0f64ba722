"""What holds for topologies."""

from functools import cached_property

import numpy as np

from globscope.api import Landscape, MergeTree, Samples, Topology, TopologyTraits, traits
from globscope.returned.results import checked_topology
from globscope.testing.check import after, covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require, require_same
from globscope.testing.tiny.landscapes import (
    DEEP,
    PASS,
    SHALLOW,
    SIDE,
    bowls,
    bowls_tree,
    height,
    landscape,
    lattice,
    pairs_on_a_path,
    path,
    swept_topology,
    two_components,
)

ARRAYS = ("nodes", "arcs", "pairs", "arc", "basin")
# Adjacencies that join samples beyond the next ones: across a thin wall, and on a path over their neighbours.
FAR = ("knn", "mutual-knn")


class TopologyChecks(Suite):
    """Checks of one topology, on landscapes whose merge trees are known."""

    @covers("field")
    def knows_two_bowls(self) -> None:
        """Nodes, kinds, arcs, pairs, and the basin of every sample of two bowls with a pass between them.

        All that a report says of basins, minima and passes is read from them.
        """
        found, known = self._first, bowls_tree()
        require(isinstance(found, Topology), f"returns {type(found).__name__}, not a Topology")
        require(found.field == self._field, f"is of field {found.field!r}, asked for {self._field!r}")
        require(found.left_out == 0, f"leaves out {found.left_out} of the bowls' samples")
        require(_pairs(found.full) == _pairs(known), f"has pairs {_pairs(found.full)}, wanted {_pairs(known)}")
        require(found.full.kinds == known.kinds, f"has nodes of kinds {found.full.kinds}, wanted {known.kinds}")
        for name in ("nodes", "basin"):
            text = f"the two bowls' `{name}` is not as MergeTree defines it"
            require(np.array_equal(getattr(found.full, name), getattr(known, name)), text)
        require(_ends(found.full) == _ends(known), f"has arcs {_ends(found.full)}, wanted {_ends(known)}")

    def arrays_fit_one_another(self) -> None:
        """Vertices, rows and lengths are those that MergeTree defines, for the whole tree and the simplified one.

        Analyses look arrays up by each other's numbers.
        """
        for sampled in (bowls(self._field), two_components(self._field)):
            checked_topology("the topology", self._compute(sampled), sampled)

    @after("knows_two_bowls")
    def knows_two_components(self) -> None:
        """A wall of losses that are not finite leaves two minima that never die; its samples are in no basin.

        A loss that is not finite is never repaired, and joins nothing. Nearest neighbours may lie beyond the wall.
        """
        found = self._compute(two_components(self._field))
        never = sorted(found.full.births[np.isinf(found.full.deaths)].tolist())
        apart = never == [DEEP, SHALLOW] or self._reaches_far
        require(apart, f"minima that never die are born at {never}, wanted 0 and 0.25")
        require(found.left_out == SIDE, f"leaves out {found.left_out} samples, {SIDE} are not finite")
        wall = lattice().points[:, 0] == 0
        lost = (found.full.basin[wall] == -1).all() and (found.full.arc[wall] == -1).all()
        require(lost, "samples that are not finite have a basin or an arc")

    @after("knows_two_bowls")
    def constant_field_has_one_minimum(self) -> None:
        """A plateau is one basin: equal values are ordered by the number of their sample.

        Otherwise every sample of a plateau would be a minimum of its own.
        """
        found = self._compute(landscape(np.full(SIDE**2, 2.0), lattice(), self._field))
        require(len(found.full.minima) == 1, f"a constant field has {len(found.full.minima)} minima, wanted 1")
        require(np.isinf(found.full.deaths).all(), "on a constant field some pair dies")

    @after("knows_two_bowls")
    def order_preserving_rescaling_keeps_the_tree(self) -> None:
        """The tree depends on the order of the losses alone.

        So a tree is the same for a loss and for its logarithm.
        """
        values = np.random.default_rng(0).normal(size=SIDE**2)
        one = self._compute(landscape(values, lattice(), self._field)).full
        two = self._compute(landscape(np.exp(3 * values), lattice(), self._field)).full
        require(one.kinds == two.kinds, "kinds of nodes change when the losses are rescaled in order")
        for name in ARRAYS:
            text = f"`{name}` changes when the losses are rescaled in order"
            require(np.array_equal(getattr(one, name), getattr(two, name)), text)

    @after("knows_two_bowls", "order_preserving_rescaling_keeps_the_tree")
    def agrees_with_the_definition_on_paths(self) -> None:
        """On a path, all pairs are those of the elder rule, ties included.

        Persistence is defined so, and all methods agree there, but for those that join several nearest neighbours.
        """
        if self._reaches_far:
            return
        rng = np.random.default_rng(0)
        for _ in range(5):
            values = rng.integers(0, 8, size=40).astype(float)
            found, wanted = _pairs(self._compute(path(values, self._field)).full), pairs_on_a_path(values)
            require(found == wanted, f"on a path the pairs {sorted(found ^ wanted)} are too many or missing")

    @after("knows_two_bowls")
    def threshold_removes_the_smaller_pairs(self) -> None:
        """The simplified tree keeps the pairs of the full one whose persistence is above the threshold.

        A report shows the simplified tree, and says with which threshold.
        """
        # Persistences are 0, 3/4, 3/2 … of the threshold: none so near to it that rounding decides.
        step = 0.75 * (self._compute(bowls(self._field)).threshold or 1.0)
        values = step * np.random.default_rng(1).integers(0, 6, size=SIDE**2)
        found = self._compute(landscape(values, lattice(), self._field))
        kept = found.full.persistences > found.threshold
        wanted = {(int(birth), int(death)) for birth, death in found.full.pairs[kept]}
        require(_pairs(found.tree) == wanted, "the simplified tree's pairs are not those above the threshold")

    @after("knows_two_bowls")
    def finds_the_bowls_in_scattered_samples(self) -> None:
        """Samples off a lattice, in any order, are joined to their neighbours.

        Not every sampler fills a lattice.
        """
        rng = np.random.default_rng(0)
        points = rng.permutation(lattice().points + rng.uniform(-0.1, 0.1, size=(SIDE**2, 2)))
        found = self._compute(landscape(height(points), Samples(points=points), self._field))
        # Jitter moves floors and pass by less than a third of the pass's height above the shallow floor.
        deep = int((found.full.persistences > (PASS - SHALLOW) / 3).sum())
        require(deep == 2, f"finds {deep} bowls in scattered samples of two")

    @after("knows_two_components")
    def survives_a_field_without_finite_samples(self) -> None:
        """Then the tree is empty, and every sample is left out.

        Some maps decode to nothing that works, and the study goes on.
        """
        found = self._compute(landscape(np.full(SIDE**2, np.nan), lattice(), self._field))
        require(len(found.full.nodes) == 0, f"has {len(found.full.nodes)} nodes without a finite sample")
        require(found.left_out == SIDE**2, f"leaves out {found.left_out} of {SIDE**2} samples, none of which is finite")
        require((found.full.basin == -1).all(), "samples that are not finite have a basin")

    def leaves_inputs_untouched(self) -> None:
        """The losses are as they were.

        Every topology and analysis of a study sees the same arrays.
        """
        seen, clean = two_components(self._field), two_components(self._field)
        self._compute(seen)
        require_same(seen.fields[self._field], clean.fields[self._field], "the losses were written to")

    @after("knows_two_bowls", "leaves_global_random_state_alone")
    def same_landscape_gives_the_same_tree(self) -> None:
        """Computed again, all arrays of the tree are equal, whatever the global random state.

        A tree is stored under its landscape, and computed again where a study is continued.
        """
        again, _ = self._again
        for name in ("nodes", "values", "arcs", "pairs", "births", "deaths", "arc", "basin"):
            one, two = getattr(self._first.full, name), getattr(again.full, name)
            require_same(one, two, f"`{name}` differs when the tree is computed again")

    @covers("adjacency", "neighbours")
    @after("knows_two_bowls", "finds_the_bowls_in_scattered_samples")
    def adjacency_is_claimed_rightly(self) -> None:
        """With `adjacency` in its traits, the tree is the one of these neighbours, on a lattice and off it.

        The explorer computes trees for other thresholds by them, in the reader's browser.
        """
        known = traits(self.component, TopologyTraits)
        if known.adjacency is None:
            return
        rng = np.random.default_rng(3)
        both = (lattice(), Samples(points=rng.uniform(-2, 2, size=(60, 2))))
        drawn = [landscape(rng.normal(size=len(samples.points)), samples, self._field) for samples in both]
        # Of the others these two are known without neighbours.
        far = (path(rng.integers(0, 8, size=40).astype(float), self._field), two_components(self._field))
        for given in (*drawn, *(far if self._reaches_far else ())):
            found = self._compute(given)
            wanted = swept_topology(given, found.threshold, adjacency=known.adjacency, k=known.neighbours)
            require(
                _pairs(found.full) == _pairs(wanted.full), f"has other pairs than adjacency {known.adjacency!r} gives"
            )

    def _work(self) -> Topology:
        return self._compute(bowls(self._field))

    @cached_property
    def _field(self) -> str:
        return traits(self.component, TopologyTraits).field or "train_loss"

    @property
    def _reaches_far(self) -> bool:
        """Whether it says that it joins nearest neighbours; `adjacency_is_claimed_rightly` knows which these are."""
        return traits(self.component, TopologyTraits).adjacency in FAR

    def _compute(self, given: Landscape) -> Topology:
        found: Topology = self.component.compute(given)
        return found


def _pairs(tree: MergeTree) -> set[tuple[int, int]]:
    return {(int(birth), int(death)) for birth, death in tree.pairs}


def _ends(tree: MergeTree) -> set[tuple[int, int]]:
    """Return the arcs as vertices, lower end first."""
    return {(int(tree.nodes[low]), int(tree.nodes[high])) for low, high in tree.arcs}
