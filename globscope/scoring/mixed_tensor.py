"""Stands for a parameter of a network, and is formed when a forward pass uses it; imported where torch is needed."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn.functional import embedding, linear, multi_head_attention_forward
from torch.utils._pytree import tree_leaves, tree_map

from globscope.scoring.formed_tensors import form_tensor, look_up, multiply
from globscope.scoring.tensor_recipe import TensorRecipe

Tensor = torch.Tensor
# What is known of a tensor that is not formed.
KNOWN = {
    *(getattr(Tensor, name).__get__ for name in ("shape", "dtype", "device", "ndim", "requires_grad", "layout")),
    *(getattr(Tensor, name).__get__ for name in ("is_cuda", "is_mps", "is_meta", "is_sparse", "is_leaf", "grad_fn")),
    *(getattr(Tensor, name) for name in ("size", "dim", "numel", "nelement", "is_floating_point", "is_complex")),
    *(getattr(Tensor, name) for name in ("element_size", "__len__", "get_device")),
    torch.numel,
    torch.is_floating_point,
    torch.is_complex,
}


class MixedTensor(Tensor):
    """One tensor of a network that is given by its selector.

    Under `torch.vmap` over selectors it is that of all networks. Asked for its shape, type and device it answers
    without being formed. Linear layers, products and embeddings form only as much of it as they need at a time.
    """

    recipe: TensorRecipe
    selectors: Any

    def __new__(cls, recipe: TensorRecipe, selectors: Any, kind: Any = torch.float32) -> "MixedTensor":
        """Return what looks like the tensor, without memory.

        Args:
            recipe: How it is formed.
            selectors: (P,) selector of the network.
            kind: Floating-point type to which it is converted once formed.
        """
        made = Tensor._make_wrapper_subclass(cls, recipe.shape, dtype=kind, device=selectors.device)
        made.recipe, made.selectors = recipe, selectors
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Form the tensors among the arguments, except where that is not needed."""
        kwargs = kwargs or {}
        if func in KNOWN:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        if func in SPARING and (found := _sparing(func, args, kwargs)) is not None:
            return found
        args, kwargs = tree_map(_form, (tuple(args), kwargs))
        if func is multi_head_attention_forward:
            args, kwargs = _lay_out_once((args, kwargs))
        return func(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Form the tensors that come here past `__torch_function__`, from code that is not Python's."""
        args, kwargs = tree_map(_form, (tuple(args), kwargs or {}))
        return func(*args, **kwargs)

    def form(self) -> Any:
        """Return the tensor itself."""
        recipe, selectors, factors = self.recipe, self.selectors, self.recipe.factors
        if factors is None:
            tensor = form_tensor(selectors, recipe)
        elif factors.rank:
            scaled = _on(self, factors.up) * selectors[_owners(self)]
            tensor = recipe.origin(self.device) + scaled @ _on(self, factors.down)
        else:
            tensor = recipe.origin(self.device)
        return tensor.reshape(recipe.shape).to(self.dtype)  # factors are matrices, also those of a convolution


def _sparing(func: Any, args: Any, kwargs: Any) -> Any:
    names, compute = SPARING[func]
    return compute({**dict(zip(names, args, strict=False)), **kwargs})


def _form(value: Any) -> Any:
    return value.form() if isinstance(value, MixedTensor) else value


def _lay_out_once(arguments: Any) -> Any:
    """Return tensors as they are multiplied: else `torch.vmap` copies the matrices of an attention for each token."""
    tensors = {id(leaf): leaf.contiguous() for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor)}
    return tree_map(lambda leaf: tensors.get(id(leaf), leaf), arguments)  # queries may be keys and values, too


def _linear(named: Mapping[str, Any]) -> Any:
    product, bias = _times(named["input"], named["weight"], transposed=True), named.get("bias")
    return product if product is None or bias is None else product + _form(bias)


def _product(named: Mapping[str, Any]) -> Any:
    return _times(named["input"], named["other"], transposed=False)


def _sum_with_product(named: Mapping[str, Any]) -> Any:
    if (named.get("beta", 1), named.get("alpha", 1)) != (1, 1):
        return None
    product = _times(named["mat1"], named["mat2"], transposed=False)
    return None if product is None else _form(named["input"]) + product


def _times(inputs: Any, matrix: Any, *, transposed: bool) -> Any:
    """Return a product with a matrix, or None where the matrix has to be formed for it."""
    inputs = _form(inputs)
    if not isinstance(matrix, MixedTensor) or matrix.ndim != 2 or matrix.dtype not in (torch.float32, inputs.dtype):
        return None
    factors = matrix.recipe.factors
    if factors is None:
        return multiply(inputs, matrix.selectors, matrix.recipe, transposed=transposed)
    of_recipe = matrix.recipe.origin(matrix.device), _on(matrix, factors.up), _on(matrix, factors.down)
    origin, up, down = (factor.to(inputs.dtype) for factor in of_recipe)
    if transposed:
        origin, up, down = origin.T, down.T, up.T
    product, shares = inputs @ origin, matrix.selectors[_owners(matrix)].to(inputs.dtype)
    return product + ((inputs @ up) * shares) @ down if factors.rank else product


def _embedding(named: Mapping[str, Any]) -> Any:
    table = named["weight"]
    if not isinstance(table, MixedTensor) or named.get("max_norm") is not None:
        return None
    indices, factors = named["input"], table.recipe.factors
    if factors is None:
        return look_up(indices, table.selectors, table.recipe).to(table.dtype)
    rows = embedding(indices, table.recipe.origin(table.device))
    if factors.rank:
        scaled = embedding(indices, _on(table, factors.up)) * table.selectors[_owners(table)]
        rows = rows + scaled @ _on(table, factors.down)
    return rows.to(table.dtype)


def _convert(named: Mapping[str, Any]) -> Any:
    """Return what is formed in another type; None for other conversions."""
    tensor, kind = named["self"], named.get("dtype")
    if set(named) == {"self", "dtype"} and isinstance(kind, torch.dtype) and isinstance(tensor, MixedTensor):
        return MixedTensor(tensor.recipe, tensor.selectors, kind)
    return None


def _on(tensor: MixedTensor, array: Any) -> Any:
    return torch.from_numpy(array.copy()).to(tensor.device)


def _owners(tensor: MixedTensor) -> Any:
    assert tensor.recipe.factors is not None
    return torch.from_numpy(tensor.recipe.factors.owners.copy()).to(tensor.device)


PRODUCT = ("input", "other"), _product
SUM = ("input", "mat1", "mat2"), _sum_with_product
# Functions that need not form a whole tensor, with the names of their arguments; they return None where they must.
SPARING: dict[Any, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Any]]] = {
    linear: (("input", "weight", "bias"), _linear),
    embedding: (("input", "weight", "padding_idx", "max_norm"), _embedding),
    torch.matmul: PRODUCT,
    Tensor.matmul: PRODUCT,
    Tensor.__matmul__: PRODUCT,
    torch.addmm: SUM,
    Tensor.addmm: SUM,
    Tensor.to: (("self", "dtype"), _convert),
}
