"""Ways between two networks in weight space, evaluated: as given, straight, by a trained curve, or relaxed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Bench, GlobscopeError, Map, Mixtures, Networks, device, lengths_along
from globscope.builtin.analyses.curves.shapes import Shape, basis
from globscope.builtin.analyses.curves.training import Settings, trained_bends


@define(frozen=True, kw_only=True)
class EvaluatedPath:
    """One way between two networks.

    Attributes:
        fields: (n,) each, of the networks on it.
        reached: (n,) Euclidean length of the way up to each.
    """

    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    reached: np.ndarray = field(eq=False, repr=False)


def straight_lines(one: Map, passes: np.ndarray, bench: Bench) -> list[EvaluatedPath]:
    """Return the straight lines between the ends of several passes, evaluated at once.

    Args:
        one: The map that the passes run on.
        passes: (k, n, r) coordinates of the networks on each, which are isometric to weights.
        bench: Measures.
    """
    count, points, rank = passes.shape
    t, ends = np.linspace(0, 1, points)[:, None], passes[:, [0, -1]]
    lines = (1 - t) * ends[:, :1] + t * ends[:, 1:]
    held = one.population.buffers
    rows = one.nearest(ends.reshape(-1, rank))[0].reshape(count, 2)
    nearer = rows[:, np.arange(points) * 2 // points].ravel()
    networks = Networks(
        space=one.chart.space, coordinates=lines.reshape(-1, rank), buffers=held, nearest=nearer if held else None
    )
    fields = bench.measure(networks)
    own = [slice(at * points, (at + 1) * points) for at in range(count)]
    return [
        EvaluatedPath(fields={name: values[at] for name, values in fields.items()}, reached=lengths_along(line))
        for at, line in zip(own, lines, strict=True)
    ]


@define(frozen=True, kw_only=True)
class PathTraining:
    """How ways are trained, and at how many points they are evaluated.

    Attributes:
        label: What they connect.
        epochs: Passes over the training examples.
        learning_rate: Of the first half.
        batch_size: Examples per step.
        device: As a spec says it.
        points: Evaluated along each, at equal steps of t.
        buffers: Of the members nearest to both ends; empty where members have none.
    """

    label: str
    epochs: int
    learning_rate: float
    batch_size: int
    device: str
    points: int
    buffers: Sequence[Mapping[str, np.ndarray]] = ()

    def way(self, bench: Bench, ends: np.ndarray, start: np.ndarray | None = None) -> EvaluatedPath | str:
        """Return a Bezier curve with one bend between (2, D) ends, or the chain that starts as (bends, D) networks.

        Where the training diverges, as it may from networks of enormous losses, what is told of that.
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
        probe = bench.task.build(device(self.device, "analysis.device"))
        kept: dict[str, Any] = {"name": self.label, "start": start, "buffers": self.buffers}
        try:
            found = trained_bends(bench, probe, ends, settings, bench.seed, **kept)
        except GlobscopeError as error:
            return str(error)
        whole = np.concatenate([ends[:1], found, ends[1:]])
        return self._mixed(bench, whole, basis(shape, bends, np.linspace(0, 1, self.points)))

    def _mixed(self, bench: Bench, networks: np.ndarray, shares: np.ndarray) -> EvaluatedPath:
        """Return the way along (n, k) mixtures of (k, D) networks; buffers are those of the nearer end."""
        space, nearest = Mixtures(weights=networks), np.arange(len(shares)) * 2 // len(shares)
        mixed = Networks(space=space, coordinates=shares, buffers=self.buffers, nearest=nearest)
        return EvaluatedPath(
            fields=bench.measure(mixed), reached=lengths_along(space.lift(one[None])[0] for one in shares)
        )
