"""UMAP, by umap-learn."""

import warnings
from typing import Any

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt, le, optional

from globscope.api import EPOCHS, NEIGHBOURS, Chart, PopulationError, Progress, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.requirements import require_directions
from globscope.builtin.reducers.umap_learn import is_compiled, load

# Seconds between two reports of the epochs that are done.
INTERVAL = 0.2


@define(frozen=True, kw_only=True)
class Umap:
    """Lay the members out so that neighbours stay neighbours (UMAP); decode by its own inverse.

    McInnes, Healy & Melville (2018), by umap-learn, with the Euclidean metric. The inverse of a point
    depends on the batch it is decoded with; the study decodes each sampler's points as one batch. It is an
    optimisation, so gradients on this map are central differences.

    Attributes:
        latent_dim: Number of latent axes; at most 7, beyond which umap-learn decodes poorly or not at all.
        n_neighbors: Number of nearest members that count as neighbours; at most one less than there are members.
        min_dist: Least distance between members on the map; at most `spread`.
        spread: Scale of the layout.
        n_epochs: Number of optimisation epochs; umap-learn's choice if unset.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), le(7)))
    n_neighbors: int = field(default=15, validator=and_(ge(2), NEIGHBOURS))
    min_dist: float = field(default=0.1, validator=ge(0))
    spread: float = field(default=1.0, validator=gt(0))
    n_epochs: int | None = field(default=None, validator=optional(and_(ge(1), EPOCHS)))

    @classmethod
    def quick_examples(cls) -> "tuple[Umap, ...]":
        """Return what the contract kit checks: a quick one."""
        return (cls(n_epochs=10),)

    def __attrs_post_init__(self) -> None:
        if self.min_dist > self.spread:
            raise ValueError(f"min_dist must be at most spread, {self.spread}, got {self.min_dist}")

    @property
    def traits(self) -> ReducerTraits:
        """A map of as many axes as chosen."""
        return ReducerTraits(latent_dim=self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the fitted chart; equal seeds give equal charts on one machine.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`, or are too few.
        """
        require_directions(inputs, "umap", self.latent_dim)
        self._require_members(len(inputs.coordinates))
        with warnings.catch_warnings():
            _ignore_internal_warnings()
            learner, slower = load()
            model = learner(
                n_components=self.latent_dim,
                n_neighbors=min(self.n_neighbors, len(inputs.coordinates) - 1),
                min_dist=self.min_dist,
                spread=self.spread,
                n_epochs=self.n_epochs,
                metric="euclidean",
                random_state=int(rng.integers(2**31)),
                n_jobs=1,  # more threads would give other layouts on every run
                force_approximation_algorithm=False,
                tqdm_kwds=EpochCount.of(inputs.progress),
            ).fit(inputs.coordinates.astype(np.float32))
            model.tqdm_kwds = {}  # the bar of the fit is over when points are encoded
        notes: dict[str, float | str] = {"n_neighbors": model.n_neighbors}
        return Chart(
            space=inputs.space,
            latents=np.asarray(model.embedding_, np.float64),
            encode=lambda coordinates: _call_quietly(model.transform, coordinates),
            decode=lambda points: _call_quietly(model.inverse_transform, points),
            report_decode=lambda points, progress: _decode(model, points, progress),
            notes=notes | ({"slower": slower} if slower else {}),
        )

    def compilation(self) -> str:
        """Return the module that compiles umap-learn's functions; empty once they are kept on disk."""
        return "" if is_compiled() else "globscope.builtin.reducers.compile_umap"

    def _require_members(self, count: int) -> None:
        # The spectral start needs latent_dim + 1 eigenvectors, and its solver more rows than that.
        if count < self.latent_dim + 2:
            raise PopulationError(
                f"reducer 'umap' with latent_dim = {self.latent_dim} needs at least {self.latent_dim + 2} members, "
                f"there are {count} in the fit"
            )


def _decode(model: Any, points: np.ndarray, progress: Progress) -> np.ndarray:
    """Return the coordinates of points, and report the epochs of the optimisation that finds them."""
    model.tqdm_kwds = EpochCount.of(progress)
    try:
        return _call_quietly(model.inverse_transform, points)
    finally:
        model.tqdm_kwds = {}


@define
class EpochCount:
    """A file to which tqdm, umap-learn's bar, writes the epochs that are done, and which reports them.

    Attributes:
        progress: Receives the progress.
    """

    progress: Progress

    @classmethod
    def of(cls, progress: Progress) -> dict[str, Any]:
        """Return the arguments of tqdm by which a fit or an inverse reports its epochs."""
        return {"file": cls(progress), "disable": False, "bar_format": "{n_fmt}/{total_fmt}", "mininterval": INTERVAL}

    def write(self, text: str) -> None:
        """Report what a line of the bar says, such as `12/200`."""
        done, slash, total = text.strip().partition("/")
        if slash and done.isdigit() and total.isdigit():
            self.progress(int(done), int(total))

    def flush(self) -> None:
        """Do nothing: every line is reported at once."""


def _call_quietly(function: Any, points: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        _ignore_internal_warnings()
        result: np.ndarray = np.asarray(function(points.astype(np.float32)), np.float64)
    return result


def _ignore_internal_warnings() -> None:
    """Silence umap-learn's warnings about its own internals, never those about the data."""
    warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
    warnings.filterwarnings("ignore", message=".*'force_all_finite' was renamed.*", category=FutureWarning)
    warnings.filterwarnings("ignore", message="IProgress not found")  # tqdm's, in a notebook without widgets
    warnings.filterwarnings("ignore", message=".*n_jobs value .* overridden.*", category=UserWarning)
