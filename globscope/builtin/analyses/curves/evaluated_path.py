"""Paths between two networks in weight space, evaluated: straight lines, trained curves and relaxed chains."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, field

from globscope.api import Bench, GlobscopeError, Map, Mixtures, Networks, lengths_along
from globscope.builtin.analyses.curves.shapes import basis
from globscope.builtin.analyses.curves.training import CurveTraining


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


def trained_paths(bench: Bench, curves: Sequence[CurveTraining], points: int) -> list[EvaluatedPath | str]:
    """Return trained curves, each evaluated at so many points, at equal steps of t.

    If a training diverges, as it may from networks with enormous losses, the message of its error is returned.
    """
    trained = bench.attempts(curve.part for curve in curves)
    return [
        str(found) if isinstance(found, GlobscopeError) else _evaluate(bench, curve, found["bends"], points)
        for curve, found in zip(curves, trained, strict=True)
    ]


def _evaluate(bench: Bench, curve: CurveTraining, bends: np.ndarray, points: int) -> EvaluatedPath:
    """Return the path of a curve's networks; their buffers are those of the nearer end."""
    space = Mixtures(weights=np.concatenate([curve.ends[:1], bends, curve.ends[1:]]))
    shares = basis(curve.settings.shape, len(bends), np.linspace(0, 1, points))
    nearest = np.arange(points) * 2 // points
    fields = bench.measure(Networks(space=space, coordinates=shares, buffers=curve.buffers, nearest=nearest))
    return EvaluatedPath(fields=fields, lengths=lengths_along(space.lift(one[None])[0] for one in shares))
