"""Kernel principal components with a learnt pre-image."""

from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import ge, gt

from globscope.api import Chart, GlobscopeError, ReducerInputs
from globscope.builtin.reducers.rank import require


@define(frozen=True, kw_only=True)
class KernelPca:
    """Project onto principal components in a kernel's feature space; decode by kernel ridge regression.

    Schölkopf, Smola & Müller (1998); pre-image of Bakır, Weston & Schölkopf (2004), both by
    scikit-learn. Coordinates are scaled so that the median squared distance between members is 1,
    so `gamma` means the same for every population (scikit-learn's own default, 1/number of
    coordinates, would not).

    Attributes:
        latent_dim: Number of latent axes.
        kernel: Of both the projection and the pre-image.
        gamma: Of `rbf`, `poly` and `sigmoid`, in units of 1 / median squared distance.
        degree: Of `poly`.
        coef0: Of `poly` and `sigmoid`.
        alpha: Ridge of the pre-image; small values interpolate the members.
    """

    latent_dim: int = field(default=2, validator=ge(1))
    kernel: Literal["rbf", "poly", "sigmoid", "cosine", "linear"] = "rbf"
    gamma: float = field(default=3.0, validator=gt(0))
    degree: int = field(default=3, validator=ge(1))
    coef0: float = 1.0
    alpha: float = field(default=1e-8, validator=ge(0))

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the fitted chart; equal seeds give equal charts.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
            GlobscopeError: The pre-image cannot be solved for.
        """
        from scipy.linalg import LinAlgError
        from sklearn.decomposition import KernelPCA

        require(inputs, "kernel-pca", self.latent_dim)
        scale = median_distance(inputs.coordinates)
        model = KernelPCA(
            n_components=self.latent_dim,
            kernel=self.kernel,
            gamma=self.gamma,
            degree=self.degree,
            coef0=self.coef0,
            alpha=self.alpha,
            fit_inverse_transform=True,
            eigen_solver="dense",  # the others iterate from a random start
            random_state=int(rng.integers(2**31)),
        )
        try:
            latents = model.fit_transform(inputs.coordinates / scale)
        except LinAlgError as error:
            raise GlobscopeError(
                f"reducer 'kernel-pca': the pre-image cannot be solved for with kernel = {self.kernel!r}, "
                f"gamma = {self.gamma:g} and alpha = {self.alpha:g}; raise alpha"
            ) from error
        return Chart(
            space=inputs.space,
            latents=latents,
            encode=lambda coordinates: model.transform(coordinates / scale),
            decode=lambda points: model.inverse_transform(points) * scale,
            pointwise=True,
            notes={"median_distance": scale},
        )


def median_distance(coordinates: np.ndarray) -> float:
    """Return the median distance between members."""
    from scipy.spatial.distance import pdist

    return float(np.sqrt(np.median(pdist(coordinates, "sqeuclidean")))) or 1.0
