"""Ways between two networks in weight space, evaluated: as given, straight, by a trained curve, or relaxed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Bench, Draft, GlobscopeError, Mixtures, Networks, Progress, device
from globscope.builtin.analyses.curves.lines import travelled
from globscope.builtin.analyses.curves.shapes import Shape, basis
from globscope.builtin.analyses.curves.training import Settings, train


@define(frozen=True, kw_only=True)
class Way:
    """One way between two networks.

    Attributes:
        fields: (n,) each, of the networks on it.
        reached: (n,) Euclidean length of the way up to each.
    """

    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    reached: np.ndarray = field(eq=False, repr=False)


@define(frozen=True, kw_only=True)
class Training:
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

    def straight(self, bench: Bench, ends: np.ndarray) -> Way:
        """Return the straight line between (2, D) ends, at equal steps."""
        t = np.linspace(0, 1, self.points)
        return self._mixed(bench, ends, np.stack([1 - t, t], axis=1))

    def way(self, bench: Bench, ends: np.ndarray, start: np.ndarray | None = None) -> Way | str:
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

        def work(draft: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
            more: dict[str, Any] = {"name": self.label, "draft": draft, "progress": progress, "start": start}
            more["buffers"] = self.buffers
            return {"bends": train(probe, ends, settings, bench.seed, **more)}

        parts = [settings, ends, [] if start is None else start, [dict(one) for one in self.buffers]]
        try:
            found = bench.stage(f"{shape} {self.label}", parts, work)["bends"]
        except GlobscopeError as error:
            return str(error)
        whole = np.concatenate([ends[:1], found, ends[1:]])
        return self._mixed(bench, whole, basis(shape, bends, np.linspace(0, 1, self.points)))

    def _mixed(self, bench: Bench, networks: np.ndarray, shares: np.ndarray) -> Way:
        """Return the way along (n, k) mixtures of (k, D) networks; buffers are those of the nearer end."""
        space, nearest = Mixtures(weights=networks), np.arange(len(shares)) * 2 // len(shares)
        mixed = Networks(space=space, coordinates=shares, buffers=self.buffers, nearest=nearest)
        return Way(fields=bench.measure(mixed), reached=travelled(space.lift(one[None])[0] for one in shares))
