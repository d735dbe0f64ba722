"""What holds for topologies."""

from functools import cached_property

import numpy as np

from globscope.api import Landscape, MergeTree, Samples, Topology, TopologyTraits, traits
from globscope.returned.results import checked_topology
from globscope.testing.checks.options import OptionChecks
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
    two_components,
)

ARRAYS = ("nodes", "arcs", "pairs", "arc", "basin")


class TopologyChecks(OptionChecks):
    """Checks of one topology, on landscapes whose merge trees are known."""

    def knows_two_bowls(self) -> None:
        """Nodes, kinds, arcs, pairs, and the basin of every sample of two bowls with a pass between them."""
        found, known = self._compute(bowls(self._field)), bowls_tree()
        require(found.field == self._field, f"is of field {found.field!r}, asked for {self._field!r}")
        require(found.left_out == 0, f"leaves out {found.left_out} of the bowls' samples")
        require(_pairs(found.full) == _pairs(known), f"has pairs {_pairs(found.full)}, wanted {_pairs(known)}")
        require(found.full.kinds == known.kinds, f"has nodes of kinds {found.full.kinds}, wanted {known.kinds}")
        for name in ("nodes", "basin"):
            text = f"the two bowls' `{name}` is not as MergeTree defines it"
            require(np.array_equal(getattr(found.full, name), getattr(known, name)), text)
        require(_ends(found.full) == _ends(known), f"has arcs {_ends(found.full)}, wanted {_ends(known)}")

    def arrays_fit_one_another(self) -> None:
        """Vertices, rows and lengths are those that MergeTree defines, for the whole tree and the simplified one."""
        for sampled in (bowls(self._field), two_components(self._field)):
            checked_topology("the topology", self._compute(sampled), sampled)

    def knows_two_components(self) -> None:
        """A wall of losses that are not finite leaves two minima that never die; its samples are in no basin."""
        found = self._compute(two_components(self._field))
        never = found.full.births[np.isinf(found.full.deaths)]
        require(
            sorted(never) == [DEEP, SHALLOW], f"minima that never die are born at {sorted(never)}, wanted 0 and 0.25"
        )
        require(found.left_out == SIDE, f"leaves out {found.left_out} samples, {SIDE} are not finite")
        wall = lattice().points[:, 0] == 0
        lost = (found.full.basin[wall] == -1).all() and (found.full.arc[wall] == -1).all()
        require(lost, "samples that are not finite have a basin or an arc")

    def constant_field_has_one_minimum(self) -> None:
        """A plateau is one basin: equal values are ordered by the number of their sample."""
        found = self._compute(landscape(np.full(SIDE**2, 2.0), lattice(), self._field))
        require(len(found.full.minima) == 1, f"a constant field has {len(found.full.minima)} minima, wanted 1")
        require(np.isinf(found.full.deaths).all(), "on a constant field some pair dies")

    def order_preserving_rescaling_keeps_the_tree(self) -> None:
        """The tree depends on the order of the losses alone."""
        values = np.random.default_rng(0).normal(size=SIDE**2)
        one = self._compute(landscape(values, lattice(), self._field)).full
        two = self._compute(landscape(np.exp(3 * values), lattice(), self._field)).full
        require(one.kinds == two.kinds, "kinds of nodes change when the losses are rescaled in order")
        for name in ARRAYS:
            text = f"`{name}` changes when the losses are rescaled in order"
            require(np.array_equal(getattr(one, name), getattr(two, name)), text)

    def agrees_with_the_definition_on_paths(self) -> None:
        """On a path, where every adjacency agrees, all pairs are those of the elder rule, ties included."""
        rng = np.random.default_rng(0)
        for _ in range(5):
            values = rng.integers(0, 8, size=40).astype(float)
            found, wanted = _pairs(self._compute(path(values, self._field)).full), pairs_on_a_path(values)
            require(found == wanted, f"on a path the pairs {sorted(found ^ wanted)} are too many or missing")

    def threshold_removes_the_smaller_pairs(self) -> None:
        """The simplified tree keeps the pairs of the full one whose persistence is above the threshold."""
        # Persistences are 0, 3/4, 3/2 … of the threshold: none so near to it that rounding decides.
        step = 0.75 * (self._compute(bowls(self._field)).threshold or 1.0)
        values = step * np.random.default_rng(1).integers(0, 6, size=SIDE**2)
        found = self._compute(landscape(values, lattice(), self._field))
        kept = found.full.persistences > found.threshold
        wanted = {(int(birth), int(death)) for birth, death in found.full.pairs[kept]}
        require(_pairs(found.tree) == wanted, "the simplified tree's pairs are not those above the threshold")

    def finds_the_bowls_in_scattered_samples(self) -> None:
        """Samples off a lattice, in any order, are joined to their neighbours."""
        rng = np.random.default_rng(0)
        points = rng.permutation(lattice().points + rng.uniform(-0.1, 0.1, size=(SIDE**2, 2)))
        found = self._compute(landscape(height(points), Samples(points=points), self._field))
        # Jitter moves floors and pass by less than a third of the pass's height above the shallow floor.
        deep = int((found.full.persistences > (PASS - SHALLOW) / 3).sum())
        require(deep == 2, f"finds {deep} bowls in scattered samples of two")

    def survives_a_field_without_finite_samples(self) -> None:
        """Then the tree is empty, and every sample is left out."""
        found = self._compute(landscape(np.full(SIDE**2, np.nan), lattice(), self._field))
        require(len(found.full.nodes) == 0, f"has {len(found.full.nodes)} nodes without a finite sample")
        require(found.left_out == SIDE**2, f"leaves out {found.left_out} of {SIDE**2} samples, none of which is finite")
        require((found.full.basin == -1).all(), "samples that are not finite have a basin")

    def leaves_inputs_untouched(self) -> None:
        """The losses are not the topology's to write to."""
        seen, clean = two_components(self._field), two_components(self._field)
        self._compute(seen)
        require_same(seen.fields[self._field], clean.fields[self._field], "the losses were written to")

    @cached_property
    def _field(self) -> str:
        return traits(self.component, TopologyTraits).field or "train_loss"

    def _compute(self, given: Landscape) -> Topology:
        found: Topology = self.component.compute(given)
        return found


def _pairs(tree: MergeTree) -> set[tuple[int, int]]:
    return {(int(birth), int(death)) for birth, death in tree.pairs}


def _ends(tree: MergeTree) -> set[tuple[int, int]]:
    """Return the arcs as vertices, lower end first."""
    return {(int(tree.nodes[low]), int(tree.nodes[high])) for low, high in tree.arcs}
