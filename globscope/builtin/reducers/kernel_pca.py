"""Kernel principal components with a learnt pre-image."""

import warnings
from typing import Any, Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt

from globscope.api import AXES, Chart, GlobscopeError, Pullback, ReducerInputs, ReducerTraits, Transform
from globscope.builtin.reducers.kernel_gradients import kernel_pullback
from globscope.builtin.reducers.requirements import MANY, require_directions


@define(frozen=True, kw_only=True)
class KernelPca:
    """Project onto principal components in a kernel's feature space; decode by kernel ridge regression.

    The projection is that of Schölkopf, Smola & Müller (1998), and the pre-image that of Bakır, Weston & Schölkopf
    (2004), both computed by scikit-learn. Coordinates in the projection, and latent points in the pre-image, are in
    units of the median distance between members. So `gamma` has the same meaning for every population and in both
    directions. (The default of scikit-learn, 1/number of coordinates, does not.)

    Attributes:
        latent_dim: Number of latent axes.
        kernel: Kernel of both the projection and the pre-image.
        gamma: Width parameter of `rbf`, `poly` and `sigmoid`, in units of 1 / median squared distance between members:
            between their weights in the projection, between their latent points in the pre-image.
        degree: Degree of `poly`.
        coef0: Constant term of `poly` and `sigmoid`.
        alpha: Ridge of the pre-image; small values interpolate the members.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    kernel: Literal["rbf", "poly", "sigmoid", "cosine", "linear"] = "rbf"
    gamma: float = field(default=3.0, validator=gt(0))
    degree: int = field(default=3, validator=and_(ge(1), AXES))
    coef0: float = 1.0
    alpha: float = field(default=1e-8, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[KernelPca, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(kernel="poly"),
            cls(kernel="cosine", alpha=0.001),
        )

    @property
    def traits(self) -> ReducerTraits:
        """A map of as many axes as chosen."""
        return ReducerTraits(latent_dim=self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the fitted chart; equal seeds give equal charts.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
            GlobscopeError: The pre-image cannot be solved for.
        """
        from sklearn.decomposition import KernelPCA

        require_directions(inputs, "kernel-pca", self.latent_dim)
        scale = median_distance(inputs.coordinates)
        model = KernelPCA(
            n_components=self.latent_dim,
            **self._kernel,
            eigen_solver="dense",  # the others iterate from a random start
            random_state=int(rng.integers(2**31)),
        )
        latents = model.fit_transform(inputs.coordinates / scale)
        apart = median_distance(latents)
        back, pullback = self._pre_image(latents / apart, inputs.coordinates / scale)
        return Chart(
            space=inputs.space,
            latents=latents,
            encode=lambda coordinates: model.transform(coordinates / scale),
            decode=lambda points: back(points / apart) * scale,
            pullback=lambda points, gradients: pullback(points / apart, gradients * (scale / apart)),
            pointwise=True,
            notes={"median_distance": scale, "median_latent_distance": apart},
        )

    def trial(self, members: int) -> tuple["KernelPca", float] | None:
        """Return itself, since the whole fit is quick; None for very many members."""
        return (self, 1.0) if members <= MANY else None

    @property
    def _kernel(self) -> dict[str, Any]:
        return {"kernel": self.kernel, "gamma": self.gamma, "degree": self.degree, "coef0": self.coef0}

    def _pre_image(self, latents: np.ndarray, coordinates: np.ndarray) -> tuple[Transform, Pullback]:
        """Return the ridge regression from (N, d) scaled latents to (N, r) scaled coordinates, and its pullback."""
        from scipy.linalg import LinAlgError, LinAlgWarning, solve
        from sklearn.metrics.pairwise import pairwise_kernels

        def similarity(points: np.ndarray) -> np.ndarray:
            kernels: np.ndarray = pairwise_kernels(points, latents, metric=self.kernel, filter_params=True, **options)
            return kernels

        options = {name: value for name, value in self._kernel.items() if name != "kernel"}
        ridged = similarity(latents) + self.alpha * np.eye(len(latents))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", LinAlgWarning)  # the solution would have no correct digit
                # A sigmoid is not a positive definite kernel.
                weights = solve(ridged, coordinates, assume_a="sym" if self.kernel == "sigmoid" else "pos")
        except (LinAlgError, LinAlgWarning) as error:
            raise GlobscopeError(
                f"reducer 'kernel-pca': the pre-image cannot be solved for with kernel = {self.kernel!r}, "
                f"gamma = {self.gamma:g} and alpha = {self.alpha:g}; raise alpha"
            ) from error

        def pullback(points: np.ndarray, gradients: np.ndarray) -> np.ndarray:
            return kernel_pullback(self.kernel, points, latents, gradients @ weights.T, **options)

        return lambda points: similarity(points) @ weights, pullback


def median_distance(points: np.ndarray) -> float:
    """Return the median distance between the rows of points."""
    from scipy.spatial.distance import pdist

    return float(np.sqrt(np.median(pdist(points, "sqeuclidean")))) or 1.0
