"""Fields of any number of axes whose merge trees are known, and a study that a sampler plays on them."""

import numpy as np
from attrs import define, field

from globscope.api import Chart, Landscape, Member, Samples, span
from globscope.builtin.topology import Gudhi

FIELD = "train_loss"


@define(frozen=True)
class Wells:
    """Gaussian wells in a shallow bowl: smooth, with exact derivatives.

    Attributes:
        centres: (w, d) middles of the wells.
        depths: (w,) their depths.
        widths: (w,) their standard deviations.
    """

    centres: np.ndarray
    depths: np.ndarray
    widths: np.ndarray
    bowl: float = 0.15

    @classmethod
    def draw(cls, dimension, wells, seed):
        rng = np.random.default_rng([seed, dimension])
        widths = rng.uniform(0.14, 0.25, wells) * np.sqrt(dimension / 2)
        return cls(rng.uniform(-0.8, 0.8, (wells, dimension)), rng.uniform(0.5, 1.5, wells), widths)

    def __call__(self, points):
        wells, _ = self._wells(points)
        return self.bowl * (points**2).sum(axis=1) - wells.sum(axis=1)

    def slope(self, points):
        wells, apart = self._wells(points)
        return 2 * self.bowl * points + ((wells / self.widths**2)[..., None] * apart).sum(axis=1)

    def hessian(self, points):
        wells, apart = self._wells(points)
        weights = wells / self.widths**2
        outer = np.einsum("nw,nwi,nwj->nij", weights / self.widths**2, apart, apart)
        return (2 * self.bowl + weights.sum(axis=1))[:, None, None] * np.eye(points.shape[1]) - outer

    def _wells(self, points):
        apart = points[:, None] - self.centres
        return self.depths * np.exp(-(apart**2).sum(axis=2) / (2 * self.widths**2)), apart


@define(frozen=True)
class Bowls:
    """The lowest of round bowls of equal curvature: passes are kinks, and the tree has a closed form.

    Attributes:
        centres: (w, d) middles of the bowls.
        floors: (w,) their lowest values.
        curvature: Half the second derivative.
    """

    centres: np.ndarray
    floors: np.ndarray
    curvature: float

    @classmethod
    def draw(cls, dimension, bowls, seed):
        rng = np.random.default_rng([seed, dimension, 1])
        return cls(rng.uniform(-0.7, 0.7, (bowls, dimension)), rng.uniform(0, 0.3, bowls), 2 / np.sqrt(dimension))

    def __call__(self, points):
        return self._bowls(points).min(axis=1)

    def slope(self, points):
        return 2 * self.curvature * (points - self.centres[self._bowls(points).argmin(axis=1)])

    def heights(self):
        """The (w, w) levels at which the balls below them touch: single linkage on these is the merge tree."""
        distances = np.linalg.norm(self.centres[:, None] - self.centres, axis=2)
        rise = self.curvature * distances**2
        gap = self.floors[None] - self.floors[:, None]
        share = np.clip((rise + gap) / np.maximum(2 * rise, 1e-300), 0, 1)
        levels = self.floors[:, None] + rise * share**2
        return np.maximum(levels, np.maximum(self.floors[:, None], self.floors))

    def _bowls(self, points):
        return self.floors + self.curvature * ((points[:, None] - self.centres) ** 2).sum(axis=2)


@define
class PlayedStudy:
    """A chart whose points are the networks, and what a sampler measured on it.

    Attributes:
        chart: The chart; its box is [−1, 1]^d.
        landscape: All samples.
        rounds: Number of rounds.
        cost: Evaluations, a gradient counted as the chart says.
    """

    chart: Chart
    landscape: Landscape | None = None
    rounds: int = 0
    cost: int = 0
    seed: int = 0
    parts: list = field(factory=list)

    def measure(self, values, samples):
        found = values(samples.points)
        self.rounds += 1
        self.cost += len(found) * (1 if samples.gradient is None else self.chart.gradient_cost)
        part = landscape_of_points(samples, found, None if samples.gradient is None else values.slope(samples.points))
        self.landscape = part if self.landscape is None else self.landscape.concatenate(part)
        return part

    def ask_all(self, sampler, values):
        """Play every round as a study does, by `ask`."""
        while (
            samples := sampler.ask(self.chart, self.landscape, np.random.default_rng([self.seed, self.rounds]))
        ) is not None:
            self.measure(values, samples)
        return self

    def run_once(self, sampler, values):
        """Play the search without replaying it, which gives the same samples in a fraction of the time."""
        search = sampler.search(self.chart, np.random.default_rng([self.seed, 0]))
        samples = next(search, None)
        while samples is not None:
            try:
                samples = search.send(self.measure(values, samples))
            except StopIteration:
                break
        return self

    def persistences(self, threshold=0.1):
        """The finite persistences of the tree that the ordinary topology finds, falling, and its number of roots."""
        tree = Gudhi(persistence=threshold, field=FIELD).compute(self.landscape).tree
        finite = np.isfinite(tree.persistences)
        return np.sort(tree.persistences[finite])[::-1], int((~finite).sum())


def landscape_of_points(samples, values, gradients=None):
    return Landscape(
        samples=samples,
        fields={FIELD: values},
        distance_to_member=np.zeros(len(values)),
        trusted=np.ones(len(values), bool),
        gradients=gradients,
        seconds={"decode": 0.0, "evaluate": 0.0},
    )


def chart_of_ends(ends, dimension):
    """A chart of [−1, 1]^d that decodes to itself, on which runs end at (n, d) points."""
    corners = [Member(variant="corner", step=0, kind="curve"), Member(variant="corner", step=1, kind="curve")]
    runs = [Member(variant=f"run {number}", step=1) for number in range(len(ends))]
    latents = np.concatenate([-np.ones((1, dimension)), np.ones((1, dimension)), np.reshape(ends, (-1, dimension))])
    weights = np.random.default_rng(0).normal(size=(dimension + 2, dimension + 2)).astype(np.float32)
    return Chart(
        space=span(weights),
        latents=latents,
        members=tuple(corners + runs),
        decode=lambda points: points,
        pullback=lambda points, gradients: gradients,
    )


def tree_of_heights(floors, heights, threshold=0.1):
    """The finite persistences above a threshold of single linkage on (m, m) heights, falling: Kruskal's rule."""
    count, group, lowest, found = len(floors), list(range(len(floors))), list(floors), []
    pairs = sorted((heights[i, j], i, j) for i in range(count) for j in range(i) if np.isfinite(heights[i, j]))
    for height, i, j in pairs:
        one, other = group[i], group[j]
        if one != other:
            found.append(height - max(lowest[one], lowest[other]))
            lowest[one] = min(lowest[one], lowest[other])
            group = [one if number == other else number for number in group]
    return np.sort([each for each in found if each > threshold])[::-1]


def lattice_persistences(values, dimension, side, threshold=0.1):
    """The persistences on a lattice of [−1, 1]^d."""
    axis = np.linspace(-1, 1, side)
    index = np.indices((side,) * dimension).reshape(dimension, -1).T
    points = axis[index]
    found = np.concatenate([values(part) for part in np.array_split(points, max(1, len(points) // 4096))])
    samples = Samples(points=points, index=index, shape=(side,) * dimension)
    study = PlayedStudy(chart=None, landscape=landscape_of_points(samples, found))
    return study.persistences(threshold)[0]
