"""A matrix of the curvature of a loss at one network, as products with vectors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any, Protocol

import numpy as np
from attrs import define, field

from globscope.errors import EvaluationError
from globscope.memory import first_line, within_memory
from globscope.roles import Probe
from globscope.scoring.draws import fixed_seed, seed_of
from globscope.torch_settings import precise

OVERSIZED = "curvature: a pass over a batch, differentiated twice, does not fit into memory; lower batch_size"


class BatchedLoss(Protocol):
    """What a matrix needs of the loss: a mean over batches."""

    @property
    def probe(self) -> Probe:
        """The task on the device."""
        ...

    @property
    def device(self) -> str:
        """Name of the device."""
        ...

    @property
    def precision(self) -> str:
        """Name of the floating-point type of all computations."""
        ...

    @property
    def seed(self) -> int | None:
        """The seed of the loss's draws; None where it draws nothing."""
        ...

    def batches(self) -> Iterator[tuple[Any, float]]:
        """Yield the batches, each with its share of the examples."""
        ...


@define(frozen=True, kw_only=True)
class CurvatureMatrix:
    """Products with a symmetric (D, D) matrix that is a mean over batches; each kind says what it is of one batch.

    Attributes:
        loss: The loss whose curvature it is.
        parameters: The network's parameters by name.
        buffers: The network's buffers by name.
    """

    loss: BatchedLoss
    parameters: Mapping[str, Any] = field(eq=False, repr=False)
    buffers: Mapping[str, Any] = field(eq=False, repr=False)

    @property
    def size(self) -> int:
        """D, the number of weights."""
        return self.loss.probe.layout.size

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of weights of every tensor, in the order in which they are flattened."""
        return tuple(prod(shape) for shape in self.loss.probe.layout.shapes)

    def products(self, vectors: np.ndarray) -> np.ndarray:
        """Return (k, D) float64: the matrix times each of (k, D) vectors.

        Raises:
            EvaluationError: The loss or its derivatives are not finite there, or cannot be computed.
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
                for row, product in enumerate(self._products_of_batch(batch, rows, seed)):
                    images[row] += share * product.to(images)
        found: np.ndarray = images.cpu().numpy()
        if not np.isfinite(found).all():
            raise EvaluationError("curvature: the loss or its second derivatives are not finite at this network")
        return found

    def _products_of_batch(self, batch: Any, rows: Any, seed: int | None) -> Iterator[Any]:
        """Yield the (D,) product of one batch's matrix with each of (k, D) rows."""
        probe = self.loss.probe
        leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in self.parameters.items()}
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}  # a forward pass may count in one
        vectors = (list(probe.layout.unflatten(row).values()) for row in rows)
        with fixed_seed(seed, self.loss.device):
            graph = self._graph(leaves, buffers, batch)
        yield from self._along(graph, [leaves[name] for name in probe.layout.names], vectors, len(rows))

    def _graph(self, leaves: Mapping[str, Any], buffers: Mapping[str, Any], batch: Any) -> Any:
        """Return what the products with one batch's matrix are computed from."""
        raise NotImplementedError

    def _along(self, graph: Any, tensors: list[Any], vectors: Iterator[list[Any]], count: int) -> Iterator[Any]:
        """Yield the (D,) product with each of `count` vectors, which come as one tensor for each parameter."""
        raise NotImplementedError


@contextmanager
def _differentiable() -> Iterator[None]:
    """Turn torch's errors in differentiating twice, or in computing in another precision, into EvaluationErrors."""
    try:
        yield
    except RuntimeError as error:
        text = f"curvature: the loss cannot be differentiated twice at this network: {first_line(error)}"
        raise EvaluationError(text) from error
