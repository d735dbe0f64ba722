"""The floating-point types in which a model computes; weight vectors are float32."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define


@define(frozen=True)
class NumberTypes:
    """The types to which float32 tensors are converted where they enter a model; other tensors stay unchanged.

    Curvature may pass in float64 tensors, and is then computed in float64.

    Attributes:
        own: Types, by name, of parameters and buffers with floating-point types other than float32.
        inputs: Floating-point type of the inputs.
    """

    own: Mapping[str, Any]
    inputs: Any

    @property
    def data(self) -> Any:
        """The type in which examples are stored: float64 for a model that computes in it, else float32."""
        import torch

        return torch.promote_types(self.inputs, torch.float32)

    def tensors(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Return a network's tensors in the model's types; tensors that have them already are not copied."""
        return {name: _cast(tensor, self.own[name]) if name in self.own else tensor for name, tensor in tensors.items()}

    def cast_inputs(self, inputs: Any) -> Any:
        """Return a tree of inputs in the model's type, in new memory, since a model may write into them."""
        import torch
        from torch.utils._pytree import tree_map

        def convert(leaf: Any) -> Any:
            if not isinstance(leaf, torch.Tensor):
                return leaf
            cast = _cast(leaf, self.inputs)
            return leaf.clone() if cast is leaf else cast

        return tree_map(convert, inputs)


def _cast(tensor: Any, kind: Any) -> Any:
    import torch

    return tensor.to(kind) if tensor.dtype == torch.float32 else tensor


def number_types(module: Any) -> Iterator[NumberTypes]:
    """Yield the types that a module may expect, those of its parameters, the widest first."""
    import torch

    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    own = {name: t.dtype for name, t in tensors.items() if t.is_floating_point() and t.dtype != torch.float32}
    kinds = {p.dtype for p in module.parameters() if p.is_floating_point() and p.requires_grad}
    for kind in sorted(kinds, key=lambda kind: torch.finfo(kind).eps):
        yield NumberTypes(own, kind)


def at_least_float32(tensor: Any) -> Any:
    """Return numbers with enough precision for sums: float16 and bfloat16 as float32."""
    import torch

    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def copy_tree(tree: Any) -> Any:
    """Return a copy of the tensors in any container: a user's function may write into its arguments."""
    import torch
    from torch.utils._pytree import tree_map

    return tree_map(lambda leaf: leaf.clone() if isinstance(leaf, torch.Tensor) else leaf, tree)
