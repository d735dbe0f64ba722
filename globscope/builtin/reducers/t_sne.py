"""The reducer `t-sne`: members that are near stay near, and nothing else is kept."""

from inspect import signature
from typing import Any, Literal

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, ge, optional

from globscope.api import AXES, NEIGHBOURS, STEPS, Chart, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.requirements import MANY, require_directions

# Why no point of the map is a network.
SCATTER = "t-SNE places the members alone; it has no formula for other networks or for other points."
# The usual perplexity, and how many times as many other members there have to be.
USUAL, OTHERS = 30.0, 3
# Members up to which the gradient is exact, since that is about as fast; Barnes and Hut's has at most three axes.
EXACT, APPROXIMATED = 300, 3
# Standard deviation of the first axis at the start, so small that all forces are alike.
START = 1e-4
FEWEST_STEPS = 250


@define(frozen=True, kw_only=True)
class TSne:
    """Keep each member's nearest neighbours, and nothing else (t-SNE).

    Of other members, the distances, the sizes and the densities of groups on the map mean nothing. It places only the
    members: it cannot place other networks, and it cannot decode points. It is for comparison with maps that can. Up to
    300 members, and beyond three axes, the gradient is exact; of more it is Barnes and Hut's approximation, on one
    thread so that a fit can be repeated to the last bit.

    Source: van der Maaten, Hinton, "Visualizing data using t-SNE", JMLR 9, 2008; van der Maaten, "Accelerating t-SNE
    using tree-based algorithms", JMLR 15, 2014; the start along principal axes is from Kobak, Berens, "The art of using
    t-SNE for single-cell transcriptomics", Nature Communications 10, 2019; by scikit-learn.

    Attributes:
        latent_dim: Number of latent axes.
        perplexity: Number of neighbours, in effect, whose distances count. Unset, it is 30; it is at most a third of
            the number of the other members, and at least 1. The notes of the map give the one that was used.
        start: Where the members start: on their `principal-axes`, the same for every seed, or at `random` places.
        max_iterations: Largest number of gradient steps.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    perplexity: float | None = field(default=None, validator=optional(and_(ge(1), NEIGHBOURS)))
    start: Literal["principal-axes", "random"] = "principal-axes"
    max_iterations: int = field(default=1000, validator=and_(ge(FEWEST_STEPS), STEPS))

    @classmethod
    def quick_examples(cls) -> "tuple[TSne, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(latent_dim=4, start="random"),
        )

    @property
    def traits(self) -> ReducerTraits:
        """A map without an inverse."""
        return ReducerTraits(latent_dim=self.latent_dim, why_no_inverse=SCATTER)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the members' places.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
        """
        from threadpoolctl import threadpool_limits

        require_directions(inputs, "t-sne", self.latent_dim)
        centred = inputs.coordinates - inputs.coordinates.mean(axis=0)
        # Single precision is used for distances, whose unit does not matter.
        scaled = centred / np.sqrt((centred**2).sum(axis=1).mean())
        model = self._model(scaled, rng)
        with threadpool_limits(1 if model.method == "barnes_hut" else None):
            latents = model.fit_transform(scaled)
        notes = {"perplexity": float(model.perplexity), "kl_divergence": float(model.kl_divergence_)}
        return Chart(space=inputs.space, latents=latents.astype(np.float64), why_no_inverse=SCATTER, notes=notes)

    def _model(self, coordinates: np.ndarray, rng: np.random.Generator) -> Any:
        from sklearn.manifold import TSNE

        members, seed = len(coordinates), int(rng.integers(2**31))
        exact = members <= EXACT or self.latent_dim > APPROXIMATED
        steps = "max_iter" if "max_iter" in signature(TSNE).parameters else "n_iter"  # renamed in scikit-learn 1.5
        return TSNE(
            n_components=self.latent_dim,
            perplexity=max(1.0, min(self.perplexity or USUAL, (members - 1) / OTHERS)),
            init="random" if self.start == "random" else self._principal_start(coordinates),
            method="exact" if exact else "barnes_hut",
            random_state=seed,
            **{steps: self.max_iterations},
        )

    def _principal_start(self, centred: np.ndarray) -> np.ndarray:
        """Return (n, latent_dim) coordinates along the first principal axes, scaled as t-SNE wants them."""
        left, scales, _ = np.linalg.svd(centred, full_matrices=False)
        places = (left * scales)[:, : self.latent_dim]
        scaled: np.ndarray = (places / places[:, 0].std() * START).astype(np.float32)
        return scaled

    def trial(self, members: int) -> tuple["TSne", float] | None:
        """Return a fit with few steps, and the largest factor by which the whole fit takes longer."""
        few = evolve(self, max_iterations=FEWEST_STEPS)
        return (few, self.max_iterations / FEWEST_STEPS) if members <= MANY else None
