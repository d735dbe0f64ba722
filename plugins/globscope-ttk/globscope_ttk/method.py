"""The topology `ttk`."""

import numpy as np
from attrs import define, field as attribute
from attrs.validators import ge, gt, min_len, optional

from globscope.api import Adjacency, Branches, Landscape, Samples, Topology, TopologyTraits, condense
from globscope_ttk.answer import branches
from globscope_ttk.interpreters import ask
from globscope_ttk.question import question


@define(frozen=True, kw_only=True)
class Ttk:
    """Merge tree, persistence pairs and basins of a field, by TTK's join tree (FTM).

    The same values as the topology `gudhi`, down to the vertex: samples are swept by rising (value, sample number),
    which are their ranks, and TTK is shown the ranks, so its rules for ties and its 32-bit arithmetic do not matter.
    Whole lattices of two or three axes are given to TTK as regular grids; everything else (samples left out, other
    adjacencies, scattered samples) as a graph of lines below a common ridge, which connects the components and is
    taken off again. The pairs follow from TTK's tree by the elder rule, the simplified tree from the pairs.

    TTK runs in a process of its own, by whichever Python has its module `topologytoolkit`.

    Source: Gueunet, Fortin, Jomier, Tierny, "Task-based augmented merge trees with Fibonacci heaps", LDAV 2017;
    Tierny, Favelier, Levine, Gueunet, Michaux, "The Topology ToolKit", IEEE TVCG 24(1), 2018.

    Attributes:
        field: Name of the landscape's field, such as `train_loss`.
        persistence: Pairs whose death − birth is at most this are removed; absolute, in the field's
            unit.
        adjacency: On a lattice `freudenthal` triangulates (6 neighbours in 2-D, 14 in 3-D), `full`
            joins all 3^n − 1 around. Anywhere, `delaunay` triangulates, `gabriel` keeps of that the edges whose
            ball holds no third sample, `knn` joins each with its nearest, `mutual-knn` where both are the other's.
            `auto` is the first on a lattice, and elsewhere `knn` (on a line each with the next), as are the first two
            where there is no lattice.
        neighbours: Of a sample, for `knn` and `mutual-knn`; 4 for each axis where unset. Of others equally far,
            those of lower number count.
        mask: Whether samples outside the trusted region are left out.
        interpreter: Path or name of a Python that has TTK, such as a conda environment's `python` or ParaView's
            `pvpython`; where unset, this Python, else the first on PATH that has it.
        threads: Of TTK; the answer is the same for any number.
        time_limit: Seconds after which TTK is stopped, and the study with it.
    """

    field: str = "train_loss"
    persistence: float = attribute(default=0.1, validator=ge(0))
    adjacency: Adjacency = "auto"
    neighbours: int | None = attribute(default=None, validator=optional(ge(1)))
    mask: bool = False
    interpreter: str | None = attribute(default=None, validator=optional(min_len(1)))
    threads: int = attribute(default=1, validator=ge(1))
    time_limit: float = attribute(default=3600.0, validator=gt(0))

    @property
    def traits(self) -> TopologyTraits:
        """The field that it condenses, and which samples are neighbours."""
        return TopologyTraits(field=self.field, adjacency=self.adjacency, neighbours=self.neighbours)

    def compute(self, landscape: Landscape) -> Topology:
        """Return the merge tree of the field, simplified and whole."""
        return condense(landscape, self.field, self.persistence, mask=self.mask, sweep=self._branches)

    def _branches(self, samples: Samples, swept: np.ndarray) -> Branches:
        if not len(swept):
            none = np.empty(0, int)
            return Branches(births=none, deaths=none, elders=none, own=none, tops=none)
        asked = question(samples, swept, self.adjacency, self.neighbours)
        arrays = asked.arrays | {"threads": np.array(self.threads)}
        return branches(ask(arrays, self.interpreter, self.time_limit), asked.places, len(swept))
