"""Paths between two networks in weight space, evaluated: straight lines, trained curves and relaxed chains."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, field

from globscope.api import Bench, GlobscopeError, Map, Mixtures, Networks, device, lengths_along
from globscope.builtin.analyses.curves.shapes import Shape, basis
from globscope.builtin.analyses.curves.training import CurveTraining, trained_bends
from globscope.builtin.analyses.curves.training_step import Settings


@define(frozen=True, kw_only=True)
class EvaluatedPath:
    """A path between two networks, with what was measured on it.

    Attributes:
        fields: Fields of the networks on the path, (n,) each.
        lengths: (n,) Euclidean lengths of the path up to each network.
    """

    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    lengths: np.ndarray = field(eq=False, repr=False)


def straight_lines(map_: Map, passes: np.ndarray, bench: Bench) -> list[EvaluatedPath]:
    """Return the straight lines between the ends of several passes, evaluated at once.

    Args:
        map_: The map on which the passes lie.
        passes: (k, n, r) coordinates of the networks on each pass, isometric to weights.
        bench: Measures the networks.
    """
    count, points, rank = passes.shape
    t, ends = np.linspace(0, 1, points)[:, None], passes[:, [0, -1]]
    lines = (1 - t) * ends[:, :1] + t * ends[:, 1:]
    buffers = map_.population.buffers
    nearest_members = map_.nearest(ends.reshape(-1, rank))[0].reshape(count, 2)
    nearer = nearest_members[:, np.arange(points) * 2 // points].ravel()
    networks = Networks(
        space=map_.chart.space,
        coordinates=lines.reshape(-1, rank),
        buffers=buffers,
        nearest=nearer if buffers else None,
    )
    fields = bench.measure(networks)
    slices = [slice(number * points, (number + 1) * points) for number in range(count)]
    return [
        EvaluatedPath(fields={name: values[rows] for name, values in fields.items()}, lengths=lengths_along(line))
        for rows, line in zip(slices, lines, strict=True)
    ]


@define(frozen=True, kw_only=True)
class PathTraining:
    """How paths are trained, and at how many points they are evaluated.

    Attributes:
        label: Names of the basins that they connect, and of the map.
        epochs: Number of passes over the training examples.
        learning_rate: Learning rate of the first half.
        batch_size: Number of examples per step.
        device: Device, as in a spec.
        points: Number of networks to evaluate on each path, at equal steps of t.
        buffers: Buffers of the members nearest to both ends; empty where members have none.
    """

    label: str
    epochs: int
    learning_rate: float
    batch_size: int
    device: str
    points: int
    buffers: Sequence[Mapping[str, np.ndarray]] = ()

    def evaluated_path(self, bench: Bench, ends: np.ndarray, start: np.ndarray | None = None) -> EvaluatedPath | str:
        """Return a Bezier curve with one bend between (2, D) ends, or the chain that starts as (bends, D) networks.

        If training diverges, as it may from networks with enormous losses, the message of the error is returned.
        """
        shape: Shape = "Bezier" if start is None else "PolyChain"
        bends = 1 if start is None else len(start)
        settings = Settings(
            shape=shape,
            bends=bends,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            weight_decay=0.0,
        )
        curve = CurveTraining(
            task=bench.task,
            device=device(self.device, "analysis.device"),
            ends=ends,
            settings=settings,
            seed=bench.seed,
            name=self.label,
            start=start,
            buffers=self.buffers,
        )
        try:
            [trained] = trained_bends(bench, [curve])
        except GlobscopeError as error:
            return str(error)
        whole = np.concatenate([ends[:1], trained, ends[1:]])
        return self._evaluate(bench, whole, basis(shape, bends, np.linspace(0, 1, self.points)))

    def _evaluate(self, bench: Bench, networks: np.ndarray, shares: np.ndarray) -> EvaluatedPath:
        """Return the path of (n, k) mixtures of (k, D) networks; their buffers are those of the nearer end."""
        space, nearest = Mixtures(weights=networks), np.arange(len(shares)) * 2 // len(shares)
        mixed = Networks(space=space, coordinates=shares, buffers=self.buffers, nearest=nearest)
        return EvaluatedPath(
            fields=bench.measure(mixed), lengths=lengths_along(space.lift(one[None])[0] for one in shares)
        )
