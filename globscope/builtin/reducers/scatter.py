"""Maps without an inverse, which place the members but have no landscape."""

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, ge

from globscope.api import AXES, NEIGHBOURS, STEPS, Chart, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.requirements import MANY, require_directions

# Why no point of a map is a network.
MDS = "MDS places the members alone; it has no formula for other networks or for other points."
ISOMAP = "Isomap places networks on the map, but has no way back from a point to a network."


@define(frozen=True, kw_only=True)
class Mds:
    """Place the members so that their distances are kept as well as they can be (metric MDS).

    SMACOF (de Leeuw & Mair, 2009) from classical scaling (Torgerson, 1952). It places only the members:
    it cannot place other networks, and it cannot decode points.

    Attributes:
        latent_dim: Number of latent axes.
        max_iterations: Largest number of iterations of the stress majorisation.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    max_iterations: int = field(default=300, validator=and_(ge(1), STEPS))

    @property
    def traits(self) -> ReducerTraits:
        """A map without an inverse."""
        return ReducerTraits(latent_dim=self.latent_dim, why_no_inverse=MDS)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the members' places.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
        """
        from scipy.spatial.distance import pdist, squareform
        from sklearn.manifold import smacof

        require_directions(inputs, "mds", self.latent_dim)
        centred = inputs.coordinates - inputs.coordinates.mean(axis=0)
        start, scales, _ = np.linalg.svd(centred, full_matrices=False)
        latents, stress = smacof(
            squareform(pdist(inputs.coordinates)),
            n_components=self.latent_dim,
            init=(start * scales)[:, : self.latent_dim],
            n_init=1,
            max_iter=self.max_iterations,
            random_state=int(rng.integers(2**31)),
            normalized_stress=False,
        )
        notes = {"stress": float(stress)}
        return Chart(space=inputs.space, latents=latents, why_no_inverse=MDS, notes=notes)

    def trial(self, members: int) -> tuple["Mds", float] | None:
        """Return a fit with few iterations, and the largest factor by which the whole fit takes longer."""
        few = min(self.max_iterations, 10)
        return (evolve(self, max_iterations=few), self.max_iterations / few) if members <= MANY else None


@define(frozen=True, kw_only=True)
class Isomap:
    """Keep the distances along the graph of nearest neighbours (Isomap).

    Tenenbaum, de Silva & Langford (2000), by scikit-learn. Networks have a place on it, but no place
    has a network.

    Attributes:
        latent_dim: Number of latent axes.
        n_neighbors: Number of nearest members that count as neighbours; at most one less than there are members.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    n_neighbors: int = field(default=5, validator=and_(ge(1), NEIGHBOURS))

    @property
    def traits(self) -> ReducerTraits:
        """A map without an inverse."""
        return ReducerTraits(latent_dim=self.latent_dim, why_no_inverse=ISOMAP)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the fitted chart; `rng` is not used.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
        """
        import warnings

        from scipy.sparse import SparseEfficiencyWarning
        from sklearn.manifold import Isomap as Model

        del rng
        require_directions(inputs, "isomap", self.latent_dim)
        neighbours = min(self.n_neighbors, len(inputs.coordinates) - 1)
        model = Model(n_neighbors=neighbours, n_components=self.latent_dim, eigen_solver="dense")
        with warnings.catch_warnings():
            # Separate clusters are common here; scikit-learn joins them by their nearest members, and both it and
            # SciPy warn that this is slow.
            warnings.filterwarnings("ignore", message=".*number of connected components.*", category=UserWarning)
            warnings.filterwarnings("ignore", category=SparseEfficiencyWarning)
            latents = model.fit_transform(inputs.coordinates)
        notes: dict[str, float] = {"n_neighbors": neighbours}
        return Chart(space=inputs.space, latents=latents, encode=model.transform, why_no_inverse=ISOMAP, notes=notes)

    def trial(self, members: int) -> tuple["Isomap", float] | None:
        """Return itself, since the whole fit is quick; None for very many members."""
        return (self, 1.0) if members <= MANY else None
