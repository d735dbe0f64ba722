"""Tensors of networks as differentiable functions of the networks' selectors; imported where torch is needed.

Each of these functions keeps the selectors for its gradient, never what it forms: that is formed again. Under
`torch.vmap` over selectors it is computed for all networks at once, from parts that are read once.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch.autograd import Function
from torch.nn.functional import embedding

from globscope.scoring.tensor_recipe import CHUNK, TensorRecipe


def form_tensor(selectors: Any, recipe: TensorRecipe) -> Any:
    """Return the (…, *shape) tensors of (…, P) selectors."""
    return Formed.apply(selectors, recipe)  # type: ignore[no-untyped-call]


def multiply(inputs: Any, selectors: Any, recipe: TensorRecipe, *, transposed: bool) -> Any:
    """Return (…, k) inputs times a matrix, or times its transpose as in a linear layer."""
    return Multiplied.apply(inputs, selectors, recipe, transposed)  # type: ignore[no-untyped-call]


def look_up(indices: Any, selectors: Any, recipe: TensorRecipe) -> Any:
    """Return rows of a table by (…) indices, as in an embedding; only these rows are read."""
    return LookedUp.apply(indices, selectors, recipe)  # type: ignore[no-untyped-call]


class Formed(Function):
    """The tensors, (…, *shape), of (…, P) selectors."""

    @staticmethod
    def forward(selectors: Any, recipe: TensorRecipe) -> Any:
        """Compute it."""
        return recipe.form(selectors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _: Any) -> None:
        """Keep what the gradient needs."""
        ctx.save_for_backward(inputs[0])
        ctx.recipe = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradients: Any) -> Any:
        """Return the gradients, from what is formed again."""
        return ctx.recipe.pullback(gradients, *ctx.saved_tensors), None

    @staticmethod
    def vmap(_: Any, in_dims: Any, selectors: Any, recipe: TensorRecipe) -> Any:
        """Compute it for all networks at once."""
        return form_tensor(selectors.movedim(in_dims[0], 0), recipe), 0


class Multiplied(Function):
    """Products of (…, k) inputs with a matrix, or with its transpose as in a linear layer, by rows of the matrix."""

    @staticmethod
    def forward(inputs: Any, selectors: Any, recipe: TensorRecipe, transposed: bool) -> Any:
        """Compute it."""
        return _multiply(inputs, selectors, recipe, transposed=transposed)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _: Any) -> None:
        """Keep what the gradient needs."""
        ctx.save_for_backward(*inputs[:2])
        ctx.recipe, ctx.transposed = inputs[2:]

    @staticmethod
    def backward(ctx: Any, gradients: Any) -> Any:
        """Return the gradients, from what is formed again."""
        inputs, selectors = ctx.saved_tensors
        back = _multiply(gradients, selectors, ctx.recipe, transposed=not ctx.transposed).to(inputs.dtype)
        over_rows, over_columns = (gradients, inputs) if ctx.transposed else (inputs, gradients)
        return back, _pullback_product(over_rows, over_columns, selectors, ctx.recipe), None, None

    @staticmethod
    def vmap(_: Any, in_dims: Any, *arguments: Any) -> Any:
        """Compute it for all networks at once."""
        (inputs, selectors, recipe, transposed), (of_inputs, of_selectors) = arguments, in_dims[:2]
        selectors = selectors if of_selectors is None else selectors.movedim(of_selectors, 0)
        inputs = inputs.expand(len(selectors), *inputs.shape) if of_inputs is None else inputs.movedim(of_inputs, 0)
        return multiply(inputs, selectors, recipe, transposed=transposed), 0


class LookedUp(Function):
    """Rows of a table by (…) indices, as in an embedding; only these rows are read."""

    @staticmethod
    def forward(indices: Any, selectors: Any, recipe: TensorRecipe) -> Any:
        """Compute it."""
        rows, place = indices.unique(return_inverse=True)
        found = [recipe.parts.columns(selectors, blocks) for _, blocks in _row_chunks(rows, selectors, recipe)]
        lead = selectors.shape[:-1]
        table = torch.cat(found, dim=-1).reshape(*lead, len(rows), recipe.shape[1])
        return table[..., place, :]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _: Any) -> None:
        """Keep what the gradient needs."""
        ctx.save_for_backward(*inputs[:2])
        ctx.recipe = inputs[2]

    @staticmethod
    def backward(ctx: Any, gradients: Any) -> Any:
        """Return the gradients, from what is formed again."""
        indices, selectors = ctx.saved_tensors
        rows, place = indices.unique(return_inverse=True)
        lead, width = selectors.shape[:-1], ctx.recipe.shape[1]
        sums = gradients.new_zeros(*lead, len(rows), width)
        sums = sums.index_add(-2, place.reshape(-1), gradients.reshape(*lead, -1, width))
        found = torch.zeros_like(selectors)
        for chosen, blocks in _row_chunks(rows, selectors, ctx.recipe):
            found = found + ctx.recipe.parts.pullback(sums[..., chosen, :].flatten(-2), blocks)
        return None, found, None

    @staticmethod
    def vmap(_: Any, in_dims: Any, indices: Any, selectors: Any, recipe: TensorRecipe) -> Any:
        """Compute it for all networks at once."""
        of_indices, of_selectors = in_dims[:2]
        if of_selectors is None:
            return look_up(indices.movedim(of_indices, 0), selectors, recipe), 0
        selectors = selectors.movedim(of_selectors, 0)
        if of_indices is None:
            return look_up(indices, selectors, recipe), 0
        return torch.vmap(embedding)(indices.movedim(of_indices, 0), form_tensor(selectors, recipe)), 0


def _multiply(inputs: Any, selectors: Any, recipe: TensorRecipe, *, transposed: bool) -> Any:
    lead, found = selectors.shape[:-1], []
    flat = inputs.reshape(*lead, -1, inputs.shape[-1])
    for rows, matrix in _row_matrices(selectors, recipe, inputs.dtype):
        found.append(flat @ matrix.mT if transposed else flat[..., rows] @ matrix)
    product = torch.cat(found, dim=-1) if transposed else sum(found[1:], start=found[0])
    return product.reshape(*inputs.shape[:-1], product.shape[-1])


def _pullback_product(over_rows: Any, over_columns: Any, selectors: Any, recipe: TensorRecipe) -> Any:
    """Return the (…, P) gradients of a product, whose gradient for the matrix is an outer product, by rows of it."""
    lead = selectors.shape[:-1]
    left, right = (side.float().reshape(*lead, -1, side.shape[-1]) for side in (over_rows, over_columns))
    found = torch.zeros_like(selectors)
    for rows, block in recipe.row_blocks(selectors):
        found = found + recipe.parts.pullback((left[..., rows].mT @ right).flatten(-2), [block])
    return found


def _row_matrices(selectors: Any, recipe: TensorRecipe, kind: Any) -> Iterator[tuple[slice, Any]]:
    """Yield some rows after others, and the matrices (…, rows, width) of these rows."""
    for rows, block in recipe.row_blocks(selectors):
        columns = recipe.parts.columns(selectors, [block]).to(kind)
        yield rows, columns.view(*columns.shape[:-1], rows.stop - rows.start, recipe.shape[1])


def _row_chunks(rows: Any, selectors: Any, recipe: TensorRecipe) -> Iterator[tuple[slice, list[slice]]]:
    """Yield places in sorted rows of a table, as many as are formed at once, and the columns of those rows."""
    step = max(1, CHUNK // (recipe.shape[1] * (recipe.parts.count + int(selectors.shape[:-1].numel()))))
    for start in range(0, len(rows), step):
        chosen = rows[start : start + step].tolist()
        yield slice(start, start + step), [recipe.columns_of(row, row + 1) for row in chosen]
