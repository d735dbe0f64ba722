"""Matrices JᵀBJ of a network's predictions: the generalised Gauss–Newton matrix, and the Fisher information."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define

from globscope.curvature.matrix import CurvatureMatrix
from globscope.curvature.prediction_curvature import CURVATURES, Product, differentiable
from globscope.curvature.second_derivatives import derivatives_along
from globscope.errors import EvaluationError
from globscope.roles import GivesFisher, ProbeTraits, SplitsLoss, capability, traits


@define(frozen=True, kw_only=True)
class _PredictionGraph:
    """What the products with one batch's matrix are computed from.

    Attributes:
        predictions: The tensors of the predictions that the weights move.
        curvature: Multiplies by B, from tensors of their shapes to such tensors.
    """

    predictions: list[Any]
    curvature: Product


@define(frozen=True, kw_only=True)
class OutputMatrix(CurvatureMatrix):
    """Products with JᵀBJ, where J is the derivative of a network's predictions by its weights.

    With B the Hessian of the loss by the predictions this is the generalised Gauss–Newton matrix (Schraudolph, "Fast
    Curvature Matrix-Vector Products for Second-Order Gradient Descent", Neural Computation 14, 2002), with B the Fisher
    information of the predicted distribution the network's Fisher information, and with B the outer products of each
    example's own derivative the empirical Fisher matrix (Kunstner, Balles and Hennig, 2019). Jv is a derivative of Jᵀu
    by u, so that everything is differentiated in reverse.

    Attributes:
        kind: `ggn`, `fisher` or `empirical-fisher`.
    """

    kind: str

    def _graph(self, leaves: Mapping[str, Any], buffers: Mapping[str, Any], batch: Any) -> _PredictionGraph:
        probe = capability(self.loss.probe, SplitsLoss)
        assert probe is not None, "require_split"
        returned = probe.predictions(leaves, buffers, batch)
        return _PredictionGraph(
            predictions=differentiable(returned, self.kind), curvature=CURVATURES[self.kind](probe, returned, batch)
        )

    def _along(
        self, graph: _PredictionGraph, tensors: list[Any], vectors: Iterator[list[Any]], count: int
    ) -> Iterator[Any]:
        import torch

        seeds = [torch.zeros_like(part, requires_grad=True) for part in graph.predictions]
        pulled = torch.autograd.grad(graph.predictions, tensors, seeds, create_graph=True, materialize_grads=True)
        for row, vector in enumerate(vectors):
            pushed = derivatives_along(pulled, vector, seeds)
            assert pushed is not None, "Jᵀu depends on u"
            image = graph.curvature([part.detach() for part in pushed])
            product = torch.autograd.grad(
                graph.predictions, tensors, image, retain_graph=row + 1 < count, materialize_grads=True
            )
            yield torch.cat([part.reshape(-1) for part in product])


def require_split(probe: Any, kind: str) -> None:
    """Refuse a matrix that a task does not give.

    Raises:
        EvaluationError: The task does not split its loss, or does not know the distribution behind it; the message has
            its reason and what to use instead.
    """
    known = traits(probe, ProbeTraits)
    if capability(probe, SplitsLoss) is None:
        raise EvaluationError(
            f"matrix: {kind!r} needs a loss that is computed from a network's outputs: {known.no_split}; use 'hessian'"
        )
    if kind == "fisher" and capability(probe, GivesFisher) is None:
        raise EvaluationError(
            f"matrix: 'fisher' needs a loss that is −log of a known probability: {known.no_fisher}; use 'ggn' or "
            "'empirical-fisher'"
        )
