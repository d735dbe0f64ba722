"""The matrix B of a batch's predictions, of which a network's own matrix is JᵀBJ."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from globscope.curvature.second_derivatives import derivatives_along, first_derivatives
from globscope.errors import EvaluationError

Product = Callable[[Sequence[Any]], Sequence[Any]]


def differentiable(predictions: Any, kind: str) -> list[Any]:
    """Return the tensors in predictions that depend on the weights.

    Raises:
        EvaluationError: There are none.
    """
    import torch
    from torch.utils._pytree import tree_leaves

    tensors = [leaf for leaf in tree_leaves(predictions) if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    if not tensors:
        raise EvaluationError(
            f"matrix: {kind!r} needs outputs that depend on the weights, as a tensor, or as tensors in tuples, lists "
            f"or dicts; the task's model returns {type(predictions).__name__}"
        )
    return tensors


def _as_variables(predictions: Any) -> tuple[Any, list[Any]]:
    """Return predictions whose differentiable tensors are variables of their own, and these tensors."""
    import torch
    from torch.utils._pytree import tree_map

    variables = list[Any]()

    def cut(leaf: Any) -> Any:
        if not (isinstance(leaf, torch.Tensor) and leaf.requires_grad):
            return leaf
        variables.append(leaf.detach().clone().requires_grad_())
        return variables[-1]

    return tree_map(cut, predictions), variables


def loss_hessian(probe: Any, predictions: Any, batch: Any) -> Product:
    """Return products with the Hessian of the loss by the predictions."""
    cut, variables = _as_variables(predictions)
    first = first_derivatives(probe.loss_of_predictions(cut, batch), variables)

    def product(vectors: Sequence[Any]) -> Sequence[Any]:
        second = derivatives_along(first, vectors, variables)
        # A loss that is linear in the predictions has no curvature in them.
        return [variable.new_zeros(variable.shape) for variable in variables] if second is None else second

    return product


def fisher(probe: Any, predictions: Any, batch: Any) -> Product:
    """Return products with the Fisher information of the distribution that the predictions stand for."""
    import torch
    from torch.utils._pytree import tree_leaves, tree_map

    cut, variables = _as_variables(predictions)
    places = {id(variable): number for number, variable in enumerate(variables)}

    def product(vectors: Sequence[Any]) -> Sequence[Any]:
        form = tree_map(lambda leaf: vectors[places[id(leaf)]] if id(leaf) in places else leaf, cut)
        with torch.no_grad():
            images = iter(tree_leaves(probe.predictions_fisher(cut, batch, form)))
        return [image for image, leaf in zip(images, tree_leaves(cut), strict=True) if id(leaf) in places]

    return product


def outer_gradients(probe: Any, predictions: Any, batch: Any) -> Product:
    """Return products with the mean over examples of the outer product of an example's own gradient.

    Raises:
        EvaluationError: The first axis of the predictions is not the examples'.
    """
    import torch

    cut, variables = _as_variables(predictions)
    counts = {part.shape[:1] for part in variables}
    if len(counts) > 1 or () in counts:
        shapes = ", ".join(str(tuple(part.shape)) for part in variables)
        raise EvaluationError(
            f"matrix: 'empirical-fisher' needs outputs whose first axis is the examples'; got shapes {shapes}"
        )
    gradients = torch.autograd.grad(probe.loss_of_predictions(cut, batch), variables, materialize_grads=True)
    count = len(variables[0])

    def product(vectors: Sequence[Any]) -> Sequence[Any]:
        rows = zip(gradients, vectors, strict=True)
        # The mean loss holds an example's own divided by their number.
        along = count * sum((gradient * vector).reshape(count, -1).sum(1) for gradient, vector in rows)
        return [gradient * along.reshape(-1, *[1] * (gradient.ndim - 1)) for gradient in gradients]

    return product


CURVATURES: Mapping[str, Callable[[Any, Any, Any], Product]] = MappingProxyType(
    {"ggn": loss_hessian, "fisher": fisher, "empirical-fisher": outer_gradients}
)
