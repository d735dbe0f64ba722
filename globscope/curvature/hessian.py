"""The Hessian of a task's mean training loss at one network, as products with vectors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.errors import EvaluationError
from globscope.memory import first_line, within_memory
from globscope.roles import Probe, ProbeTraits, traits
from globscope.scoring.buffers import Mode, NetworkBuffers
from globscope.scoring.draws import draws, fixed_seed, seed_of
from globscope.scoring.examples import calibration_batches, examples_per_batch
from globscope.torch_settings import precise

Double = Literal["float32", "float64"]

# Bytes of the examples in one pass where `batch_size` is unset: a second derivative keeps all activations twice.
BATCH = 16 * 2**20
OVERSIZED = "curvature: a pass over a batch, differentiated twice, does not fit into memory; lower batch_size"


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

    def at(self, weights: np.ndarray, own: Mapping[str, np.ndarray]) -> "Hessian":
        """Return the Hessian at a network with (D,) weights and its own buffers.

        Raises:
            EvaluationError: Its stored statistics are needed, and it has none.
        """
        import torch

        flat = torch.from_numpy(np.array(weights, np.float32)).to(self.device)
        parameters = self.probe.layout.unflatten(flat)
        batches = calibration_batches(self.probe, size=self.batch_size)
        rule = NetworkBuffers(self.probe, self.batch_norm, batches, seed=self.seed, device=self.device)
        buffers = rule(parameters, own)
        return Hessian(loss=self, parameters=self._cast(parameters), buffers=self._cast(buffers))

    def _cast(self, tree: Any) -> Any:
        """Return tensors in the wanted precision, in any container."""
        import torch
        from torch.utils._pytree import tree_map

        wanted = getattr(torch, self.precision)

        def cast(leaf: Any) -> Any:
            return leaf.to(wanted) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf

        return tree_map(cast, tree)


@define(frozen=True, kw_only=True)
class Hessian:
    """Products with the Hessian of a loss at one network, by differentiating twice (Pearlmutter, 1994).

    Attributes:
        loss: The loss whose second derivatives are taken.
        parameters: The network's parameters by name.
        buffers: The network's buffers by name.
    """

    loss: Loss
    parameters: Mapping[str, Any] = field(eq=False, repr=False)
    buffers: Mapping[str, Any] = field(eq=False, repr=False)

    @property
    def size(self) -> int:
        """D, the number of weights."""
        return self.loss.probe.layout.size

    def products(self, vectors: np.ndarray) -> np.ndarray:
        """Return (k, D) float64: the Hessian times each of (k, D) vectors.

        Raises:
            EvaluationError: The loss or its second derivative is not finite there, or cannot be computed.
        """
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel

        # Summed where they are computed: moving every product would take longer than computing it.
        at = "cpu" if self.loss.device == "mps" else self.loss.device
        images = torch.zeros(len(vectors), self.size, dtype=torch.float64, device=at)
        rows = torch.from_numpy(np.ascontiguousarray(vectors)).to(self.loss.device, getattr(torch, self.loss.precision))
        # The other kernels of attention cannot be differentiated twice.
        attention, precision = sdpa_kernel(SDPBackend.MATH), precise("float32", self.loss.device)
        with attention, precision, torch.enable_grad(), _differentiable(), within_memory(EvaluationError, OVERSIZED):
            for number, (batch, share) in enumerate(self.loss.batches()):
                seed = None if self.loss.seed is None else seed_of(self.loss.seed, number)
                for row, product in enumerate(self._of_batch(batch, rows, seed)):
                    images[row] += share * product.to(images)
        found: np.ndarray = images.cpu().numpy()
        if not np.isfinite(found).all():
            raise EvaluationError("curvature: the loss or its second derivatives are not finite at this network")
        return found

    def _of_batch(self, batch: Any, vectors: Any, seed: int | None) -> Iterator[Any]:
        import torch

        probe = self.loss.probe
        leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in self.parameters.items()}
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}  # a forward pass may count in one
        with fixed_seed(seed, self.loss.device):
            loss = probe.objective(leaves, buffers, batch, training=False)
        tensors = [leaves[name] for name in probe.layout.names]
        first = torch.autograd.grad(loss, tensors, create_graph=True, materialize_grads=True)
        curved = [i for i, gradient in enumerate(first) if gradient.requires_grad]
        for row, vector in enumerate(vectors):
            if not curved:
                yield torch.zeros_like(vector)
                continue
            parts = list(probe.layout.unflatten(vector).values())
            second = torch.autograd.grad(
                [first[i] for i in curved],
                tensors,
                [parts[i] for i in curved],
                retain_graph=row + 1 < len(vectors),
                materialize_grads=True,
            )
            yield torch.cat([tensor.reshape(-1) for tensor in second])


@contextmanager
def _differentiable() -> Iterator[None]:
    """Turn torch's errors in differentiating twice, or in computing in another precision, into EvaluationErrors."""
    try:
        yield
    except RuntimeError as error:
        text = f"curvature: the loss cannot be differentiated twice at this network: {first_line(error)}"
        raise EvaluationError(text) from error
