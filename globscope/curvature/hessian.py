"""The Hessian of a loss at one network."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define

from globscope.curvature.matrix import CurvatureMatrix
from globscope.curvature.second_derivatives import derivatives_along, first_derivatives


@define(frozen=True, kw_only=True)
class Hessian(CurvatureMatrix):
    """Products with the Hessian of a loss at one network, by differentiating twice (Pearlmutter, 1994)."""

    def _graph(self, leaves: Mapping[str, Any], buffers: Mapping[str, Any], batch: Any) -> Any:
        return self.loss.probe.objective(leaves, buffers, batch, training=False)

    def _along(self, graph: Any, tensors: list[Any], vectors: Iterator[list[Any]], count: int) -> Iterator[Any]:
        import torch

        first = first_derivatives(graph, tensors)
        for row, vector in enumerate(vectors):
            second = derivatives_along(first, vector, tensors, again=row + 1 < count)
            parts = [tensor.new_zeros(tensor.shape) for tensor in tensors] if second is None else second
            yield torch.cat([part.reshape(-1) for part in parts])
