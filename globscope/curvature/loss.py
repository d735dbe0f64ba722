"""A task's mean training loss, and the matrices of its curvature at networks."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.curvature.hessian import Hessian
from globscope.curvature.matrix import CurvatureMatrix
from globscope.curvature.output_matrix import OutputMatrix, require_split
from globscope.errors import EvaluationError
from globscope.roles import Probe, ProbeTraits, traits
from globscope.scoring.buffers import Mode, NetworkBuffers
from globscope.scoring.draws import draws
from globscope.scoring.examples import calibration_batches, examples_per_batch

Double = Literal["float32", "float64"]
MatrixName = Literal["hessian", "ggn", "fisher", "empirical-fisher"]
"""The names of the matrices of a loss's curvature."""

# Bytes of the examples in one pass where `batch_size` is unset: a second derivative keeps all activations twice.
BATCH = 16 * 2**20


@define(frozen=True, kw_only=True)
class Loss:
    """The mean training loss whose second derivatives are taken, without any weight decay.

    Layers are in evaluation mode. BatchNorm statistics are constants of the network, not functions of its weights.

    Attributes:
        probe: The task on a device.
        device: Name of the device.
        rows: (m,) indices of the examples of the first split.
        batch_size: Examples per pass; as many as take 16 MiB where unset.
        batch_norm: Where BatchNorm statistics come from, as in an evaluator, re-estimated on the same examples.
        precision: The precision of all computations; sums over passes are float64.
        seed: The seed of the loss's draws, the same at every network; None where it draws nothing.
    """

    probe: Probe
    device: str
    rows: np.ndarray = field(eq=False, repr=False)
    batch_size: int | None = None
    batch_norm: Mode = "recalibrate"
    precision: Double = "float32"
    seed: int | None = None

    @classmethod
    def of(cls, probe: Probe, device: str, examples: int | None, rng: np.random.Generator, **options: Any) -> "Loss":
        """Return the loss on so many training examples, drawn from `rng`; on all if None.

        Raises:
            EvaluationError: float64 is wanted, but some weights are not mapped or the device does not support it.
        """
        count = probe.examples(probe.splits[0])
        few = examples is not None and examples < count
        rows = np.sort(rng.choice(count, examples, replace=False)) if few else np.arange(count)
        seed = int(rng.integers(2**62)) if draws(probe, device) else None
        loss = cls(probe=probe, device=device, rows=rows, seed=seed, **options)
        if loss.precision == "float64":
            loss.require_doubles()
        return loss

    def require_doubles(self) -> None:
        """Refuse float64 if a part of the network stays in float32.

        Raises:
            EvaluationError: It does; the message says what to use instead.
        """
        if self.device == "mps":
            raise EvaluationError("precision: the device 'mps' has no float64; use 'float32', or device = 'cpu'")
        known = traits(self.probe, ProbeTraits)
        if known.unmapped or known.fixed:
            raise EvaluationError("precision: 'float64' needs a network whose parameters are all mapped; use 'float32'")

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Yield the batches, each with its share of the examples."""
        import torch

        split, order = self.probe.splits[0], torch.from_numpy(self.rows)
        size = self.batch_size or examples_per_batch(self.probe, split, BATCH)
        for indices in torch.split(order, size):
            yield self._cast(self.probe.batch(split, indices)), len(indices) / len(order)

    def require(self, matrix: MatrixName) -> None:
        """Refuse a matrix that the task does not give.

        Raises:
            EvaluationError: It does not; the message has the reason.
        """
        if matrix != "hessian":
            require_split(self.probe, matrix)

    def at(self, weights: np.ndarray, own: Mapping[str, np.ndarray], matrix: MatrixName = "hessian") -> CurvatureMatrix:
        """Return a matrix of the loss's curvature at a network with (D,) weights and its own buffers.

        Args:
            weights: The network's flattened parameters.
            own: Its buffers by name.
            matrix: The Hessian, the generalised Gauss–Newton matrix, the Fisher information or the empirical one.

        Raises:
            EvaluationError: Its stored statistics are needed, and it has none, or the task does not give the matrix.
        """
        import torch

        self.require(matrix)

        flat = torch.from_numpy(np.array(weights, np.float32)).to(self.device)
        parameters = self.probe.layout.unflatten(flat)
        batches = calibration_batches(self.probe, size=self.batch_size)
        rule = NetworkBuffers(self.probe, self.batch_norm, batches, seed=self.seed, device=self.device)
        buffers = rule(parameters, own)
        tensors = {"parameters": self._cast(parameters), "buffers": self._cast(buffers)}
        if matrix == "hessian":
            return Hessian(loss=self, **tensors)
        return OutputMatrix(loss=self, kind=matrix, **tensors)

    def _cast(self, tree: Any) -> Any:
        """Return tensors in the wanted precision, in any container."""
        import torch
        from torch.utils._pytree import tree_map

        wanted = getattr(torch, self.precision)

        def cast(leaf: Any) -> Any:
            return leaf.to(wanted) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf

        return tree_map(cast, tree)
