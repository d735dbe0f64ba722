"""What the checks of tasks use: a probe, its networks and batches, and what it says of them."""

import pickle
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from globscope.api import EvaluationError, Probe, ProbeTraits, draws, fixed_seed, traits
from globscope.returned.results import checked_probe
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require_same

# Enough for every check, and quick for networks that are not tiny.
EXAMPLES = 16
# Float32 sums over a few examples, grouped otherwise.
SAME_SUM = 1e-5


class ProbeSuite(Suite):
    """A task's probe on the CPU, with fresh networks and a few of its examples."""

    def _work(self) -> tuple[Probe, Any]:
        return _build_probe(self.component)

    def _work_again(self) -> tuple[Probe, Any]:
        return _build_probe(pickle.loads(pickle.dumps(self.component)))  # noqa: S301 - pickled in the same line

    @property
    def _probe(self) -> Probe:
        probe: Probe = self._first[0]
        return probe

    def _parameters(self) -> dict[str, Any]:
        return self._probe.initialise(7)[0]

    def _buffers(self) -> dict[str, Any]:
        return self._probe.initialise(7)[1]

    def _batch(self, part: slice = slice(None)) -> Any:
        import torch

        split = self._probe.splits[0]
        return self._probe.batch(split, torch.arange(min(EXAMPLES, self._probe.examples(split)))[part])

    @cached_property
    def _draws(self) -> bool:
        """Whether parts of a batch are scored with other numbers than the whole."""
        try:
            return draws(self._probe, "cpu")
        except EvaluationError:
            return True

    def _objective(self, *network_and_batch: Any, training: bool) -> Any:
        with fixed_seed(0, "cpu"):
            return self._probe.objective(*network_and_batch, training=training)

    def _calibrate(self, *network_and_batches: Any) -> dict[str, Any]:
        with fixed_seed(0, "cpu"):
            return self._probe.calibrate(*network_and_batches)

    def _outputs(self, network: tuple[dict[str, Any], dict[str, Any]], part: slice) -> np.ndarray:
        """Return what a network says of a few examples."""
        found = self._probe.outputs(*network, self._batch(part))  # type: ignore[attr-defined]
        return np.asarray(found.detach())

    def _sums(
        self, parameters: Mapping[str, Any], batch: Any, buffers: Mapping[str, Any] | None = None
    ) -> dict[str, tuple[float, float]]:
        """Return sums and weights of means, in the mode that an evaluator uses; with fresh buffers where unset."""
        import torch

        with torch.inference_mode(not self._probe.grad_inside), fixed_seed(0, "cpu"):
            found = self._probe.reduce(parameters, self._buffers() if buffers is None else buffers, batch)
            sums = {name: pair for name, pair in found.items() if name not in self._whole}
            return {name: (float(total.detach()), float(weight)) for name, (total, weight) in sums.items()}

    def _means(
        self, parameters: Mapping[str, Any], batch: Any, buffers: Mapping[str, Any] | None = None
    ) -> dict[str, float]:
        found = self._sums(parameters, batch, buffers)
        return {name: total / weight if weight else np.nan for name, (total, weight) in found.items()}

    @property
    def _whole(self) -> tuple[str, ...]:
        """The measures that are no means over batches."""
        return tuple(traits(self._probe, ProbeTraits).whole)

    def _require_unchanged(self, before: Mapping[str, float], when: str) -> None:
        after = self._means(self._parameters(), self._batch())
        for name, value in before.items():
            require_same(after[name], value, f"{name} of a network changes {when}")


def _build_probe(task: Any) -> tuple[Probe, Any]:
    """Return a task's probe, and a fresh network of it."""
    probe: Probe = checked_probe("the task", task.build("cpu"))
    return probe, probe.initialise(7)
